//! All modules of a sandbox: links them, and keeps the compiled code on disk and the recently used ones in memory.

use std::path::Path;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tracing::warn;
use wasmtime::{Engine, Linker};

use super::cache::DiskCache;
use super::descriptors::OutOfDescriptors;
use super::translator::invalid;
use crate::abi::{self, Context};
use crate::digest::Digest;
use crate::engine::{self, RefusedModule, SandboxConfig, SandboxError, Ticks};
use crate::run::Module;

/// All modules of one sandbox.
pub(crate) struct Modules {
    engine: Engine,
    ticks: Ticks,
    linker: Linker<Context>,
    loaded: Cache<Digest, Module, ByWeight>,
    disk: Option<DiskCache>,
}

/// A module weighs as much as its compiled code, and so much at least that no more are kept than `loaded_modules`.
#[derive(Clone)]
struct ByWeight {
    least: u64,
}

impl Weighter<Digest, Module> for ByWeight {
    fn weight(&self, _digest: &Digest, module: &Module) -> u64 {
        module.code_bytes().max(self.least)
    }
}

impl Modules {
    pub fn new(config: &SandboxConfig, cache_dir: Option<&Path>) -> Result<Modules, SandboxError> {
        let (engine, ticks) = engine::build(config)?;
        let linker = abi::link(&engine)?;
        let disk = cache_dir.map(|dir| DiskCache::open(dir, &engine, config)).transpose()?;
        let by_weight = ByWeight { least: (config.loaded_bytes / u64::from(config.loaded_modules)).max(1) };
        let loaded = Cache::with_weighter(config.loaded_modules as usize, config.loaded_bytes.max(1), by_weight);
        Ok(Modules { engine, ticks, linker, loaded, disk })
    }

    /// The ticks of the engine.
    pub fn ticks(&self) -> &Ticks {
        &self.ticks
    }

    pub fn has_disk(&self) -> bool {
        self.disk.is_some()
    }

    pub fn loaded(&self, digest: &Digest) -> Option<Module> {
        self.loaded.get(digest)
    }

    /// Finds a module in memory or on disk. Reading and verifying a file takes about a millisecond per megabyte.
    pub fn load(&self, digest: &Digest) -> Result<Option<Module>, OutOfDescriptors> {
        if let Some(module) = self.loaded(digest) {
            return Ok(Some(module));
        }
        let Some(disk) = &self.disk else { return Ok(None) };
        let Some(compiled) = disk.load(&self.engine, digest)? else { return Ok(None) };
        match self.link(digest, &compiled) {
            Ok(module) => Ok(Some(self.keep(module))),
            Err(cause) => {
                warn!(%digest, %cause, "compiled module does not link");
                Ok(None)
            }
        }
    }

    /// Keeps a compiled module, in memory and on disk. The disk space is charged to `share`.
    pub fn keep_compiled(&self, digest: &Digest, share: &str, native: &[u8]) -> Result<(), RefusedModule> {
        let stored = self.disk.as_ref().and_then(|disk| {
            if let Err(cause) = disk.store(digest, share, native) {
                warn!(%digest, %cause, "cannot write compiled module to disk");
            }
            disk.load(&self.engine, digest).unwrap_or_default()
        });
        let compiled = match stored {
            Some(compiled) => compiled,
            // SAFETY: our compiler made these bytes a moment ago, and they have been in its pipe and in memory only.
            #[allow(unsafe_code)]
            None => unsafe { wasmtime::Module::deserialize(&self.engine, native) }.map_err(invalid)?,
        };
        self.keep(self.link(digest, &compiled)?);
        Ok(())
    }

    /// Keeps a module that is in memory under another digest as well.
    pub fn keep_as(&self, digest: Digest, module: Module) {
        self.loaded.insert(digest, module);
    }

    fn link(&self, digest: &Digest, compiled: &wasmtime::Module) -> Result<Module, RefusedModule> {
        let linked = self.linker.instantiate_pre(compiled).map_err(invalid)?;
        let start = compiled.get_export_index("_start").ok_or(RefusedModule::NoStart)?;
        let memory = compiled.get_export_index("memory").ok_or(RefusedModule::NoMemory)?;
        Ok(Module::new(*digest, linked, start, memory))
    }

    fn keep(&self, module: Module) -> Module {
        self.loaded.insert(module.digest(), module.clone());
        module
    }
}
