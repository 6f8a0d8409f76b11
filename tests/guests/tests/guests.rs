//! Checks that the text modules are valid, and that the README lists every guest.

use std::fs;
use std::path::{Path, PathBuf};

/// The files of a folder, sorted. Guests are found by file, so none can be forgotten.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).expect("the folder exists");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    files
}

#[test]
fn every_text_module_is_valid_webassembly() {
    for file in files("wat") {
        let module = wat::parse_file(&file).unwrap_or_else(|cause| panic!("{cause}"));
        let mut validator = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
        validator.validate_all(&module).unwrap_or_else(|cause| panic!("{}: {cause}", file.display()));
    }
}

#[test]
fn every_guest_says_what_it_does_and_the_readme_lists_it() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for file in files("src/bin").iter().chain(&files("wat")) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(file).unwrap();
        assert!(text.starts_with("//! ") || text.starts_with(";; "), "{name} does not say what it does");
        assert!(readme.contains(&format!("\n| `{name}` |")), "{name} is not in the README");
    }
}
