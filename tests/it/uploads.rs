//! Uploads of code: what is accepted, what is refused, and with which message.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, guest, wat};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn zipped(files: &[(&str, &[u8])]) -> String {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).expect("a new entry");
        archive.write_all(bytes).expect("room in memory");
    }
    STANDARD.encode(archive.finish().expect("a zip").into_inner())
}

fn module(name: &str) -> Vec<u8> {
    STANDARD.decode(guest(name)).expect("base64")
}

/// A number in WebAssembly's encoding.
fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while 127 < number {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &leb(content.len() as u32), content].concat()
}

/// A valid module whose functions have this many locals each: a few bytes that take a compiler seconds.
fn with_locals(functions: u32, locals: u32) -> Vec<u8> {
    let body = [&[1][..], &leb(locals), &[0x7f, 0x0b]].concat(); // one group of i32, end
    let code = [leb(body.len() as u32), body].concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[leb(functions), vec![0; functions as usize]].concat()),
        section(5, &[1, 0, 1]),
        section(7, b"\x02\x06_start\x00\x00\x06memory\x02\x00"),
        section(10, &[leb(functions), code.repeat(functions as usize)].concat()),
    ]
    .concat()
}

/// Deploys code that must be accepted, and returns its document.
async fn stored(me: &Client, code: &str) -> Value {
    me.put_code("a", code, json!({})).await.expect(200);
    me.get("actions/a").await.expect(200).json()["exec"].clone()
}

