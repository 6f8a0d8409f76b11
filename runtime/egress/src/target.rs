//! Parses the URL of a receiver. The host is read as browsers read it (WHATWG), so that every spelling of an address means
//! that address. Path and query are sent as given, because receivers compare and sign them. Feeds contract §C.2, C.9.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::uri::{PathAndQuery, Uri};
use url::Url;

/// An absolute URL with scheme `http` or `https`, without user name and fragment, whose port is 80, 443 or at least 1024.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    given: String,
    scheme: Scheme,
    host: Host,
    port: u16,
    path_and_query: PathAndQuery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// The host of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// A name in ASCII and lower case, without a dot at its end.
    Name(String),
    /// An address. An IPv4-mapped IPv6 address is stored as IPv4.
    Address(IpAddr),
}

/// Why a text is not a [`Target`]. The text is a sentence for a user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// It is longer than [`Target::LONGEST`].
    #[error("the URL is {length} bytes long; at most {limit} are allowed")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The largest length allowed.
        limit: usize,
    },
    /// It does not parse, has no host, or another scheme.
    #[error("the URL must be an absolute http or https URL")]
    NotAbsolute,
    /// It has an `@` before the path.
    #[error("the URL must not contain a user name or a password")]
    UserInfo,
    /// It has a `#`.
    #[error("the URL must not contain a fragment")]
    Fragment,
    /// Its port is below 1024 and neither 80 nor 443.
    #[error("the URL's port {0} is not allowed; 80, 443 and 1024 to 65535 are")]
    Port(u16),
    /// It has white space, a control character or a backslash, or a character in path or query that must be
    /// percent-encoded.
    #[error("the URL contains a character that is not allowed")]
    Illegal,
}

impl Target {
    /// The length of the longest URL, in bytes.
    pub const LONGEST: usize = 2048;

    /// Parses a URL. `Err` says what is wrong with it; a port above 65535 counts as [`BadTarget::NotAbsolute`].
    pub fn parse(text: &str) -> Result<Target, BadTarget> {
        if text.len() > Target::LONGEST {
            return Err(BadTarget::TooLong { length: text.len(), limit: Target::LONGEST });
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(BadTarget::Illegal); // a URL parser would silently drop or replace them
        }
        let (scheme, rest) = Scheme::split(text).ok_or(BadTarget::NotAbsolute)?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.is_empty() {
            return Err(BadTarget::NotAbsolute); // a URL parser would look for the host after further slashes
        }
        if authority.contains('@') {
            return Err(BadTarget::UserInfo);
        }
        if rest.contains('#') {
            return Err(BadTarget::Fragment);
        }
        let (host, port) = read_authority(scheme, authority)?;
        if !matches!(port, 80 | 443 | 1024..) {
            return Err(BadTarget::Port(port));
        }
        let path_and_query = read_path_and_query(rest)?;
        Ok(Target { given: text.to_owned(), scheme, host, port, path_and_query })
    }

    /// The URL as it was given.
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// Whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        match self.scheme {
            Scheme::Http => false,
            Scheme::Https => true,
        }
    }

    /// The name in ASCII and lower case, or the address in its shortest form, IPv6 in brackets.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Name(name) => name.clone(),
            Host::Address(IpAddr::V4(address)) => address.to_string(),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        }
    }

    /// The port: the one of the URL, or that of its scheme.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port`. Concurrent requests to one receiver are counted under this name.
    pub fn site(&self) -> String {
        format!("{}:{}", self.host(), self.port)
    }

    /// Path and query for the request line, as given, at least `/`.
    pub fn path_and_query(&self) -> &str {
        self.path_and_query.as_str()
    }

    /// The value of the header `Host`. It has a port only if that is not the scheme's default.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.port() { self.host() } else { self.site() }
    }

    pub(crate) fn uri(&self) -> Uri {
        Uri::from(self.path_and_query.clone())
    }

    pub(crate) fn named(&self) -> &Host {
        &self.host
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

impl Scheme {
    /// The scheme, and the text after `://`.
    fn split(text: &str) -> Option<(Scheme, &str)> {
        let (scheme, rest) = text.split_once("://")?;
        match scheme.to_ascii_lowercase().as_str() {
            "http" => Some((Scheme::Http, rest)),
            "https" => Some((Scheme::Https, rest)),
            _ => None,
        }
    }

    fn port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// Parses host and port. Only this part goes through the URL parser, because the parser would rewrite a path.
fn read_authority(scheme: Scheme, authority: &str) -> Result<(Host, u16), BadTarget> {
    let bare = match scheme {
        Scheme::Http => format!("http://{authority}/"),
        Scheme::Https => format!("https://{authority}/"),
    };
    let url = Url::parse(&bare).map_err(|_| BadTarget::NotAbsolute)?;
    let host = match url.host() {
        None => return Err(BadTarget::NotAbsolute),
        Some(url::Host::Domain(name)) => Host::from_name(name)?,
        Some(url::Host::Ipv4(address)) => Host::Address(IpAddr::V4(address)),
        Some(url::Host::Ipv6(address)) => Host::Address(address.to_canonical()),
    };
    Ok((host, url.port().unwrap_or(scheme.port())))
}

impl Host {
    fn from_name(name: &str) -> Result<Host, BadTarget> {
        let name = name.strip_suffix('.').unwrap_or(name); // a dot at the end marks a name as complete; every name here is
        if name.is_empty() {
            return Err(BadTarget::NotAbsolute);
        }
        Ok(Host::Name(name.to_owned()))
    }

    /// The addresses that are known without a look-up: an address itself, and the loopback addresses for `localhost` and
    /// all names below it (RFC 6761 §6.3).
    pub(crate) fn known_addresses(&self) -> Vec<IpAddr> {
        match self {
            Host::Address(address) => vec![*address],
            Host::Name(name) if name == "localhost" || name.ends_with(".localhost") => {
                vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
            }
            Host::Name(_) => Vec::new(),
        }
    }
}

fn read_path_and_query(rest: &str) -> Result<PathAndQuery, BadTarget> {
    if !rest.is_ascii() {
        return Err(BadTarget::Illegal); // a request line is ASCII
    }
    let rooted = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    PathAndQuery::try_from(rooted).map_err(|_| BadTarget::Illegal)
}

#[cfg(test)]
mod tests {
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
}
