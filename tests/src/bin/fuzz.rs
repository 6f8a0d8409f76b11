//! One fuzz target under libFuzzer: `FUZZ_TARGET=cron fuzz [libFuzzer's arguments]`. `make fuzz` runs them all.
#![no_main]
#![allow(unsafe_code)] // libFuzzer calls a function by its name

use std::sync::LazyLock;

use wask_tests::fuzz::{Target, target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").expect("the environment variable FUZZ_TARGET");
    target(&name).unwrap_or_else(|| panic!("no fuzz target is called '{name}'"))
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| (TARGET.run)(input));
