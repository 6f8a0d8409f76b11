//! Whether the kernel may write memory of this process to a swap device. The reset of a guest's memory that keeps pages
//! looks only at pages that are present: what was swapped out would reach the next guest. threats.md T22.

use std::fs::read_to_string;
use std::path::Path;

/// Whether pages of this process may be swapped out.
pub(super) fn is_possible() -> bool {
    let swaps = read_to_string("/proc/swaps").ok();
    let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limit_of = |group: &str| read_to_string(Path::new(group).join("memory.swap.max")).ok();
    has_device(swaps.as_deref()) && !is_forbidden(&groups, limit_of)
}

/// From the text of `/proc/swaps`: a line of headings, then a line per device or file. A system that does not say may
/// have one.
fn has_device(swaps: Option<&str>) -> bool {
    swaps.is_none_or(|text| text.lines().skip(1).any(|line| !line.trim().is_empty()))
}

/// Whether the control group of this process, or one above it, allows no swap at all. `groups` is the text of
/// `/proc/self/cgroup`; `limit_of` reads `memory.swap.max` of a folder.
fn is_forbidden(groups: &str, limit_of: impl Fn(&str) -> Option<String>) -> bool {
    let Some(own) = groups.lines().find_map(|line| line.strip_prefix("0::/")) else { return false };
    let mut group = format!("/sys/fs/cgroup/{own}");
    loop {
        if limit_of(&group).is_some_and(|limit| limit.trim() == "0") {
            return true;
        }
        let Some((above, _)) = group.rsplit_once('/') else { return false };
        if above.len() < "/sys/fs/cgroup".len() {
            return false;
        }
        group = above.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

    #[test]
    fn a_device_or_a_file_is_swap() {
        assert!(!has_device(Some(HEADINGS)));
        assert!(!has_device(Some("")));
        assert!(has_device(Some(&format!("{HEADINGS}/dev/zram0    partition\t4194300\t0\t100\n"))));
        assert!(has_device(None));
    }

    #[test]
    fn a_group_without_swap_forbids_it_to_the_groups_in_it() {
        let limits = |of: &'static str, limit: &'static str| {
            move |group: &str| (group == of).then(|| limit.to_owned()) // all others have no such file
        };
        let groups = "0::/system.slice/wask.service\n";
        assert!(is_forbidden(groups, limits("/sys/fs/cgroup/system.slice/wask.service", "0\n")));
        assert!(is_forbidden(groups, limits("/sys/fs/cgroup/system.slice", "0\n")));
        assert!(!is_forbidden(groups, limits("/sys/fs/cgroup/other.slice", "0\n")));
        assert!(!is_forbidden(groups, limits("/sys/fs/cgroup/system.slice", "max\n")));
        assert!(!is_forbidden(groups, limits("/sys/fs/cgroup/system.slice", "4096\n")));
        assert!(is_forbidden("0::/\n", limits("/sys/fs/cgroup/", "0\n")));
        assert!(!is_forbidden("4:memory:/docker/1\n", limits("/sys/fs/cgroup/docker/1", "0\n")));
    }
}
