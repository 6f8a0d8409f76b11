;; Never ends: sends the same request to the host in a loop, whatever the answer.
(module
  (import "wask" "call" (func $call (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 16) "{\"op\":\"triggers.fire\",\"name\":\"no-such-trigger\"}\n{}")
  (func (export "_start")
    (loop $again
      (drop (call $call (i32.const 16) (i32.const 50)))
      (br $again))))
