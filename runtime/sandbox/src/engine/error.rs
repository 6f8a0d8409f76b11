//! The two errors that are not the end of a run: a module that is not accepted, and a host that cannot run anything.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Why a module is not accepted. The text is a sentence for the module's author and names the limit and the value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, thiserror::Error)]
pub enum RefusedModule {
    /// There is no code.
    #[error("The code is empty.")]
    Empty,
    /// A module was sent without base64 and damaged on the way.
    #[error(
        "The code is a WebAssembly module that was damaged because it was sent as text; send the module encoded as base64."
    )]
    Mangled,
    /// The code has none of the accepted forms.
    #[error("The code is neither base64 of a WebAssembly module or of a zip archive, nor WebAssembly text.")]
    NotAModule,
    /// The code is an ELF file.
    #[error("The code is native machine code; only WebAssembly modules are accepted.")]
    NativeCode,
    /// The code is a component, not a core module.
    #[error("The code is a WebAssembly component; build a core module for the target wasm32-wasip1 instead.")]
    Component,
    /// The text does not parse; the parser's message.
    #[error("The WebAssembly text cannot be read: {0}")]
    BadText(String),
    /// The archive does not unpack; the reason.
    #[error("The zip archive cannot be read: {0}.")]
    BadZip(String),
    /// The archive has no `.wasm` file or several; how many.
    #[error("The zip archive contains {0} .wasm files; exactly one is needed.")]
    ZipModules(usize),
    /// An entry is a link or leads out of the archive; its name.
    #[error("The zip archive's entry `{0}` is a link or lies outside the archive; such entries are not allowed.")]
    ZipPath(String),
    /// An entry is compressed so well that it may be a zip bomb.
    #[error(
        "The zip archive's entry `{name}` is {ratio} times larger than its compressed form; at most {limit} is allowed."
    )]
    ZipRatio {
        /// The name of the entry.
        name: String,
        /// Its size divided by its compressed size.
        ratio: u64,
        /// The largest ratio allowed.
        limit: u64,
    },
    /// Something has too many bytes.
    #[error("The {what} is {value} bytes large; at most {limit} are allowed.")]
    TooLarge {
        /// What is too large, for the sentence: "module", "body of a function".
        what: Cow<'static, str>,
        /// Its size in bytes.
        value: u64,
        /// The largest size allowed, in bytes.
        limit: u64,
    },
    /// Something declares too many parts.
    #[error("The {of} declares {value} {what}; at most {limit} are allowed.")]
    TooMany {
        /// What declares them: "module", "function", "zip archive".
        of: Cow<'static, str>,
        /// The parts, for the sentence: "locals", "entries".
        what: Cow<'static, str>,
        /// How many there are.
        value: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The bytes are not a valid module, or use a feature that is switched off; the compiler's message.
    #[error("The module is not valid: {0}")]
    Invalid(String),
    /// An import that this host does not have.
    #[error(
        "The module imports `{module}.{name}`, which does not exist here; only functions of `wasi_snapshot_preview1` and `wask` can be imported."
    )]
    UnknownImport {
        /// The module it is imported from.
        module: String,
        /// The name of the function.
        name: String,
    },
    /// An import that exists, with another type.
    #[error("The module imports `{module}.{name}` with the type {found}; its type is {expected}.")]
    ImportType {
        /// The module it is imported from.
        module: String,
        /// The name of the function.
        name: String,
        /// The type that the module declares, like `(i32) -> ()`.
        found: String,
        /// The type that the function has.
        expected: String,
    },
    /// There is no entry point.
    #[error("The module exports no function `_start`; build it as a command (in Rust: a program for wasm32-wasip1).")]
    NoStart,
    /// The entry point takes or returns something; its type.
    #[error("The module's `_start` has the type {0}; it must be a function without parameters and results.")]
    StartType(String),
    /// There is no memory to exchange arguments and results through.
    #[error("The module exports no memory named `memory`.")]
    NoMemory,
    /// The compiler did not finish in time.
    #[error("The module takes longer to compile than sandbox.compile_time_ms ({limit_ms} ms).")]
    CompileTime {
        /// How much processor time a module may take to compile, in milliseconds.
        limit_ms: u64,
    },
    /// The compiler got so little of the processor that it did not finish in a multiple of that time.
    #[error("The module was not compiled within {waited_ms} ms, because the machine is busy; try again later.")]
    CompileOverdue {
        /// How long the compiler has run, in milliseconds.
        waited_ms: u64,
    },
    /// The compiler ran out of memory.
    #[error("The module needs more memory to compile than sandbox.compile_memory_bytes ({limit} bytes).")]
    CompileMemory {
        /// How much memory the compilation of one module may take, in bytes.
        limit: u64,
    },
    /// The compiler crashed on this module.
    #[error("The compiler crashed on this module (signal {signal}).")]
    CompilerCrashed {
        /// The signal that ended the compiler.
        signal: i32,
    },
    /// The compiler was ended by something outside of the server, such as the system that ran out of memory.
    #[error("The compiler was killed from outside (signal {signal}); try again later.")]
    CompilerKilled {
        /// The signal that ended the compiler.
        signal: i32,
    },
    /// There is no room in the queue for this module: a share of it leaves at least as much free as it holds.
    #[error(
        "{held} {unit} of yours wait to be compiled already, and {asked} more would exceed your part of sandbox.{setting} ({limit}); try again later."
    )]
    CompileQueueFull {
        /// The setting's name, without `sandbox.`.
        setting: Cow<'static, str>,
        /// Its value.
        limit: u64,
        /// What it counts, for the sentence: "modules" or "bytes".
        unit: Cow<'static, str>,
        /// How much the share has in the queue.
        held: u64,
        /// How much the module would add.
        asked: u64,
    },
    /// The module waited in the queue for too long.
    #[error(
        "The module waited for the compiler for longer than sandbox.compile_wait_ms ({limit_ms} ms); try again later."
    )]
    CompileWait {
        /// How long a module may wait, in milliseconds.
        limit_ms: u64,
    },
    /// The process may not open another file, and so neither look whether the module is compiled nor compile it.
    #[error("The server has too many files open to load or compile a module; try again later.")]
    OutOfDescriptors,
    /// The compiler panicked or the sandbox is closing.
    #[error("The module could not be compiled.")]
    CompilerFailed,
}

