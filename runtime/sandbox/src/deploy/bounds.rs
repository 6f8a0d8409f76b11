//! The allowed shape of a module, checked in one pass before it is compiled. A hostile module of a few kilobytes can
//! keep the compiler busy for many seconds, and an author needs a sentence rather than a parser's error.

use std::collections::HashMap;
use std::fmt::Display;

use wasmparser::{
    BinaryReaderError, ConstExpr, DataKind, ElementItems, ElementKind, ElementSectionReader, Encoding, Export,
    ExportSectionReader, ExternalKind, FuncType, FunctionBody, FunctionSectionReader, Parser, Payload,
    TableSectionReader, TypeRef, TypeSectionReader,
};

use super::function;
use crate::engine::{ModuleBounds, RefusedModule, SandboxConfig, quoted};

/// The type of every function a guest can import, by module and name, as [`signature`] writes it.
pub(super) type KnownImports = HashMap<(String, String), String>;

/// From the functions that guests can import: module, name and type.
pub(super) fn known_imports(functions: Vec<(String, String, wasmtime::FuncType)>) -> KnownImports {
    let with_type = |(module, name, ty): (String, String, wasmtime::FuncType)| {
        ((module, name), signature(ty.params(), ty.results()))
    };
    functions.into_iter().map(with_type).collect()
}

/// Refuses a module whose shape, imports or exports are out of bounds. Whether its code is valid is not checked here.
pub(super) fn check(wasm: &[u8], config: &SandboxConfig, known: &KnownImports) -> Result<(), RefusedModule> {
    at_most("module", wasm.len() as u64, config.module.module_bytes)?;
    let mut shape = Shape::new(config, known);
    for payload in Parser::new(0).parse_all(wasm) {
        shape.visit(payload.map_err(invalid)?)?;
    }
    shape.check_exports()
}

/// What the pass has learned of the module so far.
struct Shape<'a> {
    bounds: &'a ModuleBounds,
    config: &'a SandboxConfig,
    known: &'a KnownImports,
    types: Vec<FuncType>,
    /// The type of each function, imported ones first.
    functions: Vec<u32>,
    imported: usize,
    /// How many functions of its own have been looked at.
    bodies: usize,
    locals: u64,
    br_table_targets: u64,
    element_items: u64,
    constant_operators: u64,
    start: Option<u32>,
    start_is_function: bool,
    has_memory: bool,
}

