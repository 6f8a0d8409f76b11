//! `wask api …`.

use wask_tests::TestServer;

use super::Shell;

#[tokio::test(flavor = "multi_thread")]
async fn a_route_maps_a_path_and_a_method_to_an_action() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_web_action("orders", &wask_tests::guest("echo")).await;
    me.create_action("plain", &wask_tests::guest("echo")).await;
    let shell = Shell::new(&wask, &me);

    let created = shell.ok(&["api", "create", "/shop", "/orders", "get", "orders"]).await;
    let (sentence, url) = created.out.trim_end().split_once('\n').unwrap();
    assert_eq!(sentence, "ok: created API /shop/orders GET for action /guest/orders");
    let url = url.strip_prefix(&wask.base()).expect("a URL of this server").to_owned();
    let answer = me.send(me.anonymous(reqwest::Method::GET, &format!("{url}?n=1"))).await.expect(200);
    assert_eq!(answer.json()["n"], "1");

    shell.ok(&["api", "create", "/shop", "/orders/{id}", "put", "orders", "--response-type", "http"]).await;
    let list = shell.ok(&["api", "list", "/shop", "-n"]).await.out;
    let rows: Vec<Vec<_>> = list.lines().skip(1).map(|row| row.split_whitespace().take(2).collect()).collect();
    assert_eq!(rows, [["/guest/orders", "get"], ["/guest/orders", "put"]], "{list}");
    let document = shell.ok(&["api", "get", "/shop"]).await.json();
    assert_eq!((&document["basePath"], document["paths"].as_object().unwrap().len()), (&"/shop".into(), 2));
    let yaml = shell.ok(&["api", "get", "/shop", "--format", "yaml"]).await.out;
    assert!(yaml.contains("basePath: /shop\n"), "{yaml}");

    shell.ok(&["api", "delete", "/shop", "/orders", "get"]).await;
    me.send(me.anonymous(reqwest::Method::GET, &url)).await.expect(404);
    assert_eq!(shell.ok(&["api", "delete", "/shop"]).await.out, "ok: deleted API /shop\n");
    shell.put("api.yaml", yaml);
    shell.ok(&["api", "create", "--config-file", "api.yaml"]).await;
    assert_eq!(
        shell.ok(&["api", "get", "/shop"]).await.json()["paths"],
        document["paths"],
        "a document makes the API again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_api_is_refused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("plain", &wask_tests::guest("echo")).await;
    let shell = Shell::new(&wask, &me);
    shell.put("bad.json", r#"{"swagger": "2.0"}"#);
    for (arguments, code, text) in [
        (&["/a", "/b", "get", "plain"][..], 1, "Action '/_/plain' is not a web action."),
        (&["/a", "/b", "get", "gone"], 148, "Unable to get action 'gone': The requested resource does not exist."),
        (&["/a", "/b", "fetch", "plain"], 2, "'fetch' is not a valid API verb.  Valid values are: get, post,"),
        (&["a", "/b", "get", "plain"], 2, "'a' must begin with '/'."),
        (&["/a", "/{b}", "get", "plain"], 2, "A response type of 'http' is required when using path parameters."),
        (&["-c", "bad.json"], 1, "Swagger file is invalid (missing basePath, info, paths, or swagger fields)"),
        (&["-c", "none.json"], 1, "Error reading swagger file 'none.json': "),
    ] {
        let refused = shell.run(&[&["api", "create"][..], arguments].concat()).await.expect(code);
        assert!(refused.error().starts_with(&format!("error: {text}")), "{arguments:?}: {}", refused.err);
    }
    shell.run(&["api", "create", "/a", "/b"]).await.expect(2);
    let gone = shell.run(&["api", "get", "/gone"]).await.expect(148);
    assert_eq!(gone.error(), "error: Unable to get API '/gone': API does not exist for basepath /gone");
}
