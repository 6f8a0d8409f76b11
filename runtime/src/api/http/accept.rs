//! The header `Accept`: whether the client takes the type of its response. RFC 9110 §12.5.1; rest.md §1.7, §8.7.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, StatusCode};
use mime::Mime;
use wask_model::{Message, messages};

use super::media::MediaType;

/// Refuses a successful or redirecting response whose body has a type that the request excludes. Errors always pass.
pub fn check(request: &HeaderMap, status: StatusCode, media: &MediaType) -> Result<(), Message> {
    let negotiable = status.is_success() || status.is_redirection();
    if !negotiable || admits(request, media) {
        return Ok(());
    }
    Err(messages::not_acceptable(&String::from_utf8_lossy(media.to_header().as_bytes())))
}

/// Like [`check`] for a REST resource: a client that accepts JSON also gets the few answers that are plain text.
pub fn check_resource(request: &HeaderMap, status: StatusCode, content_type: &HeaderValue) -> Result<(), Message> {
    let Some(media) = MediaType::parse(content_type) else { return Ok(()) };
    if media.essence() == "text/plain" && admits(request, &MediaType::json()) {
        return Ok(());
    }
    check(request, status, &media)
}

/// The most specific range that covers the type decides, by its quality. Malformed ranges are ignored.
fn admits(request: &HeaderMap, media: &MediaType) -> bool {
    let lines = request.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let ranges: Vec<MediaRange> = lines.flat_map(|line| line.split(',')).filter_map(MediaRange::parse).collect();
    if ranges.is_empty() {
        return true;
    }
    let covering = ranges.iter().filter_map(|range| Some((range.specificity(media)?, range.wanted)));
    covering.max().is_some_and(|(_, wanted)| wanted)
}

struct MediaRange {
    mime: Mime,
    /// The quality is not 0.
    wanted: bool,
}

impl MediaRange {
    fn parse(text: &str) -> Option<MediaRange> {
        let text = text.trim();
        let alone = text == "*" || text.starts_with("*;"); // old Java clients write `*` for `*/*`
        let mime: Mime = if alone { text.replacen('*', "*/*", 1).parse().ok()? } else { text.parse().ok()? };
        let quality = mime.get_param("q").map_or(Ok(1.0), |q| q.as_str().parse::<f32>()).ok()?;
        Some(MediaRange { mime, wanted: quality > 0.0 })
    }

    /// `None` if this range does not cover the type.
    fn specificity(&self, media: &MediaType) -> Option<u8> {
        let (kind, _) = media.essence().split_once('/')?;
        if self.mime.essence_str() == media.essence() {
            return Some(2);
        }
        match (self.mime.type_().as_str(), self.mime.subtype().as_str()) {
            ("*", "*") => Some(0),
            (range, "*") if range == kind => Some(1),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, html_admitted) in [
            ("text/html", true),
            ("TEXT/HTML", true),
            ("*/*", true),
            ("text/*", true),
            ("*; q=.2", true),
            ("application/json", false),
            ("application/json, */*;q=0.1", true),
            ("text/html;q=0, */*", false),
            ("*/*;q=0, text/*", true),
            ("text/*;q=0, text/html;level=1;q=0.5", true),
            ("", true),
            ("nonsense", true),
            ("nonsense, image/png", false),
        ] {
            let request = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(admits(&request, &MediaType::html()), html_admitted, "{accept}");
        }
    }

    #[test]
    fn several_accept_lines_are_one_list() {
        let mut request = HeaderMap::new();
        for line in ["application/json", "text/html"] {
            request.append(ACCEPT, HeaderValue::from_static(line));
        }
        assert!(admits(&request, &MediaType::html()));
        assert!(!admits(&request, &MediaType::svg()));
        assert!(admits(&HeaderMap::new(), &MediaType::svg()));
    }
}
