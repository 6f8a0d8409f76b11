//! Threads that the store owns and always joins.

use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use crate::fault::watched;
use crate::{OnFault, StoreError};

/// A thread that is joined when this is dropped. Tell it to end first.
pub(super) struct OwnThread(Mutex<Option<JoinHandle<()>>>);

impl OwnThread {
    pub fn start(
        name: &'static str,
        on_fault: &OnFault,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<OwnThread, StoreError> {
        let on_fault = on_fault.clone();
        let body = move || watched(name, &on_fault, body);
        let handle = Builder::new().name(name.to_owned()).spawn(body).map_err(anyhow::Error::from)?;
        Ok(OwnThread(Mutex::new(Some(handle))))
    }

    /// Waits until the thread has ended, without blocking the async threads.
    pub async fn ended(&self) {
        let Some(handle) = self.take() else { return };
        let _ = tokio::task::spawn_blocking(|| handle.join()).await; // an error means that it panicked, and said so
    }

    fn take(&self) -> Option<JoinHandle<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        if let Some(handle) = self.take() {
            let _ = handle.join();
        }
    }
}
