//! Which media types are JSON, text or binary. rest.md §8.6.
//!
//! The contract's table comes from a registry. Two rules go beyond it: every `text/*` is text and every `…+json` is
//! JSON, registered or not.

use http::HeaderValue;
use mime::Mime;

/// How a body of some media type becomes a JSON value, and how a JSON string becomes such a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaClass {
    /// `application/json` and every `…+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    Text,
    /// Travels as base64.
    Binary,
}

/// Types below `application/` that are text.
const TEXT: [&str; 12] = [
    "application/atom+xml",
    "application/base64",
    "application/javascript",
    "application/problem+xml",
    "application/rss+xml",
    "application/soap+xml",
    "application/vnd.google-earth.kml+xml",
    "application/x-latex",
    "application/x-vrml",
    "application/xhtml+xml",
    "application/xml",
    "application/xml-dtd",
];

/// Types below `application/` that are binary even with a `charset`. A trailing `*` stands for a family.
const BINARY: [&str; 22] = [
    "application/cbor",
    "application/grpc*",
    "application/gzip",
    "application/java-archive",
    "application/msword",
    "application/octet-stream",
    "application/pdf",
    "application/postscript",
    "application/vnd.google-earth.kmz",
    "application/vnd.ms-*",
    "application/vnd.oasis.opendocument.*",
    "application/vnd.openxmlformats-officedocument.*",
    "application/wasm",
    "application/x-7z-compressed",
    "application/x-bzip*",
    "application/x-compress*",
    "application/x-font-*",
    "application/x-gzip",
    "application/x-rar-compressed",
    "application/x-tar",
    "application/x-x509-ca-cert",
    "application/zip",
];

/// A concrete media type with its parameters, without wildcards.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaType(Mime);

impl MediaType {
    pub const JSON: &str = "application/json";

    pub fn json() -> Self {
        MediaType(mime::APPLICATION_JSON)
    }

    pub fn html() -> Self {
        MediaType(mime::TEXT_HTML)
    }

    pub fn plain_text() -> Self {
        MediaType(mime::TEXT_PLAIN)
    }

    pub fn svg() -> Self {
        MediaType(mime::IMAGE_SVG)
    }

    /// Parses a `Content-Type` value; `None` if it is malformed.
    pub fn parse(header: &HeaderValue) -> Option<Self> {
        let mime: Mime = header.to_str().ok()?.trim().parse().ok()?;
        let concrete = |part: mime::Name<'_>| part != "" && part != mime::STAR;
        (concrete(mime.type_()) && concrete(mime.subtype())).then_some(MediaType(mime))
    }

    /// `type/subtype` in lower case, without parameters.
    pub fn essence(&self) -> &str {
        self.0.essence_str()
    }

    pub fn class(&self) -> MediaClass {
        let essence = self.essence();
        if essence == Self::JSON || essence.ends_with("+json") {
            return MediaClass::Json;
        }
        if essence == "application/x-www-form-urlencoded" {
            return MediaClass::Form;
        }
        match self.0.type_().as_str() {
            "text" => MediaClass::Text,
            "image" | "audio" | "video" | "font" | "message" | "multipart" => MediaClass::Binary,
            _ if TEXT.contains(&essence) => MediaClass::Text,
            _ if self.0.get_param(mime::CHARSET).is_some() && !is_known_binary(essence) => MediaClass::Text,
            _ => MediaClass::Binary,
        }
    }

    /// The `Content-Type` to send with a body of this type. Text is always sent and declared as UTF-8, whatever charset
    /// was asked for; a type with a fixed charset declares none.
    pub fn to_header(&self) -> HeaderValue {
        let text = match self.class() {
            MediaClass::Text if self.essence() != "text/event-stream" => self.as_utf8(),
            MediaClass::Text | MediaClass::Json | MediaClass::Form | MediaClass::Binary => self.0.to_string(),
        };
        HeaderValue::from_bytes(text.as_bytes()).expect("a parsed media type has no control characters")
    }

    fn as_utf8(&self) -> String {
        let mut text = self.essence().to_owned();
        for (name, value) in self.0.params().filter(|(name, _)| *name != mime::CHARSET) {
            let quoted = value.as_str().is_empty() || !value.as_str().bytes().all(is_token);
            let value = if quoted { format!("\"{value}\"") } else { value.to_string() };
            text.push_str(&format!("; {name}={value}"));
        }
        text + "; charset=UTF-8"
    }
}

fn is_known_binary(essence: &str) -> bool {
    BINARY.iter().any(|known| match known.strip_suffix('*') {
        Some(family) => essence.starts_with(family),
        None => essence == *known,
    })
}

/// RFC 9110 §5.6.2: the bytes that a parameter may contain without quotes.
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &'static str) -> Option<MediaType> {
        MediaType::parse(&HeaderValue::from_static(text))
    }

    #[test]
    fn a_media_type_is_json_form_text_or_binary() {
        for (text, class) in [
            ("application/json", MediaClass::Json),
            ("APPLICATION/JSON; charset=utf-8", MediaClass::Json),
            ("application/cloudevents+json", MediaClass::Json),
            ("application/hal+json", MediaClass::Json),
            ("application/x-www-form-urlencoded; charset=UTF-8", MediaClass::Form),
            ("text/plain", MediaClass::Text),
            ("text/foo", MediaClass::Text),
            ("application/xml", MediaClass::Text),
            ("application/soap+xml", MediaClass::Text),
            ("application/x-unknown; charset=utf-8", MediaClass::Text),
            ("application/x-unknown", MediaClass::Binary),
            ("application/octet-stream", MediaClass::Binary),
            ("application/pdf; charset=utf-8", MediaClass::Binary),
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet; charset=utf-8", MediaClass::Binary),
            ("image/svg+xml", MediaClass::Binary),
            ("image/png; charset=utf-8", MediaClass::Binary),
            ("multipart/form-data; boundary=x", MediaClass::Binary),
            ("model/stl", MediaClass::Binary),
        ] {
            assert_eq!(read(text).map(|media| media.class()), Some(class), "{text}");
        }
    }

    #[test]
    fn a_wildcard_or_malformed_media_type_is_refused() {
        for text in
            ["", "xyzbar", "text", "text/", "/html", "*/*", "image/*", "text/plain, text/html", "text/plain; charset"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn text_is_sent_and_declared_as_utf_8() {
        for (text, sent) in [
            ("text/html", "text/html; charset=UTF-8"),
            ("Text/HTML;charset=iso-8859-1;x=\"a;b\";y=1", "text/html; x=\"a;b\"; y=1; charset=UTF-8"),
            ("application/xml", "application/xml; charset=UTF-8"),
            ("text/event-stream", "text/event-stream"),
            ("application/json", "application/json"),
            ("application/problem+json", "application/problem+json"),
            ("image/svg+xml", "image/svg+xml"),
        ] {
            assert_eq!(read(text).unwrap().to_header(), sent, "{text}");
        }
    }
    proptest! {
        #[test]
        fn a_sent_media_type_reads_back_as_the_same_type(
            text in "[a-z*]{0,5}/[a-z+.*]{0,5}( ?; ?[a-z]{0,7}=(\"[ -~]{0,5}\"|[a-z]{0,5})){0,3}[ -~]{0,3}",
        ) {
            if let Some(media) = MediaType::parse(&HeaderValue::from_str(&text).unwrap()) {
                let sent = MediaType::parse(&media.to_header()).expect("a sent type can be parsed");
                prop_assert_eq!(sent.essence(), media.essence());
                prop_assert_eq!(sent.to_header(), media.to_header());
            }
        }
    }
}
