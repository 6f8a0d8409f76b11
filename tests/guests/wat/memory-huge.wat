;; Wants 4 GiB of memory from the beginning.
(module
  (memory (export "memory") 65536)
  (func (export "_start")))
