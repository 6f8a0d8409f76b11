//! Carries out a plan step by step; the first step that fails ends it.

use serde_json::{Map, Value};

use super::differences::DifferenceKind;
use super::existing::Existing;
use super::plan::{Change, Plan, PlanStep};
use super::wanted::{Feed, Kind, WantedEntity};
use crate::failure::Failure;
use crate::feeds::{self, LifecycleEvent};
use crate::http::Server;
use crate::screen::{self, Screen, bold};
use crate::triggers::feed_of;

/// Creates and updates entities.
pub fn deploy(plan: &Plan, existing: &Existing, server: &Server, screen: Screen) -> Result<(), Failure> {
    for Change { wanted, step } in &plan.changes {
        match step {
            PlanStep::Keep | PlanStep::Delete | PlanStep::Gone => (),
            PlanStep::Create => {
                put(wanted, server)?;
                start(wanted, server).inspect_err(|_| {
                    let _ = server.delete(&wanted.path()); // like `trigger create`: no trigger without its feed
                })?;
                said(screen, "created", wanted);
            }
            PlanStep::Update(differences) => {
                let feed_differs = differences.iter().any(|difference| difference.kind == DifferenceKind::Feed);
                if feed_differs {
                    stop(wanted, existing, server); // restart the feed, so that only the manifest's parameters remain
                }
                put(wanted, server)?;
                if feed_differs {
                    start(wanted, server)?;
                }
                said(screen, "updated", wanted);
            }
        }
    }
    Ok(())
}

/// Deletes entities. A package that contains more than the manifest names stays.
pub fn undeploy(plan: &Plan, existing: &Existing, server: &Server, screen: Screen) -> Result<(), Failure> {
    for Change { wanted, .. } in plan.changes.iter().filter(|change| change.step == PlanStep::Delete) {
        stop(wanted, existing, server);
        match server.delete(&wanted.path()) {
            Ok(_) => said(screen, "deleted", wanted),
            Err(refusal) if refusal.is_not_found() => (), // another client deleted it first
            Err(refusal) if wanted.kind == Kind::Package && refusal.is_conflict() => {
                let kept = format!("Unable to delete package '{}'", wanted.name.short());
                screen::warning(&refusal.because(kept).message);
            }
            Err(refusal) => return Err(refusal.because(unable("delete", wanted))),
        }
    }
    Ok(())
}

fn put(wanted: &WantedEntity, server: &Server) -> Result<(), Failure> {
    let path = format!("{}?overwrite=true", wanted.path());
    let body = Value::Object(wanted.body.clone());
    server.put(&path, &body).map(|_| ()).map_err(|refusal| refusal.because(unable("deploy", wanted)))
}

/// Tells a trigger's feed to begin, if it has one.
fn start(wanted: &WantedEntity, server: &Server) -> Result<(), Failure> {
    let Some(Feed { action, parameters }) = &wanted.feed else { return Ok(()) };
    let told = feeds::invoke(server, action, LifecycleEvent::Create, &wanted.name, parameters.clone());
    told.map(|_| ()).map_err(|refusal| {
        refusal.because(format!("{}: Unable to configure feed '{action}'", unable("deploy", wanted)))
    })
}

/// Stops the feed of an existing trigger, if it has one. A feed that refuses is only a warning.
fn stop(wanted: &WantedEntity, existing: &Existing, server: &Server) {
    let feed = existing.of(wanted).filter(|_| wanted.kind == Kind::Trigger).and_then(|found| feed_of(&found.document));
    if let Some(feed) = feed
        && let Err(refusal) = feeds::invoke(server, &feed, LifecycleEvent::Delete, &wanted.name, Map::new())
    {
        screen::warning(&refusal.because(format!("Unable to configure feed '{feed}'")).message);
    }
}

fn unable(verb: &str, wanted: &WantedEntity) -> String {
    format!("Unable to {verb} {} '{}'", wanted.kind.as_str(), wanted.name.short())
}

/// Reports a finished step on standard error.
fn said(screen: Screen, done: &str, wanted: &WantedEntity) {
    screen.heading(&format!("{done} {} {}", wanted.kind.as_str(), bold(wanted.name.short())));
}
