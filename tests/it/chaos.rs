//! What `make chaos` does for minutes, for as long as one story may take.

use std::time::Duration;

use wask_store::failpoint::Stage;
use wask_tests::chaos::{AT_RANDOM, Plan, dies_during_its_migration, run};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_any_moment_keeps_its_promises() {
    let seed = fastrand::u64(..);
    println!("seed {seed}"); // shown when it fails: `chaos 40 SEED` takes the same chances

    let report = run(Plan { seed, span: Duration::from_secs(30) }).await;

    assert!(report.broken.is_empty(), "{report}");
    assert!(
        100 < report.acknowledged && 0 < report.begun_again && 0 < report.delivered && 0 < report.fired,
        "{report}"
    );
    let missed: Vec<&str> =
        Stage::ALL.map(Stage::as_str).into_iter().filter(|at| !report.kills.contains_key(at)).collect();
    assert_eq!(missed, [""; 0], "no kill at these\n{report}");
    assert!(report.kills.contains_key(AT_RANDOM), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_killed_during_its_migration_loses_no_old_data() {
    dies_during_its_migration().await;
}
