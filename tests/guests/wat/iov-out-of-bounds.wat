;; Writes from an address beyond its memory. Returns {} if it gets an error number; traps otherwise.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "{}\n")
  (func $write (param $at i32) (param $len i32) (result i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func (export "_start")
    (if (i32.eqz (call $write (i32.const 0xfffffff0) (i32.const 0x7fffffff))) (then unreachable))
    (drop (call $write (i32.const 64) (i32.const 3)))))
