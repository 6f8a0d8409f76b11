//! What one run may use, and the part of it that wasmtime asks for while memories and tables grow.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::ResourceLimiter;

/// Bytes that an element of a table takes.
const ELEMENT: usize = 8;

/// What one run may use.
#[derive(Clone, Debug)]
pub struct RunLimits {
    /// Wall-clock time, including instantiation. Default 60 s.
    pub time: Duration,
    /// Bytes of linear memory. Default 256 MiB.
    pub memory_bytes: u64,
    /// Bytes of log lines as stored, including 40 bytes per line for its time and stream name. 0 collects no logs.
    /// Default 10 MiB.
    pub log_bytes: u64,
    /// Bytes of the result line. Default 1 MiB.
    pub result_bytes: u64,
    /// Number of host calls. Default 10,000.
    pub host_calls: u32,
}

impl Default for RunLimits {
    fn default() -> Self {
        RunLimits {
            time: Duration::from_secs(60),
            memory_bytes: 256 << 20,
            log_bytes: 10 << 20,
            result_bytes: 1 << 20,
            host_calls: 10_000,
        }
    }
}

/// The memory that one guest has of its host. What it begins with is granted by running it: its module's initial memory
/// (see [`Module::initial_memory_bytes`](crate::Module::initial_memory_bytes)). It has all of it until this value is
/// dropped.
pub trait GuestMemory: Send + Sync {
    /// The guest wants so many bytes in addition, or its host keeps them for it. `Err`: it does not get them, and why, in
    /// a sentence for its author. Called during the guest's turn, so it must neither block nor take long.
    fn grow(&self, more: u64) -> Result<(), String>;
}

/// Gives each guest as much as the limits of its run allow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmetered;

impl GuestMemory for Unmetered {
    fn grow(&self, _more: u64) -> Result<(), String> {
        Ok(())
    }
}

/// Allows or refuses growth for one store, and records the peak and a refusal.
pub(crate) struct Growth {
    pub host: Arc<dyn GuestMemory>,
    /// The linear memory that the host has granted, in bytes.
    pub granted: usize,
    pub max_memory: usize,
    pub max_tables: usize,
    pub max_table_elements: usize,
    /// The most memory the guest has had, in bytes.
    pub peak: usize,
    /// The guest asked for more memory than it may have.
    pub refused: bool,
    /// Why the host had no memory for it.
    pub host_refused: Option<String>,
}

impl Growth {
    fn ask_host(&mut self, more: usize) -> bool {
        match self.host.grow(more as u64) {
            Ok(()) => true,
            Err(reason) => {
                self.host_refused = Some(reason);
                false
            }
        }
    }
}

impl ResourceLimiter for Growth {
    fn memory_growing(&mut self, _now: usize, wanted: usize, declared: Option<usize>) -> wasmtime::Result<bool> {
        if declared.is_some_and(|most| wanted > most) {
            return Ok(false); // it would fail, and must not be paid for
        }
        if wanted > self.max_memory {
            self.refused = true;
            return Ok(false);
        }
        if wanted > self.granted {
            if !self.ask_host(wanted - self.granted) {
                return Ok(false);
            }
            self.granted = wanted;
        }
        self.peak = self.peak.max(wanted);
        Ok(true)
    }

    fn table_growing(&mut self, now: usize, wanted: usize, declared: Option<usize>) -> wasmtime::Result<bool> {
        if wanted > self.max_table_elements || declared.is_some_and(|most| wanted > most) {
            return Ok(false);
        }
        Ok(now == 0 || self.ask_host(wanted.saturating_sub(now) * ELEMENT))
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        self.max_tables
    }

    fn memories(&self) -> usize {
        1
    }
}
