//! Random valid modules, of whatever a compiler could write. Each is compiled or has too much of something, and a run
//! of it ends within its limits.
//!
//! An input is a module, or under the feature `fuzz` the choices of a generator of modules. `VALID_INTO=FOLDER` writes
//! the modules that were generated and accepted into a folder, so that some can be kept.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use wask_sandbox::{RefusedModule, Run};

use super::modules::{check, limits};
use super::sandbox;

pub fn run(input: &[u8]) {
    let is_module = input.starts_with(b"\0asm");
    let Some(code) = (if is_module { Some(input.to_vec()) } else { generated::module(input) }) else { return };
    let module = match sandbox::try_prepare(code.clone()) {
        Ok(module) => module,
        Err(refused) => {
            assert!(is_module || is_fair(&refused), "{refused}: {}", STANDARD.encode(&code));
            return;
        }
    };
    if !is_module {
        generated::write(&code);
    }
    let limits = limits();
    let run = Run { limits: limits.clone(), env: vec![("NAME".into(), "value".into())], ..Run::new(r#"{"a":1}"#) };
    check(&sandbox::run(&module, run), &limits);
}

/// Why a valid module may be refused.
fn is_fair(refused: &RefusedModule) -> bool {
    match refused {
        RefusedModule::TooMany { .. } | RefusedModule::TooLarge { .. } => true,
        // An `externref` is a reference into the host, for which the engine would collect garbage.
        RefusedModule::Invalid(why) => why.contains("gc types are disallowed"),
        _ => false,
    }
}

#[cfg(feature = "fuzz")]
mod generated {
    use std::sync::LazyLock;

    use arbitrary::Unstructured;
    use wasm_smith::{Config, Module};

    use crate::fuzz::modules;

    static WITH_REFERENCES: LazyLock<Config> = LazyLock::new(|| config(true));
    /// Most modules with references have some to the host, which are refused.
    static WITHOUT_REFERENCES: LazyLock<Config> = LazyLock::new(|| config(false));

    fn config(reference_types_enabled: bool) -> Config {
        Config {
            reference_types_enabled,
            available_imports: Some(binary(&format!("(module {})", modules::imports(0..modules::FUNCTIONS.len())))),
            exports: Some(binary(r#"(module (memory (export "memory") 1 16) (func (export "_start")))"#)),
            max_memory32_bytes: 1 << 20,
            max_table_elements: 1000,
            max_tables: 4,
            max_instructions: 300,
            max_funcs: 20,
            max_type_size: 200,
            // What the engine does not have.
            custom_page_sizes_enabled: false,
            exceptions_enabled: false,
            gc_enabled: false,
            memory64_enabled: false,
            relaxed_simd_enabled: false,
            shared_everything_threads_enabled: false,
            threads_enabled: false,
            wide_arithmetic_enabled: false,
            ..Config::default()
        }
    }

    fn binary(text: &str) -> Vec<u8> {
        wat::parse_str(text).expect("a module as text")
    }

    /// `None`: there are too few choices for one.
    pub fn module(choices: &[u8]) -> Option<Vec<u8>> {
        let (first, choices) = choices.split_first()?;
        let config = if first % 4 == 0 { &WITH_REFERENCES } else { &WITHOUT_REFERENCES };
        let module = Module::new((**config).clone(), &mut Unstructured::new(choices)).ok()?;
        Some(module.to_bytes())
    }

    pub fn write(module: &[u8]) {
        let Some(folder) = std::env::var_os("VALID_INTO") else { return };
        let name = fastrand::u64(..).to_string();
        std::fs::write(std::path::Path::new(&folder).join(name), module).expect("a folder to write to");
    }
}

#[cfg(not(feature = "fuzz"))]
mod generated {
    pub fn module(_choices: &[u8]) -> Option<Vec<u8>> {
        None
    }

    pub fn write(_module: &[u8]) {}
}
