//! Random modules that call everything a guest can import. Whatever they do, they end within their limits, and the next
//! guest finds its memory empty.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use wask_sandbox::{Module, Run, RunEnd, RunLimits, RunReport};

use super::sandbox;

/// The functions, their parameters (`i` for i32, `l` for i64) and their result.
pub const FUNCTIONS: [(&str, &str, &str); 48] = [
    ("args_get", "ii", "i"),
    ("args_sizes_get", "ii", "i"),
    ("clock_res_get", "ii", "i"),
    ("clock_time_get", "ili", "i"),
    ("environ_get", "ii", "i"),
    ("environ_sizes_get", "ii", "i"),
    ("fd_advise", "illi", "i"),
    ("fd_allocate", "ill", "i"),
    ("fd_close", "i", "i"),
    ("fd_datasync", "i", "i"),
    ("fd_fdstat_get", "ii", "i"),
    ("fd_fdstat_set_flags", "ii", "i"),
    ("fd_fdstat_set_rights", "ill", "i"),
    ("fd_filestat_get", "ii", "i"),
    ("fd_filestat_set_size", "il", "i"),
    ("fd_filestat_set_times", "illi", "i"),
    ("fd_pread", "iiili", "i"),
    ("fd_prestat_dir_name", "iii", "i"),
    ("fd_prestat_get", "ii", "i"),
    ("fd_pwrite", "iiili", "i"),
    ("fd_read", "iiii", "i"),
    ("fd_readdir", "iiili", "i"),
    ("fd_renumber", "ii", "i"),
    ("fd_seek", "ilii", "i"),
    ("fd_sync", "i", "i"),
    ("fd_tell", "ii", "i"),
    ("fd_write", "iiii", "i"),
    ("path_create_directory", "iii", "i"),
    ("path_filestat_get", "iiiii", "i"),
    ("path_filestat_set_times", "iiiilli", "i"),
    ("path_link", "iiiiiii", "i"),
    ("path_open", "iiiiillii", "i"),
    ("path_readlink", "iiiiii", "i"),
    ("path_remove_directory", "iii", "i"),
    ("path_rename", "iiiiii", "i"),
    ("path_symlink", "iiiii", "i"),
    ("path_unlink_file", "iii", "i"),
    ("poll_oneoff", "iiii", "i"),
    ("proc_exit", "i", ""),
    ("proc_raise", "i", "i"),
    ("random_get", "ii", "i"),
    ("sched_yield", "", "i"),
    ("sock_accept", "iii", "i"),
    ("sock_recv", "iiiiii", "i"),
    ("sock_send", "iiiii", "i"),
    ("sock_shutdown", "ii", "i"),
    ("call", "ii", "l"),
    ("take", "i", "i"),
];
const OURS: [&str; 2] = ["call", "take"];
/// Numbers that are addresses, lengths, descriptors or neither.
const NUMBERS: [u32; 18] = [
    0,
    1,
    2,
    3,
    7,
    8,
    16,
    64,
    1024,
    4096,
    65_528,
    65_535,
    65_536,
    1 << 20,
    1 << 24,
    0x7fff_ffff,
    0x8000_0000,
    u32::MAX,
];
/// How the input, the environment and the data of the module begin: a vector of one buffer, a frame, a subscription.
const DATA: &str = r"\10\00\00\00\20\00\00\00\00\00\00\00\00\00\00\00{\22op\22:\22x\22}\0abody\0a\0a{}\0a";
const STATEMENTS: usize = 60;
const DEPTH: u32 = 3;

/// Traps unless its memory, all of which it may have, is empty.
const CLEAN: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 16)
  (func (export "_start") (local $at i32)
    (loop $next
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 1048576))))
    (i32.store (i32.const 0) (i32.const 8))
    (i32.store (i32.const 4) (i32.const 3))
    (i32.store (i32.const 8) (i32.const 0x0a7d7b))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#;

static CLEAN_GUEST: LazyLock<Module> = LazyLock::new(|| compiled(CLEAN));

fn compiled(text: &str) -> Module {
    let code = sandbox::decode(text).unwrap_or_else(|| panic!("not text: {text}"));
    sandbox::prepare(code).unwrap_or_else(|| panic!("not a module: {text}"))
}

