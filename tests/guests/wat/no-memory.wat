;; Has no memory, and therefore neither arguments nor a result.
(module
  (func (export "_start")))
