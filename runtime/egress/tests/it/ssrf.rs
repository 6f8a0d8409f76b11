//! Requests to addresses that users must not reach. Threats, T18.

use std::sync::Arc;

use wask_egress::{BadTarget, Egress, EgressConfig, Objection, SendError, SystemResolver, Target};

use crate::receiver::{Receiver, Trap};
use crate::rig::{Names, egress, local, send, target};

/// Spellings of addresses that the default policy forbids. `{P}` is the port of a listener on 127.0.0.1.
const FORBIDDEN_LITERALS: &[&str] = &[
    "http://127.0.0.1:{P}/",
    "http://localhost:{P}/",
    "http://LocalHost.:{P}/",
    "http://a.localhost:{P}/",
    "http://[::1]:{P}/",
    "http://0.0.0.0:{P}/",
    "http://[::]:{P}/",
    "http://127.1:{P}/",
    "http://0177.0.0.1:{P}/",
    "http://2130706433:{P}/",
    "http://0x7f.1:{P}/",
    "http://0x7F000001:{P}/",
    "http://127.0.0.1.:{P}/",
    "http://%31%32%37.0.0.1:{P}/",
    "http://①②⑦.0.0.1:{P}/",
    "http://127。0。0。1:{P}/",
    "http://[::ffff:127.0.0.1]:{P}/",
    "http://[::ffff:7f00:1]:{P}/",
    "http://[::127.0.0.1]:{P}/",
    "http://[64:ff9b::7f00:1]:{P}/",
    "http://[64:ff9b:1::7f00:1]:{P}/",
    "http://[2002:7f00:1::]:{P}/",
    "http://[2001:0:7f00:1::]:{P}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://100.64.0.1/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://192.0.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[fe80::1]/",
    "http://[ff02::1]/",
];

#[tokio::test]
async fn a_forbidden_address_is_refused_by_the_check_and_by_the_request() {
    let trap = Trap::at("127.0.0.1:0");
    let egress = egress(&[], Names::with("*", &[&["127.0.0.1", "::1"]]));
    for literal in FORBIDDEN_LITERALS {
        let url = literal.replace("{P}", &trap.port().to_string());
        let target = target(&url);
        assert!(egress.check_literal(&target).is_err(), "{url} was let in");
        let sent = send(&egress, &url).await;
        assert!(matches!(sent, Err(SendError::Forbidden(_))), "{url}: {sent:?}");
    }
    assert!(trap.is_untouched());
}

