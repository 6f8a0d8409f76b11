//! The two functions that a guest imports from module `wask`. The only unsafe code of the SDK.
#![allow(unsafe_code)]

#[link(wasm_import_module = "wask")]
unsafe extern "C" {
    /// Sends a request frame. Returns the length of the answer, which then waits for `take`, or a negative code.
    #[link_name = "call"]
    fn wask_call(frame: *const u8, len: usize) -> i64;

    /// Copies the waiting answer to `target` and forgets it. Returns its length, or -1.
    #[link_name = "take"]
    fn wask_take(target: *mut u8) -> i32;
}

/// Sends one frame and returns that of the answer. `Err` is the negative code.
pub fn exchange(frame: &[u8]) -> Result<Vec<u8>, i64> {
    // SAFETY: the host only reads the `frame.len()` bytes that start at `frame`.
    let waiting = unsafe { wask_call(frame.as_ptr(), frame.len()) };
    let Ok(len) = usize::try_from(waiting) else { return Err(waiting) };
    let mut answer = vec![0; len];
    // SAFETY: the host writes exactly the `len` bytes it has announced, and `answer` has that length.
    let taken = unsafe { wask_take(answer.as_mut_ptr()) };
    match usize::try_from(taken) {
        Ok(taken) if taken == len => Ok(answer),
        Ok(_) | Err(_) => Err(i64::from(taken)),
    }
}
