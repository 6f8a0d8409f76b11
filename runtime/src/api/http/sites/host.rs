//! Names of hosts: the one that a request is for, and those that a setting lists.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::header::HOST;

/// The host that a request is for, and its port: from an absolute URI or HTTP/2's `:authority`, otherwise from `Host`.
/// `None` if it names none, or more than one.
pub fn authority_of<B>(request: &http::Request<B>) -> Option<&str> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str());
    }
    let mut lines = request.headers().get_all(HOST).iter();
    let first = lines.next()?.to_str().ok()?;
    lines.next().is_none().then_some(first)
}

/// `host` or `host:port`, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Authority<'a> {
    /// Without a dot at its end; IPv6 in brackets.
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    pub fn parse(text: &'a str) -> Option<Self> {
        let end_of_host =
            if text.starts_with('[') { text.find(']')? + 1 } else { text.find(':').unwrap_or(text.len()) };
        let (host, port) = text.split_at(end_of_host);
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            None | Some(_) => return None,
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        (!host.is_empty() && !host.contains('@')).then_some(Authority { host, port })
    }

    /// Whether both name the same host and port. `default` is the port of those that name none.
    pub fn is_same(&self, other: &Authority<'_>, default: u16) -> bool {
        self.host.eq_ignore_ascii_case(other.host) && self.port.unwrap_or(default) == other.port.unwrap_or(default)
    }
}

/// Hosts that a setting names; ports do not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// `loopback`: `localhost`, 127.0.0.0/8 and `[::1]`.
    Loopback,
    /// One name or address.
    Exactly(String),
    /// `*.example.com`: what ends with `.example.com`.
    Below(String),
}

impl HostPattern {
    /// `None` if the text is no host; a port, a scheme and a path do not belong to one.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "loopback" {
            return Some(HostPattern::Loopback);
        }
        if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return address.parse::<Ipv6Addr>().ok().map(|_| HostPattern::Exactly(text.to_owned()));
        }
        let (below, name) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
        let labels = if below { name.strip_prefix('.')? } else { name };
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        labels.split('.').all(is_label).then(|| match below {
            true => HostPattern::Below(name.to_owned()),
            false => HostPattern::Exactly(name.to_owned()),
        })
    }

    /// The patterns of a setting; `Err` is the index of the first that is none.
    pub fn parse_all(texts: &[String]) -> Result<Vec<Self>, usize> {
        let parse = |(index, text): (usize, &String)| HostPattern::parse(text).ok_or(index);
        texts.iter().enumerate().map(parse).collect()
    }

    /// Exactly the host of a URL.
    pub fn of_url(url: &str) -> Option<Self> {
        let (_, authority) = url.split_once("://")?;
        Some(HostPattern::Exactly(Authority::parse(authority)?.host.to_owned()))
    }

    pub fn matches(&self, authority: &Authority<'_>) -> bool {
        let host = authority.host;
        match self {
            HostPattern::Loopback => {
                host.eq_ignore_ascii_case("localhost")
                    || host == "[::1]"
                    || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
            }
            HostPattern::Exactly(name) => host.eq_ignore_ascii_case(name),
            HostPattern::Below(end) => {
                let at = host.len().saturating_sub(end.len());
                at > 0 && host.get(at..).is_some_and(|rest| rest.eq_ignore_ascii_case(end))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, authority: &str) -> bool {
        let pattern = HostPattern::parse(pattern).expect("a pattern");
        Authority::parse(authority).is_some_and(|authority| pattern.matches(&authority))
    }

    #[test]
    fn loopback_is_every_spelling_of_this_machine_and_nothing_that_only_looks_like_it() {
        for host in ["localhost", "LOCALHOST:3233", "127.0.0.1:1", "127.9.9.9", "[::1]", "[::1]:3233", "localhost."] {
            assert!(matches("loopback", host), "{host}");
        }
        for host in ["localhost.evil.example", "127.0.0.1.evil.example", "evil.example", "128.0.0.1", "x@localhost", ""]
        {
            assert!(!matches("loopback", host), "{host}");
        }
    }

    #[test]
    fn a_name_is_matched_whole_and_a_star_needs_something_before_the_dot() {
        assert!(matches("api.example.com", "API.example.com:8443"));
        assert!(!matches("api.example.com", "api.example.com.evil.example"));
        assert!(matches("*.example.com", "a.b.example.com"));
        for host in ["example.com", ".example.com", "notexample.com", "example.com.evil.example"] {
            assert!(!matches("*.example.com", host), "{host}");
        }
    }

    #[test]
    fn a_pattern_has_no_scheme_port_or_path() {
        for wrong in ["", "*", "http://a", "a:80", "a/b", "a..b", "*a.example", "[::1", "[x]", "a b"] {
            assert_eq!(HostPattern::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn default_ports_need_not_be_written() {
        let same =
            |one, other, default| Authority::parse(one).unwrap().is_same(&Authority::parse(other).unwrap(), default);
        assert!(same("a", "A:80", 80) && same("a:443", "a", 443) && same("[::1]:1", "[::1]:1", 80));
        assert!(!same("a", "a:80", 443) && !same("a:1", "a:2", 80) && !same("a", "b", 80));
    }
}
