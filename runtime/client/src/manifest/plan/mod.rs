//! What is to be done so that what is wanted is there. Pure: a plan is made from documents and printed; `apply` carries it
//! out.

use serde_json::{Value, json};

use super::differences::{self, Difference, DifferenceKind};
use super::existing::{Existing, ExistingEntity};
use super::wanted::{Kind, WantedEntity};
use crate::connection::Format;
use crate::entities::ACTION;
use crate::screen::{self, Screen};

/// What is done to one entity.
#[derive(Clone, Debug, PartialEq)]
pub enum PlanStep {
    Create,
    Update(Vec<Difference>),
    /// It is as it is wanted.
    Keep,
    Delete,
    /// It is to be deleted and is not there.
    Gone,
}

/// One entity, and what is done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub wanted: WantedEntity,
    pub step: PlanStep,
}

/// All steps, in the order in which they are taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub changes: Vec<Change>,
}

impl Plan {
    /// `namespace` is the real name of `_`.
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

    /// The last that was made goes first.
    pub fn to_undeploy(wanted: &[WantedEntity], existing: &Existing) -> Self {
        let step =
            |wanted: &WantedEntity| if existing.of(wanted).is_some() { PlanStep::Delete } else { PlanStep::Gone };
        let changes = in_order(wanted).into_iter().rev().map(|wanted| Change { step: step(&wanted), wanted });
        Plan { changes: changes.collect() }
    }

    /// A line per entity that changes, and one that counts them.
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
        let counts = counts.iter().filter(|(count, _)| 0 < *count).map(|(count, what)| format!("{count} {what}"));
        let counts: Vec<_> = counts.collect();
        lines.push(match counts.is_empty() {
            true => "The manifest names no entities.".to_owned(),
            false => format!("{}.", counts.join(", ")),
        });
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

/// A PUT lays an action's annotations over those that are there, and names those that go. It does not look at these names
/// when it says what a sequence is made of, so that is left out where it stays.
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

/// By kind, and a sequence behind the sequences that it is made of; those that go round in circles stay where they are, for
/// the server to refuse.
fn in_order(wanted: &[WantedEntity]) -> Vec<WantedEntity> {
    let is_sequence = |wanted: &WantedEntity| wanted.kind == Kind::Sequence;
    let (mut sequences, mut all): (Vec<WantedEntity>, Vec<WantedEntity>) =
        wanted.iter().cloned().partition(is_sequence);
    all.sort_by_key(|wanted| wanted.kind);
    let mut at = all.iter().position(|wanted| Kind::Sequence < wanted.kind).unwrap_or(all.len());
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
