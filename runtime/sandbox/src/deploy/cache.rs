//! Compiled code on disk. A file is native code that will be executed, so only files that this installation wrote are
//! loaded. The directory belongs to the service alone, and each file ends with its owner and with a MAC over its name,
//! content and owner, made with a key that never leaves the directory.
//!
//! The owner of a file is the share that it was compiled for first. When there is too much, the owner of the most bytes
//! loses the file that was used longest ago.
//!
//! The MAC is checked when a file is loaded. From then on the file is mapped, so a change or truncation in place would
//! reach the running process. To replace a file, rename another one over it, as [`DiskCache::store`] does.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use tracing::warn;
use wasmtime::Engine;

use super::descriptors::{OutOfDescriptors, were_missing};
use crate::digest::Digest;
use crate::engine::{SandboxConfig, SandboxError};

const KEY_FILE: &str = "key";
const OWNER_BYTES: u64 = 16;
const MAC_BYTES: u64 = 32;
const EXTENSION: &str = "cwasm";

/// Who is charged for a file: the beginning of the hash of a share's name.
type Owner = [u8; OWNER_BYTES as usize];

/// A directory of compiled modules. Several processes may share it.
pub(super) struct DiskCache {
    dir: PathBuf,
    key: [u8; 32],
    /// A hash of engine version, engine settings, CPU and bounds. It is part of each file name, so code that was
    /// compiled under others is not found.
    compatibility: u64,
    most_bytes: u64,
    written: AtomicU64,
}

impl DiskCache {
    /// Opens or creates `dir`. Takes the same time regardless of how much `dir` holds.
    pub fn open(dir: &Path, engine: &Engine, config: &SandboxConfig) -> Result<DiskCache, SandboxError> {
        let failed = |cause| SandboxError::internal(&format!("cannot use {} as code cache", dir.display()), cause);
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(failed)?;
        let key = key_in(dir).map_err(failed)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        config.module.hash(&mut hasher);
        let (compatibility, most_bytes) = (hasher.finish(), config.cache_bytes);
        Ok(DiskCache { dir: dir.to_owned(), key, compatibility, most_bytes, written: AtomicU64::new(0) })
    }

    /// The compiled module. `None`: there is no file that can be trusted. A bad file is removed.
    pub fn load(&self, engine: &Engine, digest: &Digest) -> Result<Option<wasmtime::Module>, OutOfDescriptors> {
        let name = self.name(digest);
        let path = self.dir.join(&name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(cause) if were_missing(&cause) => return Err(OutOfDescriptors),
            Err(_) => return Ok(None),
        };
        match self.load_file(engine, &name, file) {
            Ok(module) => Ok(Some(module)),
            Err(cause) => {
                warn!(file = %path.display(), %cause, "compiled module is not usable, removing it");
                let _ = fs::remove_file(&path);
                Ok(None)
            }
        }
    }

    fn load_file(&self, engine: &Engine, name: &str, mut file: File) -> Result<wasmtime::Module, String> {
        self.verify(name, &mut file).map_err(|cause| cause.to_string())?;
        let _ = file.set_modified(SystemTime::now()); // eviction removes the files used longest ago
        // SAFETY: the MAC shows that `store` wrote this file with this installation's key, and files are never changed
        // after they are renamed into place. wasmtime itself refuses other versions and settings.
        #[allow(unsafe_code)]
        let module = unsafe { wasmtime::Module::deserialize_open_file(engine, file) };
        module.map_err(|cause| format!("{cause:#}"))
    }

