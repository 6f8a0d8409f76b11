//! Lists: paging, counting, order, summaries. Numbers are the bullets of rest.md §11.2.

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, guest};

const COLLECTIONS: [&str; 5] = ["actions", "triggers", "rules", "packages", "activations"];

async fn names(me: &Client, path: &str) -> Vec<String> {
    let list = me.get(path).await.expect(200).json();
    let list = list.as_array().expect("a list").iter();
    list.map(|entity| entity["name"].as_str().expect("a name").to_owned()).collect()
}

fn keys(document: &Value) -> Vec<String> {
    let mut keys: Vec<String> = document.as_object().expect("an object").keys().cloned().collect();
    keys.sort();
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn b23_to_b26_a_page_out_of_range_is_refused_with_the_range() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for collection in COLLECTIONS {
        for (query, detail) in [
            ("limit=201", "The value '201' is not in the range of 0 to 200 for"),
            ("limit=-1", "The value '-1' is not in the range of 0 to 200 for"),
            ("limit=abc", "The value 'abc' is not an integer for"),
            ("limit=1.5", "The value '1.5' is not an integer for"),
            ("skip=abc", "The value 'abc' is not an integer for"),
            ("skip=-1", "The value '-1' is not greater than or equal to 0 for"),
        ] {
            let refused = me.get(&format!("{collection}?{query}")).await.expect(400);
            let parameter = query.split('=').next().unwrap();
            let sentence = format!("The query parameter '{parameter}' was malformed:\n{detail} {collection}.");
            assert_eq!(refused.error(), sentence);
        }
        me.get(&format!("{collection}?limit=200")).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_skips_at_most_as_many_items_as_allowed() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let more = ["tasks", "alarms", "audit", "callbacks", "dead-letters"];
    for collection in COLLECTIONS.into_iter().chain(more) {
        me.get(&format!("{collection}?skip=100000")).await.expect(200);
        for skip in ["100001", "9223372036854775807"] {
            let refused = me.get(&format!("{collection}?skip={skip}")).await.expect(400).error();
            let sentence = format!("The value '{skip}' is greater than 100000 for {collection} (limits.list_skip).");
            assert!(refused.contains(&sentence), "{refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b27_b31_an_empty_collection_is_an_empty_list_with_or_without_slash() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for collection in COLLECTIONS {
        for path in [collection.to_owned(), format!("{collection}/")] {
            assert_eq!(me.get(&path).await.expect(200).json(), json!([]));
            assert_eq!(me.get(&format!("{path}?count=true")).await.expect(200).json(), json!({ collection: 0 }));
        }
    }
    me.create_trigger("t").await;
    assert_eq!(me.get("triggers").await.body, me.get("triggers/").await.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn b28_b30_a_list_has_30_items_and_a_count_has_all_but_the_skipped() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.put_code("a0", "", json!({})).await.expect(200);
    for number in 0..31 {
        me.create_trigger(&format!("t{number}")).await;
        if 0 < number {
            me.put_code(&format!("a{number}"), "", json!({})).await.expect(200);
        }
    }
    for collection in ["triggers", "actions"] {
        assert_eq!(names(&me, collection).await.len(), 30);
        assert_eq!(names(&me, &format!("{collection}?limit=31")).await.len(), 31);
        assert_eq!(names(&me, &format!("{collection}?limit=0")).await.len(), 31, "0 is as many as allowed");
        assert_eq!(names(&me, &format!("{collection}?limit=")).await.len(), 30, "an empty value is the default");
        for (query, count) in
            [("", 31), ("&limit=1", 31), ("&skip=1", 30), ("&skip=31", 0), ("&skip=100", 0), ("&skip=5&limit=2", 26)]
        {
            let counted = me.get(&format!("{collection}?count=true{query}")).await.expect(200);
            assert_eq!(counted.json(), json!({ collection: count }), "{query}");
        }
    }
    let all = names(&me, "triggers?limit=31").await;
    let mut paged = names(&me, "triggers?limit=20").await;
    paged.extend(names(&me, "triggers?limit=20&skip=20").await);
    assert_eq!(paged, all);
    assert!(names(&me, "triggers?skip=31").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn b29_the_most_recently_changed_entity_comes_first() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    for name in ["a", "b", "c"] {
        wask.advance(std::time::Duration::from_secs(1));
        me.create_trigger(name).await;
        me.put_code(&format!("action-{name}"), "", json!({})).await.expect(200);
    }
    assert_eq!(names(&me, "triggers").await, ["c", "b", "a"]);

    wask.advance(std::time::Duration::from_secs(1));
    me.put("triggers/a?overwrite=true", &json!({})).await.expect(200);
    me.put("actions/action-a?overwrite=true", &json!({})).await.expect(200);

    assert_eq!(names(&me, "triggers").await, ["a", "c", "b"]);
    assert_eq!(names(&me, "actions").await, ["action-a", "action-c", "action-b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b32_b35_a_collection_refuses_post() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for collection in COLLECTIONS {
        for path in [collection.to_owned(), format!("{collection}/")] {
            me.post(&path, &json!({})).await.expect(405);
        }
    }
    for path in ["actions/pkg/", "activations/"] {
        for method in [Method::POST, Method::PUT] {
            let request = me.request(method, &format!("/api/v1/namespaces/_/{path}")).json(&json!({}));
            let status = me.send(request).await.status.as_u16();
            assert!(matches!(status, 404 | 405), "{path}: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b33_b36_a_summary_has_exactly_the_documented_members() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters = json!([{ "key": "secret", "value": 1 }]);
    me.create_action_with("a", &guest("echo"), json!({ "parameters": parameters })).await;
    me.put("triggers/t", &json!({ "parameters": parameters })).await.expect(200);
    me.create_rule("r", "t", "a").await;

    let common = ["annotations", "name", "namespace", "publish", "updated", "version"];
    for (collection, more) in
        [("actions", vec!["exec", "limits"]), ("triggers", vec![]), ("rules", vec!["action", "trigger"])]
    {
        let list = me.get(collection).await.expect(200).json();
        let mut expected: Vec<&str> = [&common[..], &more].concat();
        expected.sort_unstable();
        assert_eq!(keys(&list[0]), expected, "{collection}");
        assert_eq!(list[0]["namespace"], "guest");
        assert_eq!(list[0]["version"], "0.0.1");
    }
    let action = &me.get("actions").await.json()[0];
    assert_eq!(action["exec"], json!({ "binary": true }));
    assert!(action["annotations"].as_array().unwrap().contains(&json!({ "key": "exec", "value": "wasm:1" })));
    let rule = &me.get("rules").await.json()[0];
    assert_eq!(rule["trigger"], json!({ "path": "guest", "name": "t" }));
    assert_eq!(rule["action"], json!({ "path": "guest", "name": "a" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boolean_query_parameter_has_exactly_eight_spellings() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for yes in ["true", "TRUE", "yes", "on", "1"] {
        assert_eq!(me.get(&format!("actions?count={yes}")).await.expect(200).json(), json!({ "actions": 0 }));
    }
    for no in ["false", "No", "off", "0", ""] {
        assert_eq!(me.get(&format!("actions?count={no}")).await.expect(200).json(), json!([]));
    }
    let refused = me.get("actions?count=perhaps").await.expect(400);
    let sentence = "The query parameter 'count' was malformed:\n'perhaps' is not a valid Boolean value";
    assert_eq!(refused.error(), sentence);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_one_namespace_shows_nothing_of_another() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    other.create_trigger("theirs").await;
    other.put_code("theirs-too", "", json!({})).await.expect(200);
    me.create_trigger("mine").await;

    assert_eq!(names(&me, "triggers").await, ["mine"]);
    assert_eq!(names(&me, "actions").await, Vec::<String>::new());
    assert_eq!(names(&other, "triggers").await, ["theirs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_items_ends_early_and_links_to_the_rest() {
    let wask = TestServer::builder().configure(|config| config.limits.page_bytes = 20_000).start().await;
    let me = wask.guest();
    me.put("packages/p", &json!({})).await.expect(200);
    let large = json!({ "annotations": [{ "key": "a", "value": "x".repeat(6000) }] });
    for number in 0..7 {
        me.put(&format!("triggers/t{number}"), &large).await.expect(200);
        me.put_code(&format!("p/a{number}"), "", large.clone()).await.expect(200);
    }

    for (list, name) in [("triggers", "t"), ("actions", "a"), ("actions/p/", "a")] {
        let (mut path, mut seen, mut pages) = (format!("/api/v1/namespaces/_/{list}?limit=50"), Vec::new(), 0);
        loop {
            let page = me.send(me.request(Method::GET, &path)).await.expect(200);
            seen.extend(page.json().as_array().expect("a list").iter().map(|item| item["name"].clone()));
            pages += 1;
            let Some(link) = page.header("link") else { break };
            path = link.trim_start_matches('<').trim_end_matches(">; rel=\"next\"").to_owned();
            assert!(path.starts_with(&format!("/api/v1/namespaces/_/{list}?limit=50&skip=")), "{path}");
        }
        let all: Vec<Value> = (0..7).rev().map(|number| json!(format!("{name}{number}"))).collect();
        assert_eq!((seen, pages), (all, 3), "{list}");
    }
    let package = me.get("packages/p").await.expect(200);
    assert_eq!(package.json()["actions"].as_array().map(Vec::len), Some(3));
    assert_eq!(package.header("link"), Some("</api/v1/namespaces/guest/actions/p/?skip=3>; rel=\"next\""));
    me.delete("packages/p?force=true").await.expect(200);
    assert_eq!(me.get("actions").await.json(), json!([]));
}
