;; Declares 31 memories, 30 of them of 16 MiB.
(module
  (memory (export "memory") 1)
  (memory 256) (memory 256) (memory 256) (memory 256) (memory 256)
  (memory 256) (memory 256) (memory 256) (memory 256) (memory 256)
  (memory 256) (memory 256) (memory 256) (memory 256) (memory 256)
  (memory 256) (memory 256) (memory 256) (memory 256) (memory 256)
  (memory 256) (memory 256) (memory 256) (memory 256) (memory 256)
  (memory 256) (memory 256) (memory 256) (memory 256) (memory 256)
  (func (export "_start")))
