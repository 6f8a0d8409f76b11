//! What this server is to browsers: the host names that it answers to, which of them lead to web actions only, and whose
//! pages may use the API. threats.md T30, T31.

mod host;
mod origin;

use axum::extract::Request;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use wask_model::messages;

use self::host::{Authority, HostPattern, authority_of};
use self::origin::Origins;
use super::config::HttpConfig;
use super::rejection::Rejection;
use crate::api::{API, GATEWAY, WEB, WebConfig};

/// A setting that names something else than a host, an origin or an address.
pub struct BadSite {
    pub setting: &'static str,
    pub problem: String,
}

/// `Err` is the first setting of these sections that does not have the form that it must have.
pub fn check(http: &HttpConfig, web: &WebConfig) -> Result<(), BadSite> {
    let bad_entry = |setting, kind: &str, entries: &[String], index: usize| {
        let problem = format!("must be {kind}; number {}, {}, is not", index + 1, entries[index]);
        Err(BadSite { setting, problem })
    };
    for (setting, hosts) in [("http.hosts", &http.hosts), ("web.hosts", &web.hosts)] {
        if let Err(index) = HostPattern::parse_all(hosts) {
            return bad_entry(setting, "hosts like api.example.com or *.example.com without a port", hosts, index);
        }
    }
    if let Some(index) = http.allow_origins.iter().position(|text| !origin::is_origin(text)) {
        return bad_entry("http.allow_origins", "origins like https://app.example.com", &http.allow_origins, index);
    }
    let problem = "must be empty, or an IP address and a port, like 127.0.0.1:3234".to_owned();
    web.address().map(drop).map_err(|_| BadSite { setting: "web.listen", problem })
}

/// The requests that came in through the socket of `web.listen`; in their extensions.
#[derive(Clone, Copy, Debug)]
pub struct FromWebSocket;

/// What a request can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// Everything: the API and web actions have one origin.
    Shared,
    /// Web actions only, which have this origin for themselves.
    WebOnly,
}

/// The host names of this server, and whose pages may use its API.
pub struct Sites {
    /// Empty: every host.
    hosts: Vec<HostPattern>,
    web_hosts: Vec<HostPattern>,
    origins: Origins,
}

impl Sites {
    /// `api_host` is the URL of the API, whose host is always answered.
    pub fn new(http: &HttpConfig, web: &WebConfig, api_host: &str) -> Self {
        const CHECKED: &str = "the configuration was checked";
        let mut hosts = HostPattern::parse_all(&http.hosts).expect(CHECKED);
        if !hosts.is_empty() {
            hosts.extend(HostPattern::of_url(api_host));
        }
        let web_hosts = HostPattern::parse_all(&web.hosts).expect(CHECKED);
        let origins = Origins::new(&http.allow_origins, api_host, http.foreign_reads);
        Sites { hosts, web_hosts, origins }
    }

    /// What the request can reach · 403 if it comes from a page that may not do this · 404 if it is for the API and came
    /// to a host of web actions · 421 if it is for another host.
    pub fn enter(&self, request: &Request) -> Result<Site, Rejection> {
        let (site, path) = (self.site(request)?, request.uri().path());
        if site == Site::WebOnly && !is_public(path) {
            return Err(Rejection::Http(StatusCode::NOT_FOUND, messages::URL_NOT_FOUND.into()));
        }
        if needs_key(path)
            && let Err(page) = self.origins.check(request)
        {
            let sentence = if page.wants_to_read { messages::foreign_read } else { messages::foreign_write };
            return Err(Rejection::Http(StatusCode::FORBIDDEN, sentence(page.origin)));
        }
        Ok(site)
    }

    fn site(&self, request: &Request) -> Result<Site, Rejection> {
        let from_web_socket = request.extensions().get::<FromWebSocket>().is_some();
        if self.hosts.is_empty() && self.web_hosts.is_empty() {
            return Ok(if from_web_socket { Site::WebOnly } else { Site::Shared });
        }
        let named = authority_of(request);
        let host = named.and_then(Authority::parse);
        let is_one_of = |hosts: &[HostPattern]| host.is_some_and(|host| hosts.iter().any(|one| one.matches(&host)));
        if is_one_of(&self.web_hosts) {
            Ok(Site::WebOnly)
        } else if self.hosts.is_empty() || is_one_of(&self.hosts) {
            Ok(if from_web_socket { Site::WebOnly } else { Site::Shared })
        } else {
            let unknown = messages::unknown_host(named.unwrap_or_default());
            Err(Rejection::Http(StatusCode::MISDIRECTED_REQUEST, unknown))
        }
    }
}

/// Where the calls of `wsk api` are: among web actions, and yet they need a key.
const MANAGED_APIS: &str = "/api/v1/web/whisk.system/apimgmt/";

/// Web actions, the APIs made of them, and the question whether the server is there.
fn is_public(path: &str) -> bool {
    path == "/ping" || (path.starts_with(WEB) && !path.starts_with(MANAGED_APIS)) || path.starts_with(GATEWAY)
}

/// Whether a request to this path acts as whoever's key it carries.
fn needs_key(path: &str) -> bool {
    (path.starts_with(API) || path.starts_with("/runtime/")) && !is_public(path)
}

/// A page may run its scripts, and its origin is nobody's: it has no part in what a browser knows about its user here.
const SANDBOX: HeaderValue =
    HeaderValue::from_static("sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads");

/// Keeps a page of a web action apart from the API that has the same origin, unless the action has a policy of its own.
pub fn keep_apart(headers: &mut HeaderMap) {
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(SANDBOX);
}

/// Whether an action may not send this header, because it would speak for every page of the origin.
pub fn speaks_for_the_origin(name: &HeaderName) -> bool {
    matches!(name.as_str(), "service-worker-allowed" | "clear-site-data")
}
