//! createApi, getApi and deleteApi.

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::TestServer;

use super::{MANAGEMENT, ask, create, listed, manage, route, served, web_echo};

#[tokio::test(flavor = "multi_thread")]
async fn an_api_document_has_the_shape_that_clients_expect() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let mut named = route("/club", "/books/{isbn}", "GET", "pkg/getBooks");
    named["apiName"] = json!("Book Club");
    named["action"]["namespace"] = json!("_");
    let made = create(&me, ".http?responsetype=http", named).await.expect(200).json();
    let base = wask.base();
    assert_eq!(made["gwApiUrl"], format!("{base}/api/gw/guest/club"));
    let doc = json!({
        "swagger": "2.0", "info": { "title": "Book Club", "version": "1.0.0" }, "basePath": "/club",
        "paths": { "/books/{isbn}": { "get": {
            "operationId": "getBooksIsbn",
            "parameters": [{ "name": "isbn", "in": "path", "required": true, "type": "string" }],
            "responses": { "default": { "description": "Default response" } },
            "x-openwhisk": {
                "namespace": "guest", "package": "pkg", "action": "getBooks",
                "url": format!("{base}/api/v1/web/guest/pkg/getBooks.http"),
            },
        } } },
    });
    assert_eq!(made["apidoc"], doc);
    let all = manage(&me, Method::GET, "getApi").await.expect(200).json();
    assert_eq!(all["apis"][0]["value"], made);
    assert_eq!(all["apis"].as_array().unwrap().len(), 1);

    create(&me, "", route("/", "/", "put", "hello")).await.expect(200);
    let root = manage(&me, Method::GET, "getApi.json?basepath=/").await.expect(200).json();
    assert_eq!(root["apis"][0]["value"]["gwApiUrl"], format!("{base}/api/gw/guest"));
    assert_eq!(root["apis"][0]["value"]["apidoc"]["info"]["title"], "/", "an API without a name is called by its path");
}

