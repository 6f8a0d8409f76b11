//! Returns its whole environment, so that a test sees what is there and what is not.

use std::collections::BTreeMap;

#[wask_sdk::action]
fn env() -> BTreeMap<String, String> {
    std::env::vars().collect()
}
