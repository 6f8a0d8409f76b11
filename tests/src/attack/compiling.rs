//! Modules that keep the compiler busy or make it large.

use std::time::Duration;

use serde_json::json;

use super::storm::storm;
use super::{Attack, Noted, Target};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack { name: "20,000 loops in a function", settings: &[], launch: |on| Box::pin(loops(on, 20_000)) },
        Attack { name: "100,000 loops in a function", settings: &[], launch: |on| Box::pin(loops(on, 100_000)) },
        Attack { name: "uploaders that hang up", settings: &[], launch: |on| Box::pin(hang_up(on)) },
        Attack { name: "values live in many blocks", settings: &[], launch: |on| Box::pin(live_values(on)) },
        Attack { name: "locals in nested loops", settings: &[], launch: |on| Box::pin(nested_locals(on)) },
        Attack { name: "text with nested labels", settings: &[], launch: |on| Box::pin(nested_labels(on)) },
    ]
}

/// Uploads modules over and over, each a little different; two clients that hang up after a moment.
async fn upload(on: Target, module: impl Fn(usize) -> String + Clone + Send + Sync + 'static) -> Noted {
    let counts = storm(&on, 2, move |on, number| {
        let code = module(number);
        async move {
            let body = json!({ "exec": { "kind": "wasm:default", "code": code } });
            let path = format!("/api/v1/namespaces/_/actions/bomb-{}?overwrite=true", number % 4);
            on.attacker.try_send(on.attacker.request(reqwest::Method::PUT, &path).json(&body)).await
        }
    });
    counts.await.to_string()
}

fn module(body: &str, number: usize) -> String {
    format!(
        r#"(module (memory (export "memory") 1) (global i32 (i32.const {number})) (func (export "_start") {body}))"#
    )
}

/// Empty loops, one after the other: three bytes each.
async fn loops(on: Target, count: usize) -> Noted {
    upload(on, move |number| module(&"(loop)".repeat(count), number)).await
}

/// As many loops as are allowed, in several functions: many seconds for each module. Nobody waits for the answer.
async fn hang_up(on: Target) -> Noted {
    let function = format!("(func {})", "(loop)".repeat(4900));
    let functions = function.repeat(8);
    let counts = storm(&on, 2, move |on, number| {
        let code = module(&format!(") {functions} (func "), number);
        async move {
            let body = json!({ "exec": { "kind": "wasm:default", "code": code } });
            let path = format!("/api/v1/namespaces/_/actions/bomb-{}?overwrite=true", number % 4);
            let request = on.attacker.request(reqwest::Method::PUT, &path).timeout(Duration::from_millis(300));
            on.attacker.try_send(request.json(&body)).await
        }
    });
    counts.await.to_string()
}

/// Values that are needed from the first of many blocks to the last: the compiler notes each of them for each block.
async fn live_values(on: Target) -> Noted {
    let (blocks, locals) = (on.count(20_000, 40_000), 1000);
    let declared = format!("(local {})", "i32 ".repeat(locals));
    let ifs: String = (0..blocks)
        .map(|at| format!("local.get {} if i32.const 1 local.set {} end ", at % locals, at * 7 % locals))
        .collect();
    let used: String = (0..locals).map(|local| format!("local.get {local} drop ")).collect();
    let body = format!("{declared}{ifs}{used}");
    upload(on, move |number| module(&body, number)).await
}

/// Every loop needs a value for every local that its inner loops use: their product, from a few kilobytes.
async fn nested_locals(on: Target) -> Noted {
    let (depth, locals) = (on.count(300, 900), 3000);
    let declared = format!("(local {})", "i32 ".repeat(locals));
    let used: String =
        (0..locals).map(|local| format!("(local.set {local} (i32.add (local.get {local}) (i32.const 1)))")).collect();
    let body = format!("{declared}{}{used}(br_if 0 (i32.const 1)){}", "(loop ".repeat(depth), ")".repeat(depth));
    upload(on, move |number| module(&body, number)).await
}

/// Text whose every label has to be looked up among thousands.
async fn nested_labels(on: Target) -> Noted {
    let depth = on.count(5_000, 50_000);
    let labels: String = (0..depth).map(|label| format!("(block $l{label} ")).collect();
    let body = format!("{labels}{}{}", "(br $l0)".repeat(depth), ")".repeat(depth));
    upload(on, move |number| module(&body, number)).await
}
