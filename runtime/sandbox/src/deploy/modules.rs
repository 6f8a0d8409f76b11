//! All modules of a sandbox: checks, compiles and links them, and keeps the recently used ones in memory.

use std::path::Path;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tracing::warn;
use wasmtime::{Engine, Linker};

use super::bounds::{self, KnownImports};
use super::cache::DiskCache;
use crate::abi::{self, Context};
use crate::digest::Digest;
use crate::engine::{self, RefusedModule, SandboxConfig, SandboxError};
use crate::run::{self, Module};

/// All modules of one sandbox.
pub(crate) struct Modules {
    engine: Engine,
    linker: Linker<Context>,
    known_imports: KnownImports,
    config: SandboxConfig,
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
        let engine = engine::build(config)?;
        let linker = abi::link(&engine)?;
        let disk = cache_dir.map(|dir| DiskCache::open(dir, &engine, config)).transpose()?;
        let by_weight = ByWeight { least: (config.loaded_bytes / u64::from(config.loaded_modules)).max(1) };
        let loaded = Cache::with_weighter(config.loaded_modules as usize, config.loaded_bytes.max(1), by_weight);
        let known_imports = bounds::known_imports(run::imports_of(&linker, &engine));
        Ok(Modules { engine, linker, known_imports, config: config.clone(), loaded, disk })
    }

    pub fn has_disk(&self) -> bool {
        self.disk.is_some()
    }

    pub fn loaded(&self, digest: &Digest) -> Option<Module> {
        self.loaded.get(digest)
    }

    /// Finds a module in memory or on disk. Reading and verifying a file takes about a millisecond per megabyte.
    pub fn load(&self, digest: &Digest) -> Option<Module> {
        if let Some(module) = self.loaded(digest) {
            return Some(module);
        }
        let compiled = self.disk.as_ref()?.load(&self.engine, digest)?;
        match self.link(digest, &compiled) {
            Ok(module) => Some(self.keep(module)),
            Err(cause) => {
                warn!(%digest, %cause, "compiled module does not link");
                None
            }
        }
    }

    /// Refuses a module that is out of bounds. Takes about ten milliseconds per megabyte.
    pub fn check(&self, wasm: &[u8]) -> Result<(), RefusedModule> {
        bounds::check(wasm, &self.config, &self.known_imports)
    }

    /// Compiles and keeps a module that is within bounds. May take many seconds, so only compile threads call it.
    pub fn compile(&self, digest: &Digest, wasm: &[u8]) -> Result<Module, RefusedModule> {
        let compiled = match &self.disk {
            None => wasmtime::Module::from_binary(&self.engine, wasm).map_err(invalid)?,
            Some(disk) => self.compile_to(disk, digest, wasm)?,
        };
        Ok(self.keep(self.link(digest, &compiled)?))
    }

    fn compile_to(&self, disk: &DiskCache, digest: &Digest, wasm: &[u8]) -> Result<wasmtime::Module, RefusedModule> {
        let code = self.engine.precompile_module(wasm).map_err(invalid)?;
        if let Err(cause) = disk.store(digest, &code) {
            warn!(%digest, %cause, "cannot write compiled module to disk");
        }
        if let Some(module) = disk.load(&self.engine, digest) {
            return Ok(module);
        }
        // SAFETY: this engine made these bytes a moment ago, and they have not left this function.
        #[allow(unsafe_code)]
        let module = unsafe { wasmtime::Module::deserialize(&self.engine, &code) };
        module.map_err(invalid)
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

fn invalid(cause: wasmtime::Error) -> RefusedModule {
    RefusedModule::Invalid(format!("{cause:#}"))
}
