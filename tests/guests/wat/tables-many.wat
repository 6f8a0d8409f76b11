;; Declares 30 tables of ten thousand entries.
(module
  (memory (export "memory") 1)
  (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref)
  (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref)
  (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref)
  (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref)
  (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref)
  (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref) (table 10000 funcref)
  (func (export "_start")))
