;; Never reaches `_start`: the start function, which runs while the module is instantiated, does not end.
(module
  (memory (export "memory") 1)
  (func $initialize (loop $again (br $again)))
  (start $initialize)
  (func (export "_start")))
