;; Sleeps for 292 years: poll_oneoff with one subscription to the monotonic clock.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 16) (i32.const 1)) ;; clock id: monotonic; the tag at 8 is 0: clock
    (i64.store (i32.const 24) (i64.const 0x7fffffffffffffff)) ;; ns
    (loop $again
      (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (br $again))))
