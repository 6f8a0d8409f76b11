//! `wask activation logs --follow`: prints the lines of an activation while it writes them. If the stream breaks, the
//! next one starts after the last line that was printed.

use std::time::Duration;

use serde_json::Value;

use super::UNABLE_TO_LOG;
use super::events::{self, Event};
use super::logs::{LineFormat, print_line};
use crate::clock::Clock;
use crate::failure::{Failure, Refusal};
use crate::http::Server;
use crate::names::segment;
use crate::screen;

/// The server sends a keep-alive every 15 s. After this long without one, the stream counts as broken.
const SILENCE: Duration = Duration::from_secs(60);
/// The pause between a broken stream and the next.
const PAUSE: Duration = Duration::from_secs(1);
/// How many streams in a row may bring nothing before the command gives up.
const MOST_IN_VAIN: u32 = 30;

/// How a stream ended.
enum StreamEnd {
    /// The activation ended.
    Ended,
    /// The stream broke after `brought` events.
    Broken { brought: u32 },
}

/// Prints one log, over as many streams as that takes.
struct LogFollower<'a> {
    server: &'a Server,
    path: String,
    lines: LineFormat,
    /// The id of the last line that was printed.
    last: Option<String>,
}

pub fn run(server: &Server, id: &str, lines: LineFormat) -> Result<(), Failure> {
    let path = format!("namespaces/_/activations/{}/logs?follow=true", segment(id));
    let mut reader = LogFollower { server, path, lines, last: None };
    let mut was_followed = false;
    let mut in_vain = 0;
    let clock = Clock::system();
    loop {
        match reader.read() {
            Ok(StreamEnd::Ended) => return Ok(()),
            Ok(StreamEnd::Broken { brought }) => {
                was_followed = true;
                in_vain = if brought == 0 { in_vain + 1 } else { 1 };
            }
            Err(refusal) if was_followed && is_passing(&refusal) && in_vain < MOST_IN_VAIN => in_vain += 1,
            Err(refusal) => return Err(refusal.because(format!("{UNABLE_TO_LOG} '{id}'"))),
        }
        if in_vain >= MOST_IN_VAIN {
            return Err(Failure::general(format!("{UNABLE_TO_LOG} '{id}': the stream keeps breaking")));
        }
        clock.sleep(PAUSE);
    }
}

/// Whether another stream may succeed.
fn is_passing(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::NoAnswer(_) => true,
        Refusal::Status { status, .. } => *status == 429 || *status >= 500,
        Refusal::Unexpected(_) => false,
    }
}

impl LogFollower<'_> {
    /// Reads one stream to its end.
    fn read(&mut self) -> Result<StreamEnd, Refusal> {
        let mut stream = self.server.events(&self.path, self.last.as_deref(), SILENCE)?;
        let mut brought = 0;
        while let Ok(Some(event)) = events::next(&mut stream) {
            brought += 1;
            match event.name.as_str() {
                "" => self.print(event),
                "attempt" => self.restart(&event),
                "end" => return Ok(StreamEnd::Ended),
                _ => (), // from a newer server
            }
        }
        Ok(StreamEnd::Broken { brought })
    }

    fn print(&mut self, event: Event) {
        print_line(&event.data, self.lines);
        self.last = event.id.or(self.last.take());
    }

    fn restart(&mut self, event: &Event) {
        let attempt: Value = serde_json::from_str(&event.data).unwrap_or_default();
        screen::note(&format!("restarted: attempt {}", attempt["attempt"]));
        self.last = None;
    }
}
