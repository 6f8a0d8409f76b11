//! Which modules are accepted, and how their compiled code is cached.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::engine;
use crate::{Digest, ModuleBounds};

const EMPTY_START: &str = r#"(func (export "_start"))"#;
const MEMORY: &str = r#"(memory (export "memory") 1)"#;

async fn refusal(wat: &str) -> String {
    prepare(&format!("(module {wat})")).await.unwrap_err().to_string()
}

#[tokio::test]
async fn imports_that_do_not_exist_are_refused_by_name() {
    let unknown = refusal(&format!(r#"(import "env" "open" (func)) {MEMORY} {EMPTY_START}"#)).await;
    assert!(unknown.starts_with("The module imports `env.open`, which does not exist here;"), "{unknown}");
    let memory = refusal(&format!(r#"(import "wask" "memory" (memory 1)) {EMPTY_START}"#)).await;
    assert!(memory.contains("`wask.memory`"), "{memory}");
    let ty = refusal(&format!(r#"(import "wask" "take" (func (param i64))) {MEMORY} {EMPTY_START}"#)).await;
    assert_eq!(ty, "The module imports `wask.take` with the type (i64) -> (); its type is (i32) -> (i32).");
}

#[tokio::test]
async fn a_module_needs_a_start_and_a_memory() {
    assert_eq!(prepare(&format!("(module {MEMORY})")).await.unwrap_err(), RefusedModule::NoStart);
    assert_eq!(prepare(&format!("(module {EMPTY_START})")).await.unwrap_err(), RefusedModule::NoMemory);
    let wrong = format!(r#"(module {MEMORY} (func (export "_start") (param i32)))"#);
    assert_eq!(prepare(&wrong).await.unwrap_err(), RefusedModule::StartType("(i32) -> ()".into()));
}

#[tokio::test]
async fn proposals_that_are_switched_off_are_refused() {
    for module in [
        format!(r#"(memory (export "memory") 1 1 shared) {EMPTY_START}"#),
        format!(r#"(memory (export "memory") i64 1) {EMPTY_START}"#),
        format!(r#"{MEMORY} (memory 1) {EMPTY_START}"#),
    ] {
        refusal(&module).await;
    }
}

#[tokio::test]
async fn invalid_code_is_refused_with_the_reason() {
    let text =
        refusal(&format!(r#"{MEMORY} (func (export "_start") (drop (i32.add (i32.const 1) (i64.const 1))))"#)).await;
    assert!(text.starts_with("The module is not valid: ") && text.contains("type mismatch"), "{text}");
}

#[tokio::test]
async fn shapes_out_of_bounds_are_refused_with_limit_and_value() {
    let locals = format!("(func (local {}))", "i32 ".repeat(40_000));
    let text = refusal(&format!("{MEMORY} {EMPTY_START} {}", locals.repeat(26))).await;
    assert_eq!(text, "The module declares 1040000 locals; at most 1000000 are allowed.");
    let text = refusal(&format!("{MEMORY} {EMPTY_START} {}", "(func)".repeat(50_000))).await;
    assert_eq!(text, "The module declares 50001 functions; at most 50000 are allowed.");
    let text = refusal(&format!("{MEMORY} {EMPTY_START} (table 200000 funcref)")).await;
    assert_eq!(text, "The module declares 200000 elements in a table; at most 100000 are allowed.");
    let text = refusal(&format!("{MEMORY} {EMPTY_START} {}", "(table 1 funcref)".repeat(5))).await;
    assert_eq!(text, "The module declares 5 tables; at most 4 are allowed.");
}

#[tokio::test]
async fn functions_that_cost_far_more_than_their_size_are_refused() {
    let locals = |count: usize| format!("(local {})", "i32 ".repeat(count));
    let pair = "(param i32 i32) (result i32 i32)";
    let swapped = format!("(block {pair})").repeat(25_001);
    for (body, sentence) in [
        ("(loop)".repeat(5001), "The function declares 5001 loops; at most 5000 are allowed."),
        (
            format!("{}{}", "loop ".repeat(101), "end ".repeat(101)),
            "The function declares 101 nested loops; at most 100 are allowed.",
        ),
        (
            format!("{}{}", locals(50_000), "(block)".repeat(2001)),
            "The function declares 100050000 locals times blocks; at most 100000000 are allowed.",
        ),
        (
            format!("{}{}", locals(1000), "(loop)".repeat(4001)),
            "The function declares 4001000 locals times loops; at most 4000000 are allowed.",
        ),
        (
            format!("i32.const 0 i32.const 0 {swapped} drop drop"),
            "The function declares 100004 parameters and results of blocks; at most 100000 are allowed.",
        ),
    ] {
        assert_eq!(refusal(&format!("{MEMORY} {EMPTY_START} (func {body})")).await, sentence);
    }
    let wide = format!("(func (param {}))", "i32 ".repeat(256));
    let text = refusal(&format!("{MEMORY} {EMPTY_START} {wide}")).await;
    assert_eq!(text, "The type declares 256 parameters and results; at most 255 are allowed.");
}

#[tokio::test]
async fn segments_and_constants_are_bounded() {
    let items = format!("(table 1 funcref) (elem func {})", "0 ".repeat(200_001));
    let constant = format!("(global i32 (i32.const 0) {})", "(i32.const 1) i32.add ".repeat(150_000));
    let segments = "(elem func 0)".repeat(50_001);
    for (fields, sentence) in [
        (items, "The module declares 200001 items in element segments; at most 200000 are allowed."),
        (constant, "The module declares 300002 operators in constant expressions; at most 300000 are allowed."),
        (segments, "The module declares 50001 element segments; at most 50000 are allowed."),
    ] {
        assert_eq!(refusal(&format!("{MEMORY} {EMPTY_START} {fields}")).await, sentence);
    }
}

#[test]
fn what_the_compiler_makes_fits_the_engine_of_guests() {
    let config = SandboxConfig { max_instances: 1, ..SandboxConfig::default() };
    let hash = |engine: wasmtime::Engine| {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash(engine::build(&config).unwrap().0), hash(engine::build_compiler(&config).unwrap()));
}

#[tokio::test]
async fn text_is_assembled_when_it_is_compiled() {
    let text = refusal("(func (unknown))").await;
    assert!(text.starts_with("The WebAssembly text cannot be read: "), "{text}");
    let deep = format!("(func {} {})", "block ".repeat(999), "end ".repeat(999));
    assert_eq!(refusal(&deep).await, "The module declares 1001 nested blocks; at most 1000 are allowed.");
}

#[tokio::test]
async fn two_requests_for_one_module_share_a_compilation() {
    let wasm = upload::decode(&format!("(module {MEMORY} {EMPTY_START} (func $shared))"), sandbox().config()).unwrap();
    let (one, two) = tokio::join!(sandbox().prepare("me", wasm.clone()), sandbox().prepare("me", wasm));
    assert_eq!(one.unwrap(), two.unwrap());
}

fn sandbox_with(config: &SandboxConfig, dir: Option<&Path>) -> Sandbox {
    Sandbox::new(config, dir, CompileIn::ThisProcess).unwrap()
}

fn sandbox_on(dir: &Path) -> Sandbox {
    sandbox_with(&SandboxConfig { max_instances: 2, ..SandboxConfig::default() }, Some(dir))
}

fn compiled_file(dir: &Path) -> PathBuf {
    let mut files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "cwasm")).unwrap()
}

async fn prepare_on(dir: &Path) -> (Digest, Sandbox) {
    let sandbox = sandbox_on(dir);
    let wasm = upload::decode(&format!("(module {PRELUDE} {})", printing("{}")), sandbox.config()).unwrap();
    (sandbox.prepare("me", wasm).await.unwrap(), sandbox)
}

#[tokio::test]
async fn compiled_code_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (digest, first) = prepare_on(dir.path()).await;
    drop(first);
    let second = sandbox_on(dir.path());
    assert!(second.loaded(&digest).is_none());
    let module = second.load(&digest).await.unwrap().expect("it is on disk");
    assert!(matches!(second.run(&module, run()).await.unwrap().end, RunEnd::Returned(_)));
    assert!(second.loaded(&digest).is_some());
}

#[tokio::test]
async fn a_changed_file_is_removed_and_compiled_again() {
    let dir = tempfile::tempdir().unwrap();
    let (digest, first) = prepare_on(dir.path()).await;
    drop(first);
    let path = compiled_file(dir.path());
    let good = fs::read(&path).unwrap();
    for position in [0, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[position] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(sandbox_on(dir.path()).load(&digest).await.unwrap().is_none());
        assert!(!path.exists());
    }
    let (digest, again) = prepare_on(dir.path()).await;
    assert!(again.loaded(&digest).is_some());
    assert!(sandbox_on(dir.path()).load(&digest).await.unwrap().is_some());
}

#[tokio::test]
async fn a_dropped_sandbox_unmaps_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let mapped = || fs::read_to_string("/proc/self/maps").unwrap().contains(dir.path().to_str().unwrap());
    for _ in 0..20 {
        let (_, sandbox) = prepare_on(dir.path()).await;
        assert!(mapped());
        drop(sandbox);
        assert!(!mapped());
    }
}

#[tokio::test]
async fn code_made_with_another_key_is_not_loaded() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (digest, _sandbox) = prepare_on(one.path()).await;
    let path = compiled_file(one.path());
    fs::copy(&path, two.path().join(path.file_name().unwrap())).unwrap();
    assert!(sandbox_on(two.path()).load(&digest).await.unwrap().is_none());
}

#[tokio::test]
async fn the_cache_directory_belongs_to_the_service_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (_, _sandbox) = prepare_on(dir.path()).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir.path()), 0o700);
    assert_eq!(mode(&dir.path().join("key")), 0o600);
    assert_eq!(mode(&compiled_file(dir.path())), 0o600);
}

#[tokio::test]
async fn the_cache_stays_within_its_bound() {
    let dir = tempfile::tempdir().unwrap();
    let config = SandboxConfig { max_instances: 1, cache_bytes: 1, ..SandboxConfig::default() };
    let sandbox = sandbox_with(&config, Some(dir.path()));
    let wasm = upload::decode(&format!("(module {MEMORY} {EMPTY_START})"), &config).unwrap();
    let digest = sandbox.prepare("me", wasm).await.unwrap();
    assert!(sandbox.loaded(&digest).is_some(), "kept in memory nevertheless");
    let left = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["key"]);
}

/// Compiles a module that no other test has, for a share.
async fn prepare_for(sandbox: &Sandbox, share: &str, number: usize) -> Digest {
    let wat = format!("(module {PRELUDE} (global i32 (i32.const {number})) {})", printing("{}"));
    sandbox.prepare(share, wat.into_bytes()).await.unwrap()
}

#[tokio::test]
async fn whoever_fills_the_cache_pushes_out_only_what_is_theirs() {
    let dir = tempfile::tempdir().unwrap();
    let one = {
        let sandbox = sandbox_on(dir.path());
        prepare_for(&sandbox, "modest", 0).await;
        fs::metadata(compiled_file(dir.path())).unwrap().len()
    };
    let config = SandboxConfig { max_instances: 1, cache_bytes: 4 * one + one / 2, ..SandboxConfig::default() };
    let mut greedy = Vec::new();
    for number in 1..=8 {
        let sandbox = sandbox_with(&config, Some(dir.path())); // owners outlive a restart
        greedy.push(prepare_for(&sandbox, "greedy", number).await);
    }
    let sandbox = sandbox_with(&config, Some(dir.path()));
    let modest =
        Digest::from_code(format!("(module {PRELUDE} (global i32 (i32.const 0)) {})", printing("{}")).as_bytes());
    assert!(sandbox.load(&modest).await.unwrap().is_some(), "it was there first and is used least");
    let mut kept = Vec::new();
    for digest in &greedy {
        kept.push(sandbox.load(digest).await.unwrap().is_some());
    }
    assert_eq!(kept, [false, false, false, false, false, true, true, true]);
}

#[tokio::test]
async fn modules_run_uncached_where_nothing_can_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox_on(dir.path());
    fs::remove_dir_all(dir.path()).unwrap();
    let digest = prepare_for(&sandbox, "me", 9).await;
    let module = sandbox.loaded(&digest).unwrap();
    assert!(matches!(sandbox.run(&module, run()).await.unwrap().end, RunEnd::Returned(_)));
}

#[test]
fn a_digest_prints_and_parses_back() {
    let digest = Digest::from_code(b"");
    let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(digest.to_string(), text);
    assert_eq!(text.parse(), Ok(digest));
    assert_eq!(serde_json::from_str::<Digest>(&serde_json::to_string(&digest).unwrap()).unwrap(), digest);
    assert!(text.to_uppercase().parse::<Digest>().is_err());
}

#[test]
fn a_setting_out_of_range_is_refused_by_name() {
    let config = SandboxConfig { epoch_tick_ms: 0, ..SandboxConfig::default() };
    let text = Sandbox::new(&config, None, CompileIn::ThisProcess).err().unwrap().to_string();
    assert_eq!(text, "sandbox.epoch_tick_ms is 0; it must lie between 1 and 1000");
    assert!(serde_json::from_str::<SandboxConfig>(r#"{"module":{"locals":5},"unknown":1}"#).is_err());
    assert_eq!(serde_json::from_str::<SandboxConfig>(r#"{"module":{"locals":5}}"#).unwrap().module.locals, 5);
    assert_eq!(ModuleBounds::default().locals, 1_000_000);
}
