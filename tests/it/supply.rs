//! What is built is what was reviewed: the versions of the lock file, and one TLS provider. threats.md T37.

use std::path::Path;

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout");
    std::fs::read_to_string(root.join(name)).expect("a file of the checkout")
}

#[test]
fn every_build_uses_the_versions_of_the_lock_file() {
    let makefile = read("Makefile");
    let builds = makefile.lines().flat_map(|line| line.split("&&")).filter(|command| {
        ["build", "test", "run", "clippy", "doc"].iter().any(|verb| command.contains(&format!("cargo {verb} ")))
            && !command.contains("##")
    });
    let builds: Vec<&str> = builds.collect();
    assert!(builds.len() >= 8, "{builds:?}");
    let free: Vec<_> = builds.iter().filter(|command| !command.contains("--locked")).collect();
    assert!(free.is_empty(), "{free:?}");
}

#[test]
fn there_is_one_tls_provider() {
    let lock = read("Cargo.lock");
    let locked = |name: &str| lock.matches(&format!("\nname = \"{name}\"\n")).count();
    assert_eq!((locked("ring"), locked("rustls")), (1, 1));
    for other in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls", "boring-sys", "mbedtls-sys-auto"] {
        assert_eq!(locked(other), 0, "{other}");
    }
}
