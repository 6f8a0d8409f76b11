;; Opens ../../../../etc/passwd below descriptors 0 to 9. Returns {"escaped":true} if that succeeds below one of them,
;; else {"escaped":false}.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "../../../../etc/passwd")
  (data (i32.const 128) "{\"escaped\":false}\n")
  (data (i32.const 192) "{\"escaped\":true}\n")
  (func $say (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func $opens (param $below i32) (result i32)
    (i32.eqz (call $path_open (local.get $below) (i32.const 1) (i32.const 64) (i32.const 22)
      (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 16))))
  (func (export "_start")
    (local $fd i32)
    (loop $again
      (if (call $opens (local.get $fd)) (then (call $say (i32.const 192) (i32.const 17)) return))
      (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $fd) (i32.const 10))))
    (call $say (i32.const 128) (i32.const 18))))
