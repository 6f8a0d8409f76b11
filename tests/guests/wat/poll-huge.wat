;; Waits for 134 million subscriptions at once. The list does not fit into the memory.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const 0x7ffffff) (i32.const 8)))
    unreachable))
