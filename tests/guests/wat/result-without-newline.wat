;; A valid action: prints a log line that ends in a carriage return, an empty line, and a result without a line break.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\13\00\00\00") ;; the piece at 64, 19 bytes
  (data (i32.const 64) "log\r\n\n{\"done\":true}")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
