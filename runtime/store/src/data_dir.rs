//! One data directory, one running node: the lock file.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process uses it. `pid` is `None` while that process has not yet written who it is.
    #[error("another wask uses this data directory (pid {})", pid.map_or("unknown".to_owned(), |pid| pid.to_string()))]
    LockedBy { pid: Option<u32> },
    #[error("cannot lock {path}: {cause}")]
    Io { path: PathBuf, cause: io::Error },
}

/// The right to use a data directory, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DataDirLock {
    /// Holds the kernel's lock; closing it gives the lock back.
    _file: File,
}

impl DataDirLock {
    const FILE: &str = "wask.lock";

    /// Makes `dir` (for its owner only) if there is none and locks it. Never waits.
    pub fn take(dir: &Path) -> Result<DataDirLock, LockError> {
        let path = dir.join(Self::FILE);
        let io = |cause| LockError::Io { path: path.clone(), cause };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io)?;
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => (),
            Err(Errno::WOULDBLOCK) => return Err(LockError::LockedBy { pid: holder(&mut file) }),
            Err(cause) => return Err(io(cause.into())),
        }
        file.set_len(0).map_err(io)?;
        write!(file, "{}", std::process::id()).map_err(io)?;
        Ok(DataDirLock { _file: file })
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