pub fn run(input: &[u8]) {
    let Ok(text) = Writer::new(input).module() else { return };
    let limits = limits();
    let run = Run { limits: limits.clone(), env: vec![("NAME".into(), "value".into())], ..Run::new(r#"{"a":1}"#) };
    let module = compiled(&text);
    check(&sandbox::run(&module, run), &limits);
    let limits = RunLimits { memory_bytes: 1 << 20, ..RunLimits::default() };
    let clean = sandbox::run(&CLEAN_GUEST, Run { limits, ..Run::new("{}") });
    assert_eq!(clean.end, RunEnd::Returned(serde_json::json!({})), "{clean:?}");
}

/// What the guests of these targets may do.
pub fn limits() -> RunLimits {
    RunLimits {
        time: Duration::from_millis(20),
        memory_bytes: 1 << 20,
        log_bytes: 16 << 10,
        result_bytes: 4 << 10,
        host_calls: 8,
    }
}

/// Checks that a run has kept its limits.
pub fn check(report: &RunReport, limits: &RunLimits) {
    assert!(report.peak_memory_bytes <= limits.memory_bytes, "{report:?}");
    let logs: usize = report.logs.iter().map(|line| line.text.len() + 40).sum();
    let closing = 2 << 10; // what the host says: why the guest trapped, and that lines were dropped
    assert!(logs as u64 <= limits.log_bytes + closing, "{logs} bytes of logs");
    match &report.end {
        RunEnd::Returned(value) => assert!(value.is_object() || value.is_array(), "{value}"),
        RunEnd::OutOfTime { limit } => assert!(report.duration >= *limit, "{report:?}"),
        RunEnd::NotJson { raw } => assert!(raw.len() <= 2 * limits.result_bytes as usize, "{}", raw.len()),
        RunEnd::ResultTooLarge { prefix, .. } => assert!(prefix.len() <= 3 * limits.result_bytes as usize),
        RunEnd::Exited { code, .. } => assert_ne!(*code, 0),
        RunEnd::Silent
        | RunEnd::OutOfMemory { .. }
        | RunEnd::StackOverflow
        | RunEnd::Trapped { .. }
        | RunEnd::HostCallsExhausted { .. } => (),
        RunEnd::Cancelled | RunEnd::OutOfHostMemory { .. } => panic!("nobody did this: {report:?}"),
    }
}

/// The imports of these functions, as text.
pub fn imports(functions: impl IntoIterator<Item = usize>) -> String {
    let import = |(name, parameters, result): (&str, &str, &str)| {
        let module = if OURS.contains(&name) { "wask" } else { "wasi_snapshot_preview1" };
        let (parameters, result) = (types("param", parameters), types("result", result));
        format!("(import \"{module}\" \"{name}\" (func ${name}{parameters}{result}))\n")
    };
    functions.into_iter().map(|at| import(FUNCTIONS[at])).collect()
}

/// Writes a module as text.
struct Writer<'a> {
    choices: Unstructured<'a>,
    text: String,
    /// The functions that it calls. Each costs time while the module is compiled.
    called: BTreeSet<usize>,
    /// How many statements may follow.
    left: usize,
}

impl<'a> Writer<'a> {
    fn new(input: &'a [u8]) -> Self {
        Writer { choices: Unstructured::new(input), text: String::new(), called: BTreeSet::new(), left: STATEMENTS }
    }

    fn module(mut self) -> Result<String> {
        let most = *self.choices.choose(&["", "2", "16", "65536"])?;
        let start = if self.choices.ratio(1, 8)? { "(start $_start)" } else { "" };
        while self.left > 0 && !self.choices.is_empty() {
            self.statement(DEPTH)?;
        }
        let mut text = "(module\n".to_owned();
        text += &imports(self.called);
        text += &format!("(memory (export \"memory\") 1 {most})\n(data (i32.const 0) \"{DATA}\")\n");
        text += "(table 4 funcref)\n(elem (i32.const 0) $_start)\n(global $turns (mut i32) (i32.const 0))\n";
        text += &format!("{start}\n(func $_start (export \"_start\") (local $r i32) (local $l i64)\n{}))", self.text);
        Ok(text)
    }

    fn statement(&mut self, depth: u32) -> Result<()> {
        self.left = self.left.saturating_sub(1);
        match self.choices.int_in_range(0..=23)? {
            0..=9 => self.call()?,
            10 => self.put(&["(local.set $r (memory.grow (i32.const 15)))"])?,
            11 => self.put(&["(i32.store ", "*", " ", "*", ")"])?,
            12 => self.put(&["(i32.store8 ", "*", " ", "*", ")"])?,
            13 => self.put(&["(local.set $r (memory.grow ", "*", "))"])?,
            14 => self.put(&["(memory.fill ", "*", " ", "*", " ", "*", ")"])?,
            15 => self.put(&["(memory.copy ", "*", " ", "*", " ", "*", ")"])?,
            16 => self.put(&["(local.set $r (table.grow (ref.func $_start) ", "*", "))"])?,
            17 => self.put(&["(local.set $r (i32.div_s ", "*", " ", "*", "))"])?,
            18 => self.put(&["(call_indirect ", "*", ")"])?,
            19 => self.put(&["(local.set $l (i64.load ", "*", "))"])?,
            20 if depth > 0 => self.block("(if (local.get $r) (then", "))", depth)?,
            21 if depth > 0 => self.block("(loop", "(br 0))", depth)?,
            22 if depth > 0 => {
                let turns = *self.choices.choose(&[2u32, 50, 10_000])?;
                let again = format!(
                    "(global.set $turns (i32.add (global.get $turns) (i32.const 1)))\
                     (br_if 0 (i32.lt_u (global.get $turns) (i32.const {turns}))))"
                );
                self.block("(loop", &again, depth)?;
            }
            _ => self.put(&["(br_if 0 ", "*", ")"])?,
        }
        self.text.push('\n');
        Ok(())
    }

    fn block(&mut self, begin: &str, end: &str, depth: u32) -> Result<()> {
        self.text += begin;
        for _ in 0..self.choices.int_in_range(1..=3)? {
            self.text.push(' ');
            self.statement(depth - 1)?;
        }
        self.text += end;
        Ok(())
    }

    fn call(&mut self) -> Result<()> {
        let at = self.choices.choose_index(FUNCTIONS.len())?;
        self.called.insert(at);
        let (name, parameters, result) = FUNCTIONS[at];
        let (begin, end) = match result {
            "i" => ("(local.set $r ", ")"),
            "l" => ("(local.set $l ", ")"),
            _ => ("", ""),
        };
        self.text += &format!("{begin}(call ${name}");
        for parameter in parameters.chars() {
            match parameter {
                'l' => self.long()?,
                _ => self.value()?,
            }
        }
        self.text += &format!("){end}");
        Ok(())
    }

    /// Writes pieces of text, and a value for each `*`.
    fn put(&mut self, pieces: &[&str]) -> Result<()> {
        for piece in pieces {
            match *piece {
                "*" => self.value()?,
                text => self.text += text,
            }
        }
        Ok(())
    }

    fn value(&mut self) -> Result<()> {
        self.text += &match self.choices.int_in_range(0..=9)? {
            0..=5 => format!("(i32.const {})", self.choices.choose(&NUMBERS)?),
            6 => format!("(i32.const {})", self.choices.arbitrary::<u16>()?),
            7 => format!("(i32.load (i32.const {}))", self.choices.arbitrary::<u16>()?),
            8 => "(i32.wrap_i64 (local.get $l))".to_owned(),
            _ => "(local.get $r)".to_owned(),
        };
        Ok(())
    }

    fn long(&mut self) -> Result<()> {
        self.text += &match self.choices.int_in_range(0..=3)? {
            0 => format!("(i64.const {})", self.choices.choose(&NUMBERS)?),
            1 => format!("(i64.const {})", self.choices.arbitrary::<i64>()?),
            2 => "(i64.extend_i32_s (local.get $r))".to_owned(),
            _ => "(local.get $l)".to_owned(),
        };
        Ok(())
    }
}

fn types(what: &str, letters: &str) -> String {
    let types: Vec<&str> = letters.chars().map(|letter| if letter == 'l' { "i64" } else { "i32" }).collect();
    if types.is_empty() { String::new() } else { format!(" ({what} {})", types.join(" ")) }
}