    fn verify(&self, name: &str, file: &mut File) -> io::Result<()> {
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "wrong message authentication code");
        let mut left = file.metadata()?.len().checked_sub(MAC_BYTES).ok_or_else(wrong)?;
        let mut mac = self.mac(name);
        let mut chunk = vec![0; 128 * 1024];
        while left != 0 {
            let length = left.min(chunk.len() as u64) as usize;
            file.read_exact(&mut chunk[..length])?;
            mac.update(&chunk[..length]);
            left -= length as u64;
        }
        let mut found = [0; MAC_BYTES as usize];
        file.read_exact(&mut found)?;
        mac.verify_slice(&found).map_err(|_| wrong())
    }

    /// Writes compiled code completely or not at all, then removes the files that exceed the limit.
    pub fn store(&self, digest: &Digest, share: &str, code: &[u8]) -> io::Result<()> {
        let name = self.name(digest);
        let number = self.written.fetch_add(1, Relaxed);
        let temporary = self.dir.join(format!("{name}.{}-{number}.tmp", std::process::id()));
        let owner = owner_of(share);
        let mac = self.mac(&name).chain_update(code).chain_update(owner).finalize().into_bytes();
        let written =
            write_new(&temporary, &[code, &owner, &mac]).and_then(|()| fs::rename(&temporary, self.dir.join(&name)));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written?;
        self.make_room()
    }

    /// Takes files from the owner of the most bytes, those used longest ago first, until the rest is within the limit.
    fn make_room(&self) -> io::Result<()> {
        let (mut files, mut total) = (Vec::new(), 0);
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|extension| extension == EXTENSION) {
                let about = entry.metadata()?;
                total += about.len();
                files.push((about.modified()?, about.len(), entry.path()));
            }
        }
        if total <= self.most_bytes {
            return Ok(());
        }
        let mut owned: HashMap<Owner, (u64, VecDeque<(u64, PathBuf)>)> = HashMap::new();
        files.sort();
        for (_, size, path) in files {
            let (bytes, files) = owned.entry(read_owner(&path, size)).or_default();
            *bytes += size;
            files.push_back((size, path));
        }
        while total > self.most_bytes {
            let Some((bytes, files)) = owned.values_mut().max_by_key(|(bytes, _)| *bytes) else { break };
            let Some((size, path)) = files.pop_front() else { break };
            fs::remove_file(path)?;
            *bytes -= size;
            total -= size;
        }
        Ok(())
    }

    fn name(&self, digest: &Digest) -> String {
        format!("{digest}-{:016x}.{EXTENSION}", self.compatibility)
    }

    fn mac(&self, name: &str) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("an HMAC key may have any length");
        mac.chain_update(name.as_bytes())
    }
}

fn owner_of(share: &str) -> Owner {
    let mut owner = Owner::default();
    owner.copy_from_slice(&Sha256::digest(share)[..OWNER_BYTES as usize]);
    owner
}

/// The owner that a file of this size names. Files that cannot be read belong together.
fn read_owner(path: &Path, size: u64) -> Owner {
    let mut owner = Owner::default();
    let at = size.saturating_sub(OWNER_BYTES + MAC_BYTES);
    let _ = File::open(path).and_then(|file| file.read_exact_at(&mut owner, at));
    owner
}

/// The key of this installation, made on first use.
fn key_in(dir: &Path) -> io::Result<[u8; 32]> {
    let path = dir.join(KEY_FILE);
    if let Some(key) = read_key(&path)? {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let temporary = dir.join(format!("{KEY_FILE}.{}.tmp", std::process::id()));
    let _ = fs::remove_file(&temporary);
    write_new(&temporary, &[&key])?;
    let linked = fs::hard_link(&temporary, &path); // unlike a rename, this keeps the key of a process that was faster
    fs::remove_file(&temporary)?;
    match linked {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => Err(cause),
        _ => read_key(&path)?.ok_or_else(|| io::Error::other("the key disappeared")),
    }
}

/// `None`: there is no key. A key of the wrong size is removed.
fn read_key(path: &Path) -> io::Result<Option<[u8; 32]>> {
    match fs::read(path) {
        Ok(bytes) => match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(key) => Ok(Some(key)),
            Err(_) => fs::remove_file(path).map(|()| None),
        },
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause),
    }
}

fn write_new(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()
}
