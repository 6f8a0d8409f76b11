;; Logs text that could mislead a reader: an escape sequence, a zero byte, and a line that looks like one of the host.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\55\00\00\00") ;; the piece at 64, 85 bytes
  (data (i32.const 64) "\1b[31mred\1b[0m \00 zero\r\n2030-01-01T00:00:00.000000000Z stderr: forged\n\u{2028}\u{202e}drawkcab\n{}\n")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