#[test]
fn a_url_that_hides_its_host_is_not_a_target() {
    for (url, reason) in [
        ("file:///etc/passwd", BadTarget::NotAbsolute),
        ("gopher://127.0.0.1:6379/_FLUSHALL", BadTarget::NotAbsolute),
        ("ftp://127.0.0.1/", BadTarget::NotAbsolute),
        ("unix:/var/run/docker.sock", BadTarget::NotAbsolute),
        ("http://user:pw@127.0.0.1", BadTarget::UserInfo),
        ("http://good.example@127.0.0.1/", BadTarget::UserInfo),
        (r"http://127.0.0.1\@good.example/", BadTarget::Illegal),
        ("http://good.example#@127.0.0.1/", BadTarget::Fragment),
        ("http://good.example/\r\nHost: 127.0.0.1", BadTarget::Illegal),
        ("http://good.example\r\n.127.0.0.1/", BadTarget::Illegal),
        ("http://good.example%0d%0a/", BadTarget::NotAbsolute),
        ("http://good.example:0/", BadTarget::Port(0)),
        ("http://good.example:22/", BadTarget::Port(22)),
        ("http://good.example:25/", BadTarget::Port(25)),
        ("http://good.example:65536/", BadTarget::NotAbsolute),
    ] {
        assert_eq!(Target::parse(url), Err(reason), "{url:?}");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_name_with_one_forbidden_address() {
    let (receiver, trap) = Receiver::next_to_a_trap().await;
    let url = format!("http://both.example:{}/", receiver.port());
    for answers in [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "::ffff:127.0.0.1"]] {
        let egress = egress(&["127.0.0.2"], Names::with("both.example", &[&answers]));
        assert!(egress.check_literal(&target(&url)).is_ok(), "only a look-up shows it");
        let Err(SendError::Forbidden(forbidden)) = send(&egress, &url).await else { panic!("sent to {answers:?}") };
        assert_eq!((forbidden.host.as_str(), forbidden.why), ("both.example", Objection::Special("loopback")));
    }
    assert_eq!(receiver.requests(), Vec::<String>::new());
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn a_public_address_next_to_a_forbidden_one_does_not_help() {
    let trap = Trap::at("127.0.0.1:0");
    let egress = egress(&[], Names::with("both.example", &[&["8.8.8.8", "127.0.0.1"]]));
    let sent = send(&egress, &format!("http://both.example:{}/", trap.port())).await;
    assert!(matches!(sent, Err(SendError::Forbidden(_))), "{sent:?}");
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn a_request_to_a_rebound_name_goes_to_the_vetted_address() {
    let (receiver, trap) = Receiver::next_to_a_trap().await;
    let names = Names::with("rebind.example", &[&["127.0.0.2"], &["127.0.0.1"]]);
    let egress = egress(&["127.0.0.2"], names.clone());
    let url = format!("http://rebind.example:{}/", receiver.port());

    assert_eq!(send(&egress, &url).await.unwrap().status, 200);
    assert_eq!(names.asked(), ["rebind.example"], "a second look-up would have got the other address");
    assert!(receiver.request().contains(&format!("host: rebind.example:{}\r\n", receiver.port())));

    let again = send(&egress, &url).await;
    assert!(matches!(again, Err(SendError::Forbidden(_))), "{again:?}");
    assert_eq!(receiver.requests().len(), 1);
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn nothing_is_sent_to_a_name_of_this_machine_or_a_metadata_service() {
    let trap = Trap::at("127.0.0.1:0");
    for address in ["127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "64:ff9b::a9fe:a9fe", "0.0.0.0", "::"] {
        for url in ["http://alias.example:{P}/", "http://ALIAS.example.:{P}/"] {
            let egress = egress(&[], Names::with("alias.example", &[&[address]]));
            let sent = send(&egress, &url.replace("{P}", &trap.port().to_string())).await;
            assert!(matches!(sent, Err(SendError::Forbidden(_))), "{address}: {sent:?}");
        }
    }
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn nothing_is_sent_to_localhost_as_the_system_resolves_it() {
    let trap = Trap::at("127.0.0.1:0");
    let egress = Egress::new(&EgressConfig::default(), Arc::new(SystemResolver::default())).unwrap();
    let sent = send(&egress, &format!("http://localhost:{}/", trap.port())).await;
    assert!(matches!(sent, Err(SendError::Forbidden(_))), "{sent:?}");
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn a_denied_address_stays_forbidden_even_if_a_setting_allows_it() {
    let own_database = Trap::at("127.0.0.1:0");
    let config = EgressConfig {
        allow_private: true,
        allow_cidrs: vec!["127.0.0.1".into()],
        deny_cidrs: vec!["127.0.0.1".into()],
    };
    let egress = Egress::new(&config, Names::with("db.example", &[&["127.0.0.1"]])).unwrap();
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "db.example"] {
        let sent = send(&egress, &format!("http://{host}:{}/", own_database.port())).await;
        let Err(SendError::Forbidden(forbidden)) = sent else { panic!("{host}: {sent:?}") };
        assert_eq!(forbidden.why, Objection::Denied);
    }
    assert!(own_database.is_untouched());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let trap = Trap::at("127.0.0.1:0");
    for status in [301, 302, 303, 307, 308] {
        let location = format!("http://127.0.0.1:{}/", trap.port());
        let head = format!("HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let receiver = Receiver::answering(head).await;
        assert_eq!(send(&local(), &receiver.url("/")).await.unwrap().status, status);
        assert_eq!(receiver.requests().len(), 1);
    }
    assert!(trap.is_untouched());
}

/// Runs the test of a plain request again, in a process whose environment names proxies.
#[test]
fn proxies_of_the_environment_are_not_used() {
    let proxy = Trap::at("127.0.0.1:0");
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "wire::a_request_arrives_with_its_path_headers_and_body"]);
    for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(variable, format!("http://127.0.0.1:{}", proxy.port()));
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = child.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
    assert!(proxy.is_untouched());
}
