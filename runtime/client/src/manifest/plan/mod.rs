//! The steps that bring a namespace in line with a manifest. Pure: a plan is made from documents and printed; `apply`
//! carries it out.

use serde_json::{Value, json};

use super::differences::{self, Difference, DifferenceKind};
use super::existing::{Existing, ExistingEntity};
use super::wanted::{Kind, WantedEntity};
use crate::connection::Format;
use crate::entities::ACTION;
use crate::screen::{self, Screen};

/// The step for one entity.
#[derive(Clone, Debug, PartialEq)]
pub enum PlanStep {
    Create,
    Update(Vec<Difference>),
    /// The entity matches the manifest.
    Keep,
    Delete,
    /// The entity would be deleted, but does not exist.
    Gone,
}

/// One entity and its step.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub wanted: WantedEntity,
    pub step: PlanStep,
}

/// All steps in the order in which they are carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub changes: Vec<Change>,
}

impl Plan {
    /// `namespace`: the real name of `_`.
    pub fn to_deploy(wanted: &[WantedEntity], existing: &Existing, namespace: &str) -> Self {
        let change = |mut wanted: WantedEntity| {
            let Some(found) = existing.of(&wanted) else { return Change { wanted, step: PlanStep::Create } };
            let step = match differences::between(&wanted, found, &existing.lent(&wanted), namespace) {
                none if none.is_empty() => PlanStep::Keep,
                some => PlanStep::Update(some),
            };
            if wanted.kind.noun().one == ACTION.one {
                remove_annotations(&mut wanted, found, &step);
            }
            Change { wanted, step }
        };
        Plan { changes: in_order(wanted).into_iter().map(change).collect() }
    }

    /// Deletes in the opposite order of deploying.
    pub fn to_undeploy(wanted: &[WantedEntity], existing: &Existing) -> Self {
        let step =
            |wanted: &WantedEntity| if existing.of(wanted).is_some() { PlanStep::Delete } else { PlanStep::Gone };
        let changes = in_order(wanted).into_iter().rev().map(|wanted| Change { step: step(&wanted), wanted });
        Plan { changes: changes.collect() }
    }

    /// Prints a line per entity that changes, and a line with the counts.
    pub fn print(&self, screen: Screen) {
        if screen.format == Format::Json {
            screen.document(&self.document());
            return;
        }
        self.lines().iter().for_each(|line| screen::line(line));
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Change { wanted, step } in &self.changes {
            let entity = format!("{:<8} {}", wanted.kind.as_str(), wanted.name.short());
            match step {
                PlanStep::Create => lines.push(format!("+ {entity}")),
                PlanStep::Delete => lines.push(format!("- {entity}")),
                PlanStep::Update(differences) => {
                    lines.push(format!("~ {entity}"));
                    lines.extend(differences.iter().map(|difference| format!("    {}", difference.line)));
                }
                PlanStep::Keep | PlanStep::Gone => (),
            }
        }
        let count = |wanted: fn(&PlanStep) -> bool| self.changes.iter().filter(|change| wanted(&change.step)).count();
        let counts = [
            (count(|step| matches!(step, PlanStep::Create)), "to create"),
            (count(|step| matches!(step, PlanStep::Update(_))), "to change"),
            (count(|step| matches!(step, PlanStep::Delete)), "to delete"),
            (count(|step| matches!(step, PlanStep::Keep)), "unchanged"),
            (count(|step| matches!(step, PlanStep::Gone)), "not there"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        let counts: Vec<_> = counts.collect();
        let total = format!("{}.", counts.join(", "));
        lines.push(if counts.is_empty() { "The manifest names no entities.".to_owned() } else { total });
        lines
    }

    fn document(&self) -> Value {
        let change = |Change { wanted, step }: &Change| {
            let (step, differences) = match step {
                PlanStep::Create => ("create", &[][..]),
                PlanStep::Update(differences) => ("update", &differences[..]),
                PlanStep::Keep => ("keep", &[][..]),
                PlanStep::Delete => ("delete", &[][..]),
                PlanStep::Gone => ("gone", &[][..]),
            };
            let differences: Vec<&str> = differences.iter().map(|difference| difference.line.as_str()).collect();
            let (kind, name) = (wanted.kind.as_str(), wanted.name.short());
            json!({ "kind": kind, "name": name, "step": step, "differences": differences })
        };
        self.changes.iter().map(change).collect()
    }
}

/// Names the annotations to remove, because a PUT merges an action's annotations with the existing ones. The server
/// ignores these names in a PUT that contains the `exec` of a sequence, so an unchanged `exec` is left out.
fn remove_annotations(wanted: &mut WantedEntity, found: &ExistingEntity, step: &PlanStep) {
    let gone = differences::removed_annotations(&wanted.body, &found.document);
    if gone.is_empty() {
        return;
    }
    wanted.body.insert("delAnnotations".to_owned(), json!(gone));
    let PlanStep::Update(differences) = step else { return };
    let exec_stays = !differences.iter().any(|difference| difference.kind == DifferenceKind::Exec);
    if wanted.kind == Kind::Sequence && exec_stays {
        wanted.body.shift_remove("exec");
    }
}

/// Orders entities by kind, and a sequence after the sequences that it contains. Sequences that contain each other keep
/// their order; the server refuses them.
fn in_order(wanted: &[WantedEntity]) -> Vec<WantedEntity> {
    let is_sequence = |wanted: &WantedEntity| wanted.kind == Kind::Sequence;
    let (mut sequences, mut all): (Vec<WantedEntity>, Vec<WantedEntity>) =
        wanted.iter().cloned().partition(is_sequence);
    all.sort_by_key(|wanted| wanted.kind);
    let mut at = all.iter().position(|wanted| wanted.kind > Kind::Sequence).unwrap_or(all.len());
    while !sequences.is_empty() {
        let waiting: Vec<String> = sequences.iter().map(|sequence| sequence.name.to_string()).collect();
        let is_free =
            |sequence: &WantedEntity| !sequence.components().any(|name| waiting.iter().any(|other| other == name));
        let next = sequences.iter().position(is_free).unwrap_or(0);
        all.insert(at, sequences.remove(next));
        at += 1;
    }
    all
}

#[cfg(test)]
mod tests;
