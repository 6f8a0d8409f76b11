//! What one run may use, and the memory and table part of it as wasmtime asks for it.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// What one run may use.
#[derive(Clone, Debug)]
pub struct RunLimits {
    /// Wall-clock time, instantiation included. Default 60 s.
    pub time: Duration,
    /// Linear memory. Default 256 MiB.
    pub memory_bytes: u64,
    /// Log lines as stored, 40 bytes of time and stream name per line included; 0 collects none. Default 10 MiB.
    pub log_bytes: u64,
    /// The result line. Default 1 MiB.
    pub result_bytes: u64,
    /// Host calls. Default 10,000.
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

/// Answers wasmtime's questions for one store and remembers the answers.
pub(crate) struct Growth {
    pub max_memory: usize,
    pub max_tables: usize,
    pub max_table_elements: usize,
    /// Most memory the guest had.
    pub peak: usize,
    /// The guest asked for more memory than it may have.
    pub refused: bool,
}

impl ResourceLimiter for Growth {
    fn memory_growing(&mut self, _now: usize, wanted: usize, _max: Option<usize>) -> wasmtime::Result<bool> {
        if self.max_memory < wanted {
            self.refused = true;
            return Ok(false);
        }
        self.peak = self.peak.max(wanted);
        Ok(true)
    }

    fn table_growing(&mut self, _now: usize, wanted: usize, _max: Option<usize>) -> wasmtime::Result<bool> {
        Ok(wanted <= self.max_table_elements)
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
