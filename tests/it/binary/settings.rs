//! Settings: where they come from, and the errors about invalid ones.

use std::process::Output;

use serde_json::{Value, json};
use wask_tests::{ServerProcess, guest, run};

use super::{fresh, stderr, stdout};

/// Every setting that `wask settings` prints, as an environment variable with its value.
fn variables() -> Vec<(String, String)> {
    fn walk(prefix: &str, value: &Value, into: &mut Vec<(String, String)>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    walk(
                        &format!("{prefix}{}{}", if prefix == "WASK_" { "" } else { "__" }, key.to_uppercase()),
                        value,
                        into,
                    );
                }
            }
            Value::String(text) => into.push((prefix.to_owned(), text.clone())),
            other => into.push((prefix.to_owned(), other.to_string())),
        }
    }
    let mut all = Vec::new();
    walk("WASK_", &serde_json::to_value(wask::config::Config::default()).unwrap(), &mut all);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_setting_has_an_environment_variable() {
    let all = variables();
    assert!(70 < all.len());
    let mut all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    all.retain(|(name, _)| !["WASK_SERVER__API_HOST", "WASK_LIMITS__CONCURRENT_INVOCATIONS"].contains(name));
    all.push(("WASK_LIMITS__CONCURRENT_INVOCATIONS", "7"));
    all.push(("WASK_SERVER__API_HOST", "http://wask.example:8080"));

    let wask = ServerProcess::serve(&all).await;

    let me = wask_tests::Client::new(wask.base(), wask.guest().await.auth, "guest");
    assert_eq!(me.get("limits").await.expect(200).json()["concurrentInvocations"], 7);
    let props = std::fs::read_to_string(wask.data_dir().join("wskprops")).unwrap();
    assert!(props.starts_with("APIHOST=http://wask.example:8080\n"), "{props}");
}

