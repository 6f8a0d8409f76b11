//! Dead letters, the activations that used up their attempts: listed, redriven, purged.

use wask_model::{ActivationId, Failure, NamespaceName, SharedIdentity, Timestamp};
use wask_store::{DeadLetter, DeadLetterQuery, ListPage};

use super::queued::QueuedInvocation;
use super::{Cause, Context, Invocation, Invoker, Wait};

/// Dead letters that are redriven or purged in one go.
const BATCH: u64 = 100;

/// A dead letter with its payload read.
pub struct Letter {
    pub letter: DeadLetter,
    pub queued: QueuedInvocation,
}

impl Invoker {
    pub async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<ListPage<Letter>, Failure> {
        let page = self.stores.dead_letters.dead_letters(query).await?;
        let items = page.items.into_iter().map(Letter::open).collect::<Result<_, _>>()?;
        Ok(ListPage { items, is_cut: page.is_cut, bytes: page.bytes })
    }

    pub async fn count_dead_letters(&self, query: &DeadLetterQuery) -> Result<u64, Failure> {
        Ok(self.stores.dead_letters.count_dead_letters(query).await?)
    }

    /// One dead letter · 404.
    pub async fn dead_letter(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Letter, Failure> {
        Letter::open(self.stores.dead_letters.dead_letter(namespace, id).await?.ok_or_else(Failure::not_found)?)
    }

    /// Runs a dead letter again, as a new activation on the caller's original input. The record of the old one stays.
    /// No callback is sent, because it reported the old one. Returns the id of the new activation · 403 · 404 · 429.
    /// `chain_began`: that of the key which the request came with.
    pub async fn redrive(
        &self,
        identity: &SharedIdentity,
        id: ActivationId,
        chain_began: Option<Timestamp>,
    ) -> Result<ActivationId, Failure> {
        let Letter { letter, queued } = self.dead_letter(&identity.namespace, id).await?;
        let now = self.clock.now();
        let mut in_flight = self.admission.admit(identity, &queued.action, now).await?;
        let context = Context {
            cause: queued.cause.map(Cause::Event),
            depth: queued.depth,
            rerun_of: Some(letter.id),
            chain_began,
            ..Context::outermost(queued.transaction.as_str().into(), now)
        };
        let (action, args, identity) = (queued.action.clone(), queued.given(), identity.clone());
        let request = Invocation { identity, action, args, wait: Wait::No, context, callback: None };
        let entry = self.catalog.resolve(&queued.action).await?;
        let may_begin = self.admission.may_begin(&request, &entry).await?;
        let mut admitted = self.admission.begin(may_begin, entry, request, None)?;
        admitted.terms.retry = queued.terms.retry;
        let again = admitted.id;
        let mut work = admitted.into_work();
        work.permit = in_flight.take_permit();
        if self.queue.redrive(letter.id, work, move || in_flight.keep()).await? {
            Ok(again)
        } else {
            Err(Failure::not_found()) // another request has just redriven it
        }
    }

    /// Redrives every dead letter that matches the query now; one that fails again during the call is not redriven
    /// twice. Skips those whose actions are gone or may not be invoked any more, and stops at the namespace's limit in
    /// flight. Returns the ids of the new activations.
    pub async fn redrive_all(
        &self,
        identity: &SharedIdentity,
        query: &DeadLetterQuery,
        chain_began: Option<Timestamp>,
    ) -> Result<Vec<ActivationId>, Failure> {
        let (mut redriven, mut refused) = (Vec::new(), None);
        for id in self.ids_of(query).await? {
            match self.redrive(identity, id, chain_began).await {
                Ok(again) => redriven.push(again),
                Err(Failure::NotFound(_)) => (), // another request has just redriven it, or its action is gone
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
            let page = self.stores.dead_letters.dead_letters(&page).await?;
            let is_last = !page.is_cut && (page.items.len() as u64) < BATCH;
            found.extend(page.items.into_iter().map(|letter| letter.id));
            if is_last {
                return Ok(found);
            }
        }
    }

    /// Deletes a dead letter · 404.
    pub async fn purge(&self, namespace: &NamespaceName, id: ActivationId) -> Result<(), Failure> {
        let purged = self.stores.dead_letters.purge_dead_letter(namespace, id).await?;
        if purged { Ok(()) } else { Err(Failure::not_found()) }
    }

    /// Deletes every dead letter that matches the query; returns their number.
    pub async fn purge_all(&self, query: &DeadLetterQuery) -> Result<u64, Failure> {
        let page = DeadLetterQuery { skip: 0, limit: BATCH, ..query.clone() };
        let mut purged = 0;
        loop {
            match self.stores.dead_letters.purge_dead_letters(&page).await? {
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
