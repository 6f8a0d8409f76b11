//! Posted code: text, base64 and archives. What is decoded is within its bounds, and what is accepted can be run.

use std::io::{Cursor, Write as _};
use std::time::Duration;

use arbitrary::Unstructured;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wask_sandbox::{Run, RunLimits};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::sandbox;

/// Bytes. Only smaller modules are compiled, because that takes longest.
const COMPILED: usize = 4 << 10;
/// Bytes of an entry: about the bounds of a module and of all entries.
const SIZES: [usize; 5] = [60_000, 64 << 10, (64 << 10) + 1, 128 << 10, 200_000];

pub fn run(input: &[u8]) {
    let Some((mode, rest)) = input.split_first() else { return };
    match mode % 3 {
        0 => look(&String::from_utf8_lossy(rest)),
        1 => look(&STANDARD.encode(rest)),
        _ => {
            let Ok(entries) = entries(&mut Unstructured::new(rest)) else { return };
            look_at_archive(&entries);
        }
    }
}

fn look(code: &str) {
    let Some(decoded) = decoded(code) else { return };
    if decoded.len() > COMPILED {
        return;
    }
    if let Some(module) = sandbox::prepare(decoded) {
        let limits = RunLimits { time: Duration::from_millis(20), memory_bytes: 1 << 20, ..RunLimits::default() };
        sandbox::run(&module, Run { limits, ..Run::new("{}") });
    }
}

/// The bytes of a module or its text, within their bound.
fn decoded(code: &str) -> Option<Vec<u8>> {
    let decoded = sandbox::decode(code)?;
    let begins = [&b"\0asm"[..], b"(", b";;"]; // the compiler reads the text
    assert!(begins.iter().any(|begin| decoded.starts_with(begin)), "{:?}", &decoded[..decoded.len().min(8)]);
    assert!(decoded.len() as u64 <= sandbox::config().module.module_bytes, "{} bytes", decoded.len());
    Some(decoded)
}

/// The one module of an archive is found, and nothing else is taken for it.
fn look_at_archive(entries: &[(String, Vec<u8>)]) {
    let Some(archive) = zipped(entries) else { return };
    let Some(decoded) = decoded(&STANDARD.encode(archive)) else { return };
    let is_module = |name: &str| name.to_ascii_lowercase().ends_with(".wasm") && !name.starts_with("__MACOSX/");
    let modules =
        entries.iter().filter(|(name, _)| is_module(name) && !name.split('/').any(|part| part.starts_with('.')));
    assert!(modules.into_iter().any(|(_, content)| *content == decoded), "a module that is not in the archive");
}

fn entries(choices: &mut Unstructured) -> arbitrary::Result<Vec<(String, Vec<u8>)>> {
    let mut entries = Vec::new();
    for _ in 0..*choices.choose(&[1, 1, 2, 3, 5])? {
        let mut name = choices.choose(&["", "a", "a/b", "__MACOSX/a", "../a", "/a", "README"])?.to_string();
        if choices.ratio(1, 4)? {
            name += choices.arbitrary()?;
        }
        name += choices.choose(&[".wasm", ".wasm", ".WASM", "", "/", "/.wasm"])?;
        let mut content = choices.choose(&["\0asm", "\0asm\u{1}\0\0\0", ""])?.as_bytes().to_vec();
        match choices.int_in_range(0..=3)? {
            0 => content.resize(*choices.choose(&SIZES)?, 0), // compresses well
            1 => content.extend(choices.arbitrary::<Vec<u8>>()?),
            _ => (),
        }
        entries.push((name, content));
    }
    Ok(entries)
}

/// `None`: an archive cannot have such entries.
fn zipped(entries: &[(String, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(name.as_str(), SimpleFileOptions::default()).ok()?;
        writer.write_all(content).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}
