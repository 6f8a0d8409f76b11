//! The data folder: one running node per folder, and nobody but its owner sees what is in it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// The permissions of a file that only its owner may use.
const OWNER_ONLY: u32 = 0o600;
/// The permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

/// Bytes that this process may still write to the disk of a folder.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process uses the folder.
    #[error("another wask is using this data folder (pid {})", pid.map_or("unknown".to_owned(), |pid| pid.to_string()))]
    LockedBy {
        /// The other process. `None`: it has not written its id yet.
        pid: Option<u32>,
    },
    /// Others may look into the folder.
    #[error("{path} holds keys and code, and others may enter it (mode {mode:o}); run `{command}`")]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// What mends it.
        command: String,
    },
    /// The folder belongs to another user.
    #[error("{path} belongs to the user with the id {owner}, and this process runs as {own}; run `{command}` as root")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Our user.
        own: u32,
        /// What mends it.
        command: String,
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
        make_data_dir(dir)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(OWNER_ONLY);
        let mut file = options.open(&path).map_err(io)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => (),
            Err(Errno::WOULDBLOCK) => return Err(LockError::LockedBy { pid: holder(&mut file) }),
            Err(cause) => return Err(io(cause.into())),
        }
        file.set_len(0).map_err(io)?;
        write!(file, "{}", std::process::id()).map_err(io)?;
        narrow_files(dir).map_err(io)?;
        Ok(DataDirLock { _file: file })
    }
}

/// Makes the folder for its owner only. `Err` if it exists and others may enter it, or it is another user's: whoever
/// made it so has to say that this is its place.
pub fn make_data_dir(dir: &Path) -> Result<(), LockError> {
    let failed = |cause| LockError::Io { path: dir.to_owned(), cause };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    let about = fs::metadata(dir).map_err(failed)?;
    let (owner, own) = (about.uid(), rustix::process::geteuid().as_raw());
    let (path, shown) = (dir.to_owned(), dir.display());
    if owner != own {
        return Err(LockError::Foreign { path, owner, own, command: format!("chown -R {own} {shown}") });
    }
    let mode = about.mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(LockError::Open { path, mode, command: format!("chmod 700 {shown}") });
    }
    Ok(())
}

/// Takes from everybody else the right to the files that are there. New ones are made so: SQLite gives its log the mode
/// of the database. The other files of the cache contain no secret, and its folder is narrowed where it is opened.
fn narrow_files(dir: &Path) -> io::Result<()> {
    let database = dir.join("wask.sqlite");
    OpenOptions::new().append(true).create(true).mode(OWNER_ONLY).open(&database)?;
    let mut paths = vec![dir.join("cache/key")];
    for entry in fs::read_dir(dir)? {
        paths.push(entry?.path());
    }
    for path in paths {
        let Ok(about) = fs::metadata(&path) else { continue };
        if about.is_file() && about.mode() & OTHERS != 0 {
            fs::set_permissions(path, Permissions::from_mode(about.mode() & 0o7700))?;
        }
    }
    Ok(())
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
