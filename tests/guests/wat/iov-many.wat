;; Writes 16 MiB with one call, in 262,144 pieces of 64 bytes, then returns {}.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 40)
  (data (i32.const 0) "many pieces of one line, many pieces of one line, many pieces of")
  (data (i32.const 0x100) "\n{}\n")
  (func (export "_start")
    (local $at i32)
    (local.set $at (i32.const 0x10000))
    (loop $again ;; pieces from 0x10000 to 0x210000, 8 bytes each, all of them the text at 0
      (i32.store offset=4 (local.get $at) (i32.const 64))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $again (i32.lt_u (local.get $at) (i32.const 0x210000))))
    (drop (call $fd_write (i32.const 1) (i32.const 0x10000) (i32.const 0x40000) (i32.const 0x200)))
    (i32.store (i32.const 0x10000) (i32.const 0x100))
    (i32.store (i32.const 0x10004) (i32.const 4))
    (drop (call $fd_write (i32.const 1) (i32.const 0x10000) (i32.const 1) (i32.const 0x200)))))
