//! Parses the URL of a receiver. The host is read as browsers read it (WHATWG), so that every spelling of an address
//! means that address. Path and query are sent as given, because receivers compare and sign them. Feeds contract §C.2,
//! C.9.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::uri::{PathAndQuery, Uri};
use url::Url;

/// An absolute URL with scheme `http` or `https`, without user name and fragment, whose port is 80, 443 or at least
/// 1024.
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
        let name = name.strip_suffix('.').unwrap_or(name); // the dot marks a name as complete; all are
        if name.is_empty() {
            return Err(BadTarget::NotAbsolute);
        }
        Ok(Host::Name(name.to_owned()))
    }

    /// The addresses that are known without a look-up: an address itself, and the loopback addresses for `localhost`
    /// and all names below it (RFC 6761 §6.3).
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
mod tests;