#[tokio::test(flavor = "multi_thread")]
async fn apis_are_selected_by_base_path_name_path_and_verb() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let mut named = route("/club", "/books", "get", "a");
    named["apiName"] = json!("Book Club");
    create(&me, "", named).await.expect(200);
    for (base, path, verb) in [("/club", "/books", "post"), ("/club", "/members", "get"), ("/bar", "/drinks", "get")] {
        create(&me, "", route(base, path, verb, "a")).await.expect(200);
    }
    let club = ["get /club /books", "post /club /books", "get /club /members"];
    for (query, expected) in [
        ("", vec!["get /bar /drinks", club[0], club[1], club[2]]),
        ("?basepath=%2Fclub", club.to_vec()),
        ("?basepath=/club/", club.to_vec()),
        ("?basepath=Book%20Club", club.to_vec()),
        ("?basepath=/club&relpath=/books", club[..2].to_vec()),
        ("?basepath=/club&relpath=/books&operation=POST", vec![club[1]]),
        ("?operation=get", vec!["get /bar /drinks", club[0], club[2]]),
        (
            "?basepath=undefined&relpath=undefined&operation=undefined&limit=undefined",
            vec!["get /bar /drinks", club[0], club[1], club[2]],
        ),
        ("?limit=1", vec!["get /bar /drinks"]),
        ("?limit=0&skip=1", club.to_vec()),
        ("?basepath=/none", vec![]),
        ("?basepath=/clu", vec![]),
    ] {
        assert_eq!(listed(&me, query).await, expected, "{query}");
    }
    let refused = manage(&me, Method::GET, "getApi?limit=x").await.expect(400);
    assert_eq!(
        refused.error(),
        "The query parameter 'limit' was malformed:\nThe value 'x' is not an integer for apis."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_with_the_same_path_and_verb_replaces_the_old_one() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me).await;
    me.create_web_action("panic", &wask_tests::guest("panic")).await;
    let at = served(&me, "/club", "/books", "get", "panic").await;
    ask(&me, "GET", &at).await.expect(400);
    assert_eq!(served(&me, "/club", "/books/", "GET", "echo").await, format!("{at}/"));
    ask(&me, "GET", &at).await.expect(200);
    assert_eq!(listed(&me, "").await, ["get /club /books"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_removes_a_verb_a_path_or_the_whole_api() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me).await;
    for (path, verb) in [("/a", "get"), ("/a", "post"), ("/b", "get"), ("/c", "get")] {
        served(&me, "/club", path, verb, "echo").await;
    }
    let delete = |query: &'static str| manage(&me, Method::DELETE, query);
    let gone = delete("deleteApi?basepath=/club&relpath=/a&operation=POST&force=true").await.expect(204);
    assert!(gone.body.is_empty());
    assert_eq!(listed(&me, "").await, ["get /club /a", "get /club /b", "get /club /c"]);
    ask(&me, "POST", "/api/gw/guest/club/a").await.expect(405);
    delete("deleteApi.http?basepath=/club&relpath=/a&operation=undefined").await.expect(204);
    ask(&me, "GET", "/api/gw/guest/club/a").await.expect(404);
    for (query, status, error) in [
        ("deleteApi?basepath=/none", 404, "API '/none' does not exist."),
        ("deleteApi?basepath=/club&relpath=/a", 404, "API '/club' does not have the path '/a'."),
        (
            "deleteApi?basepath=/club&relpath=/b&operation=put",
            404,
            "API '/club' does not have the operation 'put' of the path '/b'.",
        ),
        ("deleteApi", 400, "basepath is required."),
        ("deleteApi?basepath=/club&operation=get", 400, "When specifying an operation, the path is required."),
        (
            "deleteApi?basepath=/club&relpath=/b&operation=brew",
            400,
            "'brew' is not a method of an API; use one of get, post, put, patch, delete, head, options.",
        ),
        ("getApi", 404, "The requested resource does not exist."),
    ] {
        assert_eq!(delete(query).await.expect(status).error(), error, "{query}");
    }
    delete("deleteApi?basepath=/club").await.expect(204);
    assert_eq!(listed(&me, "").await, [""; 0]);
    served(&me, "/last", "/a", "get", "echo").await;
    delete("deleteApi?basepath=/last&relpath=/a").await.expect(204);
    assert_eq!(manage(&me, Method::GET, "getApi").await.json(), json!({ "apis": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn apis_belong_to_the_namespace_of_the_key() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("some one@home").await);
    web_echo(&me).await;
    served(&me, "/club", "/books", "get", "echo").await;
    for (method, call) in
        [(Method::POST, "createApi"), (Method::GET, "getApi.http"), (Method::DELETE, "deleteApi.json")]
    {
        me.send(me.anonymous(method.clone(), &format!("{MANAGEMENT}/{call}"))).await.expect(401);
        me.send(me.anonymous(method, &format!("{MANAGEMENT}/{call}")).basic_auth("a", Some("b"))).await.expect(401);
    }
    assert_eq!(listed(&other, "").await, [""; 0]);
    manage(&other, Method::DELETE, "deleteApi?basepath=/club").await.expect(404);
    let mut foreign = route("/club", "/x", "get", "echo");
    foreign["namespace"] = json!("guest");
    let refused = create(&other, "", foreign).await.expect(403);
    assert_eq!(refused.error(), "The supplied authentication is not authorized to access 'guest'.");
    // A route can lead to another namespace's web action, because every caller may call it.
    let at = served(&other, "/club", "/theirs", "get", "echo").await;
    assert_eq!(at, "/api/gw/some%20one@home/club/theirs");
    ask(&me, "GET", &at).await.expect(200);
    assert_eq!(listed(&me, "").await, ["get /club /books"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_route_is_refused_with_the_reason() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let without = |member: &str| {
        let mut doc = route("/club", "/books", "get", "a");
        doc.as_object_mut().unwrap().remove(member);
        doc
    };
    let with = |pointer: &str, value: Value| {
        let mut doc = route("/club", "/books", "get", "a");
        *doc.pointer_mut(pointer).unwrap() = value;
        doc
    };
    for (doc, error) in [
        (json!(null), "apidoc must be a JSON object"),
        (json!("{not json"), "apidoc must be a JSON object"),
        (without("gatewayBasePath"), "apidoc is missing the gatewayBasePath field"),
        (without("gatewayPath"), "apidoc is missing the gatewayPath field"),
        (without("gatewayMethod"), "apidoc is missing the gatewayMethod field"),
        (without("action"), "apidoc is missing the action field"),
        (with("/action/name", json!("")), "action is missing the name field"),
        (
            with("/gatewayPath", json!("books")),
            "The path 'books' of an API is malformed: it must begin with a slash and have segments like 'books' or '{isbn}'.",
        ),
        (with("/gatewayBasePath", json!("/{a}")), "The base path '/{a}' of an API cannot have parameters."),
        (
            with("/gatewayMethod", json!("brew")),
            "'brew' is not a method of an API; use one of get, post, put, patch, delete, head, options.",
        ),
    ] {
        assert_eq!(create(&me, "", doc.clone()).await.expect(400).error(), error, "{doc}");
    }
    let long = with("/gatewayPath", json!(format!("/{}", "x".repeat(600))));
    let refused = create(&me, "", long).await.expect(400);
    assert_eq!(refused.error(), "The path of an API is longer than allowed: 601 > 512 bytes.");
    create(&me, "", with("/action/name", json!("a=b"))).await.expect(400);
    let mut nameless = route("/club", "/books", "get", "a");
    nameless["apiName"] = json!("x".repeat(257));
    let refused = create(&me, "", nameless).await.expect(400);
    assert_eq!(refused.error(), "apiName must have 1 to 256 characters, it has 257.");
    let text = json!(route("/text", "/books", "get", "a").to_string());
    create(&me, "", text).await.expect(200); // apidoc as text, as old clients send it
    assert_eq!(listed(&me, "").await, ["get /text /books"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_has_a_bounded_number_of_routes_and_bytes() {
    let configure = |config: &mut wask::config::Config| {
        config.gateway.routes_per_namespace = 2;
        config.gateway.namespace_bytes = 2000;
        config.gateway.document_bytes = 3000;
    };
    let wask = TestServer::builder().configure(configure).start().await;
    let me = wask.guest();
    for path in ["/1", "/2", "/2"] {
        create(&me, "", route(path, "/x", "get", "a")).await.expect(200);
    }
    let refused = create(&me, "", route("/3", "/x", "get", "a")).await.expect(413);
    assert_eq!(refused.error(), "The namespace would have more API routes than allowed: 3 > 2.");
    let mut large = route("/2", "/x", "get", "a");
    large["padding"] = json!("x".repeat(3000));
    let refused = create(&me, "", large).await.expect(413).error();
    assert!(refused.starts_with("Request larger than allowed: ") && refused.ends_with(" > 3000 bytes."), "{refused}");
    let info = json!({ "title": "large", "description": "x".repeat(2000) });
    let swagger = json!({ "swagger": "2.0", "basePath": "/2", "info": info, "paths": {} });
    let refused = create(&me, "", json!({ "namespace": "_", "swagger": swagger })).await.expect(413).error();
    assert!(refused.starts_with("The APIs of the namespace larger than allowed: "), "{refused}");
    manage(&me, Method::DELETE, "deleteApi?basepath=/1").await.expect(204);
    create(&me, "", route("/3", "/x", "get", "a")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_created_concurrently_all_exist() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let making: Vec<_> = (0..8)
        .map(|n| {
            let me = me.clone();
            tokio::spawn(async move { create(&me, "", route("/club", &format!("/{n}"), "get", "a")).await.status })
        })
        .collect();
    let mut made = 0;
    for one in making {
        match one.await.unwrap().as_u16() {
            200 => made += 1,
            409 => (), // lost the race too often: nothing was written, and the client gets an error
            status => panic!("{status}"),
        }
    }
    assert_eq!(listed(&me, "").await.len(), made);
    assert!(0 < made);
}
