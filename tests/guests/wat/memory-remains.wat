;; Looks for anything but zeros in 16 MiB, then writes all of it. `{"found":0}` or `{"found":1}`.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 257)
  (data (i32.const 0) "\40\00\00\00\0c\00\00\00")
  (data (i32.const 64) "{\"found\":0}\n")
  (func (export "_start") (local $at i32)
    (local.set $at (i32.const 65536))
    (loop $each
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (i32.store8 (i32.const 73) (i32.const 49))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $each (i32.lt_u (local.get $at) (i32.const 0x1010000))))
    (memory.fill (i32.const 65536) (i32.const 0x5a) (i32.const 0x1000000))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
