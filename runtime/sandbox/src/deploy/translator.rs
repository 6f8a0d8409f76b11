//! From the bytes of a module, or from WebAssembly text, to native code. All that a hostile module can make expensive
//! happens here, which is why a server does this in a process of its own (see `process`).

use wasmtime::Engine;
use wasmtime::error::OutOfMemory;

use super::bounds::{self, KnownImports, at_most};
use super::text;
use crate::engine::{self, RefusedModule, SandboxConfig, SandboxError, quoted};
use crate::{abi, run};

/// Checks and compiles modules.
pub(super) struct Translator {
    engine: Engine,
    known_imports: KnownImports,
    config: SandboxConfig,
}

impl Translator {
    pub fn new(config: &SandboxConfig) -> Result<Translator, SandboxError> {
        let engine = engine::build_compiler(config)?;
        let known_imports = bounds::known_imports(run::imports_of(&abi::link(&engine)?, &engine));
        Ok(Translator { engine, known_imports, config: config.clone() })
    }

    /// The native code of a module within bounds. May take many seconds and much memory.
    pub fn translate(&self, code: &[u8]) -> Result<Vec<u8>, RefusedModule> {
        let assembled;
        let wasm = match text::of(code) {
            None => code,
            Some(text) => {
                assembled = text::assemble(text, &self.config.module)?;
                at_most("module", assembled.len() as u64, self.config.module.module_bytes)?;
                &assembled
            }
        };
        bounds::check(wasm, &self.config, &self.known_imports)?;
        self.engine.precompile_module(wasm).map_err(|cause| match cause.downcast_ref::<OutOfMemory>() {
            Some(_) => RefusedModule::CompileMemory { limit: self.config.compile_memory_bytes },
            None => invalid(cause),
        })
    }
}

/// The module is not valid, or the engine does not accept it.
pub(super) fn invalid(cause: wasmtime::Error) -> RefusedModule {
    RefusedModule::Invalid(quoted(format!("{cause:#}")))
}
