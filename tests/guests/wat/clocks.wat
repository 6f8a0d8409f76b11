;; Reads both clocks 1000 times. Traps if one is finer than a microsecond or says that it is, or if there is a clock of
;; the processor's time.
(module
  (import "wasi_snapshot_preview1" "clock_res_get" (func $resolution (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "\50\00\00\00\03\00\00\00")
  (data (i32.const 80) "{}\n")
  (func $check (param $clock i32)
    (if (call $resolution (local.get $clock) (i32.const 0)) (then unreachable))
    (if (i64.lt_u (i64.load (i32.const 0)) (i64.const 1000)) (then unreachable))
    (if (call $time (local.get $clock) (i64.const 1) (i32.const 8)) (then unreachable))
    (if (i64.ne (i64.const 0) (i64.rem_u (i64.load (i32.const 8)) (i64.const 1000))) (then unreachable)))
  (func (export "_start") (local $left i32)
    (local.set $left (i32.const 1000))
    (loop $again
      (call $check (i32.const 0))
      (call $check (i32.const 1))
      (if (i32.eqz (call $time (i32.const 2) (i64.const 1) (i32.const 8))) (then unreachable))
      (if (i32.eqz (call $time (i32.const 3) (i64.const 1) (i32.const 8))) (then unreachable))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 72)))))
