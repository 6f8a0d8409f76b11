//! `wask property …` and the file `.wskprops`.

use std::os::unix::fs::PermissionsExt as _;

use wask_tests::TestServer;

use super::Shell;

#[tokio::test(flavor = "multi_thread")]
async fn properties_can_be_set_printed_and_unset() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let shell = Shell::without_properties();

    let set = shell.ok(&["property", "set", "--apihost", &wask.base(), "--auth", &me.auth]).await;
    assert!(!set.out.contains(&me.auth), "a key does not belong on the screen: {}", set.out);
    let file = String::from_utf8(shell.read(".wskprops")).unwrap();
    assert_eq!(file, format!("AUTH={}\nAPIHOST={}\n", me.auth, wask.base()));
    assert_eq!(shell.path(".wskprops").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(shell.ok(&["namespace", "list"]).await.out, "namespaces\nguest\n");

    assert_eq!(shell.ok(&["property", "get", "--auth"]).await.out, format!("whisk auth\t\t{}\n", me.auth));
    let all = shell.ok(&["property", "get", "--all"]).await.out;
    for part in [
        format!("whisk API host\t\t{}", wask.base()),
        "whisk API version\t\tv1".into(),
        "whisk API build\t\twask".into(),
    ] {
        assert!(all.contains(&part), "{part} is not in {all}");
    }

    shell.ok(&["property", "unset", "--auth"]).await;
    assert_eq!(String::from_utf8(shell.read(".wskprops")).unwrap(), format!("APIHOST={}\n", wask.base()));
    shell.run(&["property", "set"]).await.expect(2);
    shell.run(&["property", "unset"]).await.expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_override_the_named_file_which_overrides_the_one_at_home() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    let shell = Shell::new(&wask, &me);
    shell.put("named", format!("APIHOST={}\nAUTH={}\n", wask.base(), other.auth));
    let named = shell.path("named");
    let variables = [("WSK_CONFIG_FILE", named.to_str().unwrap())];
    let list = ["namespace", "list", "-o", "json"];

    assert_eq!(shell.run(&list).await.expect(0).json()[0], "guest");
    assert_eq!(shell.run_with(&list, &variables).await.expect(0).json()[0], "other");
    let with_key = [&list[..], &["--auth", &me.auth]].concat();
    assert_eq!(shell.run_with(&with_key, &variables).await.expect(0).json()[0], "guest");
    let in_front = [&["-u", &me.auth][..], &list].concat();
    assert_eq!(shell.run_with(&in_front, &variables).await.expect(0).json()[0], "guest");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_finds_the_dev_server_of_its_folder_without_properties() {
    let wask = TestServer::start().await;
    let shell = Shell::without_properties();
    let missing = shell.run(&["action", "list"]).await.expect(2);
    assert!(
        missing.error().starts_with("error: Authorization key is not configured (--auth is required"),
        "{}",
        missing.err
    );

    shell.put(".wask/wskprops", format!("APIHOST={}\nAUTH={}\n", wask.base(), wask.guest().auth));
    assert_eq!(shell.ok(&["action", "list"]).await.out, "actions\n");
}
