//! Lists beyond the contract: filters by status, kind, cause and text, and pages that stay stable while records arrive.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, guest, wat};

use super::{id_of, ids, invoked};

async fn count(me: &Client, query: &str) -> u64 {
    let counted = me.get(&format!("activations?count=true&{query}")).await.expect(200).json();
    counted["activations"].as_u64().expect("a number")
}

/// The ids of one page, and the query string of the next one.
async fn page(me: &Client, query: &str) -> (Vec<String>, Option<String>) {
    let answer = me.get(&format!("activations?{query}")).await.expect(200);
    let next = answer.header("link").map(|link| {
        let target = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).expect("a link");
        let (path, query) = target.split_once('?').expect("a query");
        assert_eq!(path, "/api/v1/namespaces/_/activations");
        query.to_owned()
    });
    (answer.json().as_array().expect("a list").iter().map(id_of).collect(), next)
}

/// Every page, starting with this one.
async fn pages(me: &Client, first: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(query) = next {
        let (ids, behind) = page(me, &query).await;
        all.push(ids);
        next = behind;
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_counts_are_filtered_by_status_kind_cause_and_text() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    me.create_action("good", &guest("echo")).await;
    me.create_action("Refusing", &guest("error")).await;
    me.create_action("trapping", &wat("divide-by-zero")).await;
    me.create_trigger("event").await;
    me.create_rule("on-event", "event", "good").await;
    let mut made = Vec::new();
    for (name, args) in [("good", json!({})), ("Refusing", json!({ "error": "no" })), ("trapping", json!({}))] {
        wask.advance(Duration::from_millis(1));
        made.push(invoked(&me, name, args).await);
    }
    wask.advance(Duration::from_millis(1));
    let fired = id_of(&me.post("triggers/event", &json!({})).await.expect(202).json());
    let led_to = id_of(&me.activations_of_at_least("good", 2).await[0]);
    let [good, refused, trapped] = &made[..] else { unreachable!() };

    let of_fired = &format!("cause={fired}");
    let all_kinds = "kind=wasm:1&contains=";
    for (query, expected) in [
        ("status=success&kind=wasm:1", vec![&led_to, good]),
        ("status=0&kind=wasm:default&name=good", vec![&led_to, good]),
        ("status=application%20error", vec![refused]),
        ("status=1", vec![refused]),
        ("status=action%20developer%20error", vec![trapped]),
        ("status=whisk+internal+error", vec![]),
        ("status=failed", vec![trapped, refused]),
        ("status=error&contains=trap", vec![trapped]),
        ("kind=trigger", vec![&fired]),
        ("kind=sequence", vec![]),
        (of_fired, vec![&led_to]),
        ("contains=REF", vec![refused]),
        ("contains=ood&limit=200", vec![&led_to, good]),
        (all_kinds, vec![&led_to, trapped, refused, good]),
    ] {
        assert_eq!(ids(&me, query).await.iter().collect::<Vec<_>>(), expected, "{query}");
        assert_eq!(count(&me, query).await, expected.len() as u64, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_filter_value_is_refused_with_the_valid_ones() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (query, parameter, detail) in [
        (
            "status=bad",
            "status",
            "The value 'bad' is not a status. It must be success, application error, action developer error, whisk \
             internal error, the number of one of these from 0 to 3, or failed for every status but success.",
        ),
        (
            "kind=nodejs:20",
            "kind",
            "The value 'nodejs:20' is not a kind of activation. It must be one of wasm:1, sequence, builtin:1, trigger.",
        ),
        ("cause=xyz", "cause", "Activation id length is 3 but must be 32."),
        (
            &format!("contains={}", "x".repeat(514)),
            "contains",
            "The value is longer than allowed: 514 > 513 characters.",
        ),
        ("cursor=3", "cursor", "The value '3' is not a cursor. Take it from the Link header of a page."),
    ] {
        let refused = me.get(&format!("activations?{query}")).await.expect(400).error();
        assert_eq!(refused, format!("The query parameter '{parameter}' was malformed:\n{detail}"));
    }
    let cursor = "A".repeat(32);
    let refused = me.get(&format!("activations?cursor={cursor}&skip=1")).await.expect(400).error();
    assert_eq!(refused, "The parameter 'skip' is not permitted with 'cursor'.");
    assert_eq!(ids(&me, &format!("cursor={cursor}&skip=0")).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_neither_repeat_nor_miss_a_record_while_new_ones_arrive() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    me.create_action("a", &wat("result-then-exit-0")).await;
    let mut made = BTreeSet::new();
    for n in 0..7 {
        if n == 5 {
            wask.advance(Duration::from_millis(1)); // five records in one millisecond, two in the next
        }
        made.insert(invoked(&me, "a", json!({})).await);
    }

    let (first, next) = page(&me, "limit=3&name=a").await;
    wask.advance(Duration::from_millis(1));
    for _ in 0..4 {
        invoked(&me, "a", json!({})).await;
    }
    let rest = pages(&me, &next.expect("a next page")).await;

    assert_eq!(rest.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1], "the last page has no link");
    let seen: Vec<String> = first.into_iter().chain(rest.concat()).collect();
    assert_eq!(seen.len(), 7);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made);
    assert_eq!(ids(&me, "limit=200").await.len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_works_with_whole_records_filters_and_counts() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    me.create_action("b", &guest("echo")).await;
    let mut made = Vec::new();
    for n in 0..8 {
        wask.advance(Duration::from_millis(1));
        made.insert(0, invoked(&me, if n % 2 == 0 { "a" } else { "b" }, json!({ "n": n })).await);
    }
    let of_a: Vec<&String> = made.iter().skip(1).step_by(2).collect();

    assert_eq!(pages(&me, "limit=4").await, [&made[..4], &made[4..]], "a full last page has no link either");
    let (ids, next) = page(&me, "limit=2&skip=1&docs=true&contains=A&status=success").await;
    assert_eq!(ids.iter().collect::<Vec<_>>(), of_a[1..3]);
    let next = next.expect("a next page");
    let rest = me.get(&format!("activations?{next}")).await.expect(200);
    let results: Vec<Value> = rest.json().as_array().unwrap().iter().map(|r| r["response"]["result"].clone()).collect();
    assert_eq!(results, [json!({ "n": 0 })]);
    assert_eq!(rest.header("link"), None);
    let cursor = next.split('&').find(|pair| pair.starts_with("cursor=")).expect("a cursor");
    assert_eq!(count(&me, &format!("{cursor}&name=a")).await, 1);
    assert_eq!(page(&me, "limit=2&skip=8").await, (vec![], None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_records_ends_early_and_links_to_the_rest() {
    let wask = TestServer::builder().configure(|config| config.limits.page_bytes = 50_000).start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.insert(0, invoked(&me, "echo", json!({ "number": number, "text": "x".repeat(20_000) })).await);
    }

    let found = pages(&me, "docs=true&limit=200").await;

    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(found.concat(), made);
    assert_eq!(pages(&me, "limit=200").await.concat(), made, "summaries are small");
    let record = me.get(&format!("activations/{}", made[0])).await.expect(200).json();
    assert_eq!(me.get("activations?docs=true&limit=1").await.json()[0], record);
    assert_eq!(record["response"]["result"]["number"], 4);
}
