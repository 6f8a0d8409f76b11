;; Never ends: asks for 16 MiB of random bytes in a loop.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 257)
  (func (export "_start")
    (loop $again
      (drop (call $random_get (i32.const 1024) (i32.const 0x1000000)))
      (br $again))))
