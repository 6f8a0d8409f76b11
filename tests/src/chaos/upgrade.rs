//! A server that dies while it migrates the data of the first version of wask.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::time::SystemTime;

use wask_model::{ActivationId, AuthKey, Timestamp};
use wask_store::failpoint::{Stage, VARIABLE};

use super::first_schema::write_first_version;
use crate::ServerProcess;

const KEY: &str =
    "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";
/// How many records the old data has.
const RECORDS: usize = 100;

/// Kills a server inside its migration, and panics unless the next one finds everything that was there before.
pub async fn dies_during_its_migration() {
    let data = Arc::new(crate::data_folder());
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
    let now = Timestamp::from_millis(0).after(since_epoch); // recent, because retention removes old records
    let ids: Vec<ActivationId> = (0..RECORDS).map(|_| ActivationId::new(now)).collect();
    let key: AuthKey = KEY.parse().expect("a key");
    write_first_version(&data.path().join("wask.sqlite"), &key, &ids, now).expect("old data");
    let props = format!("AUTH={KEY}\nNAMESPACE=guest\n");
    std::fs::write(data.path().join("wskprops"), props).expect("a file for the key");

    let dies = [(VARIABLE, Stage::Migration.as_str())];
    let died = ServerProcess::try_start("serve", &[], &dies, data.clone()).await.err().expect("a server that dies");
    assert_eq!(died.status.signal(), Some(9), "{}", died.printed);

    let server = ServerProcess::start("serve", &[], &[], data).await;
    let found = server.guest().await.get("activations?status=2&limit=200").await.expect(200).json();
    let found: Vec<&str> = found.as_array().into_iter().flatten().filter_map(|r| r["activationId"].as_str()).collect();
    let lost: Vec<String> =
        ids.iter().map(ActivationId::to_string).filter(|id| !found.contains(&id.as_str())).collect();
    assert_eq!((lost, found.len()), (Vec::new(), RECORDS));
}
