;; Asks for 4 GiB of random bytes, though its memory has 64 KiB. Returns {} if it gets an error number; traps otherwise.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\03\00\00\00") ;; the piece at 64, 3 bytes
  (data (i32.const 64) "{}\n")
  (func (export "_start")
    (if (i32.eqz (call $random_get (i32.const 1024) (i32.const -1))) (then unreachable))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