async fn result(me: &Client) -> Value {
    me.invoke("a", &json!({ "a": 1 })).await.expect(200).json()["response"]["result"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_can_be_uploaded_as_base64_as_a_zip_or_as_text() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let base64 = guest("echo");
    let wrapped =
        format!("  {}\n", base64.as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n"));
    let zip = zipped(&[("echo.wasm", &module("echo"))]);
    let furnished = zipped(&[
        ("README.md", b"# echo"),
        ("dist/echo.WASM", &module("echo")),
        ("__MACOSX/._echo.wasm", b"what a Mac adds"),
        (".hidden.wasm", b"not a module"),
    ]);
    for (what, code) in
        [("base64", &base64), ("wrapped base64", &wrapped), ("zip", &zip), ("zip with more", &furnished)]
    {
        let exec = stored(&me, code).await;
        assert_eq!(result(&me).await, json!({ "a": 1 }), "{what}");
        assert_eq!(exec["code"], code.as_str(), "{what} comes back as it was sent");
    }

    let text = wat("result-then-exit-0");
    let exec = stored(&me, &text).await;
    assert_eq!(result(&me).await, json!({ "done": true }));
    assert_eq!((&exec["code"], &exec["binary"]), (&json!(text), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_needs_exactly_one_module() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let echo = module("echo");
    let many: Vec<(String, &[u8])> = (0..1001).map(|n| (format!("{n}.txt"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    for (code, sentence) in [
        (
            zipped(&[("a.wasm", &echo), ("b.wasm", &echo)]),
            "The zip archive contains 2 .wasm files; exactly one is needed.",
        ),
        (zipped(&[("a.js", b"main")]), "The zip archive contains 0 .wasm files; exactly one is needed."),
        (zipped(&[("a.wasm", b"text")]), "The zip archive cannot be read: its .wasm file is not a WebAssembly module."),
        (zipped(&many), "The zip archive declares 1001 entries; at most 1000 are allowed."),
        (STANDARD.encode(b"PK\x03\x04 and no more"), "The zip archive cannot be read: "),
    ] {
        let refused = me.put_code("a", &code, json!({})).await.expect(400);
        assert!(refused.error().starts_with(sentence), "{}", refused.error());
    }
    let escaping = zipped(&[("../../etc/a.wasm", &echo)]);
    let refused = me.put_code("a", &escaping, json!({})).await.expect(400);
    let sentence = "The zip archive's entry `../../etc/a.wasm` is a link or lies outside the archive; such entries are not allowed.";
    assert_eq!(refused.error(), sentence);
    me.get("actions/a").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_bomb_is_not_unpacked() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let mut zeros = module("echo");
    zeros.resize(20 << 20, 0);

    let refused = me.put_code("a", &zipped(&[("a.wasm", &zeros)]), json!({})).await.expect(400);

    assert!(refused.error().starts_with("The zip archive's entry `a.wasm` is "), "{}", refused.error());
    assert!(refused.error().ends_with(" times larger than its compressed form; at most 100 is allowed."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mangled_upload_is_answered_with_commands_that_work() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let mangled = String::from_utf8_lossy(&module("echo")).into_owned();

    let refused = me.put_code("a", &mangled, json!({})).await.expect(400);

    let error = refused.error();
    for way in [
        "aio rt action create NAME FILE.wasm --kind wasm:1 --binary",
        "wsk action create NAME FILE.zip --kind wasm:1",
        "base64",
    ] {
        assert!(error.contains(way), "{way}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_no_core_module_is_refused_with_what_it_is() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let elf = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    for (code, sentence) in [
        (STANDARD.encode(&elf[..4096]), "The code is native machine code; only WebAssembly modules are accepted."),
        (
            STANDARD.encode(b"\0asm\x0d\0\x01\0"),
            "The code is a WebAssembly component; build a core module for the target wasm32-wasip1 instead.",
        ),
        (STANDARD.encode(b"\0asm\x01\0\0\0\xff"), "The module is not valid: "),
        (STANDARD.encode(&module("echo")[..1000]), "The module is not valid: "),
        // b49
        (STANDARD.encode("just text"), "The code is neither base64 of a WebAssembly module or of a zip archive, nor"),
        ("function main() { return {} }".to_owned(), "The code is neither base64 of a WebAssembly module or of a zip"),
        ("(module (func (export".to_owned(), "The WebAssembly text cannot be read: "),
        ("(module (func (i32.add)))".to_owned(), "The module exports no function `_start`"),
    ] {
        let refused = me.put_code("a", &code, json!({})).await.expect(400);
        assert!(refused.error().starts_with(sentence), "{sentence}\n{}", refused.error());
    }
    me.get("actions/a").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_built_to_overload_the_compiler_is_refused_before_compiling() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let start = r#"(memory (export "memory") 1) (func (export "_start"))"#;
    let functions = format!("(module {start} {})", "(func)".repeat(50_001));
    let globals = format!("(module {start} {})", "(global i32 i32.const 0)".repeat(50_001));
    let body = format!(
        r#"(module (memory (export "memory") 1) (func (export "_start") {}))"#,
        "i64.const -9223372036854775808 drop ".repeat(87_382)
    );
    let spaces = format!("(module {start} {})", " ".repeat(4_200_000));
    for (what, code, sentence) in [
        (
            "locals",
            STANDARD.encode(with_locals(21, 50_000)),
            "The module declares 1050000 locals; at most 1000000 are allowed.",
        ),
        ("functions", functions, "The module declares 50002 functions; at most 50000 are allowed."),
        ("globals", globals, "The module declares 50001 globals; at most 50000 are allowed."),
        ("body", body, "The body of a function is 1048586 bytes large; at most 1048576 are allowed."),
        ("text", spaces, "The WebAssembly text is "),
    ] {
        let asked = std::time::Instant::now();
        let refused = me.put_code("a", &code, json!({})).await.expect(400);
        assert!(refused.error().starts_with(sentence), "{what}: {}", refused.error());
        assert!(asked.elapsed().as_secs() < 10, "{what} took {:?}", asked.elapsed());
    }
    me.put_code("a", &STANDARD.encode(with_locals(1, 100)), json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b50_code_one_byte_over_the_limit_is_413_on_create_and_change() {
    let wask = TestServer::builder().configure(|config| config.limits.code_bytes = 5000).start().await;
    let me = wask.guest();
    let padded = |size: usize| format!("{:size$}", wat("result-then-exit-0"));
    let sentence = "exec larger than allowed: 5001 > 5000 bytes.";

    assert_eq!(me.put_code("a", &padded(5001), json!({})).await.expect(413).error(), sentence);
    me.put_code("a", &padded(5000), json!({})).await.expect(200);
    assert_eq!(me.put_code("a", &padded(5001), json!({})).await.expect(413).error(), sentence);

    assert_eq!(me.get("actions/a").await.json()["exec"]["code"], padded(5000));
}

#[tokio::test(flavor = "multi_thread")]
async fn b57_code_of_several_megabytes_comes_back_byte_for_byte() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let mut large = module("echo");
    let name = leb(4).into_iter().chain(*b"fill");
    let content: Vec<u8> = name.chain((0..5_000_000_u32).map(|n| (n * 31 % 251) as u8)).collect();
    large.extend(section(0, &content)); // a section that is ignored
    let code = STANDARD.encode(large);

    assert_eq!(stored(&me, &code).await["code"], code);
    assert_eq!(result(&me).await, json!({ "a": 1 }));
    let without = me.get("actions/a?code=false").await.expect(200).json();
    assert_eq!(without["exec"], json!({ "kind": "wasm:1", "binary": true }));
}

#[tokio::test(flavor = "multi_thread")]
async fn b47_b48_a_kind_has_aliases_and_an_unknown_one_gets_the_valid_list() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for kind in ["wasm:1", "wasm:default", "wasm", "WASM:1", "  Wasm:Default "] {
        let body = json!({ "exec": { "kind": kind, "code": guest("echo") } });
        let made = me.put("actions/a?overwrite=true", &body).await.expect(200).json();
        assert_eq!(made["exec"]["kind"], "wasm:1");
        assert!(made["annotations"].as_array().unwrap().contains(&json!({ "key": "exec", "value": "wasm:1" })));
    }
    for kind in ["nodejs:20", "python:default", ""] {
        let refused =
            me.put("actions/b", &json!({ "exec": { "kind": kind, "code": "x", "image": "i" } })).await.expect(400);
        let sentence = format!(
            "The request content was malformed:\nThe specified runtime '{kind}' is not supported by this platform. \
             Valid values are: 'wasm:1', 'wasm:default', 'wasm', 'sequence', 'blackbox'."
        );
        assert_eq!(refused.error(), sentence);
    }
    for (exec, detail) in [
        (json!({ "code": "x" }), "'kind' must be a string defined in 'exec'"),
        (json!({ "kind": 1, "code": "x" }), "'kind' must be a string defined in 'exec'"),
        (json!({ "kind": null }), "'kind' must be a string defined in 'exec'"),
        (
            json!({ "kind": "wasm:1" }),
            "'code' must be a string or attachment object defined in 'exec' for 'wasm:1' actions",
        ),
        (json!({ "kind": "wasm:1", "code": 1 }), "'code' must be a string or attachment object defined in 'exec' for"),
        (
            json!({ "kind": "wasm:1", "code": "", "main": 1 }),
            "if defined, 'main' be a string in 'exec' for 'wasm:1' actions",
        ),
    ] {
        let refused = me.put("actions/b", &json!({ "exec": exec })).await.expect(400);
        let sentence = format!("The request content was malformed:\n{detail}");
        assert!(refused.error().starts_with(&sentence), "{exec}: {}", refused.error());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blackbox_action_needs_a_module_or_a_zip_with_one() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let blackbox = |more: Value| {
        let mut exec = json!({ "kind": "BlackBox", "image": "me/image:tag" });
        exec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "exec": exec })
    };
    for code in [guest("echo"), zipped(&[("exec.wasm", &module("echo"))])] {
        let made = me.put("actions/a?overwrite=true", &blackbox(json!({ "code": code }))).await.expect(200).json();
        let exec = json!({ "kind": "blackbox", "binary": true, "image": "me/image:tag", "code": code });
        assert_eq!(made["exec"], exec);
        assert_eq!(wask_tests::annotation(&made, "exec"), Some(json!("blackbox")));
        assert_eq!(result(&me).await, json!({ "a": 1 }));
    }
    for more in [json!({}), json!({ "code": "" }), json!({ "code": "  " })] {
        let refused = me.put("actions/b", &blackbox(more)).await.expect(400).error();
        assert!(refused.starts_with("This server runs no containers. A 'blackbox' action needs a module"), "{refused}");
    }
    let source = blackbox(json!({ "code": "exports.main = () => ({})" }));
    let refused = me.put("actions/b", &source).await.expect(400).error();
    assert!(refused.contains("module"), "{refused}");
    let body = json!({ "exec": { "kind": "blackbox", "code": guest("echo") } });
    let refused = me.put("actions/b", &body).await.expect(400).error();
    assert!(refused.ends_with("'image' must be a string defined in 'exec' for 'blackbox' actions"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b48_empty_code_is_stored_and_reported_when_it_is_invoked() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for code in ["", "  \n"] {
        let exec = stored(&me, code).await;
        assert_eq!((&exec["code"], &exec["binary"]), (&json!(code), &json!(false)));
    }
    let failed = me.invoke("a", &json!({})).await.expect(502).json();
    assert_eq!(failed["response"]["status"], "action developer error");
    assert_eq!(failed["response"]["result"], json!({ "error": "The action has no code." }));
}

#[tokio::test(flavor = "multi_thread")]
async fn b49_the_server_decides_whether_code_is_binary_not_the_client() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let text = wat("result-then-exit-0");
    for claim in [json!(true), json!(false), json!(null), json!("yes")] {
        for (code, binary) in [(guest("echo"), true), (text.clone(), false), (String::new(), false)] {
            let exec = json!({ "kind": "wasm:1", "code": code, "binary": claim, "main": "main", "image": "" });
            let made = me.put("actions/a?overwrite=true", &json!({ "exec": exec })).await.expect(200).json();
            assert_eq!(made["exec"]["binary"], binary, "claimed {claim}");
            assert_eq!(made["exec"]["main"], "main");
            assert_eq!(me.get("actions").await.json()[0]["exec"], json!({ "binary": binary }));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_code_leaves_the_action_unchanged() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    let before = me.get("actions/a").await.body;

    me.put_code("a", &wat("no-start"), json!({ "parameters": [{ "key": "k", "value": 1 }] })).await.expect(400);

    assert_eq!(me.get("actions/a").await.body, before);
    assert_eq!(result(&me).await, json!({ "a": 1 }));
}
