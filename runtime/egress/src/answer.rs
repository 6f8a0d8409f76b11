//! The answer of a receiver: the parts of an HTTP response that callers use.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};

/// The receiver's answer, whatever its status. A redirect is an answer too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the receiver asks callers to wait, from `Retry-After`. It may be years; the caller caps it. `None`: the
    /// header is missing or malformed.
    pub retry_after: Option<Duration>,
    /// The body as received, not decompressed: at most [`Bounds::read_bytes`](crate::Bounds::read_bytes), and fewer
    /// bytes than the receiver sent if it took too long.
    pub body: Bytes,
}

/// Reads `Retry-After`: seconds or a date. The distance to a date is measured from the receiver's `Date`, or from `now`
/// if it sent none. A date in the past means no wait. RFC 9110 §10.2.3.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER)?;
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX))); // more digits than 64 bits have
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = text(headers, DATE).and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(until.duration_since(now).unwrap_or_default())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    const OURS: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn read(retry_after_value: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(retry_after_value).unwrap());
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_str(date).unwrap());
        }
        retry_after(&headers, httpdate::parse_http_date(OURS).unwrap()).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_a_number_of_seconds_or_a_date_by_the_receivers_clock_or_ours() {
        let (later, theirs) = ("Sun, 06 Nov 1994 08:50:37 GMT", Some("Sun, 06 Nov 1994 08:50:07 GMT"));
        for (value, date, expected) in [
            ("120", None, Some(120)),
            (" 120 ", theirs, Some(120)),
            ("0", None, Some(0)),
            ("315360000", None, Some(315_360_000)),
            ("99999999999999999999999999", None, Some(u64::MAX)),
            (later, None, Some(60)),
            (later, theirs, Some(30)),
            (later, Some("yesterday"), Some(60)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", None, Some(60)),
            ("Sun, 06 Nov 1994 08:40:00 GMT", None, Some(0)),
            ("-1", None, None),
            ("1.5", None, None),
            ("soon", None, None),
            ("", None, None),
        ] {
            assert_eq!(read(value, date), expected, "{value} at {date:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }

    proptest! {
        #[test]
        fn no_value_makes_the_reader_panic(value in "[ -~]{0,40}", date in "[ -~]{0,40}") {
            let _ = read(&value, Some(&date));
        }
    }
}
