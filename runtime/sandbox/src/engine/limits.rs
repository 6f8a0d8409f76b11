//! What one run may use, and the part of it that wasmtime asks for while memories and tables grow.

use std::time::Duration;

use wasmtime::ResourceLimiter;

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

/// Allows or refuses growth for one store, and records the peak and a refusal.
pub(crate) struct Growth {
    pub max_memory: usize,
    pub max_tables: usize,
    pub max_table_elements: usize,
    /// The most memory the guest has had, in bytes.
    pub peak: usize,
    /// The guest asked for more memory than it may have.
    pub refused: bool,
}

impl ResourceLimiter for Growth {
    fn memory_growing(&mut self, _now: usize, wanted: usize, _max: Option<usize>) -> wasmtime::Result<bool> {
        if wanted > self.max_memory {
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
