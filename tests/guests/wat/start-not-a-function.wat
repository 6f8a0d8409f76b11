;; Its `_start` is a memory.
(module
  (memory (export "memory") 1)
  (export "_start" (memory 0)))
