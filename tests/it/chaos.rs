//! A short run of `make chaos`: a server under load that is killed again and again.

use std::time::Duration;

use wask_store::failpoint::Stage;
use wask_tests::chaos::{AT_RANDOM, Plan, dies_during_its_migration, run};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_any_moment_keeps_its_promises() {
    let seed = fastrand::u64(..);
    println!("seed {seed}"); // shown on failure: `chaos 40 SEED` makes the same random choices

    let report = run(Plan { seed, span: Duration::from_secs(30) }).await;

    assert!(report.broken.is_empty(), "{report}");
    assert!(report.acknowledged > 100 && report.repeated > 0 && report.delivered > 0 && report.fired > 0, "{report}");
    let missed: Vec<&str> =
        Stage::ALL.map(Stage::as_str).into_iter().filter(|at| !report.kills.contains_key(at)).collect();
    assert_eq!(missed, [""; 0], "no kill at these\n{report}");
    assert!(report.kills.contains_key(AT_RANDOM), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_killed_during_its_migration_loses_no_old_data() {
    dies_during_its_migration().await;
}
