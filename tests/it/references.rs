//! References to the contracts: each has one form and leads to a heading, a row or a case of its page.
//!
//! ```text
//! rest.md §3.6, §3.7      a heading (appendices by their letter: rest.md §B)
//! threats.md T19, F4      a row of a table; so with feeds.md A12, D11, S2.16
//! README.md decision 2    a row of the decisions in runtime/README.md
//! b62_… s2_16_… t26_… a01_… section_3_9_…     the head of a test's name
//! ```
//!
//! Inside a page, `§A.8` means the page itself. `RFC 9110 §5.6.2` names another document.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const PAGES: [&str; 5] = ["rest.md", "feeds.md", "guest.md", "threats.md", "clients.md"];
const README: &str = "README.md";
/// Folders that are not ours, or not sources.
const SKIPPED: [&str; 5] = ["target", "node_modules", ".git", ".wask", "build"];
const READ: [&str; 10] = ["rs", "md", "toml", "wat", "json", "sql", "sh", "js", "c", "yml"];
/// How references used to be written, in pieces so that this file has none.
const OLD: [&[&str]; 12] = [
    &["REST ", "contract"],
    &["eeds ", "contract"],
    &["hreat ", "T"],
    &["hreats ", "T"],
    &["ault ", "matrix"],
    &["rchitecture ", "decision"],
    &["contract", " §"],
    &["spec/", "adobe"],
    &["spec/", "clients"],
    &["spec/", "feeds"],
    &["spec/", "openwhisk"],
    &["spec/", "threats"],
];

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every text file of the repository, by its path from the root.
fn files() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    walk(&path, found);
                }
            } else if name == "Makefile" || READ.iter().any(|kind| name.ends_with(&format!(".{kind}"))) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.extend(std::fs::read_to_string(&path).ok().map(|text| (name, text)));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&root(), &mut found);
    found
}

/// What the pages have, like `rest.md §3.6` and `threats.md T19`.
struct Known(BTreeSet<String>);

impl Known {
    fn read(files: &BTreeMap<String, String>) -> Known {
        let mut known = BTreeSet::new();
        for page in PAGES {
            let text = &files[&format!("runtime/contract/{page}")];
            let headings = text.lines().filter_map(heading).map(|id| format!("{page} §{id}"));
            let rows = text.lines().filter_map(row).filter(|id| is_marked(id)).map(|id| format!("{page} {id}"));
            known.extend(headings.chain(rows));
        }
        let cases =
            files["runtime/contract/rest.md"].lines().filter_map(case).map(|number| format!("rest.md b{number}"));
        known.extend(cases);
        let decisions = files["runtime/README.md"].lines().filter_map(row);
        known.extend(decisions.filter(|id| is_number(id)).map(|id| format!("{README} decision {id}")));
        Known(known)
    }

    fn lacks(&self, reference: &str) -> bool {
        !self.0.contains(reference)
    }
}

/// `### 3.6 Invoke` and `# C. Callbacks` have the ids 3.6 and C; `## Appendix B. Defaults` has B.
fn heading(line: &str) -> Option<&str> {
    let text = line.strip_prefix('#')?.trim_start_matches('#').trim_start();
    let id = text.strip_prefix("Appendix ").unwrap_or(text).split(' ').next()?.trim_end_matches('.');
    let is_id = id.split('.').all(|part| is_number(part) || matches!(part.as_bytes(), [b'A'..=b'Z']));
    is_id.then_some(id)
}

fn row(line: &str) -> Option<&str> {
    line.strip_prefix("| ")?.split(" |").next()
}

