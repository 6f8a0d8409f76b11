;; Sends the host a frame from beyond its memory. Returns {} if the host answers -1, as the contract says; traps
;; otherwise.
(module
  (import "wask" "call" (func $call (param i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\03\00\00\00") ;; the piece at 64, 3 bytes
  (data (i32.const 64) "{}\n")
  (data (i32.const 128) "this is no frame")
  (func (export "_start")
    (if (i64.ne (call $call (i32.const 0xfffffff0) (i32.const 32)) (i64.const -1)) (then unreachable))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
