//! Decodes posted code to the bytes of a module.

use std::io::{Cursor, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::ZipBounds;

const WASM: &[u8] = b"\0asm\x01\0\0\0";

fn decode(code: &str) -> Result<Vec<u8>, RefusedModule> {
    upload::decode(code, &SandboxConfig::default())
}

fn decode_bytes(bytes: impl AsRef<[u8]>) -> Result<Vec<u8>, RefusedModule> {
    decode(&BASE64_STANDARD.encode(bytes))
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn base64_with_or_without_line_breaks_and_padding_is_decoded() {
    for code in ["AGFzbQEAAAA=", "AGFzbQEAAAA", "  AGFz\nbQEA\r\nAAA=\n"] {
        assert_eq!(decode(code).unwrap(), WASM);
    }
}

#[test]
fn text_is_left_to_the_compiler() {
    assert_eq!(decode(" (module)\n").unwrap(), b"(module)");
    assert_eq!(decode(";; nothing\n(module)").unwrap(), b";; nothing\n(module)");
}

#[test]
fn a_module_damaged_by_text_encoding_is_recognised() {
    let mut module = WASM.to_vec();
    module.extend([0xff, 0xfe]);
    assert_eq!(decode(&String::from_utf8_lossy(&module)).unwrap_err(), RefusedModule::Mangled);
}

#[test]
fn code_that_is_not_a_module_is_refused() {
    assert_eq!(decode(" \n").unwrap_err(), RefusedModule::Empty);
    assert_eq!(decode("function main() { return {} }").unwrap_err(), RefusedModule::NotAModule);
    assert_eq!(decode_bytes(b"#!/bin/sh").unwrap_err(), RefusedModule::NotAModule);
    assert_eq!(decode_bytes(b"\x7fELF\x02\x01\x01").unwrap_err(), RefusedModule::NativeCode);
}

#[test]
fn a_module_over_the_size_limit_is_refused_before_it_is_decoded() {
    let mut config = SandboxConfig::default();
    config.module.module_bytes = 30;
    let refused = upload::decode(&"A".repeat(400), &config).unwrap_err();
    assert_eq!(refused, RefusedModule::TooLarge { what: "module".into(), value: 300, limit: 34 });
    let raw = format!("\0asm{}", "a".repeat(27));
    let refused = upload::decode(&raw, &config).unwrap_err();
    assert_eq!(refused, RefusedModule::TooLarge { what: "module".into(), value: 31, limit: 30 });
    assert_eq!(upload::decode(&raw[..30], &config).unwrap(), &raw.as_bytes()[..30]);
}

#[test]
fn a_refusal_quotes_at_most_256_bytes_of_an_archive() {
    let long = format!("../{}", "ü".repeat(10_000));
    let refused = decode_bytes(zip_of(&[("a.wasm", WASM), (&long, WASM)])).unwrap_err();
    assert_eq!(refused, RefusedModule::ZipPath(format!("../{}…", "ü".repeat(126))));

    let (long, mut zeros) = (format!("{}.wasm", "ü".repeat(10_000)), WASM.to_vec());
    zeros.resize(20 << 20, 0);
    let refused = decode_bytes(zip_of(&[(&long, &zeros)])).unwrap_err();
    let quoted = format!("{}…", "ü".repeat(128));
    assert!(matches!(&refused, RefusedModule::ZipRatio { name, .. } if *name == quoted), "{refused:?}");
}

#[test]
fn a_zip_with_one_module_is_unpacked() {
    assert_eq!(decode_bytes(zip_of(&[("readme.md", b"hi"), ("bin/action.wasm", WASM)])).unwrap(), WASM);
}

#[test]
fn a_zip_needs_exactly_one_module() {
    assert_eq!(decode_bytes(zip_of(&[("a.wasm", WASM), ("b.wasm", WASM)])).unwrap_err(), RefusedModule::ZipModules(2));
    assert_eq!(decode_bytes(zip_of(&[("main.js", b"x")])).unwrap_err(), RefusedModule::ZipModules(0));
    assert!(matches!(decode_bytes(zip_of(&[("a.wasm", b"PK\x03\x04 nested")])).unwrap_err(), RefusedModule::BadZip(_)));
}

#[test]
fn entries_outside_the_archive_and_links_are_refused() {
    for name in ["../../etc/x.wasm", "/etc/x.wasm"] {
        let refused = decode_bytes(zip_of(&[("a.wasm", WASM), (name, WASM)])).unwrap_err();
        assert_eq!(refused, RefusedModule::ZipPath(name.into()));
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("a.wasm", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let refused = decode_bytes(zip.finish().unwrap().into_inner()).unwrap_err();
    assert_eq!(refused, RefusedModule::ZipPath("a.wasm".into()));
}

#[test]
fn bombs_are_refused() {
    let mut zeros = WASM.to_vec();
    zeros.resize(20 << 20, 0);
    let refused = decode_bytes(zip_of(&[("a.wasm", &zeros)])).unwrap_err();
    assert!(matches!(refused, RefusedModule::ZipRatio { limit: 100, .. }), "{refused:?}");

    let names: Vec<String> = (0..1001).map(|n| format!("{n}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let expected =
        RefusedModule::TooMany { of: "zip archive".into(), what: "entries".into(), value: 1001, limit: 1000 };
    assert_eq!(decode_bytes(zip_of(&entries)).unwrap_err(), expected);

    let zip = ZipBounds { total_bytes: 10, ..ZipBounds::default() };
    let config = SandboxConfig { zip, ..SandboxConfig::default() };
    let archive = BASE64_STANDARD.encode(zip_of(&[("a.wasm", WASM), ("b", b"12345")]));
    let expected = RefusedModule::TooLarge { what: "zip archive's content".into(), value: 13, limit: 10 };
    assert_eq!(upload::decode(&archive, &config).unwrap_err(), expected);
}

#[test]
fn a_damaged_zip_is_refused() {
    let mut archive = zip_of(&[("a.wasm", WASM)]);
    archive.truncate(archive.len() / 2);
    assert!(matches!(decode_bytes(archive).unwrap_err(), RefusedModule::BadZip(_)));
}