/// The number of a case of §11.
fn case(line: &str) -> Option<&str> {
    line.split_once(". ").map(|(number, _)| number).filter(|number| is_number(number))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `T19`, `F4`, `I1`, `D11`, `A12`, `S2.16`.
fn is_marked(id: &str) -> bool {
    let Some((mark, rest)) = id.split_at_checked(1) else {
        return false;
    };
    match mark {
        "T" | "F" | "I" | "D" | "A" => is_number(rest),
        "S" => rest.split_once('.').is_some_and(|(story, number)| is_number(story) && is_number(number)),
        _ => false,
    }
}

/// The text with the line breaks inside comments and paragraphs taken out.
fn in_one_line(text: &str) -> String {
    let bare = |line: &str| {
        let line = line.trim_start();
        let mark = ["//! ", "/// ", "// ", ";; ", "# "].into_iter().find_map(|mark| line.strip_prefix(mark));
        mark.unwrap_or(line).to_owned()
    };
    text.lines().map(bare).collect::<Vec<_>>().join(" ")
}

/// The id at the beginning of `text`, with its `§` if it has one.
fn id_at(text: &str) -> Option<&str> {
    let word = text.strip_prefix('§').unwrap_or(text);
    let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(word.len());
    let word = word[..end].trim_end_matches('.');
    let id = &text[..text.len() - text.strip_prefix('§').unwrap_or(text).len() + word.len()];
    let is_section = id.starts_with('§') && !word.is_empty();
    (is_section || is_marked(id)).then_some(id)
}

/// The ids that begin at `text`, as in `§4.2, §4.3 and §C.4`, and the bytes they take.
fn ids_at(text: &str) -> (Vec<&str>, usize) {
    let (mut ids, mut at) = (Vec::new(), 0);
    while let Some(id) = id_at(&text[at..]) {
        ids.push(id);
        at += id.len();
        let next = [", ", " and ", " to ", " – "]
            .into_iter()
            .find(|between| text[at..].strip_prefix(between).is_some_and(|rest| id_at(rest).is_some()));
        match next {
            Some(between) => at += between.len(),
            None => break,
        }
    }
    (ids, at)
}

/// Everything that is wrong with the references of one file. `page`: the contract page that it is, if it is one.
fn wrong_in(text: &str, page: Option<&str>, known: &Known) -> Vec<String> {
    let (text, mut wrong) = (in_one_line(text), Vec::new());
    let mut owned = BTreeSet::new(); // positions of `§` that have their page or document in front
    for name in PAGES.into_iter().chain(["RFC"]) {
        for (at, _) in text.match_indices(name) {
            let mut begin = at + name.len() + 1;
            if name == "RFC" {
                let number = text.get(begin..).map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
                begin += number + 1;
            }
            if !text.get(..begin).is_some_and(|before| before.ends_with(' ')) {
                continue;
            }
            let (ids, length) = ids_at(&text[begin..]);
            owned.extend(text[begin..begin + length].match_indices('§').map(|(inside, _)| begin + inside));
            let named = ids.iter().filter(|_| name != "RFC").map(|id| format!("{name} {id}"));
            wrong.extend(named.filter(|reference| known.lacks(reference)).map(|none| format!("{none} does not exist")));
        }
    }
    for (at, _) in text.match_indices('§').filter(|(at, _)| !owned.contains(at)) {
        let id = id_at(&text[at..]).unwrap_or("§");
        match page {
            Some(page) if !known.lacks(&format!("{page} {id}")) => (),
            Some(page) => wrong.push(format!("{page} {id} does not exist")),
            None if id == "§" => (), // the sign alone
            None => wrong.push(format!("{id} names no page")),
        }
    }
    for (at, _) in text.match_indices("README.md decision ") {
        let number = text[at + "README.md decision ".len()..].split(|c: char| !c.is_ascii_digit()).next();
        let reference = format!("{README} decision {}", number.unwrap_or_default());
        wrong.extend(known.lacks(&reference).then(|| format!("{reference} does not exist")));
    }
    wrong.extend(unmarked_stories(&text, page));
    wrong
}

/// Stories like `S2.16` without their page in front.
fn unmarked_stories(text: &str, page: Option<&str>) -> Vec<String> {
    let starts = text.match_indices('S').map(|(at, _)| at).filter(|at| {
        let before = text[..*at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '§')
    });
    let found = starts.filter_map(|at| Some((at, id_at(&text[at..])?)));
    let named = |at: usize| {
        text[..at].rfind("feeds.md ").is_some_and(|start| {
            let begin = start + "feeds.md ".len();
            at < begin + ids_at(&text[begin..]).1
        })
    };
    let bare = found.filter(|(at, _)| page != Some("feeds.md") && !named(*at));
    bare.map(|(_, id)| format!("{id} names no page")).collect()
}

/// The references at the head of a test's name.
fn of_name(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    let numbered = |word: &str, mark: char| word.strip_prefix(mark).filter(|rest| is_number(rest)).map(str::to_owned);
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(word) = words.get(at) {
        let after = |n: usize| words.get(at + n).copied().filter(|word| is_number(word));
        let (reference, taken) = if let Some(number) = numbered(word, 'b') {
            (format!("rest.md b{number}"), 1)
        } else if let (Some(story), Some(number)) = (numbered(word, 's'), after(1)) {
            (format!("feeds.md S{story}.{number}"), 2)
        } else if let Some(number) = numbered(word, 't') {
            (format!("threats.md T{number}"), 1)
        } else if let Some(number) = numbered(word, 'a') {
            (format!("feeds.md A{}", number.trim_start_matches('0')), 1)
        } else if let ("section", Some(chapter), Some(section)) = (*word, after(1), after(2)) {
            (format!("rest.md §{chapter}.{section}"), 3)
        } else if ["to", "and"].contains(word) && !found.is_empty() {
            at += 1;
            continue;
        } else {
            break;
        };
        found.push(reference);
        at += taken;
    }
    found
}

#[test]
fn every_reference_leads_to_a_heading_a_row_or_a_case() {
    let files = files();
    let known = Known::read(&files);
    let mut wrong = Vec::new();
    for (file, text) in files.iter().filter(|(file, _)| *file != "tests/it/references.rs") {
        let page = file.strip_prefix("runtime/contract/");
        wrong.extend(wrong_in(text, page, &known).into_iter().map(|what| format!("{file}: {what}")));
        let old = OLD.iter().map(|pieces| pieces.concat()).filter(|old| page.is_none() && text.contains(old));
        wrong.extend(old.map(|old| format!("{file}: write the page instead of `{old}`")));
        if file.starts_with("tests/it/") {
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
            let missing = names.flat_map(of_name).filter(|reference| known.lacks(reference));
            wrong.extend(missing.map(|none| format!("{file}: {none} does not exist")));
        }
    }
    assert!(wrong.is_empty(), "{} references lead nowhere:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_tests_that_the_page_of_threats_names_exist() {
    let files = files();
    let has_tests = |id: &str| is_marked(id) && !id.starts_with('I');
    let rows = files["runtime/contract/threats.md"].lines().filter(|line| row(line).is_some_and(has_tests));
    let named = rows.filter_map(|line| line.rsplit('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let exists = |name: &str| {
        let story = [format!("tests/it/{name}.rs"), format!("tests/it/{name}/mod.rs")];
        name.starts_with("wask-") || name.starts_with("make ") || story.iter().any(|file| files.contains_key(file))
    };
    assert_eq!(named.filter(|name| !exists(name)).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn a_reference_that_leads_nowhere_is_found() {
    let known = Known(["rest.md §3.6", "rest.md §B", "threats.md T19", "feeds.md S2.16"].map(String::from).into());
    for (text, wrong) in [
        ("/// Invokes. rest.md §3.6; rest.md §B, threats.md T19.", &[][..]),
        ("/// RFC 9110 §5.6.2 and §8, and a § alone.", &[]),
        ("/// Invokes. rest.md\n    /// §3.6, §3.7", &["rest.md §3.7 does not exist"]),
        ("/// Invokes, see §3.6.", &["§3.6 names no page"]),
        ("// threats.md T99", &["threats.md T99 does not exist"]),
        ("assert!(x, \"S2.16\")", &["S2.16 names no page"]),
        ("assert!(x, \"feeds.md S2.16\")", &[]),
        ("// README.md decision 7", &["README.md decision 7 does not exist"]),
    ] {
        assert_eq!(wrong_in(text, None, &known), wrong, "{text}");
    }
    assert_eq!(wrong_in("as §3.6 says, not §3.7", Some("rest.md"), &known), ["rest.md §3.7 does not exist"]);
}

#[test]
fn a_name_is_read_to_the_first_word_that_is_no_reference() {
    for (name, found) in [
        ("b8_b9_to_b11_a_request", &["rest.md b8", "rest.md b9", "rest.md b11"][..]),
        ("s2_15_s2_16_every_attempt", &["feeds.md S2.15", "feeds.md S2.16"]),
        ("t26_guesses", &["threats.md T26"]),
        ("a01_to_a22_create", &["feeds.md A1", "feeds.md A22"]),
        ("section_3_9_a_guest", &["rest.md §3.9"]),
        ("a_thousand_b9", &[]),
    ] {
        assert_eq!(of_name(name), found, "{name}");
    }
}
