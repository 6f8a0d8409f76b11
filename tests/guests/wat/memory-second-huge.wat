;; Declares a second memory of 4 GiB.
(module
  (memory (export "memory") 1)
  (memory 65536)
  (func (export "_start")))
