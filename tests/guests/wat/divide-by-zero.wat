;; Divides by zero in `$divide`, which `$compute` calls, which `$_start` calls.
(module
  (memory (export "memory") 1)
  (func $divide (param $by i32) (result i32) (i32.div_s (i32.const 1) (local.get $by)))
  (func $compute (param $n i32) (result i32) (call $divide (local.get $n)))
  (func $_start (export "_start") (drop (call $compute (i32.const 0)))))
