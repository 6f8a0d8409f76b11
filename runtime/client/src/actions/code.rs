//! Converts code between files and the API, which takes binary code as base64.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ChangeArgs;
use crate::failure::Failure;
use crate::names::Name;

const WASM: &[u8] = b"\0asm";
const ZIP: &[u8] = b"PK\x03\x04";
const DEFAULT_KIND: &str = "wasm:default";

/// The `exec` of a file or an image; `None` without either, so that the code stays as it is.
pub fn exec(file: Option<&str>, change: &ChangeArgs) -> Result<Option<Value>, Failure> {
    let image = match (&change.docker, change.native) {
        (Some(image), _) => Some(image.as_str()),
        (None, true) => Some("openwhisk/dockerskeleton"),
        (None, false) => None,
    };
    let mut exec = match (file, image) {
        (None, None) => return Ok(None),
        (None, Some(image)) => json!({ "kind": "blackbox", "image": image }),
        (Some(file), Some(image)) => {
            json!({ "kind": "blackbox", "image": image, "code": code_of_file(Path::new(file))? })
        }
        (Some(file), None) => exec_of_file(Path::new(file), change.kind.as_deref())?,
    };
    if let Some(main) = &change.main {
        exec["main"] = json!(main);
    }
    Ok(Some(exec))
}

/// The `exec` of a file; without `kind`, the file's extension decides.
pub fn exec_of_file(file: &Path, kind: Option<&str>) -> Result<Value, Failure> {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let kind = match (kind, extension) {
        (Some(kind), _) => kind,
        (None, "wasm" | "wat" | "zip") => DEFAULT_KIND,
        (None, other) => {
            return Err(Failure::usage(format!(
                "'.{other}' is not a supported action runtime: '{}' must end in .wasm, .wat or .zip, or --kind must say what it is",
                file.display()
            )));
        }
    };
    Ok(json!({ "kind": kind, "code": code_of_file(file)? }))
}

/// The code as text if it is text, otherwise as base64.
fn code_of_file(file: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(file).map_err(|cause| {
        Failure::general(format!("File '{}' is not a valid file or it does not exist: {cause}", file.display()))
    })?;
    match String::from_utf8(bytes) {
        Ok(text) if !text.as_bytes().starts_with(WASM) && !text.as_bytes().starts_with(ZIP) => Ok(text),
        Ok(text) => Ok(STANDARD.encode(text)),
        Err(binary) => Ok(STANDARD.encode(binary.as_bytes())),
    }
}

/// `a,pkg/b,/ns/c` → the `exec` of a sequence.
pub fn exec_of_sequence(list: &str) -> Result<Value, Failure> {
    let components: Result<Vec<String>, String> = list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| Ok(name.parse::<Name>()?.to_string()))
        .collect();
    Ok(json!({ "kind": "sequence", "components": components.map_err(Failure::usage)? }))
}

/// The bytes of an action's code, and the extension of a file for them.
pub fn decoded(exec: &Value) -> Result<(Vec<u8>, &'static str), Failure> {
    let kind = exec["kind"].as_str().unwrap_or_default();
    let Some(code) = exec["code"].as_str() else {
        return Err(Failure::general(match kind {
            "sequence" => "Cannot save action sequences",
            "blackbox" => "Cannot save Docker images",
            _ => "The action has no code",
        }));
    };
    let bytes = if exec["binary"] == true {
        let decoded = STANDARD.decode(code.trim());
        decoded.map_err(|cause| Failure::general(format!("The code is not valid base64: {cause}")))?
    } else {
        code.as_bytes().to_vec()
    };
    let extension = match &bytes {
        wasm if wasm.starts_with(WASM) => "wasm",
        zip if zip.starts_with(ZIP) => "zip",
        _ => match kind.split(':').next().unwrap_or_default() {
            "wasm" => "wat",
            "nodejs" => "js",
            "python" => "py",
            _ => "txt",
        },
    };
    Ok((bytes, extension))
}

/// Writes an action's code to a new file and returns its absolute path.
pub fn save(document: &Value, file: Option<&str>) -> Result<String, Failure> {
    let (bytes, extension) = decoded(&document["exec"])?;
    let name = document["name"].as_str().unwrap_or("action");
    let file = file.map_or_else(|| format!("{name}.{extension}"), str::to_owned);
    write_new(Path::new(&file), &bytes)?;
    let whole = std::path::absolute(&file).map_or(file, |path| path.display().to_string());
    Ok(whole)
}

/// Writes a new file; `Err` if it exists.
pub fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let written = std::fs::File::create_new(file).and_then(|mut file| file.write_all(bytes));
    written.map_err(|cause| {
        Failure::general(match cause.kind() {
            std::io::ErrorKind::AlreadyExists => format!("The file '{}' already exists", file.display()),
            _ => format!("Cannot create file '{}': {cause}", file.display()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_encoded_and_decoded_byte_for_byte() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes, extension) in [
            ("a.wasm", &b"\0asm\x01\0\0\0\xff\xfe"[..], "wasm"),
            ("plain.wasm", b"\0asm\x01\0\0\0", "wasm"),
            ("a.zip", b"PK\x03\x04\xff", "zip"),
        ] {
            let file = folder.path().join(name);
            std::fs::write(&file, bytes).expect("a file");
            let mut exec = exec_of_file(&file, None).expect("an exec");
            assert_eq!(exec["kind"], "wasm:default");
            exec["binary"] = true.into();
            assert_eq!(decoded(&exec).expect("code"), (bytes.to_vec(), extension));
        }
        let file = folder.path().join("a.wat");
        std::fs::write(&file, "(module)").expect("a file");
        assert_eq!(exec_of_file(&file, None).expect("an exec")["code"], "(module)");
        assert!(exec_of_file(&folder.path().join("a.js"), None).is_err());
    }

    #[test]
    fn a_sequence_has_full_names_of_its_components() {
        let exec = exec_of_sequence("a, p/b,/ns/c").expect("an exec");
        assert_eq!(exec["components"], json!(["/_/a", "/_/p/b", "/ns/c"]));
    }
}
