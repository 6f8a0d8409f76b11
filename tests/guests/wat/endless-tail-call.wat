;; Never ends: two functions tail-call each other, without a loop and without growing the stack.
(module
  (memory (export "memory") 1)
  (func $here (return_call $there))
  (func $there (return_call $here))
  (func (export "_start") (call $here)))
