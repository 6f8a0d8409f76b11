//! The second at which an alarm fires that is not strict. It depends on the trigger's name, so that not every minutely
//! alarm fires at second 0. feeds.md §A.9.

/// The seconds, 0 to `limit`, by which the ticks of the trigger `name` are moved. The same name and limit always give
/// the same delay.
pub fn spreading_delay(name: &str, limit: u32) -> u32 {
    let hash = name.encode_utf16().fold(0, |hash: i64, unit| {
        let shifted = (hash as i32).wrapping_shl(5); // truncation to 32 bits is part of the contract
        i64::from(shifted) - hash + i64::from(unit)
    });
    u32::try_from((hash % (i64::from(limit) + 1)).abs()).expect("a remainder of at most `limit` fits its type")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_names_have_the_contracts_delays() {
        for (name, delays) in [
            ("periodic", [3, 26, 3]),
            ("nightly-export", [12, 24, 8]),
            ("everyMin", [21, 9, 6]),
            ("fireOnce", [45, 30, 9]),
        ] {
            assert_eq!([59, 30, 10].map(|limit| spreading_delay(name, limit)), delays, "{name}");
        }
    }

    #[test]
    fn a_delay_is_within_its_limit_for_any_name() {
        let long = "ÿ€😀z".repeat(64);
        assert!((0..=59).all(|limit| spreading_delay(&long, limit) <= limit));
    }
}
