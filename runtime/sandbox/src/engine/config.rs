//! Every setting of the sandbox, with unit, default and reason. The caller supplies the values; this crate reads no
//! files.

use serde::{Deserialize, Serialize};

use super::error::SandboxError;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// The settings of one sandbox. Times are milliseconds (`_ms`), sizes are bytes (`_bytes`), all others are counts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    /// How many guests may exist at the same time. Each reserves about 4 GiB of address space, not of memory.
    /// Default 2000, at most 16,000, because the address space ends there.
    pub max_instances: u32,
    /// The most linear memory any run may be allowed. Default 4 GiB, the ceiling of 32-bit WebAssembly.
    pub max_memory_bytes: u64,
    /// How much of the memory that a finished guest has touched is cleared in place for the next guest instead of being
    /// given back to the system. Costs up to this much × the peak number of guests. Used only on Linux ≥ 6.7, which can
    /// tell which pages were touched, and only where the system had no swap when the sandbox was made. Default 512 KiB.
    pub keep_resident_bytes: u64,
    /// Tables per module. Default 4.
    pub tables: u32,
    /// Elements per table. Default 100,000, because language runtimes need tens of thousands.
    pub table_elements: u32,
    /// Native stack a guest may use before it ends with a stack overflow. Default 1 MiB.
    pub guest_stack_bytes: u64,
    /// Native stack kept free for the host below a guest's. Default 512 KiB.
    pub host_stack_bytes: u64,
    /// The length of a guest's turn, and therefore the accuracy of deadlines. Default 10 ms.
    pub epoch_tick_ms: u64,
    /// CPU time after which a guest leaves the caller's threads for the low-priority ones. Default 20 ms.
    pub handover_cpu_ms: u64,
    /// CPU time per second that the long runs of one share may use on the caller's threads, and how much of it at once.
    /// The runs of a share that has none left start on the low-priority threads. A run of less than 2 ms is free.
    /// Default 40 ms.
    pub front_credit_ms: u64,
    /// Low-priority threads for guests that compute for a long time. Default 0, which means one per core.
    pub back_threads: u32,
    /// Size of the largest request or response frame of a host call. Default 2 MiB.
    pub frame_bytes: u64,
    /// The most bytes that one WASI call may move, so that no call takes long. A guest that passes a longer buffer gets
    /// the error `nomem`; `fd_write` and `fd_read` check the first buffer of the list. Default 16 MiB.
    pub hostcall_bytes: u64,
    /// The most random bytes per call. A guest that asks for more is ended. Each MiB takes about 4 ms. Default 16 MiB.
    pub random_bytes: u64,
    /// The most subscriptions per `poll_oneoff`. Default 1024.
    pub poll_subscriptions: u32,
    /// Modules kept ready to run. Each takes about 15 KiB and 3 memory mappings. Default 2000.
    pub loaded_modules: u32,
    /// Size of the compiled code of the modules kept ready to run; a server keeps no more than its memory allows.
    /// Default 1 GiB.
    pub loaded_bytes: u64,
    /// Size of the compiled code kept on disk. Beyond it, whoever has the most loses what was used longest ago. Default
    /// 4 GiB.
    pub cache_bytes: u64,
    /// Modules compiled at the same time, one low-priority process each, and one for each share at most. Default 4.
    pub parallel_compiles: u32,
    /// Modules that may wait to be compiled. A share may hold at most as much of the queue as it leaves free. Default
    /// 64.
    pub compile_queue: u32,
    /// Size of all modules that wait to be compiled; divided like the queue. Default 256 MiB.
    pub compile_queue_bytes: u64,
    /// How much processor time one module may take to compile, in whole seconds; altogether it may take ten times as
    /// long. Default 45 s.
    pub compile_time_ms: u64,
    /// How much memory the compilation of one module may take, in addition to the memory of the server. Default 1 GiB.
    pub compile_memory_bytes: u64,
    /// How long a module may wait to be compiled. Default 120 s.
    pub compile_wait_ms: u64,
    /// Refused modules that are remembered, so that they are refused again without being compiled. Default 1000.
    pub refused_modules: u32,
    /// How long a refused module is remembered. Default 10 minutes.
    pub refused_ms: u64,
    /// The limits of a module's shape.
    pub module: ModuleBounds,
    /// The limits of a zip upload.
    pub zip: ZipBounds,
}

