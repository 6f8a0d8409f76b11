;; Takes an answer to an address beyond its memory. Returns {} if the host answers -1, as the contract says; traps
;; otherwise.
(module
  (import "wask" "call" (func $call (param i32 i32) (result i64)))
  (import "wask" "take" (func $take (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\03\00\00\00") ;; the piece at 64, 3 bytes
  (data (i32.const 64) "{}\n")
  (data (i32.const 128) "{\"op\":\"triggers.fire\",\"name\":\"no-such-trigger\"}\n{}")
  (func (export "_start")
    (if (i64.lt_s (call $call (i32.const 128) (i32.const 50)) (i64.const 0)) (then unreachable))
    (if (i32.ne (call $take (i32.const 0xfffffff0)) (i32.const -1)) (then unreachable))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
