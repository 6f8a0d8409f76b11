//! A module that is ready to run: checked, compiled and linked.

use std::fmt;
use std::sync::Arc;

use wasmtime::{InstancePre, ModuleExport};

use crate::abi::Context;
use crate::digest::Digest;

/// A module that is ready to run. Cloning it is cheap.
#[derive(Clone)]
pub struct Module(Arc<ReadyModule>);

struct ReadyModule {
    digest: Digest,
    linked: InstancePre<Context>,
    start: ModuleExport,
    memory: ModuleExport,
}

impl Module {
    pub(crate) fn new(
        digest: Digest,
        linked: InstancePre<Context>,
        start: ModuleExport,
        memory: ModuleExport,
    ) -> Module {
        Module(Arc::new(ReadyModule { digest, linked, start, memory }))
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
