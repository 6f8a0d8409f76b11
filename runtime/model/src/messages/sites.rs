//! Requests for other hosts, and from pages of other origins. threats.md T31.

use super::quoted;
use crate::Message;

/// The request names a host that is not this server's, or none.
pub fn unknown_host(host: &str) -> Message {
    format!("This server does not answer for the host '{}', which is not in http.hosts.", quoted(host)).into()
}

/// A page of another origin wants to change something. `None`: the browser only said that it is another site's.
pub fn foreign_write(origin: Option<&str>) -> Message {
    format!("A page of {} may not change anything here: its origin is not in http.allow_origins.", page(origin)).into()
}

/// A page of another origin wants to read.
pub fn foreign_read(origin: Option<&str>) -> Message {
    let page = page(origin);
    format!(
        "A page of {page} may not read anything here: its origin is not in http.allow_origins, and http.foreign_reads is \
         off."
    )
    .into()
}

fn page(origin: Option<&str>) -> String {
    origin.map_or("another site".to_owned(), |origin| format!("'{}'", quoted(origin)))
}
