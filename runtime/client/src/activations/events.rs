//! Parses a stream of server-sent events.

use std::io::{self, BufRead};

/// The longest line that is read, in bytes; a line of a log is much shorter.
const LONGEST_LINE: u64 = 16 << 20;

/// One event. A client that has its id can ask for the events after it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Event {
    pub id: Option<String>,
    /// Empty if the event has no name.
    pub name: String,
    pub data: String,
}

/// The next event; `None` at the end of the stream. An event that the end cuts off is dropped.
pub fn next(stream: &mut impl BufRead) -> io::Result<Option<Event>> {
    let (mut event, mut data) = (Event::default(), None::<String>);
    loop {
        let Some(line) = line(stream)? else { return Ok(None) };
        if line.is_empty() {
            match data {
                Some(data) => return Ok(Some(Event { data, ..event })),
                None => event = Event::default(), // a keep-alive
            }
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut event.name),
            // A line of a log contains no line feed, so a break between `data` lines was a carriage return.
            "data" => data = Some(data.map_or_else(|| value.to_owned(), |before| format!("{before}\r{value}"))),
            _ => (), // comments and unused fields
        }
    }
}

/// A complete line without its line break.
fn line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    io::Read::take(&mut *stream, LONGEST_LINE).read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return Ok(None);
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut text: &[u8]) -> Vec<Event> {
        std::iter::from_fn(|| next(&mut text).unwrap()).collect()
    }

    #[test]
    fn events_are_parsed_and_an_incomplete_one_is_dropped() {
        let text = "id: 0\ndata: a: b\n\n: alive\n\n:\n\nid: 1\r\ndata:  c\r\n\r\ndata: d\ndata: e\nretry: 5\n\n\
            event: end\ndata: {\"n\":1}\n\ndata:\n\nid: 9\ndata: cut";
        let event = |id: Option<&str>, name: &str, data: &str| Event {
            id: id.map(str::to_owned),
            name: name.to_owned(),
            data: data.to_owned(),
        };
        let expected = [
            event(Some("0"), "", "a: b"),
            event(Some("1"), "", " c"),
            event(None, "", "d\re"),
            event(None, "end", "{\"n\":1}"),
            event(None, "", ""),
        ];
        assert_eq!(all(text.as_bytes()), expected);
        assert_eq!(all(b""), []);
    }
}
