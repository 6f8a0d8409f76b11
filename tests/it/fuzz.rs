//! What `make fuzz` found stays fixed: every kept input is run again.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use wask_tests::fuzz::{ALL, corpus};

/// An input has at most 4 KiB and takes milliseconds. What takes longer than this is not linear.
const LONGEST: Duration = Duration::from_secs(5);

#[test]
fn every_input_that_fuzzing_kept_is_handled_as_promised() {
    for target in &ALL {
        let folder = corpus().join(target.name);
        let mut inputs = 0;
        for file in std::fs::read_dir(&folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display())) {
            let file = file.unwrap().path();
            let input = std::fs::read(&file).unwrap();
            let started = Instant::now();
            let ran = catch_unwind(|| (target.run)(&input));
            assert!(ran.is_ok(), "{} fails; what it says is above", file.display());
            assert!(started.elapsed() < LONGEST, "{} takes {:?}", file.display(), started.elapsed());
            inputs += 1;
        }
        assert!(inputs > 0, "{} is empty", folder.display());
    }
}

#[test]
fn every_folder_of_inputs_has_its_target() {
    let folders = std::fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    let targets: Vec<_> = ALL.iter().map(|target| corpus().join(target.name)).collect();
    assert_eq!(folders, targets);
}
