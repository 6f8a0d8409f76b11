//! How much memory there is: the machine's, or what the process's control group allows of it.

use std::fs;

/// Assumed where the system does not say.
const UNKNOWN: u64 = 1 << 30;

/// The memory that this process may use, in bytes.
pub fn memory_bytes() -> u64 {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let limits: Vec<String> = limit_files(&read("/proc/self/cgroup")).iter().map(|file| read(file)).collect();
    smallest(&limits, &read("/proc/meminfo")).unwrap_or(UNKNOWN)
}

/// The files that may limit a process whose `/proc/self/cgroup` has this text: those of its group and of every group
/// around it. In a container, the path may be one of the host's and not exist.
fn limit_files(groups: &str) -> Vec<String> {
    let mut files = Vec::new();
    for group in groups.lines() {
        let mut fields = group.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            some if some.split(',').any(|controller| controller == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let mut path = path.trim_end_matches('/');
        loop {
            files.push(format!("{root}{path}/{file}"));
            let Some((around, _)) = path.rsplit_once('/') else { break };
            path = around;
        }
    }
    files
}

/// The smallest of the limits and the machine's memory. `limits`: the texts of [`limit_files`].
fn smallest(limits: &[String], meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB"));
    let total = total.and_then(|kib| kib.trim().parse::<u64>().ok()).map(|kib| kib << 10);
    let limits = limits.iter().filter_map(|limit| limit.trim().parse::<u64>().ok()); // not a number: "max"
    limits.chain(total).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_limited_by_itself_and_by_the_groups_around_it() {
        assert_eq!(
            limit_files("0::/system.slice/wask.service\n"),
            [
                "/sys/fs/cgroup/system.slice/wask.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max"
            ]
        );
        assert_eq!(limit_files("0::/\n"), ["/sys/fs/cgroup/memory.max"]);
        let first = "12:cpu,cpuacct:/a\n7:memory:/docker/1\n";
        let files = ["/docker/1/", "/docker/", "/"].map(|at| format!("/sys/fs/cgroup/memory{at}memory.limit_in_bytes"));
        assert_eq!(limit_files(first), files);
        assert_eq!(limit_files("nonsense"), Vec::<String>::new());
    }

    #[test]
    fn the_smallest_limit_counts() {
        let machine = "MemTotal:       16384 kB\nMemFree:          100 kB\n";
        let smallest = |limits: &[&str], meminfo| {
            smallest(&limits.iter().map(|&limit| limit.to_owned()).collect::<Vec<_>>(), meminfo)
        };
        assert_eq!(smallest(&["max\n", ""], machine), Some(16 << 20));
        assert_eq!(smallest(&["4194304\n", "max\n", "8388608\n"], machine), Some(4 << 20));
        assert_eq!(smallest(&["9223372036854771712\n"], machine), Some(16 << 20), "version 1 has no word for it");
        assert_eq!(smallest(&["max"], ""), None);
        assert!(memory_bytes() > 64 << 20, "{}", memory_bytes());
    }
}
