//! From the file inside a package to a flat image.

mod intel_hex;
mod python_string;

use core::str::FromStr;

use serde::Deserialize;

/// Steps that turn a packaged file into an image, applied in order; none at all for a file that is the image.
///
/// Written as `raw`, or as steps divided by `|`:
///
/// | step | does |
/// | --- | --- |
/// | `ihex` | Intel HEX to flat bytes from the lowest to the highest address, gaps 0xFF |
/// | `ihex:LO-HI` | the same with only the bytes at addresses LO..HI (hex digits, HI excluded) |
/// | `pystr:NAME` | the string literal assigned to NAME at the top level of a Python source |
/// | `rstripff` | drops trailing 0xFF, but keeps the length a multiple of 4 |
/// | `cut:HEAD:TAIL` | drops that many bytes at either end (decimal) |
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pipeline {
    steps: Vec<Step>,
}

/// One conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Drops bytes at both ends.
    Cut {
        /// Bytes to drop at the start.
        head_bytes: usize,
        /// Bytes to drop at the end.
        tail_bytes: usize,
    },
    /// Intel HEX to flat bytes.
    IntelHex {
        /// First address and the one after the last, to keep only what lies between.
        range: Option<(u32, u32)>,
    },
    /// A string literal in a Python source.
    PythonString {
        /// The variable that it is assigned to.
        name: String,
    },
    /// Drops trailing erased bytes in units of 4.
    StripErased,
}

/// Text is not a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `raw` or steps `ihex`, `ihex:LO-HI`, `pystr:NAME`, `rstripff`, `cut:HEAD:TAIL` divided by `|`, \
     found {found:?}"
)]
pub struct PipelineError {
    /// The step that is none of these.
    pub found: String,
}

/// A file does not convert: it is not what the manifest takes it for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// Nothing would be left of the file.
    #[error("expected at least {expected} bytes to cut off, found {found}")]
    CutTooLong {
        /// Bytes that the step drops.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// Intel HEX whose checksum, record or end is wrong.
    #[error("expected Intel HEX records up to an end-of-file record, found {found}")]
    IntelHex {
        /// What is wrong.
        found: String,
    },
    /// Intel HEX with no byte in the range.
    #[error("expected Intel HEX data in the range, found none")]
    IntelHexEmpty,
    /// Intel HEX data lies further apart than any image here is long.
    #[error("expected Intel HEX data within {limit} bytes, found it over {found}: give a range")]
    IntelHexSpan {
        /// Longest image that is made.
        limit: u64,
        /// From the lowest to the highest address.
        found: u64,
    },
    /// Python source without the assignment, or a literal that is not understood.
    #[error("expected a plain string literal assigned to {name} at the top level, found {found}")]
    PythonString {
        /// The variable.
        name: String,
        /// What is there.
        found: &'static str,
    },
    /// A text format holds bytes that are not UTF-8.
    #[error("expected UTF-8 text, found other bytes at offset {offset}")]
    Text {
        /// Where the first of them is.
        offset: usize,
    },
}

impl Pipeline {
    /// The steps, first to last; none for `raw`.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Runs all steps over `bytes`.
    ///
    /// # Errors
    ///
    /// That of the first step which fails; the file is not what the manifest takes it for.
    pub fn apply(&self, bytes: Vec<u8>) -> Result<Vec<u8>, ConvertError> {
        self.steps.iter().try_fold(bytes, |bytes, step| step.apply(bytes))
    }
}

impl Step {
    fn apply(&self, bytes: Vec<u8>) -> Result<Vec<u8>, ConvertError> {
        match self {
            Self::Cut { head_bytes, tail_bytes } => cut(bytes, *head_bytes, *tail_bytes),
            Self::IntelHex { range } => intel_hex::flatten(text(&bytes)?, *range),
            Self::PythonString { name } => {
                python_string::assigned_to(name, text(&bytes)?).map(String::into_bytes)
            }
            Self::StripErased => Ok(strip_erased(bytes)),
        }
    }
}

fn cut(mut bytes: Vec<u8>, head: usize, tail: usize) -> Result<Vec<u8>, ConvertError> {
    let found = bytes.len();
    let expected = head.saturating_add(tail);
    if expected > found {
        return Err(ConvertError::CutTooLong { expected, found });
    }
    bytes.truncate(found - tail);
    bytes.drain(..head);
    Ok(bytes)
}

fn strip_erased(mut bytes: Vec<u8>) -> Vec<u8> {
    let used = bytes.iter().rposition(|&byte| byte != 0xFF).map_or(0, |last| last + 1);
    bytes.truncate(used.next_multiple_of(4).min(bytes.len()));
    bytes
}

fn text(bytes: &[u8]) -> Result<&str, ConvertError> {
    core::str::from_utf8(bytes).map_err(|error| ConvertError::Text { offset: error.valid_up_to() })
}

impl FromStr for Step {
    type Err = PipelineError;

