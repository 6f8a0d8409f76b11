;; Never ends: fills 16 MiB with one instruction in a loop.
(module
  (memory (export "memory") 256)
  (func (export "_start")
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x1000000))
      (br $again))))
