;; Logs a line and prints a result that are not UTF-8.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\1c\00\00\00") ;; the piece at 64, 28 bytes
  (data (i32.const 64) "log \ff\fe line\n{\"text\":\"\ff\c0\"}  \n")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
