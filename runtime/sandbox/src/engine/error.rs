//! Bad news that is not a guest's outcome: a module that is not accepted, and a host that cannot run anything.

/// Why a module is not accepted. The text is a sentence for the module's author; it names the limit and the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedModule {
    #[error("The code is empty.")]
    Empty,
    #[error(
        "The code is a WebAssembly module that was damaged because it was sent as text; send the module encoded as base64."
    )]
    Mangled,
    #[error("The code is neither base64 of a WebAssembly module or of a zip archive, nor WebAssembly text.")]
    NotAModule,
    #[error("The code is native machine code; only WebAssembly modules are accepted.")]
    NativeCode,
    #[error("The code is a WebAssembly component; build a core module for the target wasm32-wasip1 instead.")]
    Component,
    #[error("The WebAssembly text cannot be read: {0}")]
    BadText(String),
    #[error("The zip archive cannot be read: {0}.")]
    BadZip(String),
    #[error("The zip archive contains {0} .wasm files; exactly one is needed.")]
    ZipModules(usize),
    #[error("The zip archive's entry `{0}` is a link or lies outside the archive; such entries are not allowed.")]
    ZipPath(String),
    #[error(
        "The zip archive's entry `{name}` is {ratio} times larger than its compressed form; at most {limit} is allowed."
    )]
    ZipRatio { name: String, ratio: u64, limit: u64 },
    #[error("The {what} is {value} bytes large; at most {limit} are allowed.")]
    TooLarge { what: &'static str, value: u64, limit: u64 },
    #[error("The {of} declares {value} {what}; at most {limit} are allowed.")]
    TooMany { of: &'static str, what: &'static str, value: u64, limit: u64 },
    #[error("The module is not valid: {0}")]
    Invalid(String),
    #[error(
        "The module imports `{module}.{name}`, which does not exist here; only functions of `wasi_snapshot_preview1` and `wask` can be imported."
    )]
    UnknownImport { module: String, name: String },
    #[error("The module imports `{module}.{name}` with the type {found}; its type is {expected}.")]
    ImportType { module: String, name: String, found: String, expected: String },
    #[error("The module exports no function `_start`; build it as a command (in Rust: a program for wasm32-wasip1).")]
    NoStart,
    #[error("The module's `_start` has the type {0}; it must be a function without parameters and results.")]
    StartType(String),
    #[error("The module exports no memory named `memory`.")]
    NoMemory,
    #[error("The module took longer than {limit_ms} milliseconds to compile.")]
    CompileTimeout { limit_ms: u64 },
    #[error("{waiting} modules are waiting to be compiled already; try again later.")]
    CompilerBusy { waiting: u64 },
    #[error("The module could not be compiled.")]
    CompilerFailed,
}

/// Why this host could not run a guest; no guest is to blame.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Every slot for a guest is taken.
    #[error("all instances are in use")]
    Busy,
    /// A setting has a value the sandbox cannot work with.
    #[error("sandbox.{setting} is {value}; it must lie between {least} and {most}")]
    Setting { setting: &'static str, value: u64, least: u64, most: u64 },
    /// The engine, the cache directory or a thread could not be set up, or a run broke inside the host.
    #[error("{0}")]
    Internal(String),
}

impl SandboxError {
    pub(crate) fn internal(what: &str, cause: impl std::fmt::Display) -> SandboxError {
        SandboxError::Internal(format!("{what}: {cause}"))
    }
}