impl<'a> Shape<'a> {
    fn new(config: &'a SandboxConfig, known: &'a KnownImports) -> Shape<'a> {
        Shape {
            bounds: &config.module,
            config,
            known,
            types: Vec::new(),
            functions: Vec::new(),
            imported: 0,
            bodies: 0,
            locals: 0,
            br_table_targets: 0,
            element_items: 0,
            constant_operators: 0,
            start: None,
            start_is_function: true,
            has_memory: false,
        }
    }

    fn visit(&mut self, payload: Payload<'_>) -> Result<(), RefusedModule> {
        let bounds = self.bounds;
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => Err(RefusedModule::Component),
            Payload::TypeSection(types) => self.types(types),
            Payload::ImportSection(imports) => {
                declared("imports", imports.count(), bounds.imports)?;
                imports.into_imports().try_for_each(|import| self.import(import.map_err(invalid)?))
            }
            Payload::FunctionSection(functions) => self.functions(functions),
            Payload::TableSection(tables) => self.tables(tables),
            Payload::MemorySection(memories) => declared("memories", memories.count(), 1u64),
            Payload::GlobalSection(globals) => {
                declared("globals", globals.count(), bounds.globals)?;
                globals.into_iter().try_for_each(|global| self.constant(&global.map_err(invalid)?.init_expr))
            }
            Payload::ExportSection(exports) => self.exports(exports),
            Payload::ElementSection(segments) => self.elements(segments),
            Payload::DataCountSection { count, .. } => declared("data segments", count, bounds.data_segments),
            Payload::DataSection(data) => {
                declared("data segments", data.count(), bounds.data_segments)?;
                data.into_iter().try_for_each(|segment| match segment.map_err(invalid)?.kind {
                    DataKind::Active { offset_expr, .. } => self.constant(&offset_expr),
                    DataKind::Passive => Ok(()),
                })
            }
            Payload::CodeSectionStart { size, .. } => at_most("module's code", size.into(), bounds.code_section_bytes),
            Payload::CodeSectionEntry(body) => self.function_body(&body),
            _ => Ok(()),
        }
    }

    fn types(&mut self, types: TypeSectionReader<'_>) -> Result<(), RefusedModule> {
        declared("types", types.count(), self.bounds.types)?;
        self.types = types.into_iter_err_on_gc_types().collect::<Result<_, _>>().map_err(invalid)?;
        self.types.iter().try_for_each(|ty| {
            declared_in("type", "parameters and results", function::values(ty), self.bounds.type_values)
        })
    }

    fn functions(&mut self, functions: FunctionSectionReader<'_>) -> Result<(), RefusedModule> {
        declared("functions", functions.count(), self.bounds.functions)?;
        for ty in functions {
            self.functions.push(ty.map_err(invalid)?);
        }
        Ok(())
    }

    fn tables(&self, tables: TableSectionReader<'_>) -> Result<(), RefusedModule> {
        declared("tables", tables.count(), self.config.tables)?;
        tables.into_iter().try_for_each(|table| {
            let elements = table.map_err(invalid)?.ty.initial;
            declared("elements in a table", elements, self.config.table_elements)
        })
    }

    fn exports(&mut self, exports: ExportSectionReader<'_>) -> Result<(), RefusedModule> {
        declared("exports", exports.count(), self.bounds.exports)?;
        for export in exports {
            self.export(&export.map_err(invalid)?);
        }
        Ok(())
    }

    fn elements(&mut self, segments: ElementSectionReader<'_>) -> Result<(), RefusedModule> {
        declared("element segments", segments.count(), self.bounds.element_segments)?;
        segments.into_iter().try_for_each(|segment| {
            let segment = segment.map_err(invalid)?;
            if let ElementKind::Active { offset_expr, .. } = &segment.kind {
                self.constant(offset_expr)?;
            }
            self.element_items += u64::from(match &segment.items {
                ElementItems::Functions(items) => items.count(),
                ElementItems::Expressions(_, items) => items.count(),
            });
            declared("items in element segments", self.element_items, self.bounds.element_items)?;
            match segment.items {
                ElementItems::Functions(_) => Ok(()),
                ElementItems::Expressions(_, items) => {
                    items.into_iter().try_for_each(|item| self.constant(&item.map_err(invalid)?))
                }
            }
        })
    }

    fn import(&mut self, import: wasmparser::Import<'_>) -> Result<(), RefusedModule> {
        let (module, name) = (import.module.to_owned(), import.name.to_owned());
        let key = (module, name);
        let expected = self.known.get(&key);
        let (Some(expected), TypeRef::Func(ty)) = (expected, import.ty) else {
            return Err(RefusedModule::UnknownImport { module: quoted(key.0), name: quoted(key.1) });
        };
        let found = self.types.get(ty as usize).map(|ty| signature(ty.params(), ty.results())).unwrap_or_default();
        if found != *expected {
            let expected = expected.clone();
            return Err(RefusedModule::ImportType { module: key.0, name: key.1, found: quoted(found), expected });
        }
        self.functions.push(ty);
        self.imported += 1;
        Ok(())
    }

    fn export(&mut self, export: &Export<'_>) {
        match (export.name, export.kind) {
            ("_start", ExternalKind::Func) => self.start = Some(export.index),
            ("_start", _) => self.start_is_function = false,
            ("memory", ExternalKind::Memory) => self.has_memory = true,
            _ => (),
        }
    }

    fn function_body(&mut self, body: &FunctionBody<'_>) -> Result<(), RefusedModule> {
        at_most("body of a function", body.range().len() as u64, self.bounds.function_body_bytes)?;
        let ty = self.functions.get(self.imported + self.bodies).and_then(|ty| self.types.get(*ty as usize));
        let parameters = ty.map_or(0, |ty| ty.params().len() as u64);
        let added = function::check(body, parameters, &self.types, self.bounds)?;
        self.bodies += 1;
        self.locals += added.locals;
        declared("locals", self.locals, self.bounds.locals)?;
        self.br_table_targets += added.br_table_targets;
        declared("targets of `br_table`", self.br_table_targets, self.bounds.br_table_targets)
    }

    /// Counts the operators of constant expressions: values of globals, offsets and items of segments.
    fn constant(&mut self, expression: &ConstExpr<'_>) -> Result<(), RefusedModule> {
        for operator in expression.get_operators_reader() {
            operator.map_err(invalid)?;
            self.constant_operators += 1;
        }
        declared("operators in constant expressions", self.constant_operators, self.bounds.constant_operators)
    }

    fn check_exports(&self) -> Result<(), RefusedModule> {
        let Some(start) = self.start else {
            return Err(if self.start_is_function {
                RefusedModule::NoStart
            } else {
                RefusedModule::StartType("of something that is not a function".into())
            });
        };
        let ty = self.functions.get(start as usize).and_then(|ty| self.types.get(*ty as usize));
        match ty.map(|ty| signature(ty.params(), ty.results())) {
            Some(found) if found != "() -> ()" => return Err(RefusedModule::StartType(quoted(found))),
            _ => (),
        }
        if !self.has_memory {
            return Err(RefusedModule::NoMemory);
        }
        Ok(())
    }
}

pub(super) fn invalid(cause: BinaryReaderError) -> RefusedModule {
    RefusedModule::Invalid(quoted(format!("{cause}.")))
}

/// Refuses a module that declares more of something than is allowed.
pub(super) fn declared(what: &'static str, value: impl Into<u64>, limit: impl Into<u64>) -> Result<(), RefusedModule> {
    declared_in("module", what, value, limit)
}

/// Refuses a part of a module, `of`, that declares more of something than is allowed.
pub(super) fn declared_in(
    of: &'static str,
    what: &'static str,
    value: impl Into<u64>,
    limit: impl Into<u64>,
) -> Result<(), RefusedModule> {
    let (value, limit) = (value.into(), limit.into());
    if value > limit {
        return Err(RefusedModule::TooMany { of: of.into(), what: what.into(), value, limit });
    }
    Ok(())
}

/// Refuses `what` if its `value` bytes exceed `limit`.
pub(crate) fn at_most(what: &'static str, value: u64, limit: u64) -> Result<(), RefusedModule> {
    if value > limit {
        return Err(RefusedModule::TooLarge { what: what.into(), value, limit });
    }
    Ok(())
}

/// Writes a function type like `(i32, i64) -> (i32)`.
fn signature<P: Display, R: Display>(
    params: impl IntoIterator<Item = P>,
    results: impl IntoIterator<Item = R>,
) -> String {
    let params: Vec<String> = params.into_iter().map(|ty| ty.to_string()).collect();
    let results: Vec<String> = results.into_iter().map(|ty| ty.to_string()).collect();
    format!("({}) -> ({})", params.join(", "), results.join(", "))
}
