;; Never ends, and calls nothing.
(module
  (memory (export "memory") 1)
  (func $turn (loop $again (br $again)))
  (func (export "_start") (call $turn)))
