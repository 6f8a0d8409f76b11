;; Never gets to `_start`: the module's start function, which runs while it is instantiated, traps.
(module
  (memory (export "memory") 1)
  (func $initialize unreachable)
  (start $initialize)
  (func (export "_start")))
