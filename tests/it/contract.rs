//! The tests against rest.md: every case of rest.md §11 has a test, and every route of rest.md §2 is served.
//!
//! The name of a test begins with the cases that it proves: `b9_…`, `b8_b9_…`, `b23_to_b26_…`. A line that proves one
//! more case has a comment: `// b9`.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::architecture::sources;
use crate::routes::ROUTES;

const BULLETS: RangeInclusive<u32> = 1..=186;

/// Cases from which wask deviates, and why. What it does instead has a test like any other case.
const DEVIATES: [(u32, &str); 2] = [
    (49, "base64 of what is neither a module nor a zip with one is refused: code is compiled before a PUT is answered"),
    (76, "there is one kind of code, and it is not deprecated; no setting makes it so"),
];

/// Methods and paths below `/api/v1/namespaces`, as rest.md §2 lists them.
const CATALOGUE: [(&str, &str); 18] = [
    ("GET", ""),
    ("GET", "/{ns}/actions"),
    ("GET", "/{ns}/actions/{name}/"),
    ("GET PUT DELETE POST", "/{ns}/actions/{name}"),
    ("GET PUT DELETE POST", "/{ns}/actions/{name}/{inner}"),
    ("GET", "/{ns}/triggers"),
    ("GET DELETE PUT POST", "/{ns}/triggers/{name}"),
    ("GET", "/{ns}/rules"),
    ("GET PUT POST DELETE", "/{ns}/rules/{name}"),
    ("GET", "/{ns}/packages"),
    ("GET PUT DELETE", "/{ns}/packages/{name}"),
    ("GET", "/{ns}/activations"),
    ("GET", "/{ns}/activations/{id}"),
    ("GET", "/{ns}/activations/{id}/logs"),
    ("GET", "/{ns}/activations/{id}/result"),
    ("GET", "/{ns}/limits"),
    // with a slash at the end, which rest.md §1.1 tolerates
    ("GET", "/{ns}/activations/{id}/"),
    ("GET", "/{ns}/limits/"),
];

/// The cases at the beginning of a test's name.
fn named(story: &str) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    let mut words = story.split('_').peekable();
    while let Some(word) = words.next() {
        let bullet = |word: &str| word.strip_prefix('b').and_then(|number| number.parse::<u32>().ok());
        match (bullet(word), word) {
            (Some(number), _) => found.push(number),
            (None, "to") => {
                let Some(last) = words.peek().and_then(|word| bullet(word)) else { break };
                found.extend(found.last().map_or(0, |first| first + 1)..last);
            }
            (None, _) => break,
        }
    }
    found
}

/// The case that a comment on a line says it proves.
fn commented(line: &str) -> Option<u32> {
    let text = line.split_once("// b")?.1;
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..digits].parse().ok()
}

fn proven() -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for (file, text) in sources("tests/it") {
        if file.ends_with("contract.rs") {
            continue;
        }
        let mut before = "";
        for line in text.lines() {
            let is_story = before.starts_with("#[tokio::test") || before.starts_with("#[test]");
            if let (true, Some((_, story))) = (is_story, line.split_once("fn ")) {
                found.extend(named(story));
            }
            found.extend(commented(line));
            before = line;
        }
    }
    found
}

#[test]
fn every_case_of_section_11_has_a_test() {
    let proven = proven();
    let without: Vec<u32> = BULLETS.filter(|bullet| !proven.contains(bullet)).collect();
    assert!(without.is_empty(), "bullets without a story: {without:?}");
    let unknown: Vec<&u32> = proven.iter().filter(|bullet| !BULLETS.contains(bullet)).collect();
    assert!(unknown.is_empty(), "there are no such bullets: {unknown:?}");
    for (bullet, reason) in DEVIATES {
        assert!(BULLETS.contains(&bullet) && !reason.is_empty(), "{bullet}");
    }
}

#[test]
fn the_marks_of_a_name_end_at_the_first_other_word() {
    for (story, bullets) in [
        ("b9_a_request", &[9][..]),
        ("b8_b9_to_be_or_b10", &[8, 9]),
        ("b23_to_b26_b30_pages", &[23, 24, 25, 26, 30]),
        ("a_b9_request", &[]),
        ("both_b9", &[]),
    ] {
        assert_eq!(named(story), bullets, "{story}");
    }
}

#[test]
fn every_route_of_the_catalogue_is_served() {
    let served: BTreeSet<(&str, String)> =
        ROUTES.iter().map(|(method, path, ..)| (*method, (*path).to_owned())).collect();
    for (methods, path) in CATALOGUE {
        for method in methods.split(' ') {
            let route = (method, format!("/api/v1/namespaces{path}"));
            assert!(served.contains(&route), "{route:?}");
        }
    }
    assert!(served.contains(&("ANY", "/api/v1/web/{*address}".to_owned())));
}
