//! Returns its whole environment.

use std::collections::BTreeMap;

#[wask_sdk::action]
fn env() -> BTreeMap<String, String> {
    std::env::vars().collect()
}
