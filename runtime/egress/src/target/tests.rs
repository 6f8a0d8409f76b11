use super::*;
use proptest::prelude::*;

#[test]
fn a_text_that_is_not_an_absolute_http_url_is_refused_with_the_reason() {
    for (text, reason) in [
        ("file:///etc/passwd", BadTarget::NotAbsolute),
        ("gopher://example.com/", BadTarget::NotAbsolute),
        ("ftp://example.com/", BadTarget::NotAbsolute),
        ("unix:/run/docker.sock", BadTarget::NotAbsolute),
        ("//example.com/", BadTarget::NotAbsolute),
        ("/path", BadTarget::NotAbsolute),
        ("", BadTarget::NotAbsolute),
        ("http:example.com", BadTarget::NotAbsolute),
        ("http:/example.com", BadTarget::NotAbsolute),
        ("http:///example.com/", BadTarget::NotAbsolute),
        ("http://", BadTarget::NotAbsolute),
        ("http://?x", BadTarget::NotAbsolute),
        ("http://:8080/", BadTarget::NotAbsolute),
        ("http://./", BadTarget::NotAbsolute),
        ("http://[::1/", BadTarget::NotAbsolute),
        ("http://[fe80::1%25eth0]/", BadTarget::NotAbsolute),
        ("http://1.2.3.256/", BadTarget::NotAbsolute),
        ("http://a%00b.example/", BadTarget::NotAbsolute),
        ("http://a%0d%0ab.example/", BadTarget::NotAbsolute),
        ("http://example.com:65536/", BadTarget::NotAbsolute),
        ("http://example.com:-1/", BadTarget::NotAbsolute),
        ("http://example.com:0/", BadTarget::Port(0)),
        ("http://example.com:22/", BadTarget::Port(22)),
        ("http://example.com:25/", BadTarget::Port(25)),
        ("https://example.com:1023/", BadTarget::Port(1023)),
        ("http://user:pw@127.0.0.1", BadTarget::UserInfo),
        ("http://good.example@127.0.0.1/", BadTarget::UserInfo),
        ("http://@example.com/", BadTarget::UserInfo),
        (r"http://127.0.0.1\@good.example/", BadTarget::Illegal),
        ("http://good.example#@127.0.0.1/", BadTarget::Fragment),
        ("http://example.com/#", BadTarget::Fragment),
        ("http://example.com/\r\nX-Forged: 1", BadTarget::Illegal),
        ("http://exam\r\nple.com/", BadTarget::Illegal),
        ("http://example.com/a b", BadTarget::Illegal),
        (" http://example.com/", BadTarget::Illegal),
        ("http://example.com/\t", BadTarget::Illegal),
        ("http://example.com/\u{85}", BadTarget::Illegal),
        ("http://example.com/\u{2028}", BadTarget::Illegal),
        ("http://example.com/?name=Müller", BadTarget::Illegal),
        ("http://example.com/<script>", BadTarget::Illegal),
    ] {
        assert_eq!(Target::parse(text), Err(reason), "{text:?}");
    }
}

#[test]
fn a_url_has_at_most_2048_bytes() {
    let longest = format!("http://example.com/{}", "a".repeat(2048 - 19));
    assert!(Target::parse(&longest).is_ok());
    let longer = longest + "a";
    assert_eq!(Target::parse(&longer), Err(BadTarget::TooLong { length: 2049, limit: 2048 }));
}

#[test]
fn a_host_has_one_spelling() {
    for (text, site) in [
        ("http://Hooks.EXAMPLE.com", "hooks.example.com:80"),
        ("HTTPS://hooks.example.com.", "hooks.example.com:443"),
        ("http://hooks.example.com.:8080/", "hooks.example.com:8080"),
        ("https://bücher.example/", "xn--bcher-kva.example:443"),
        ("http://gооgle.com/", "xn--ggle-55da.com:80"), // two Cyrillic letters
        ("http://①②⑦.0.0.1", "127.0.0.1:80"),
        ("http://%31%32%37.0.0.1", "127.0.0.1:80"),
        ("http://127.0.0.1.:1024", "127.0.0.1:1024"),
        ("http://0x7f.1", "127.0.0.1:80"),
        ("http://0177.0.0.1", "127.0.0.1:80"),
        ("http://2130706433", "127.0.0.1:80"),
        ("http://[::FFFF:127.0.0.1]", "127.0.0.1:80"),
        ("http://[0:0:0:0:0:0:0:1]:65535", "[::1]:65535"),
    ] {
        assert_eq!(Target::parse(text).unwrap().site(), site, "{text}");
    }
}

#[test]
fn the_host_header_leaves_out_the_port_of_the_scheme() {
    for (text, authority) in [
        ("http://example.com:80/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("http://example.com:443/", "example.com:443"),
        ("http://[2001:4860::8]:8080/", "[2001:4860::8]:8080"),
    ] {
        assert_eq!(Target::parse(text).unwrap().authority(), authority, "{text}");
    }
}

#[test]
fn path_and_query_stay_as_given() {
    for (rest, sent) in [
        ("", "/"),
        ("?", "/?"),
        ("?a=1&b=2", "/?a=1&b=2"),
        ("/a/../b//c/./", "/a/../b//c/./"),
        ("/%41%2f%2F?q=%20+'{}|^~!$&()*,;:@/?", "/%41%2f%2F?q=%20+'{}|^~!$&()*,;:@/?"),
    ] {
        let target = Target::parse(&format!("https://example.com{rest}")).unwrap();
        assert_eq!(target.path_and_query(), sent);
        assert_eq!(target.as_str(), format!("https://example.com{rest}"));
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>(), rest in any::<String>()) {
        let _ = Target::parse(&text);
        for url in [format!("http://{text}"), format!("http://{text}/{rest}"), format!("https://a.example{rest}")] {
            if let Ok(target) = Target::parse(&url) {
                prop_assert_eq!(target.as_str(), &url);
                prop_assert!(target.host().is_ascii());
            }
        }
    }

    #[test]
    fn any_legal_path_and_query_is_sent_as_given(
        path in "/[A-Za-z0-9/._~!$&'()*+,;=:@%-]{0,60}",
        query in "[A-Za-z0-9/._~!$&'()*+,;=:@%?-]{0,60}",
    ) {
        let given = format!("{path}?{query}");
        let target = Target::parse(&format!("http://example.com{given}")).unwrap();
        prop_assert_eq!(target.path_and_query(), given);
    }
}
