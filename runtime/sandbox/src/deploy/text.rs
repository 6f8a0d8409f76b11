//! WebAssembly text. The parser looks each label up among all blocks around it, so the depth is bounded first, in one
//! pass over the text.

use super::bounds::declared;
use crate::engine::{ModuleBounds, RefusedModule, quoted};

/// The text, if `code` is not the bytes of a module.
pub(super) fn of(code: &[u8]) -> Option<&str> {
    if code.starts_with(b"\0asm") { None } else { std::str::from_utf8(code).ok() }
}

/// The module that the text describes.
pub(super) fn assemble(text: &str, bounds: &ModuleBounds) -> Result<Vec<u8>, RefusedModule> {
    declared("nested blocks", deepest(text), bounds.wat_nesting)?;
    wat::parse_str(text).map_err(|cause| RefusedModule::BadText(quoted(cause.to_string())))
}

/// An upper bound of how deeply blocks are nested: parentheses count, and so does each `block`, `loop` and `if` without
/// one until its `end`. Words in strings and comments do not.
fn deepest(text: &str) -> u64 {
    let (mut depth, mut deepest) = (0u64, 0);
    let (mut rest, mut opened) = (text.as_bytes(), false);
    while let [first, tail @ ..] = rest {
        let in_parentheses = std::mem::replace(&mut opened, *first == b'(');
        rest = match first {
            b'(' if tail.first() == Some(&b';') => after_comment(&tail[1..]),
            b'(' => {
                depth += 1;
                tail
            }
            b')' => {
                depth = depth.saturating_sub(1);
                tail
            }
            b';' if tail.first() == Some(&b';') => after(tail, b'\n'),
            b'"' => after_string(tail),
            first if is_of_word(*first) => {
                let length = rest.iter().position(|&byte| !is_of_word(byte)).unwrap_or(rest.len());
                match &rest[..length] {
                    b"block" | b"loop" | b"if" if !in_parentheses => depth += 1,
                    b"end" => depth = depth.saturating_sub(1),
                    _ => (),
                }
                &rest[length..]
            }
            _ => tail,
        };
        deepest = deepest.max(depth);
    }
    deepest
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'"' | b';' | b',')
}

fn after(text: &[u8], mark: u8) -> &[u8] {
    text.iter().position(|&byte| byte == mark).map_or(&[], |at| &text[at + 1..])
}

/// `text` begins in a block comment; these nest.
fn after_comment(text: &[u8]) -> &[u8] {
    let (mut open, mut at) = (1u32, 0);
    while open > 0 && at < text.len() {
        match &text[at..] {
            [b'(', b';', ..] => (open, at) = (open + 1, at + 2),
            [b';', b')', ..] => (open, at) = (open - 1, at + 2),
            _ => at += 1,
        }
    }
    &text[at..]
}

/// `text` begins in a string.
fn after_string(text: &[u8]) -> &[u8] {
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return &text[at + 1..],
            _ => at += 1,
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_counted_in_both_notations() {
        assert_eq!(deepest("(module (func (block (loop (nop)))))"), 5);
        assert_eq!(deepest("(module (func block $a loop $b nop end end block end))"), 4);
        assert_eq!(deepest(r#"(module (; ((( (; ( ;) ( ;) (data "\"(((" "block") ;; ((( block"#), 2);
        assert_eq!(deepest("(module (func $block (br_if $end) call $loop))"), 3);
        assert_eq!(deepest(&format!("(module (func {}))", "(loop) (block)".repeat(9))), 3);
        assert_eq!(deepest(") end end ("), 1);
        assert_eq!(deepest("(; (\" \\"), 0);
    }
}