    fn from_str(text: &str) -> Result<Self, PipelineError> {
        let error = || PipelineError { found: text.to_owned() };
        match text.split_once(':').unwrap_or((text, "")) {
            ("cut", lengths) => {
                let (head, tail) = lengths.split_once(':').ok_or_else(error)?;
                Ok(Self::Cut {
                    head_bytes: head.parse().map_err(|_| error())?,
                    tail_bytes: tail.parse().map_err(|_| error())?,
                })
            }
            ("ihex", "") => Ok(Self::IntelHex { range: None }),
            ("ihex", range) => {
                let (low, high) = range.split_once('-').ok_or_else(error)?;
                let low = u32::from_str_radix(low, 16).map_err(|_| error())?;
                let high = u32::from_str_radix(high, 16).map_err(|_| error())?;
                Ok(Self::IntelHex { range: Some((low, high)) })
            }
            ("pystr", name) if !name.is_empty() => Ok(Self::PythonString { name: name.to_owned() }),
            ("rstripff", "") => Ok(Self::StripErased),
            _ => Err(error()),
        }
    }
}

impl FromStr for Pipeline {
    type Err = PipelineError;

    fn from_str(text: &str) -> Result<Self, PipelineError> {
        let steps = match text {
            "raw" => Vec::new(),
            _ => text.split('|').map(str::parse).collect::<Result<_, _>>()?,
        };
        Ok(Self { steps })
    }
}

impl TryFrom<String> for Pipeline {
    type Error = PipelineError;

    fn try_from(text: String) -> Result<Self, PipelineError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(pipeline: &str, bytes: &[u8]) -> Result<Vec<u8>, ConvertError> {
        pipeline.parse::<Pipeline>().unwrap().apply(bytes.to_vec())
    }

    #[test]
    fn raw_changes_nothing() {
        assert_eq!(convert("raw", b""), Ok(vec![]));
        assert_eq!(convert("raw", &[0xFF; 5]), Ok(vec![0xFF; 5]));
    }

    #[test]
    fn cut_drops_both_ends_and_no_more_than_there_is() {
        assert_eq!(convert("cut:0:0", b"abcdef"), Ok(b"abcdef".to_vec()));
        assert_eq!(convert("cut:1:2", b"abcdef"), Ok(b"bcd".to_vec()));
        assert_eq!(convert("cut:4:2", b"abcdef"), Ok(vec![]));
        let error = ConvertError::CutTooLong { expected: 7, found: 6 };
        assert_eq!(convert("cut:5:2", b"abcdef"), Err(error));
        let error = ConvertError::CutTooLong { expected: usize::MAX, found: 1 };
        assert_eq!(convert(&format!("cut:1:{}", usize::MAX), b"a"), Err(error));
    }

    #[test]
    fn strip_drops_trailing_erased_bytes_in_units_of_four() {
        let cases: [(&[u8], &[u8]); 7] = [
            (&[], &[]),
            (&[0xFF; 8], &[]),
            (&[1, 2, 3, 4, 0xFF, 0xFF, 0xFF, 0xFF], &[1, 2, 3, 4]),
            (&[1, 2, 3, 4, 5, 0xFF, 0xFF, 0xFF, 0xFF], &[1, 2, 3, 4, 5, 0xFF, 0xFF, 0xFF]),
            (&[0xFF, 1], &[0xFF, 1]),
            (&[1, 2, 3, 4, 5, 0xFF], &[1, 2, 3, 4, 5, 0xFF]),
            (&[1, 0xFF, 0xFF, 0xFF, 0xFF], &[1, 0xFF, 0xFF, 0xFF]),
        ];
        for (file, image) in cases {
            assert_eq!(convert("rstripff", file), Ok(image.to_vec()), "{file:02x?}");
        }
    }

    #[test]
    fn steps_run_in_order() {
        let source = b"HEX = \"\"\":0400000001FF02FFFB\n:00000001FF\n\"\"\"\n";
        assert_eq!(convert("pystr:HEX|ihex", source), Ok(vec![1, 0xFF, 2, 0xFF]));
        assert_eq!(convert("pystr:HEX|ihex|cut:0:2|rstripff", source), Ok(vec![1, 0xFF]));
    }

    #[test]
    fn pipelines_that_are_not_understood_are_refused() {
        for text in ["", "rot13", "ihex:10", "ihex:x-10", "cut:1", "cut:1:x", "pystr", "rstripff:4"]
        {
            assert_eq!(text.parse::<Pipeline>(), Err(PipelineError { found: text.to_owned() }));
        }
        let error = PipelineError { found: "raw".to_owned() };
        assert_eq!("ihex|raw".parse::<Pipeline>(), Err(error));
    }

    #[test]
    fn binary_bytes_are_not_taken_for_text() {
        let error = ConvertError::Text { offset: 2 };
        assert_eq!(convert("ihex", b":0\xFF"), Err(error.clone()));
        assert_eq!(convert("pystr:X", b":0\xFF"), Err(error));
    }
}
