;; Imports a function that the host does not have.
(module
  (import "env" "abort" (func $abort (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $abort (i32.const 0))))
