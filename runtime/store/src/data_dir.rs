//! The lock file of a data folder: one running node per folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process uses the folder.
    #[error("another wask is using this data folder (pid {})", pid.map_or("unknown".to_owned(), |pid| pid.to_string()))]
    LockedBy {
        /// The other process. `None`: it has not written its id yet.
        pid: Option<u32>,
    },
    /// The lock file could not be made, opened or written.
    #[error("cannot lock {path}: {cause}")]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
}

/// The right to use a data folder, held until it is dropped or the process ends in whatever way.
#[derive(Debug)]
pub struct DataDirLock {
    /// Holds the kernel's lock; closing the file releases it.
    _file: File,
}

impl DataDirLock {
    const FILE: &str = "wask.lock";

    /// Locks `dir`, and creates it first if it does not exist, readable by its owner only. Never waits.
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