/// The limits of a module's shape. Without them, a module of a few kilobytes could take many seconds to compile.
#[derive(Clone, Debug, Hash, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModuleBounds {
    /// Size of the binary. Default 48 MiB.
    pub module_bytes: u64,
    /// Size of a module uploaded as text. Default 4 MiB.
    pub wat_bytes: u64,
    /// How deeply blocks may be nested in a module uploaded as text. Default 1000.
    pub wat_nesting: u64,
    /// Function types. Default 50,000.
    pub types: u64,
    /// Imports. Default 1000.
    pub imports: u64,
    /// Exports. Default 50,000.
    pub exports: u64,
    /// Globals. Default 50,000.
    pub globals: u64,
    /// Functions. Default 50,000.
    pub functions: u64,
    /// Local variables of all functions together. Default 1,000,000.
    pub locals: u64,
    /// Size of one function's body. Default 1 MiB.
    pub function_body_bytes: u64,
    /// Size of all functions' bodies. Default 20 MiB.
    pub code_section_bytes: u64,
    /// Loops of one function. Their square costs time. Default 5000.
    pub loops: u64,
    /// How deeply loops of one function are nested. Their square times the locals costs time. Default 100.
    pub loop_nesting: u64,
    /// How deeply blocks of one function are nested. Default 20,000.
    pub nesting: u64,
    /// The locals and parameters of one function times its blocks, which costs memory. Default 100,000,000.
    pub locals_times_blocks: u64,
    /// The locals and parameters of one function times its loops, which costs memory and time. Default 4,000,000.
    pub locals_times_loops: u64,
    /// Parameters and results of all blocks of one function together. Default 100,000.
    pub block_values: u64,
    /// Parameters and results of one type. Default 255.
    pub type_values: u64,
    /// Targets of all `br_table` instructions together. Default 1,000,000.
    pub br_table_targets: u64,
    /// Element segments. Default 50,000.
    pub element_segments: u64,
    /// Items of all element segments together. Default 200,000.
    pub element_items: u64,
    /// Operators of all constant expressions together. Default 300,000.
    pub constant_operators: u64,
    /// Data segments. Default 50,000.
    pub data_segments: u64,
}

/// The limits of a zip upload.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZipBounds {
    /// Entries. Default 1000.
    pub entries: u64,
    /// Sum of the sizes that the entries declare. Default 96 MiB.
    pub total_bytes: u64,
    /// How many times larger than its compressed form the module may be, once it is over 1 MiB. Default 100.
    pub ratio: u64,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        SandboxConfig {
            max_instances: 2000,
            max_memory_bytes: 4 * GIB,
            keep_resident_bytes: 512 * KIB,
            tables: 4,
            table_elements: 100_000,
            guest_stack_bytes: MIB,
            host_stack_bytes: 512 * KIB,
            epoch_tick_ms: 10,
            handover_cpu_ms: 20,
            front_credit_ms: 40,
            back_threads: 0,
            frame_bytes: 2 * MIB,
            hostcall_bytes: 16 * MIB,
            random_bytes: 16 * MIB,
            poll_subscriptions: 1024,
            loaded_modules: 2000,
            loaded_bytes: GIB,
            cache_bytes: 4 * GIB,
            parallel_compiles: 4,
            compile_queue: 64,
            compile_queue_bytes: 256 * MIB,
            compile_time_ms: 45_000,
            compile_memory_bytes: GIB,
            compile_wait_ms: 120_000,
            refused_modules: 1000,
            refused_ms: 600_000,
            module: ModuleBounds::default(),
            zip: ZipBounds::default(),
        }
    }
}

impl Default for ModuleBounds {
    fn default() -> Self {
        ModuleBounds {
            module_bytes: 48 * MIB,
            wat_bytes: 4 * MIB,
            wat_nesting: 1000,
            types: 50_000,
            imports: 1000,
            exports: 50_000,
            globals: 50_000,
            functions: 50_000,
            locals: 1_000_000,
            function_body_bytes: MIB,
            code_section_bytes: 20 * MIB,
            loops: 5000,
            loop_nesting: 100,
            nesting: 20_000,
            locals_times_blocks: 100_000_000,
            locals_times_loops: 4_000_000,
            block_values: 100_000,
            type_values: 255,
            br_table_targets: 1_000_000,
            element_segments: 50_000,
            element_items: 200_000,
            constant_operators: 300_000,
            data_segments: 100_000,
        }
    }
}

impl Default for ZipBounds {
    fn default() -> Self {
        ZipBounds { entries: 1000, total_bytes: 96 * MIB, ratio: 100 }
    }
}

impl SandboxConfig {
    /// Refuses values that the sandbox cannot work with. The error names the setting, its value and the allowed range.
    pub fn check(&self) -> Result<(), SandboxError> {
        let rules: [(&str, u64, u64, u64); 17] = [
            ("max_instances", self.max_instances.into(), 1, 16_000),
            ("max_memory_bytes", self.max_memory_bytes, 64 * KIB, 4 * GIB),
            ("tables", self.tables.into(), 1, 64),
            ("table_elements", self.table_elements.into(), 1, 1_000_000),
            ("guest_stack_bytes", self.guest_stack_bytes, 64 * KIB, 64 * MIB),
            ("host_stack_bytes", self.host_stack_bytes, 128 * KIB, 64 * MIB),
            ("epoch_tick_ms", self.epoch_tick_ms, 1, 1000),
            ("front_credit_ms", self.front_credit_ms, 1, 1000),
            ("frame_bytes", self.frame_bytes, KIB, 64 * MIB),
            ("hostcall_bytes", self.hostcall_bytes, 64 * KIB, 256 * MIB),
            ("loaded_modules", self.loaded_modules.into(), 1, 16_000),
            ("parallel_compiles", self.parallel_compiles.into(), 1, 256),
            ("compile_queue", self.compile_queue.into(), 4, 1_000_000),
            ("compile_queue_bytes", self.compile_queue_bytes, 4 * self.module.module_bytes, 64 * GIB),
            ("compile_time_ms", self.compile_time_ms, 1, 3_600_000),
            ("compile_memory_bytes", self.compile_memory_bytes, 64 * MIB, 64 * GIB),
            ("refused_modules", self.refused_modules.into(), 1, 1_000_000),
        ];
        for (setting, value, least, most) in rules {
            if value < least || value > most {
                return Err(SandboxError::Setting { setting, value, least, most });
            }
        }
        Ok(())
    }
}
