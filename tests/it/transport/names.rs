//! Names in the URL, and who owns what they name.

use reqwest::Method;
use serde_json::json;
use wask_tests::TestServer;

use super::{NAMESPACES, VERBS, send};

const ILLEGAL: &str = "The name of the entity contains illegal characters.";

#[tokio::test(flavor = "multi_thread")]
async fn b11_b12_b14_names_are_validated_after_decoding() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let longest = "a".repeat(256);
    for (encoded, name) in [
        ("_", "_"),
        ("_%20_", "_ _"),
        ("0.0", "0.0"),
        ("a%20b", "a b"),
        ("a@b.c&d", "a@b.c&d"),
        ("a%40%40%26", "a@@&"),
        ("me@place.org", "me@place.org"),
        (&longest, &longest),
    ] {
        let made = me.put(&format!("triggers/{encoded}"), &json!({})).await.expect(200);
        assert_eq!(made.json()["name"], name);
        assert_eq!(me.get(&format!("triggers/{encoded}")).await.expect(200).json()["name"], name);
    }
    for encoded in [
        "%20xxx",
        "xxx%20",
        "%20",
        "a=2b",
        "hi+there",
        "$hola",
        "dora%3F",
        "x%23x",
        "a()b",
        "-abc",
        "&abc",
        ".x",
        "x%0A",
        "a%2Fb",
        "%00",
        "caf%C3%A9",
        "%FF",
    ] {
        for collection in ["triggers", "actions", "rules", "packages"] {
            let refused = me.put(&format!("{collection}/{encoded}"), &json!({})).await.expect(400);
            assert_eq!(refused.error(), ILLEGAL, "{collection}/{encoded}");
        }
    }
    for method in VERBS {
        for collection in ["actions", "triggers"] {
            let path = format!("/api/v1/namespaces/_/{collection}/{longest}a");
            let refused = send(&me, method.clone(), &path).await.expect(400);
            assert_eq!(refused.error(), "Name segement longer than allowed: 257 > 256.");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_an_entity_without_a_name_does_not_exist() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for collection in ["actions", "triggers", "rules", "packages"] {
        me.put(&format!("{collection}/"), &json!({})).await.expect(404);
        me.delete(&format!("{collection}/")).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_a_namespace_in_the_url_is_validated_like_a_name() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (namespace, sentence) in [
        ("a".repeat(257), "Namespace longer than allowed: 257 > 256."),
        ("a=b".to_owned(), "The namespace contains illegal characters."),
        ("%20".to_owned(), "The namespace contains illegal characters."),
    ] {
        for collection in ["actions", "triggers/t", "limits"] {
            let path = format!("{NAMESPACES}/{namespace}/{collection}");
            assert_eq!(send(&me, Method::GET, &path).await.expect(400).error(), sentence, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_namespace_segment_can_contain_a_package_as_aio_sends_it() {
    let wask = TestServer::start().await;
    let me = wask.guest();

    let slash = send(&me, Method::DELETE, "/api/v1/namespaces/guest/actions/none/a").await.expect(404);
    let encoded = send(&me, Method::DELETE, "/api/v1/namespaces/guest%2Fnone/actions/a").await.expect(404);
    let foreign = send(&me, Method::DELETE, "/api/v1/namespaces/other%2Fpkg/actions/a").await.expect(403);

    assert_eq!(slash.error(), encoded.error());
    assert_eq!(foreign.error(), "The supplied authentication is not authorized to access 'other/pkg/a'.");
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_b19_another_owners_entity_is_403_whether_or_not_it_exists() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    other.create_trigger("there").await;
    for collection in ["actions", "triggers", "rules", "activations", "limits"] {
        let refused = send(&me, Method::GET, &format!("{NAMESPACES}/other/{collection}")).await.expect(403);
        assert_eq!(refused.error(), "The supplied authentication is not authorized to access 'other'.");
    }
    for collection in ["actions", "triggers", "rules"] {
        for (name, method) in ["there", "none"].into_iter().flat_map(|name| VERBS.map(|method| (name, method))) {
            let path = format!("{NAMESPACES}/other/{collection}/{name}");
            let refused = send(&me, method, &path).await.expect(403);
            let sentence = format!("The supplied authentication is not authorized to access 'other/{name}'.");
            assert_eq!(refused.error(), sentence, "{path}");
        }
    }
    let id = "0123456789abcdef0123456789abcdef";
    send(&me, Method::GET, &format!("{NAMESPACES}/other/activations/{id}")).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn b113_a_path_below_a_trigger_rule_or_package_is_404() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("t").await;
    me.create_action("a", &wask_tests::wat("result-then-exit-0")).await;
    me.create_rule("r", "t", "a").await;
    me.put("packages/p", &json!({})).await.expect(200);
    for path in ["triggers/t", "triggers/none", "rules/r", "rules/none", "packages/p"] {
        for below in ["bar", "", "bar/"] {
            for method in [Method::GET, Method::PUT, Method::DELETE] {
                let url = format!("{NAMESPACES}/_/{path}/{below}");
                let missing = send(&me, method.clone(), &url).await.expect(404);
                assert_eq!(missing.error(), "The requested resource could not be found.", "{method} {url}");
            }
        }
    }
}
