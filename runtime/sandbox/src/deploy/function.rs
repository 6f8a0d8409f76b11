//! The allowed shape of one function. The compiler keeps a value per local and block, and looks at all loops around each
//! of them, so a few kilobytes can cost it gigabytes and minutes.

use wasmparser::{BlockType, FuncType, FunctionBody, Operator};

use super::bounds::{declared_in, invalid};
use crate::engine::{ModuleBounds, RefusedModule};

const FUNCTION: &str = "function";

/// What a function adds to the counts of its module.
#[derive(Default)]
pub(super) struct Added {
    pub locals: u64,
    pub br_table_targets: u64,
}

/// `parameters`: how many the function has.
pub(super) fn check(
    body: &FunctionBody<'_>,
    parameters: u64,
    types: &[FuncType],
    bounds: &ModuleBounds,
) -> Result<Added, RefusedModule> {
    let mut added = Added::default();
    for group in body.get_locals_reader().map_err(invalid)? {
        added.locals += u64::from(group.map_err(invalid)?.0);
    }
    let locals = parameters + added.locals;
    let mut blocks = Blocks::default();
    for operator in body.get_operators_reader().map_err(invalid)? {
        match operator.map_err(invalid)? {
            Operator::Block { blockty } | Operator::If { blockty } => blocks.open(blockty, types, Kind::Other),
            Operator::Loop { blockty } => blocks.open(blockty, types, Kind::Loop),
            Operator::Else => blocks.count += 1,
            Operator::End => blocks.close(),
            Operator::BrTable { targets } => added.br_table_targets += u64::from(targets.len()),
            _ => continue,
        }
        blocks.check(locals, bounds)?;
    }
    Ok(added)
}

#[derive(PartialEq, Eq)]
enum Kind {
    Loop,
    Other,
}

/// What the pass has seen of a function's blocks so far.
#[derive(Default)]
struct Blocks {
    open: Vec<Kind>,
    open_loops: u64,
    count: u64,
    loops: u64,
    /// Their parameters and results together.
    values: u64,
}

impl Blocks {
    fn open(&mut self, ty: BlockType, types: &[FuncType], kind: Kind) {
        self.count += 1;
        if kind == Kind::Loop {
            self.loops += 1;
            self.open_loops += 1;
        }
        self.open.push(kind);
        self.values += match ty {
            BlockType::Empty => 0,
            BlockType::Type(_) => 1,
            BlockType::FuncType(ty) => types.get(ty as usize).map_or(0, values),
        };
    }

    fn close(&mut self) {
        if self.open.pop() == Some(Kind::Loop) {
            self.open_loops -= 1;
        }
    }

    fn check(&self, locals: u64, bounds: &ModuleBounds) -> Result<(), RefusedModule> {
        declared_in(FUNCTION, "loops", self.loops, bounds.loops)?;
        declared_in(FUNCTION, "nested loops", self.open_loops, bounds.loop_nesting)?;
        declared_in(FUNCTION, "nested blocks", self.open.len() as u64, bounds.nesting)?;
        declared_in(FUNCTION, "parameters and results of blocks", self.values, bounds.block_values)?;
        declared_in(FUNCTION, "locals times blocks", locals * self.count, bounds.locals_times_blocks)?;
        declared_in(FUNCTION, "locals times loops", locals * self.loops, bounds.locals_times_loops)
    }
}

/// The parameters and results of a type.
pub(super) fn values(ty: &FuncType) -> u64 {
    ty.params().len() as u64 + ty.results().len() as u64
}
