use std::path::Path;

use serde_json::json;

use super::super::existing::ExistingEntity;
use super::super::{file, reader};
use super::*;

/// What a manifest without files asks for.
fn wanted(manifest: &str) -> Vec<WantedEntity> {
    let manifest = file::parse(manifest, |_| None).expect("YAML");
    let read = reader::wanted(&manifest, Path::new("manifest.yaml")).expect("a manifest");
    assert_eq!(read.warnings, Vec::<String>::new());
    read.wanted
}

fn found(document: Value) -> ExistingEntity {
    ExistingEntity { document, feed: Value::Null }
}

fn lines(manifest: &str, existing: impl IntoIterator<Item = (&'static str, ExistingEntity)>) -> Vec<String> {
    let existing = existing.into_iter().map(|(path, found)| (format!("namespaces/_/{path}"), found)).collect();
    Plan::to_deploy(&wanted(manifest), &existing, "guest").lines()
}

const SHOP: &str = "\
packages:
  shop:
    public: true
    inputs: { currency: EUR, retries: { type: integer, default: 3 } }
    actions:
      order:
        code: (module)
        web: true
        limits: { timeout: 120000, memorySize: 512 }
        inputs: { token: secret }
      pay: { code: (module), annotations: { description: pays } }
    sequences:
      all: { actions: 'outer, order' }
      outer: { actions: 'order, pay' }
    triggers:
      dawn: { feed: /whisk.system/alarms/alarm, inputs: { cron: 0 6 * * *, trigger_payload: { sun: up } } }
      plain:
    rules:
      on-dawn: { trigger: dawn, action: order }
";

#[test]
fn missing_entities_are_created_after_those_that_they_need() {
    assert_eq!(
        lines(SHOP, []),
        [
            "+ package  shop",
            "+ action   shop/order",
            "+ action   shop/pay",
            "+ sequence shop/outer",
            "+ sequence shop/all",
            "+ trigger  dawn",
            "+ trigger  plain",
            "+ rule     on-dawn",
            "8 to create.",
        ]
    );
}

#[test]
fn a_body_has_the_form_that_the_api_takes() {
    let all = wanted(SHOP);
    let body = |name: &str| {
        let found = all.iter().find(|wanted| wanted.name.short() == name).expect("it is wanted");
        Value::Object(found.body.clone())
    };
    let package = json!({
        "parameters": [{ "key": "currency", "value": "EUR" }, { "key": "retries", "value": 3 }],
        "annotations": [],
        "publish": true,
    });
    assert_eq!(body("shop"), package);
    let order = body("shop/order");
    assert_eq!(order["exec"], json!({ "kind": "wasm:default", "code": "(module)" }));
    assert_eq!(order["limits"], json!({ "timeout": 120_000, "memory": 512 }));
    assert_eq!(order["annotations"][0], json!({ "key": "web-export", "value": true }));
    assert_eq!(body("shop/outer")["exec"]["components"], json!(["/_/shop/order", "/_/shop/pay"]));
    let rule = body("on-dawn");
    assert_eq!((&rule["trigger"], &rule["action"]), (&json!("/_/dawn"), &json!("/_/shop/order")));
    let dawn = all.iter().find(|wanted| wanted.name.short() == "dawn").expect("it is wanted");
    let feed = dawn.feed.as_ref().expect("a feed");
    assert_eq!(
        Value::Object(feed.parameters.clone()),
        json!({ "cron": "0 6 * * *", "trigger_payload": { "sun": "up" } })
    );
    assert_eq!(dawn.body["parameters"], json!([]), "a feed's parameters are not the trigger's");
}

#[test]
fn an_entity_that_matches_the_manifest_is_left_alone() {
    let manifest = "\
packages:
  default:
    actions:
      a: { code: (module), inputs: { x: 1, y: two }, annotations: { note: n }, limits: { timeout: 1000 } }
    sequences:
      s: { actions: a }
    triggers:
      t: { feed: /whisk.system/alarms/interval, inputs: { minutes: 3, trigger_payload: p } }
    rules:
      r: { trigger: t, action: a }
    dependencies:
      mine: { location: /whisk.system/alarms, inputs: { cron: x } }
";
    let action = json!({
        "exec": { "kind": "wasm:1", "code": "(module)", "binary": false },
        "parameters": [{ "key": "y", "value": "two" }, { "key": "x", "value": 1 }],
        "annotations": [
            { "key": "exec", "value": "wasm:1" }, { "key": "provide-api-key", "value": false }, { "key": "note", "value": "n" },
        ],
        "limits": { "timeout": 1000, "memory": 256, "logs": 10, "concurrency": 1 },
    });
    let sequence = json!({
        "exec": { "kind": "sequence", "components": ["/guest/a"] },
        "parameters": [{ "key": "_actions", "value": ["/guest/a"] }],
        "annotations": [{ "key": "exec", "value": "sequence" }],
    });
    let trigger =
        json!({ "parameters": [], "annotations": [{ "key": "feed", "value": "/whisk.system/alarms/interval" }] });
    let trigger = ExistingEntity { document: trigger, feed: json!({ "minutes": "3", "payload": "p", "name": "t" }) };
    let rule = json!({
        "trigger": { "path": "guest", "name": "t" }, "action": { "path": "guest", "name": "a" },
        "annotations": [], "status": "active",
    });
    let binding = json!({
        "binding": { "namespace": "whisk.system", "name": "alarms" },
        "parameters": [{ "key": "trigger_payload", "value": "" }, { "key": "cron", "value": "x" }],
        "annotations": [{ "key": "binding", "value": {} }],
    });
    let existing = [
        ("actions/a", found(action)),
        ("actions/s", found(sequence)),
        ("triggers/t", trigger),
        ("rules/r", found(rule)),
        ("packages/mine", found(binding)),
    ];
    assert_eq!(lines(manifest, existing), ["5 unchanged."]);
}

#[test]
fn differences_are_named_and_secrets_are_not_shown() {
    let manifest = "\
packages:
  default:
    actions:
      a:
        code: (module (memory 1))
        web: raw
        web-secure: hush
        inputs: { token: new-secret, added: 1 }
        limits: { timeout: 2000 }
    rules:
      r: { trigger: t2, action: a }
";
    let action = json!({
        "exec": { "kind": "nodejs:20", "code": "(module)" },
        "parameters": [{ "key": "token", "value": "old-secret" }, { "key": "gone", "value": 1 }],
        "annotations": [{ "key": "require-whisk-auth", "value": "old-hush" }, { "key": "raw-http", "value": false }],
        "limits": { "timeout": 1000 },
    });
    let rule = json!({
        "trigger": { "path": "guest", "name": "t" }, "action": { "path": "guest", "name": "a" }, "annotations": [],
    });
    let lines = lines(manifest, [("actions/a", found(action)), ("rules/r", found(rule))]);
    assert_eq!(
        lines,
        [
            "~ action   a",
            "    parameters.token: another value",
            "    parameters.added: new",
            "    parameters.gone: removed",
            "    annotations.web-export: true",
            "    annotations.raw-http: false -> true",
            "    annotations.final: true",
            "    annotations.require-whisk-auth: another value",
            "    kind: nodejs:20 -> wasm:default",
            "    code: 8 -> 19 characters",
            "    limits.timeout: 1000 -> 2000",
            "~ rule     r",
            "    trigger: /guest/t -> /guest/t2",
            "2 to change.",
        ]
    );
}

#[test]
fn inherited_parameters_of_an_action_are_not_a_difference() {
    let manifest = "packages: { p: { inputs: { a: 1 }, actions: { x: { code: (module), inputs: { b: 2 } } } } }";
    let package = json!({ "publish": false, "parameters": [{ "key": "a", "value": 1 }], "annotations": [] });
    let action = |own: Value| {
        let parameters = json!([{ "key": "a", "value": own }, { "key": "b", "value": 2 }]);
        found(json!({ "exec": { "kind": "wasm:1", "code": "(module)" }, "parameters": parameters, "annotations": [] }))
    };
    let with = |own: Value| [("packages/p", found(package.clone())), ("actions/p/x", action(own))];
    assert_eq!(lines(manifest, with(json!(1))), ["2 unchanged."]);
    let own = ["~ action   p/x", "    parameters.a: removed", "1 to change, 1 unchanged."];
    assert_eq!(lines(manifest, with(json!(5))), own);
}

#[test]
fn a_trigger_can_lose_or_change_its_feed() {
    let fed = |feed: &str| ExistingEntity {
        document: json!({ "parameters": [], "annotations": [{ "key": "feed", "value": feed }] }),
        feed: json!({ "cron": "x" }),
    };
    let with = "packages: { default: { triggers: { t: { feed: /_/p/new, inputs: { cron: x } } } } }";
    let without = "packages: { default: { triggers: { t: } } }";
    let update = |line: &str| vec!["~ trigger  t".to_owned(), format!("    {line}"), "1 to change.".to_owned()];
    assert_eq!(lines(with, [("triggers/t", fed("/_/p/old"))]), update("feed: /guest/p/old -> /guest/p/new"));
    assert_eq!(lines(without, [("triggers/t", fed("/_/p/old"))]), update("feed: /guest/p/old -> none"));
    assert_eq!(lines(with, [("triggers/t", fed("/guest/p/new"))]), ["1 unchanged."]);
}

#[test]
fn undeploying_goes_in_the_opposite_order() {
    let existing = [
        ("namespaces/_/packages/shop".to_owned(), found(json!({}))),
        ("namespaces/_/rules/on-dawn".to_owned(), found(json!({}))),
    ];
    let plan = Plan::to_undeploy(&wanted(SHOP), &existing.into_iter().collect());
    assert_eq!(plan.lines(), ["- rule     on-dawn", "- package  shop", "2 to delete, 6 not there."]);
}

#[test]
fn ordering_ends_for_sequences_that_contain_each_other() {
    let manifest = "packages: { p: { sequences: { a: { actions: b }, b: { actions: a }, c: { actions: c } } } }";
    assert_eq!(lines(manifest, []).last().expect("a line"), "4 to create.");
}

#[test]
fn packages_are_found_where_wskdeploy_and_aio_write_them() {
    for manifest in [
        "packages: { p: { } }",
        "project: { name: x, packages: { p: } }",
        "application: { runtimeManifest: { packages: { p: { license: Apache-2.0 } } } }",
        "runtimeManifest: { packages: { p: { } } }",
    ] {
        assert_eq!(lines(manifest, []), ["+ package  p", "1 to create."], "{manifest}");
    }
}

#[test]
fn an_error_names_the_field_with_its_path() {
    for (manifest, message) in [
        ("pakages: {}", "manifest.yaml: there is no mapping `packages`"),
        ("packages: { p: 5 }", "packages.p: invalid type: integer `5`, expected a mapping"),
        (
            "packages: { p: { actions: { a: { } } } }",
            "packages.p.actions.a: needs `function`, which is a file, or `code`",
        ),
        (
            "packages: { p: { actions: { a: { code: x, limits: { timeout: long } } } } }",
            "packages.p.actions.a.limits.timeout: must be a whole number, it is \"long\"",
        ),
        (
            "packages: { p: { dependencies: { d: { location: github.com/x/y } } } }",
            "packages.p.dependencies.d.location: must be a package like /whisk.system/alarms, it is \"github.com/x/y\"",
        ),
        ("packages: { p: { rules: { r: { trigger: t } } } }", "packages.p.rules.r: missing field `action`"),
    ] {
        let parsed = file::parse(manifest, |_| None).expect("YAML");
        let failed = reader::wanted(&parsed, Path::new("manifest.yaml")).expect_err("a failure");
        assert_eq!(failed.message, message);
    }
}

#[test]
fn an_unknown_field_is_a_warning() {
    let parsed = file::parse("packages: { p: { colour: red, actions: { a: { code: x, limit: 1 } } } }", |_| None);
    let read = reader::wanted(&parsed.expect("YAML"), Path::new("manifest.yaml")).expect("a manifest");
    let expected = ["packages.p.colour is unknown and ignored", "packages.p.actions.a.limit is unknown and ignored"];
    assert_eq!(read.warnings, expected);
}
