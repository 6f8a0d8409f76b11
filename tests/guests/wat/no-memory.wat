;; Has no memory, so no arguments and no result.
(module
  (func (export "_start")))
