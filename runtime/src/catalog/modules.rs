//! Turns posted code into a module of the sandbox.

use wask_model::{Action, CodeRef, Failure, NamespaceName, looks_like_base64, messages};
use wask_sandbox::{Digest, Module, RefusedModule, upload};

use super::{ActionEntry, Catalog};

impl Catalog {
    /// Decodes, checks and compiles posted code, so that it is ready to run. rest.md §3.3.
    pub(super) async fn prepare(&self, namespace: &NamespaceName, posted: &str) -> Result<CodeRef, Failure> {
        let size = posted.len() as u64;
        if size > self.limits.code_bytes {
            return Err(Failure::TooLarge(messages::larger_than_allowed("exec", size, self.limits.code_bytes)));
        }
        let module =
            if posted.trim().is_empty() { None } else { Some(self.compile(namespace, posted.to_owned()).await?) };
        let module = module.map(|digest| digest.to_string());
        Ok(CodeRef { digest: CodeRef::digest_of(posted), size, binary: looks_like_base64(posted), module })
    }

    /// The loaded module of an action: from memory, from the cache of compiled code, or compiled again from the stored
    /// code, as a turn of the namespace that the action belongs to.
    pub async fn module(&self, entry: &ActionEntry) -> Result<Option<Module>, Failure> {
        let (Some(digest), Some(code)) = (&entry.module, entry.action.code()) else { return Ok(None) };
        if let Some(module) = self.sandbox.loaded(digest) {
            return Ok(Some(module));
        }
        if let Some(module) = self.sandbox.load(digest).await.map_err(refused)? {
            return Ok(Some(module));
        }
        let posted = self.stores.entities.code(&entry.action.name.namespace, &code.digest).await?;
        let posted = posted.ok_or_else(|| Failure::NotFound(messages::ACTION_GONE.into()))?;
        let compiled = self.compile(&entry.action.name.namespace, posted).await?;
        let module = self.sandbox.load(&compiled).await.map_err(refused)?;
        // Earlier versions named a module that was posted as text by what it was assembled to.
        if let Some(module) = module.as_ref().filter(|_| compiled != *digest) {
            self.sandbox.keep_as(*digest, module.clone());
        }
        Ok(module)
    }

    /// An action's code as it was posted. `None`: it has none.
    pub async fn code(&self, action: &Action) -> Result<Option<String>, Failure> {
        let Some(code) = action.code() else { return Ok(None) };
        let posted = self.stores.entities.code(&action.name.namespace, &code.digest).await?;
        posted.ok_or_else(Failure::not_found).map(Some)
    }

    async fn compile(&self, namespace: &NamespaceName, posted: String) -> Result<Digest, Failure> {
        let sandbox = self.sandbox.clone();
        let decoded = tokio::task::spawn_blocking(move || upload::decode(&posted, sandbox.config())).await;
        let code = decoded.map_err(|panic| Failure::Internal(panic.into()))?.map_err(refused)?;
        self.sandbox.prepare(namespace.as_str(), code).await.map_err(refused)
    }
}

fn refused(module: RefusedModule) -> Failure {
    match module {
        RefusedModule::Mangled => Failure::BadRequest(messages::MANGLED_UPLOAD.into()),
        RefusedModule::CompilerFailed => Failure::Internal(module.into()),
        refused if refused.is_final() => Failure::BadRequest(refused.to_string().into()),
        for_now => Failure::Unavailable(for_now.to_string().into()),
    }
}