/// Bytes of the input that a sentence quotes at most; parsers quote it in their messages without a bound of their own.
const LONGEST_QUOTE: usize = 256;

/// A part of the module, or what a parser says about it, as a sentence quotes it: its beginning and `…` if it is long.
pub(crate) fn quoted(mut given: String) -> String {
    if given.len() > LONGEST_QUOTE {
        given.truncate(given.floor_char_boundary(LONGEST_QUOTE));
        given.push('…');
    }
    given
}

impl RefusedModule {
    /// Whether the same module would be refused again for the same reason. If not, it may be accepted later.
    pub fn is_final(&self) -> bool {
        use RefusedModule::{
            CompileOverdue, CompileQueueFull, CompileWait, CompilerFailed, CompilerKilled, OutOfDescriptors,
        };
        let for_now = matches!(
            self,
            CompileOverdue { .. }
                | CompileQueueFull { .. }
                | CompileWait { .. }
                | CompilerFailed
                | CompilerKilled { .. }
                | OutOfDescriptors
        );
        !for_now
    }
}

/// Why this host could not run a guest. The guest is not to blame.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// As many guests as `max_instances` allows exist already.
    #[error("all instances are in use")]
    Busy,
    /// A setting has a value that the sandbox cannot work with.
    #[error("sandbox.{setting} is {value}; it must lie between {least} and {most}")]
    Setting {
        /// The setting's name, without `sandbox.`.
        setting: &'static str,
        /// The value it has.
        value: u64,
        /// The smallest value allowed.
        least: u64,
        /// The largest value allowed.
        most: u64,
    },
    /// The engine, the cache directory or a thread could not be set up, or a run broke inside the host.
    #[error("{0}")]
    Internal(String),
}

impl SandboxError {
    pub(crate) fn internal(what: &str, cause: impl std::fmt::Display) -> SandboxError {
        SandboxError::Internal(format!("{what}: {cause}"))
    }
}
