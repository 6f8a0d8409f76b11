//! A module that is ready to run: checked, compiled and linked.

use std::fmt;
use std::sync::Arc;

use wasmtime::{InstancePre, ModuleExport};

use crate::abi::Context;
use crate::digest::Digest;

/// Bytes of a page of linear memory. Other sizes are a feature that is switched off.
const PAGE: u64 = 64 << 10;

/// A module that is ready to run. Cloning it is cheap.
#[derive(Clone)]
pub struct Module(Arc<ReadyModule>);

struct ReadyModule {
    digest: Digest,
    linked: InstancePre<Context>,
    start: ModuleExport,
    memory: ModuleExport,
    initial_memory_bytes: u64,
}

impl Module {
    pub(crate) fn new(
        digest: Digest,
        linked: InstancePre<Context>,
        start: ModuleExport,
        memory: ModuleExport,
    ) -> Module {
        let needs = linked.module().resources_required();
        let initial_memory_bytes = needs.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE);
        Module(Arc::new(ReadyModule { digest, linked, start, memory, initial_memory_bytes }))
    }

    /// The linear memory that a guest begins with.
    pub fn initial_memory_bytes(&self) -> u64 {
        self.0.initial_memory_bytes
    }

    /// The size of its compiled code, in bytes.
    pub fn code_bytes(&self) -> u64 {
        let image = self.0.linked.module().image_range();
        (image.end as usize - image.start as usize) as u64
    }

    /// The name of this module.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    pub(super) fn linked(&self) -> &InstancePre<Context> {
        &self.0.linked
    }

    pub(super) fn start(&self) -> &ModuleExport {
        &self.0.start
    }

    pub(super) fn memory(&self) -> &ModuleExport {
        &self.0.memory
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Module({})", self.0.digest)
    }
}
