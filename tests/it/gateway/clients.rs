//! The real `aio rt api`, where it is installed.

use std::path::{Path, PathBuf};
use std::process::Output;

use tokio::process::Command;
use wask_tests::{Client, TestServer};

use super::{ask, below_host, listed, web_echo};

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Runs `aio rt api …` in a folder of its own.
async fn aio(wask: &TestServer, me: &Client, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("node");
    command
        .arg(std::fs::canonicalize(root().join("tests/clients/aio")).expect("aio"))
        .args(["rt", "api"])
        .args(arguments);
    command.current_dir(folder).env("HOME", folder).env("NO_COLOR", "1");
    command.envs([("AIO_TELEMETRY_DISABLED", "1"), ("AIO_SKIP_NEW_VERSION_CHECK", "true"), ("USE_RUNTIME_AUTH", "1")]);
    command.env("AIO_RUNTIME_APIHOST", wask.base()).env("AIO_RUNTIME_AUTH", &me.auth);
    command.env("AIO_RUNTIME_NAMESPACE", "guest").output().await.expect("a process")
}

async fn succeeds(wask: &TestServer, me: &Client, folder: &Path, arguments: &[&str]) -> String {
    let ran = aio(wask, me, folder, arguments).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{arguments:?}: {}{}", text(&ran.stdout), text(&ran.stderr));
    text(&ran.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn aio_makes_lists_reads_uploads_and_deletes_apis() {
    if !root().join("target/clients/installed").is_file() {
        println!("gateway: left out `aio rt api`, which is not installed here (make clients)");
        return;
    }
    let wask = TestServer::start().await;
    let (me, folder) = (wask.guest(), tempfile::tempdir().unwrap());
    web_echo(&me).await;
    let run = |arguments: &'static [&'static str]| succeeds(&wask, &me, folder.path(), arguments);

    let url = run(&["create", "/club", "/books/{isbn}", "get", "echo", "-n", "Book Club"]).await;
    assert_eq!(url.trim(), format!("{}/api/gw/guest/club/books/{{isbn}}", wask.base()));
    let at = below_host(url.trim()).replace("{isbn}", "7");
    assert_eq!(ask(&me, "GET", &at).await.expect(200).json()["isbn"], "7");
    run(&["create", "/club", "/books", "post", "echo", "--response-type", "http"]).await;
    ask(&me, "POST", "/api/gw/guest/club/books").await.expect(204);

    for arguments in [&["list"][..], &["list", "/club"], &["list", "/club", "/books/{isbn}", "get"]] {
        let table = run(arguments).await;
        assert!(table.contains("Book Club") && table.contains("/api/gw/guest/club/books/{isbn}"), "{table}");
        assert_eq!(table.contains("post"), arguments.len() < 4, "{table}");
    }
    let doc = run(&["get", "/club"]).await;
    std::fs::write(folder.path().join("club.json"), doc.replace("\"/club\"", "\"/copy\"")).unwrap();
    let url = run(&["create", "--config-file", "club.json"]).await;
    assert_eq!(url.trim(), format!("{}/api/gw/guest/copy", wask.base()));
    assert_eq!(ask(&me, "GET", "/api/gw/guest/copy/books/8").await.expect(200).json()["isbn"], "8");

    run(&["delete", "/club", "/books", "post"]).await;
    assert_eq!(listed(&me, "?basepath=/club").await, ["get /club /books/{isbn}"]);
    run(&["delete", "/copy"]).await;
    run(&["delete", "Book Club"]).await;
    assert_eq!(listed(&me, "").await, [""; 0]);
    let missing = aio(&wask, &me, folder.path(), &["delete", "/club"]).await;
    assert!(!missing.status.success());
}
