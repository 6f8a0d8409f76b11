;; Never reaches `_start`: the start function, which runs while the module is instantiated, traps.
(module
  (memory (export "memory") 1)
  (func $initialize unreachable)
  (start $initialize)
  (func (export "_start")))
