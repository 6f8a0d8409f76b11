//! Whole APIs as Swagger documents.

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::TestServer;

use super::{ask, create, listed, manage, route, web_echo};

fn document() -> Value {
    let operation = |url: &str| {
        json!({
            "summary": "one book", "operationId": "own", "responses": { "200": { "description": "the book" } },
            "x-openwhisk": { "namespace": "_", "package": "default", "action": "echo", "url": url },
        })
    };
    json!({
        "swagger": "2.0", "basePath": "/club", "schemes": ["https"],
        "info": { "title": "Book Club", "version": "7.1.0", "x-more": [1.5, null] },
        "definitions": { "Book": { "type": "object" } },
        "paths": {
            "/books/{isbn}": {
                "parameters": [],
                "get": operation("https://elsewhere/api/v1/web/_/default/echo.json"),
                "put": operation("https://elsewhere/api/v1/web/_/default/echo.http"),
            },
            "x-comment": "not a path",
        },
        "x-ibm-configuration": { "cors": { "enabled": true } },
    })
}

async fn upload(me: &wask_tests::Client, swagger: Value) -> wask_tests::Answer {
    create(me, "", json!({ "namespace": "_", "swagger": swagger })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_document_is_served_and_reads_back_unchanged() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me).await;
    for swagger in [document(), json!(document().to_string())] {
        let made = upload(&me, swagger).await.expect(200).json();
        assert_eq!(made["gwApiUrl"], format!("{}/api/gw/guest/club", wask.base()));
    }
    let got = ask(&me, "GET", "/api/gw/guest/club/books/7").await.expect(200).json();
    assert_eq!(got["isbn"], "7");
    ask(&me, "PUT", "/api/gw/guest/club/books/7").await.expect(204); // the URL says .http

    let read = manage(&me, Method::GET, "getApi?basepath=Book+Club").await.expect(200).json();
    let read = &read["apis"][0]["value"]["apidoc"];
    for member in ["swagger", "basePath", "schemes", "info", "definitions", "x-ibm-configuration"] {
        assert_eq!(read[member], document()[member], "{member}");
    }
    let operation = &read["paths"]["/books/{isbn}"]["get"];
    assert_eq!((&operation["summary"], &operation["operationId"]), (&json!("one book"), &json!("own")));
    assert_eq!(operation["x-openwhisk"]["namespace"], "guest");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_from_getapi_can_be_uploaded_elsewhere() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me).await;
    create(&me, "?responsetype=json", route("/club", "/books/{isbn}", "get", "echo")).await.expect(200);
    let read = manage(&me, Method::GET, "getApi?basepath=/club").await.json();
    let mut doc = read["apis"][0]["value"]["apidoc"].clone();
    doc["basePath"] = json!("/copy/");
    upload(&me, doc).await.expect(200);
    let got = ask(&me, "GET", "/api/gw/guest/copy/books/7").await.expect(200).json();
    assert_eq!(got["isbn"], "7");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_replaces_the_api_and_accepts_further_routes() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    create(&me, "", route("/club", "/old", "get", "echo")).await.expect(200);
    upload(&me, document()).await.expect(200);
    create(&me, "", route("/club", "/new", "get", "echo")).await.expect(200);
    let expected = ["get /club /books/{isbn}", "put /club /books/{isbn}", "get /club /new"];
    assert_eq!(listed(&me, "").await, expected);
    let read = manage(&me, Method::GET, "getApi?basepath=/club").await.json();
    assert_eq!(read["apis"][0]["value"]["apidoc"]["info"], document()["info"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_with_one_invalid_route_is_refused_completely() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let without = |member: &str| {
        let mut doc = document();
        doc.as_object_mut().unwrap().remove(member);
        doc
    };
    let mut nameless = document();
    nameless["paths"]["/books/{isbn}"]["put"]["x-openwhisk"] = json!({});
    let mut illegal = document();
    illegal["paths"]["/a b"] = json!({});
    for (swagger, error) in [
        (
            json!("basePath: /club\npaths: {}\n"),
            "swagger must be a Swagger 2.0 document in JSON: an object, or its text",
        ),
        (json!([]), "swagger must be a Swagger 2.0 document in JSON: an object, or its text"),
        (without("basePath"), "swagger is missing the basePath field"),
        (without("info"), "swagger is missing the info field"),
        (without("paths"), "swagger is missing the paths field"),
        (
            nameless,
            "The operation 'put' of the path '/books/{isbn}' names no action: x-openwhisk with namespace and action is missing.",
        ),
        (
            illegal,
            "The path '/a b' of an API is malformed: it must begin with a slash and have segments like 'books' or '{isbn}'.",
        ),
    ] {
        assert_eq!(upload(&me, swagger).await.expect(400).error(), error);
    }
    let both = json!({ "namespace": "_", "gatewayBasePath": "/club", "swagger": document() });
    let refused = create(&me, "", both).await.expect(400);
    assert_eq!(refused.error(), "swagger and gatewayBasePath are mutually exclusive and cannot be specified together.");
    assert_eq!(listed(&me, "").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_has_at_most_as_many_operations_as_allowed_and_so_has_its_text() {
    let configure = |config: &mut wask::config::Config| {
        (config.gateway.document_operations, config.limits.json_nodes) = (10, 400);
    };
    let wask = TestServer::builder().configure(configure).start().await;
    let me = wask.guest();
    let with_paths = |count: usize| {
        let mut doc = document();
        let paths = (0..count).map(|number| (format!("/books/{number}"), doc["paths"]["/books/{isbn}"].clone()));
        doc["paths"] = Value::Object(paths.collect());
        doc
    };
    let mut deep = document();
    deep["definitions"] = json!(vec![1; 400]);

    for (doc, error) in [
        (with_paths(11), "paths has more entries than allowed: 11 > 10 (gateway.document_operations)."),
        (with_paths(4), "operations has more entries than allowed: 12 > 10 (gateway.document_operations)."),
        (deep, "The request has more values than allowed: more than 400 (limits.json_nodes)."),
    ] {
        assert_eq!(upload(&me, doc.clone()).await.expect(413).error(), error);
        assert_eq!(upload(&me, json!(doc.to_string())).await.expect(413).error(), error, "as text");
    }
    upload(&me, with_paths(3)).await.expect(200);
}
