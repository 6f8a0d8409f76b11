//! What the next guest finds in the slot of a guest that has written everywhere: nothing.

use async_trait::async_trait;
use rustix::mm::{Advice, madvise};

use super::*;
use crate::{Frame, HostCalls};

/// Memory, table and global of a module with data in its memory: traps if anything is not as the module says, then
/// writes all of it.
const CHECK_AND_SOIL: &str = r#"(module
    (memory (export "memory") 64)
    (table $t 50000 funcref)
    (global $g (mut i32) (i32.const 0))
    (data (i32.const 70000) "as it was")
    (elem declare func $soil)
    (func $soil)
    (func (export "_start") (local $at i32)
        (if (i64.ne (i64.load (i32.const 70000)) (i64.const 0x6177207469207361)) (then unreachable)) ;; "as it wa"
        (if (global.get $g) (then unreachable))
        (loop $each
            (if (i32.and (i64.ne (i64.load (local.get $at)) (i64.const 0))
                    (i32.ne (i32.const 70000) (i32.and (local.get $at) (i32.const -16)))) (then unreachable))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $each (i32.lt_u (local.get $at) (i32.const 0x400000))))
        (local.set $at (i32.const 0))
        (loop $each
            (if (i32.eqz (ref.is_null (table.get $t (local.get $at)))) (then unreachable))
            (table.set $t (local.get $at) (ref.func $soil))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $each (i32.lt_u (local.get $at) (i32.const 50000))))
        (global.set $g (i32.const 1))
        (memory.fill (i32.const 0) (i32.const 0xff) (i32.const 0x400000))))"#;

/// The same without data, so that the slot changes its owner with another image.
const PLAIN: &str = r#"(module
    (memory (export "memory") 64)
    (func (export "_start") (local $at i32)
        (loop $each
            (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $each (i32.lt_u (local.get $at) (i32.const 0x400000))))
        (memory.fill (i32.const 0) (i32.const 0xff) (i32.const 0x400000))))"#;

#[tokio::test]
async fn a_guest_finds_nothing_of_the_one_before_it_whatever_is_kept_resident() {
    for keep_resident_bytes in [0, 64 << 10, 512 << 10, 64 << 20] {
        let config = SandboxConfig { max_instances: 1, keep_resident_bytes, ..SandboxConfig::default() };
        let sandbox = Sandbox::new(&config, None, crate::CompileIn::ThisProcess).unwrap();
        let mut modules = Vec::new();
        for wat in [CHECK_AND_SOIL, PLAIN] {
            let digest = sandbox.prepare("tests", upload::decode(wat, &config).unwrap()).await.unwrap();
            modules.push(sandbox.loaded(&digest).unwrap());
        }
        for module in [&modules[0], &modules[0], &modules[1], &modules[1], &modules[0]] {
            let report = sandbox.run(module, run()).await.unwrap();
            assert_eq!(report.end, RunEnd::Silent, "with {keep_resident_bytes} bytes kept");
        }
    }
}

/// Looks whether its memory is empty, soils it and calls its host.
const SOIL_AND_CALL: &str = r#"(module
    (import "wask" "call" (func $call (param i32 i32) (result i64)))
    (memory (export "memory") 64)
    (func (export "_start") (local $at i32)
        (loop $each
            (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $each (i32.lt_u (local.get $at) (i32.const 0x400000))))
        (memory.fill (i32.const 0) (i32.const 0xff) (i32.const 0x400000))
        (i32.store (i32.const 0) (i32.const 0x0a7d7b)) ;; "{}\n"
        (if (i64.lt_s (call $call (i32.const 0) (i32.const 3)) (i64.const 0)) (then unreachable))))"#;

/// Has all memory of the size of the guest's swapped out while the guest waits.
struct SwapOut;

#[async_trait]
impl HostCalls for SwapOut {
    async fn call(&self, request: Frame) -> Frame {
        let before = swapped();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let ranges = maps.lines().filter(|line| line.contains(" rw-p ")).filter_map(|line| {
            let (from, to) = line.split_once(' ')?.0.split_once('-')?;
            Some((usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?))
        });
        for (from, to) in ranges.filter(|(from, to)| to - from == 0x40_0000) {
            // SAFETY: swapping out changes the contents of no memory.
            #[allow(unsafe_code)]
            unsafe { madvise(from as *mut _, to - from, Advice::LinuxPageOut) }.unwrap();
        }
        let is_on = std::fs::read_to_string("/proc/swaps").unwrap().lines().count() > 1;
        assert!(!is_on || before + 1024 < swapped(), "the guest's memory was not swapped out");
        request
    }
}

/// Where no swap is on, nothing is swapped out: `swapon` a file of some MiB to see it.
#[tokio::test]
async fn a_guest_finds_nothing_that_was_swapped_out() {
    let config = SandboxConfig { max_instances: 1, keep_resident_bytes: 64 << 20, ..SandboxConfig::default() };
    let sandbox = Sandbox::new(&config, None, crate::CompileIn::ThisProcess).unwrap();
    let digest = sandbox.prepare("tests", upload::decode(SOIL_AND_CALL, &config).unwrap()).await.unwrap();
    let module = sandbox.loaded(&digest).unwrap();
    for _ in 0..3 {
        let mut run = run();
        run.host = Arc::new(SwapOut);
        assert_eq!(sandbox.run(&module, run).await.unwrap().end, RunEnd::Silent);
    }
}

/// How much of this process is swapped out, in KiB.
fn swapped() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSwap:")).unwrap().trim();
    line.strip_suffix(" kB").unwrap().parse().unwrap()
}
