//! Pages of other origins: which of them may use the API with what a browser knows about its user. threats.md T31.

use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method};

use super::host::{Authority, authority_of};

/// How a browser says that a request comes from a page of another site.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Whose pages may use the API.
#[derive(Clone, Debug)]
pub struct Origins {
    /// Beyond the server's own: `https://app.example.com`, or `*`.
    allowed: Vec<String>,
    /// The URL of the API, which is an origin too.
    api_host: String,
    /// Whether other pages may read.
    foreign_reads: bool,
}

/// A page that may not do what it asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct ForeignPage<'a> {
    /// `None`: the browser did not say.
    pub origin: Option<&'a str>,
    pub wants_to_read: bool,
}

/// Whether a setting may name this origin: scheme and host, as browsers write them, or `*`.
pub fn is_origin(text: &str) -> bool {
    text == "*" || parse(text).is_some()
}

/// The authority of an origin, and the default port of its scheme. `None` for `null` and everything else.
fn parse(origin: &str) -> Option<(Authority<'_>, u16)> {
    let (scheme, authority) = origin.split_once("://")?;
    let default = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let is_bare = !authority.contains(['/', '?', '#', ' ']);
    Authority::parse(authority).filter(|_| is_bare).map(|authority| (authority, default))
}

impl Origins {
    pub fn new(allowed: &[String], api_host: &str, foreign_reads: bool) -> Self {
        Origins { allowed: allowed.to_vec(), api_host: api_host.to_owned(), foreign_reads }
    }

    /// `Err`: the request comes from a page that may not do this. What is no browser's request passes, and so does a
    /// preflight, which changes nothing.
    pub fn check<'a, B>(&self, request: &'a http::Request<B>) -> Result<(), ForeignPage<'a>> {
        let wants_to_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if *request.method() == Method::OPTIONS || wants_to_read && self.foreign_reads {
            return Ok(());
        }
        let named = self.foreign(request.headers(), authority_of(request));
        named.map_or(Ok(()), |origin| Err(ForeignPage { origin, wants_to_read }))
    }

    /// The foreign origin that the headers name; `Some(None)` if they only say that there is one.
    fn foreign<'a>(&self, headers: &'a HeaderMap, host: Option<&str>) -> Option<Option<&'a str>> {
        if self.allowed.iter().any(|allowed| allowed == "*") {
            return None;
        }
        let mut has_origin = false;
        for line in headers.get_all(ORIGIN) {
            has_origin = true;
            let Ok(origin) = line.to_str() else { return Some(None) };
            if !self.is_allowed(origin, host) {
                return Some(Some(origin));
            }
        }
        let is_cross_site = headers.get_all(SEC_FETCH_SITE).iter().any(|line| line == "cross-site");
        (is_cross_site && !has_origin).then_some(None)
    }

    fn is_allowed(&self, origin: &str, host: Option<&str>) -> bool {
        let Some((authority, default)) = parse(origin) else { return false };
        let is_own = host.and_then(Authority::parse).is_some_and(|host| authority.is_same(&host, default));
        let is_named = |named: &String| {
            parse(named).is_some_and(|(named, port)| port == default && authority.is_same(&named, default))
        };
        is_own || is_named(&self.api_host) || self.allowed.iter().any(is_named)
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn origins(allowed: &[&str], foreign_reads: bool) -> Origins {
        let allowed: Vec<String> = allowed.iter().map(|origin| (*origin).to_owned()).collect();
        Origins::new(&allowed, "https://api.example.com", foreign_reads)
    }

    fn request(method: Method, headers: &[(&str, &str)]) -> Request<()> {
        let builder = Request::builder().method(method).uri("/x").header("host", "10.0.0.1:3233");
        headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value)).body(()).unwrap()
    }

    #[test]
    fn own_and_allowed_origins_pass_and_all_others_do_not() {
        let passes = |headers: &[(&str, &str)]| {
            origins(&["https://app.example.com"], true).check(&request(Method::DELETE, headers)).is_ok()
        };
        assert!(passes(&[]));
        for own in ["http://10.0.0.1:3233", "https://api.example.com", "https://API.example.com:443"] {
            assert!(passes(&[("origin", own)]), "{own}");
        }
        assert!(passes(&[("origin", "https://app.example.com"), ("sec-fetch-site", "cross-site")]));
        for same in ["same-origin", "same-site", "none"] {
            assert!(passes(&[("sec-fetch-site", same)]), "{same}");
        }
        for foreign in
            ["null", "http://api.example.com", "http://10.0.0.1", "https://app.example.com.evil", "http://evil"]
        {
            assert!(!passes(&[("origin", foreign)]), "{foreign}");
        }
        assert!(!passes(&[("sec-fetch-site", "cross-site")]));
        assert!(!passes(&[("origin", "https://app.example.com"), ("origin", "http://evil")]));
    }

    #[test]
    fn foreign_pages_read_only_where_that_is_allowed() {
        let evil = [("origin", "http://evil")];
        let get = request(Method::GET, &evil);
        assert!(origins(&[], true).check(&get).is_ok());
        let refused = ForeignPage { origin: Some("http://evil"), wants_to_read: true };
        assert_eq!(origins(&[], false).check(&get), Err(refused));
        assert!(origins(&[], false).check(&request(Method::OPTIONS, &evil)).is_ok());
        assert!(origins(&["*"], false).check(&request(Method::PUT, &[("origin", "null")])).is_ok());
    }
}
