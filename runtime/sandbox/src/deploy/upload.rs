//! From posted code to what can be compiled: the bytes of a module, or WebAssembly text. Accepts base64 of a `.wasm`
//! file, base64 of a zip archive with exactly one `.wasm` file, and text. The compiler decides later whether it is an
//! acceptable module.

use std::io::{Cursor, Read};

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zip::ZipArchive;
use zip::result::ZipError;

use super::bounds::at_most;
use crate::engine::{ModuleBounds, RefusedModule, SandboxConfig, ZipBounds, quoted};

const WASM: &[u8] = b"\0asm";
const ZIP: &[u8] = b"PK";
const ELF: &[u8] = b"\x7fELF";
const ZIP_ENTRY: &[u8] = b"PK\x01\x02";
/// Bytes. The compression ratio of a smaller module is not checked.
const RATIO_MATTERS_FROM: u64 = 1 << 20;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes posted code to the bytes of a module, or of WebAssembly text, which is left as it is.
///
/// Takes about a millisecond per megabyte of base64, more for zip, so decode large code on a blocking thread.
/// `Err` is a sentence for the module's author.
pub fn decode(code: &str, config: &SandboxConfig) -> Result<Vec<u8>, RefusedModule> {
    let code = code.trim_matches(|c: char| c.is_ascii_whitespace());
    if code.is_empty() {
        return Err(RefusedModule::Empty);
    }
    if code.as_bytes().starts_with(WASM) {
        return as_sent_raw(code, &config.module);
    }
    if code.starts_with('(') || code.starts_with(";;") {
        return from_text(code, &config.module);
    }
    from_binary(from_base64(code, &config.module)?, config)
}

/// A module that was sent without base64. It arrives undamaged only if it happens to be valid UTF-8.
fn as_sent_raw(code: &str, bounds: &ModuleBounds) -> Result<Vec<u8>, RefusedModule> {
    at_most("module", code.len() as u64, bounds.module_bytes)?;
    if code.contains(char::REPLACEMENT_CHARACTER) {
        return Err(RefusedModule::Mangled);
    }
    Ok(code.as_bytes().to_vec())
}

fn from_text(code: &str, bounds: &ModuleBounds) -> Result<Vec<u8>, RefusedModule> {
    at_most("WebAssembly text", code.len() as u64, bounds.wat_bytes)?;
    Ok(code.as_bytes().to_vec())
}

fn from_base64(code: &str, bounds: &ModuleBounds) -> Result<Vec<u8>, RefusedModule> {
    at_most("module", code.len() as u64 / 4 * 3, bounds.module_bytes + 4)?;
    let decoded = if code.bytes().any(|byte| byte.is_ascii_whitespace()) {
        BASE64.decode(code.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>())
    } else {
        BASE64.decode(code)
    };
    decoded.map_err(|_| RefusedModule::NotAModule)
}

fn from_binary(bytes: Vec<u8>, config: &SandboxConfig) -> Result<Vec<u8>, RefusedModule> {
    if bytes.starts_with(WASM) {
        at_most("module", bytes.len() as u64, config.module.module_bytes)?;
        return Ok(bytes);
    }
    if bytes.starts_with(ZIP) {
        return from_zip(&bytes, config);
    }
    if bytes.starts_with(ELF) {
        return Err(RefusedModule::NativeCode);
    }
    Err(RefusedModule::NotAModule)
}

fn from_zip(bytes: &[u8], config: &SandboxConfig) -> Result<Vec<u8>, RefusedModule> {
    let bounds = &config.zip;
    // The zip reader allocates per entry, so count the entries before it sees them.
    let marks = bytes.windows(ZIP_ENTRY.len()).filter(|window| *window == ZIP_ENTRY).count() as u64;
    entries_at_most(marks, bounds)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(bad_zip)?;
    entries_at_most(archive.len() as u64, bounds)?;
    let index = find_module(&mut archive, bounds)?;
    inflate(&mut archive, index, config)
}

fn entries_at_most(value: u64, bounds: &ZipBounds) -> Result<(), RefusedModule> {
    if value > bounds.entries {
        return Err(RefusedModule::TooMany {
            of: "zip archive".into(),
            what: "entries".into(),
            value,
            limit: bounds.entries,
        });
    }
    Ok(())
}

/// The index of the one `.wasm` file. Checks every entry, because one bad entry makes the whole archive bad.
fn find_module(archive: &mut ZipArchive<Cursor<&[u8]>>, bounds: &ZipBounds) -> Result<usize, RefusedModule> {
    let mut found = Vec::new();
    let mut total = 0u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(bad_zip)?;
        let name = entry.name().map_err(bad_zip)?.into_owned();
        if entry.is_symlink() || entry.enclosed_name().is_none() || name.starts_with('/') {
            return Err(RefusedModule::ZipPath(quoted(name)));
        }
        total = total.saturating_add(entry.size());
        let hidden = name.starts_with("__MACOSX/") || name.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
        if name.to_ascii_lowercase().ends_with(".wasm") && !entry.is_dir() && !hidden {
            found.push(index);
        }
    }
    at_most("zip archive's content", total, bounds.total_bytes)?;
    match found[..] {
        [index] => Ok(index),
        _ => Err(RefusedModule::ZipModules(found.len())),
    }
}

fn inflate(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    config: &SandboxConfig,
) -> Result<Vec<u8>, RefusedModule> {
    let most = config.module.module_bytes;
    let entry = archive.by_index(index).map_err(bad_zip)?;
    let (size, compressed) = (entry.size(), entry.compressed_size().max(1));
    at_most("module", size, most)?;
    if size > RATIO_MATTERS_FROM && size / compressed > config.zip.ratio {
        let name = quoted(entry.name().map_err(bad_zip)?.into_owned());
        return Err(RefusedModule::ZipRatio { name, ratio: size / compressed, limit: config.zip.ratio });
    }
    let mut wasm = Vec::with_capacity(size as usize);
    entry.take(size + 1).read_to_end(&mut wasm).map_err(|cause| RefusedModule::BadZip(quoted(cause.to_string())))?;
    at_most("module", wasm.len() as u64, size)?; // an entry may be larger than it declares
    if !wasm.starts_with(WASM) {
        return Err(RefusedModule::BadZip("its .wasm file is not a WebAssembly module".into()));
    }
    Ok(wasm)
}

fn bad_zip(cause: ZipError) -> RefusedModule {
    RefusedModule::BadZip(quoted(cause.to_string()))
}
