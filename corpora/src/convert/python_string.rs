//! The string literal assigned to a name at the top level of a Python source.
//!
//! Just enough of Python's lexical rules: comments and literals are skipped, so that neither can look like the
//! assignment; a name counts only at the start of a line.

use core::iter::Peekable;
use core::str::CharIndices;

use super::ConvertError;

/// The value of the first `name = "…"` (any of Python's four quotes, no prefix) in `source`.
pub(super) fn assigned_to(name: &str, source: &str) -> Result<String, ConvertError> {
    let error = |found| ConvertError::PythonString { name: name.to_owned(), found };
    let mut at_line_start = true;
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        if at_line_start && let Some(value) = value_after(name, rest) {
            let quote = Quote::opening(value).ok_or_else(|| error("another expression"))?;
            return quote.read(value).map(|(text, _)| text).map_err(error);
        }
        at_line_start = first == '\n';
        let skipped = match (first, Quote::opening(rest)) {
            (_, Some(quote)) => {
                quote.skip(rest).ok_or_else(|| error("an open literal before it"))?
            }
            ('#', None) => rest.find('\n').unwrap_or(rest.len()),
            ('\\', None) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => first.len_utf8(),
        };
        rest = &rest[skipped..];
    }
    Err(error("no such assignment"))
}

/// What follows `name =` at the start of `line`.
fn value_after<'s>(name: &str, line: &'s str) -> Option<&'s str> {
    let blank = [' ', '\t'];
    let value = line.strip_prefix(name)?.trim_start_matches(blank).strip_prefix('=')?;
    (!value.starts_with('=')).then(|| value.trim_start_matches(blank))
}

/// The quotation marks of a literal.
#[derive(Clone, Copy)]
struct Quote(&'static str);

impl Quote {
    fn opening(text: &str) -> Option<Self> {
        ["\"\"\"", "'''", "\"", "'"].into_iter().find(|mark| text.starts_with(mark)).map(Self)
    }

    /// Length of the literal that `text` starts with, marks included; `None` if it does not end.
    fn skip(self, text: &str) -> Option<usize> {
        let mut offset = self.0.len();
        loop {
            let rest = text.get(offset..)?;
            if rest.starts_with(self.0) {
                return Some(offset + self.0.len());
            }
            let mut chars = rest.chars();
            let first = chars.next()?;
            let escaped = if first == '\\' { chars.next()?.len_utf8() } else { 0 };
            offset += first.len_utf8() + escaped;
        }
    }

    /// Value and length of the literal that `text` starts with.
    fn read(self, text: &str) -> Result<(String, usize), &'static str> {
        let length = self.skip(text).ok_or("a literal that does not end")?;
        let body = &text[self.0.len()..length - self.0.len()];
        let mut value = String::with_capacity(body.len());
        let mut chars = body.char_indices().peekable();
        while let Some((_, char)) = chars.next() {
            match char {
                '\\' => value.extend(unescape(&mut chars)?),
                // Python reads every line end as one newline.
                '\r' => {
                    chars.next_if(|&(_, next)| next == '\n');
                    value.push('\n');
                }
                _ => value.push(char),
            }
        }
        Ok((value, length))
    }
}

/// The character that an escape means; none for an escaped line end.
fn unescape(chars: &mut Peekable<CharIndices<'_>>) -> Result<Option<char>, &'static str> {
    match chars.next().map(|(_, char)| char) {
        Some('\n') => Ok(None),
        Some(char @ ('\\' | '\'' | '"')) => Ok(Some(char)),
        Some('n') => Ok(Some('\n')),
        Some('r') => Ok(Some('\r')),
        Some('t') => Ok(Some('\t')),
        _ => Err("an escape that is not understood"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> &'static str {
        match assigned_to("X", source) {
            Err(ConvertError::PythonString { found, .. }) => found,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_quote_gives_its_text() {
        for source in ["X = \"a b\"", "X='a b'", "X = \"\"\"a b\"\"\"\n", "\nX\t= '''a b'''; y"] {
            assert_eq!(assigned_to("X", source).as_deref(), Ok("a b"), "{source}");
        }
        assert_eq!(assigned_to("X", "X = ''").as_deref(), Ok(""));
        assert_eq!(assigned_to("X", "X = '''it's\n\"x\"'''").as_deref(), Ok("it's\n\"x\""));
    }

    #[test]
    fn escapes_and_line_ends_follow_python() {
        let source = "X = '''\\\na\\n\\\\\\'\\t\r\nb'''";
        assert_eq!(assigned_to("X", source).as_deref(), Ok("a\n\\'\t\nb"));
        assert_eq!(found(r"X = '\x41'"), "an escape that is not understood");
    }

    #[test]
    fn only_an_assignment_at_the_top_level_counts() {
        let source = concat!(
            "\"\"\"Docs:\nX = 'in a docstring'\n\"\"\"\n",
            "# X = 'in a comment', it's\n",
            "def f():\n    X = 'in a function'\n",
            "XY = 'longer name'\n",
            "X == 'comparison'\n",
            "s = 'a \\' b' + \"\\\\\"\n",
            "X = 'right'\n",
            "X = 'too late'\n",
        );
        assert_eq!(assigned_to("X", source).as_deref(), Ok("right"));
    }

    #[test]
    fn anything_but_a_plain_literal_is_refused() {
        assert_eq!(found(""), "no such assignment");
        assert_eq!(found("Y = 'a'\n"), "no such assignment");
        assert_eq!(found("X = 3"), "another expression");
        assert_eq!(found("X = b'a'"), "another expression");
        assert_eq!(found("X = 'a"), "a literal that does not end");
        assert_eq!(found("Y = 'a\nX = "), "an open literal before it");
    }
}
