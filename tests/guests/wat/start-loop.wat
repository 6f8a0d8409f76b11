;; Never gets to `_start`: the module's start function, which runs while it is instantiated, does not end.
(module
  (memory (export "memory") 1)
  (func $initialize (loop $again (br $again)))
  (start $initialize)
  (func (export "_start")))
