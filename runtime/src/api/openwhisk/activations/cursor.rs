//! The cursor of a list: an opaque text in a `Link` header that says where the next page begins.

use axum::http::{HeaderValue, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wask_model::{ActivationId, Timestamp};
use wask_store::ListPosition;

use crate::api::http::listing;

/// Decodes a cursor; `None` if no server wrote it.
pub fn read(text: &str) -> Option<ListPosition> {
    let bytes: [u8; 24] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let (start, id) = bytes.split_at(8);
    Some(ListPosition {
        start: Timestamp::from_millis(i64::from_be_bytes(start.try_into().ok()?)),
        id: ActivationId::from_bytes(id.try_into().ok()?),
    })
}

pub fn write(place: ListPosition) -> String {
    let bytes = [&place.start.millis().to_be_bytes()[..], &place.id.to_bytes()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The `Link` to the page after `place`: the same request with a cursor. RFC 8288.
pub fn link_to_next(uri: &Uri, place: ListPosition) -> Option<HeaderValue> {
    listing::link(uri, ("cursor", &write(place)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_as_written(start: i64, id: [u8; 16]) {
            let place = ListPosition { start: Timestamp::from_millis(start), id: ActivationId::from_bytes(id) };
            prop_assert_eq!(read(&write(place)), Some(place));
        }

        #[test]
        fn a_cursor_has_only_one_spelling(text in "[A-Za-z0-9_=-]{30,34}") {
            if let Some(place) = read(&text) {
                prop_assert_eq!(write(place), text);
            }
        }
    }

    #[test]
    fn the_link_keeps_the_filters_and_has_one_cursor() {
        let uri: Uri =
            "/api/v1/namespaces/_/activations?limit=2&name=p%2Fa&skip=4&cursor=old&status=application%20error"
                .parse()
                .unwrap();
        let place = ListPosition { start: Timestamp::from_millis(0), id: ActivationId::from_bytes([0; 16]) };
        let path = "/api/v1/namespaces/_/activations?limit=2&name=p%2Fa&status=application+error";
        let link = format!("<{path}&cursor={}>; rel=\"next\"", "A".repeat(32));
        assert_eq!(link_to_next(&uri, place).unwrap(), link);
    }
}