#[tokio::test(flavor = "multi_thread")]
async fn printed_settings_are_a_valid_file_that_flags_and_variables_override() {
    let page = run(&["settings"], &[]);
    assert!(page.status.success());
    assert!(stdout(&page).contains("\nconcurrent_invocations = 100 "), "{}", stdout(&page));
    let folder = fresh();
    let file = folder.path().join("wask.toml");
    std::fs::write(&file, stdout(&page).replace("concurrent_invocations = 100", "concurrent_invocations = 8")).unwrap();
    let file = ["--config", file.to_str().unwrap()];

    let wask = ServerProcess::start("serve", &file, &[], fresh()).await;
    let limits = wask.guest().await.get("limits").await.expect(200).json();
    assert_eq!(limits["concurrentInvocations"], 8);
    assert!(!wask.base().ends_with(":3233"), "the flag wins over the file");

    let wask = ServerProcess::start("serve", &file, &[("WASK_LIMITS__CONCURRENT_INVOCATIONS", "9")], fresh()).await;
    let limits = wask.guest().await.get("limits").await.expect(200).json();
    assert_eq!(limits["concurrentInvocations"], 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_provides_the_limits_that_are_not_set() {
    let folder = fresh();
    let file = folder.path().join("wask.toml");
    std::fs::write(&file, "[limits]\nprofile = \"openwhisk\"\nfires_per_minute = 7\n").unwrap();
    let file = ["--config", file.to_str().unwrap()];

    let variable = [("WASK_LIMITS__CONCURRENT_INVOCATIONS", "8")];
    let wask = ServerProcess::start("serve", &file, &variable, fresh()).await;
    let shown = wask.guest().await.get("limits").await.expect(200).json();
    for (limit, value) in [
        ("invocationsPerMinute", 60),
        ("firesPerMinute", 7),
        ("concurrentInvocations", 8),
        ("maxActionTimeout", 300_000),
        ("maxActionMemory", 512),
        ("maxActionConcurrency", 1),
        ("maxActionLogs", 10),
    ] {
        assert_eq!(shown[limit], value, "{limit}");
    }

    // A variable can name the profile too, and the error about a value outside its ranges names the variable.
    let profile = ("WASK_LIMITS__PROFILE", "openwhisk");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", folder.path().to_str().unwrap()];
    refused(
        &run(&arguments, &[profile, ("WASK_LIMITS__ACTION_MEMORY_DEFAULT_MB", "513")]),
        "limits.action_memory_default_mb = 513 (WASK_LIMITS__ACTION_MEMORY_DEFAULT_MB): \
         must be from 128 to 512, the bounds of an action",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_variables_are_ignored_and_guests_see_no_variables() {
    let wask = ServerProcess::serve(&[("WASK_CANARY_SECRET", "tweet"), ("WASK_LOG__LEVEL", "warn")]).await;
    let me = wask.guest().await;
    me.create_action("env", &guest("env")).await;

    let seen = me.invoke("env", &json!({})).await.expect(200).json()["response"]["result"].clone();

    let names: Vec<&String> = seen.as_object().expect("an environment").keys().collect();
    assert!(!names.is_empty() && names.iter().all(|name| name.starts_with("__OW_")), "{names:?}");
    assert!(!seen.to_string().contains("tweet"));
}

/// Exit code 2 and this one line, nothing else.
#[track_caller]
fn refused(output: &Output, line: &str) {
    assert_eq!(stderr(output), format!("wask: {line}\n"));
    assert_eq!(stdout(output), "");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_invalid_variable_is_named_with_the_values_allowed() {
    let data = fresh();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data.path().to_str().unwrap()];
    for (variable, value, line) in [
        (
            "WASK_LIMITS__CONCURRENT_INVOCATIONS",
            "many",
            "limits.concurrent_invocations = \"many\" (WASK_LIMITS__CONCURRENT_INVOCATIONS): \
             must be a whole number from 0 to 4294967295",
        ),
        (
            "WASK_LIMITS__CONCURRENT_INVOCATIONS",
            "-1",
            "limits.concurrent_invocations = -1 (WASK_LIMITS__CONCURRENT_INVOCATIONS): \
             must be a whole number from 0 to 4294967295",
        ),
        (
            "WASK_QUEUE__LEASES",
            "1",
            "queue.leases (WASK_QUEUE__LEASES): there is no such setting; there are \
             lease_ms, renew_ms, poll_ms, concurrent_runs, concurrent_callbacks, claim_batch, max_attempts, retry_ms, \
             dead_letter_days, dead_letter_bytes, idempotency_keys, \
             web_idempotency_keys",
        ),
        (
            "WASK_QUEUE__RENEW_MS",
            "20_000",
            "queue.lease_ms = 30000 (default): must be at least 3 × queue.renew_ms = 20000 (WASK_QUEUE__RENEW_MS)",
        ),
        (
            "WASK_LIMITS__ACTION_MEMORY_MAX_MB",
            "5000",
            "sandbox.max_memory_bytes = 4294967296 (default): must be at least 5242880000, \
             which is limits.action_memory_max_mb = 5000 (WASK_LIMITS__ACTION_MEMORY_MAX_MB)",
        ),
        (
            "WASK_LIMITS__ACTION_TIMEOUT_MAX_MS",
            "50",
            "limits.action_timeout_default_ms = 60000 (default): must be from 100 to 50, the bounds of an action",
        ),
        (
            "WASK_LIMITS__PROFILE",
            "ibm",
            "limits.profile = \"ibm\" (WASK_LIMITS__PROFILE): must be one of adobe, openwhisk",
        ),
        ("WASK_SANDBOX__TABLES", "0", "sandbox.tables = 0 (WASK_SANDBOX__TABLES): must be from 1 to 64"),
        (
            "WASK_STORE__SQLITE__READERS",
            "0",
            "store.sqlite.readers = 0 (WASK_STORE__SQLITE__READERS): must be from 1 to 64",
        ),
        (
            "WASK_ACTIVATIONS__BACKLOG",
            "9223372036854775807",
            "activations.backlog = 9223372036854775807 (WASK_ACTIVATIONS__BACKLOG): must be from 1 to 1000000",
        ),
        (
            "WASK_ALARMS__DEFAULT_STRICT",
            "yes",
            "alarms.default_strict = \"yes\" (WASK_ALARMS__DEFAULT_STRICT): must be true or false",
        ),
        ("WASK_LOG__FORMAT", "xml", "log.format = \"xml\" (WASK_LOG__FORMAT): must be one of auto, text, json"),
        (
            "WASK_LOG__LEVEL",
            "verbose",
            "log.level = \"verbose\" (WASK_LOG__LEVEL): must be off, error, warn, info, debug, trace, \
             or directives like warn,wask::queue=debug",
        ),
        (
            "WASK_HTTP__HOSTS",
            r#"["api.example.com","http://a"]"#,
            "http.hosts = [\"api.example.com\",\"http://a\"] (WASK_HTTP__HOSTS): \
             must be hosts like api.example.com or *.example.com without a port; number 2, http://a, is not",
        ),
        (
            "WASK_HTTP__ALLOW_ORIGINS",
            r#"["app.example.com"]"#,
            "http.allow_origins = [\"app.example.com\"] (WASK_HTTP__ALLOW_ORIGINS): \
             must be origins like https://app.example.com; number 1, app.example.com, is not",
        ),
        (
            "WASK_WEB__LISTEN",
            "apps:80",
            "web.listen = \"apps:80\" (WASK_WEB__LISTEN): \
             must be empty, or an IP address and a port, like 127.0.0.1:3234",
        ),
        (
            "WASK_SERVER__API_HOST",
            "localhost",
            "server.api_host = \"localhost\" (WASK_SERVER__API_HOST): \
             must begin with http:// or https:// and not end with a slash",
        ),
    ] {
        refused(&run(&arguments, &[(variable, value)]), line);
    }
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing was started");
}

#[test]
fn an_invalid_flag_is_named_with_the_values_allowed() {
    let file = fresh();
    let file = file.path().join("file");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    refused(
        &run(&["serve", "--listen", "localhost:80"], &[]),
        "server.listen = \"localhost:80\" (--listen): must be an IP address and a port, like 127.0.0.1:3233",
    );
    refused(
        &run(&["serve", "--data-dir", file], &[]),
        &format!(
            "server.data_dir = \"{file}\" (--data-dir): must be a folder that can be written to: File exists (os error 17)"
        ),
    );
    refused(
        &run(&["serve", "--config", "no/such.toml"], &[]),
        "--config = no/such.toml: the file cannot be read: No such file or directory (os error 2)",
    );
}

#[test]
fn an_invalid_line_of_the_file_is_named_with_the_values_allowed() {
    let folder = fresh();
    let file = folder.path().join("wask.toml");
    let name = file.display();
    for (text, line) in [
        (
            "[queue]\nlease_ms = \"soon\"",
            format!("queue.lease_ms = \"soon\" ({name}): must be a whole number from 0 on"),
        ),
        ("[queue]\nlease_ms = -1", format!("queue.lease_ms = -1 ({name}): must be a whole number from 0 on")),
        (
            "[queue]\nlease_ms = 20_000",
            format!("queue.lease_ms = 20000 ({name}): must be at least 3 × queue.renew_ms = 10000 (default)"),
        ),
        ("limits = 5", format!("limits = 5 ({name}): must be a section of settings")),
        ("[log]\nlevels = 1", format!("log.levels ({name}): there is no such setting; there are level, format")),
        (
            "[limit]\na = 1",
            format!(
                "limit ({name}): there is no such setting; there are server, memory, http, logins, web, limits, \
                 activations, queue, alarms, callbacks, egress, catalog, gateway, sandbox, store, log"
            ),
        ),
        ("\n[queue\n", format!("--config = {name}: TOML parse error at line 2, column 7: expected `.`, `]`")),
    ] {
        std::fs::write(&file, text).unwrap();
        refused(&run(&["serve", "--config", file.to_str().unwrap()], &[]), &line);
    }
}
