//! A full disk: the server accepts no work, still serves reads, and recovers by itself when there is room again.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use wask_tests::{Client, ServerProcess, eventually, guest};

use super::{UNLIMITED, assert_kept, assert_unavailable, try_invoke};

const FULL: &str =
    "The server cannot store anything now because its disk is full. Nothing was accepted. Try again later.";
/// Large triggers that fill a database with a size limit.
const FILLERS: usize = 64;

/// A data folder with little room.
enum Room {
    /// A file system of its own with 64 MB and this file to fill it; unmounted at the end.
    Disk { data: Arc<TempDir>, filler: PathBuf },
    /// A limit on the size of the database, for machines on which a test cannot mount a file system.
    Bound { data: Arc<TempDir> },
}

impl Room {
    fn new() -> Self {
        let data = Arc::new(wask_tests::data_folder());
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs"]).arg(data.path()).output();
        match mount.is_ok_and(|mount| mount.status.success()) {
            true => Room::Disk { filler: data.path().join("filler"), data },
            false => Room::Bound { data },
        }
    }

    fn data(&self) -> Arc<TempDir> {
        match self {
            Room::Disk { data, .. } | Room::Bound { data } => data.clone(),
        }
    }

    fn settings(&self) -> Vec<(&'static str, &'static str)> {
        let bound = match self {
            Room::Disk { .. } => ("WASK_STORE__SQLITE__WAL_BYTES", "1048576"), // it would keep room for itself
            Room::Bound { .. } => ("WASK_STORE__SQLITE__MAX_BYTES", "16777216"),
        };
        let to_the_end = ("WASK_STORE__MIN_FREE_BYTES", "0"); // otherwise the server would stop earlier
        [&UNLIMITED[..], &[bound, to_the_end]].concat()
    }

    async fn fill(&self, client: &Client) {
        match self {
            Room::Disk { filler, .. } => fill(filler),
            Room::Bound { .. } => fill_with_triggers(client).await,
        }
    }

    async fn empty(&self, client: &Client) {
        match self {
            Room::Disk { filler, .. } => std::fs::remove_file(filler).unwrap(),
            Room::Bound { .. } => {
                for n in 0..FILLERS {
                    client.delete(&format!("triggers/filler-{n}")).await;
                }
            }
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Room::Disk { data, .. } = self {
            let _ = Command::new("umount").arg("--lazy").arg(data.path()).status(); // or the folder cannot be removed
        }
    }
}

/// Writes until the disk is full.
fn fill(filler: &Path) {
    let mut file = File::create(filler).unwrap();
    for chunk in [&[0; 1 << 16][..], &[0; 512]] {
        while file.write_all(chunk).is_ok() {}
    }
}

async fn fill_with_triggers(client: &Client) {
    let body = json!({ "parameters": [{ "key": "much", "value": "x".repeat(900_000) }] });
    for n in 0..FILLERS {
        if client.put(&format!("triggers/filler-{n}"), &body).await.status == 503 {
            return;
        }
    }
    panic!("there is room for everything");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_gives_503_until_there_is_room_again() {
    let room = Room::new();
    println!("the room is {}", if matches!(room, Room::Disk { .. }) { "a small disk" } else { "a bounded database" });
    let mut wask = ServerProcess::start("serve", &[], &room.settings(), room.data()).await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    let first = try_invoke(&me, &json!({ "n": "first" })).await.unwrap();
    let record = me.ended(&first).await;
    let mut promised = vec![first.clone()];

    room.fill(&me).await;
    let text = "x".repeat(100_000); // what is written already leaves room for a little
    let mut refused = 0;
    while refused < 10 {
        assert!(promised.len() < 1000, "there is room for everything");
        match try_invoke(&me, &json!({ "text": text })).await {
            Ok(id) => promised.push(id),
            Err(answer) => {
                assert_unavailable(&answer, FULL);
                refused += 1;
            }
        }
    }
    assert_unavailable(&me.put("triggers/more", &json!({ "parameters": [{ "key": "t", "value": text }] })).await, FULL);
    assert_eq!(me.get(&format!("activations/{first}")).await.expect(200).json(), record);
    me.get("actions/echo").await.expect(200);
    assert_eq!(wask.has_ended(), None);

    room.empty(&me).await;
    let again = || async { try_invoke(&me, &json!({ "text": text })).await.ok() };
    promised.push(eventually("there is room again", again).await);
    assert_kept(&me, &promised).await;
    assert_eq!(me.get(&format!("activations/{first}")).await.expect(200).json(), record);
    drop(wask);
}
