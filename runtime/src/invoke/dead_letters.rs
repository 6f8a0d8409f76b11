//! Activations whose attempts were used up: looked at, done again as another activation, thrown away.

use wask_model::{ActivationId, Failure, NamespaceName, SharedIdentity};
use wask_store::{DeadLetter, DeadLetterQuery};

use super::queued::QueuedInvocation;
use super::{Cause, Context, Invocation, Invoker, Wait};

/// Dead letters done again or thrown away in one go.
const BATCH: u64 = 100;

/// What a dead letter carries, for whoever looks at it.
pub struct Letter {
    pub letter: DeadLetter,
    pub queued: QueuedInvocation,
}

impl Invoker {
    pub async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Vec<Letter>, Failure> {
        self.store.dead_letters(query).await?.into_iter().map(Letter::open).collect()
    }

    pub async fn count_dead_letters(&self, query: &DeadLetterQuery) -> Result<u64, Failure> {
        Ok(self.store.count_dead_letters(query).await?)
    }

    /// 404 there is none.
    pub async fn dead_letter(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Letter, Failure> {
        Letter::open(self.store.dead_letter(namespace, id).await?.ok_or_else(Failure::not_found)?)
    }

    /// Does the work of a dead letter again, on what its caller gave; its own record stays. Returns the id of the activation
    /// that does it · 403 · 404 · 429.
    pub async fn redrive(&self, identity: &SharedIdentity, id: ActivationId) -> Result<ActivationId, Failure> {
        let Letter { letter, queued } = self.dead_letter(&identity.namespace, id).await?;
        let now = self.clock.now();
        let mut in_flight = self.gate.enter(identity, now)?;
        self.catalog.may_invoke(identity, &queued.action).await?;
        let context = Context {
            cause: queued.cause.map(Cause::Event),
            depth: queued.depth,
            rerun_of: Some(letter.id),
            ..Context::outermost(queued.transaction.as_str().into(), now)
        };
        let (action, args) = (queued.action.clone(), queued.given());
        let identity = identity.clone();
        // Without a callback: it was told how that one ended.
        let invocation = Invocation { identity, action, args, wait: Wait::No, context, callback: None };
        let mut admitted = self.admit(self.catalog.resolve(&queued.action).await?, invocation).await?;
        admitted.terms.retry = queued.terms.retry;
        let again = admitted.id;
        let mut work = admitted.into_work();
        work.permit = in_flight.take_permit();
        match self.queue.redrive(letter.id, work, move || in_flight.keep()).await? {
            true => Ok(again),
            false => Err(Failure::not_found()), // somebody else has just done so
        }
    }

    /// Does the work of all again that the query finds now: one that dies once more meanwhile is not done twice. Passes over
    /// those whose actions are gone or may not be invoked any more, and stops where the namespace may not have more in flight.
    /// Returns the ids of the activations that do it.
    pub async fn redrive_all(
        &self,
        identity: &SharedIdentity,
        query: &DeadLetterQuery,
    ) -> Result<Vec<ActivationId>, Failure> {
        let (mut redriven, mut refused) = (Vec::new(), None);
        for id in self.ids_of(query).await? {
            match self.redrive(identity, id).await {
                Ok(again) => redriven.push(again),
                Err(Failure::NotFound(_)) => (), // somebody else has just done so, or its action is gone
                Err(forbidden @ Failure::Forbidden(_)) => refused = Some(forbidden),
                Err(Failure::Throttled { .. }) if !redriven.is_empty() => return Ok(redriven),
                Err(failure) => return Err(failure),
            }
        }
        match refused {
            Some(forbidden) if redriven.is_empty() => Err(forbidden),
            Some(_) | None => Ok(redriven),
        }
    }

    async fn ids_of(&self, query: &DeadLetterQuery) -> Result<Vec<ActivationId>, Failure> {
        let mut found = Vec::new();
        loop {
            let page = DeadLetterQuery { skip: found.len() as u64, limit: BATCH, ..query.clone() };
            let page = self.store.dead_letters(&page).await?;
            let is_last = (page.len() as u64) < BATCH;
            found.extend(page.into_iter().map(|letter| letter.id));
            if is_last {
                return Ok(found);
            }
        }
    }

    /// 404 there is none.
    pub async fn purge(&self, namespace: &NamespaceName, id: ActivationId) -> Result<(), Failure> {
        match self.store.purge_dead_letter(namespace, id).await? {
            true => Ok(()),
            false => Err(Failure::not_found()),
        }
    }

    /// Throws away all that the query finds; returns how many.
    pub async fn purge_all(&self, query: &DeadLetterQuery) -> Result<u64, Failure> {
        let page = DeadLetterQuery { skip: 0, limit: BATCH, ..query.clone() };
        let mut purged = 0;
        loop {
            match self.store.purge_dead_letters(&page).await? {
                0 => return Ok(purged),
                some => purged += some,
            }
        }
    }
}

impl Letter {
    fn open(letter: DeadLetter) -> Result<Letter, Failure> {
        let queued = QueuedInvocation::read(&letter.payload)?;
        Ok(Letter { letter, queued })
    }
}
