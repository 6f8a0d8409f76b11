;; Writes 64 MiB to standard error without a line break, then returns {}.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 32)
  (data (i32.const 64) "{}\n")
  (func $write (param $fd i32) (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (local $left i32)
    (memory.fill (i32.const 0x10000) (i32.const 120) (i32.const 0x100000)) ;; x
    (local.set $left (i32.const 64))
    (loop $again
      (call $write (i32.const 2) (i32.const 0x10000) (i32.const 0x100000))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $write (i32.const 1) (i32.const 64) (i32.const 3))))
