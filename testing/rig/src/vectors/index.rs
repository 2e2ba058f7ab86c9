//! The index of `vectors/`.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Everything that `vectors/index.toml` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Patches that decode.
    #[serde(default)]
    pub valid: Vec<Valid>,
    /// Patches that are refused.
    #[serde(default)]
    pub invalid: Vec<Invalid>,
    /// Patches and what a device with keys makes of them.
    #[serde(default)]
    pub trust: Vec<Trust>,
}

/// A patch that decodes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Valid {
    /// Name, unique.
    pub name: String,
    /// Heading in `docs/format.md` that it shows.
    pub clause: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// The base image, relative to `vectors/`; none for a full image.
    pub base: Option<String>,
    /// The patch, relative to `vectors/`.
    pub patch: String,
    /// Length of the header in bytes.
    pub header_bytes: usize,
    /// Length of the target image in bytes.
    pub target_bytes: usize,
    /// SHA-256 of the target image.
    pub target_sha256: String,
    /// The restart marks in order.
    #[serde(default)]
    pub marks: Vec<Mark>,
}

/// A restart mark of a valid patch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Target bytes before it.
    pub position: u32,
    /// Body bytes before it.
    pub consumed: u32,
    /// Whether the model was reset.
    pub reset: bool,
    /// SHA-256 of the saved state.
    pub state_sha256: String,
}

/// A patch that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invalid {
    /// Name, unique.
    pub name: String,
    /// Heading in `docs/format.md` that it violates.
    pub clause: String,
    /// What is wrong, in a sentence.
    pub about: String,
    /// The base image, relative to `vectors/`; none for a full image.
    pub base: Option<String>,
    /// The patch, relative to `vectors/`.
    pub patch: String,
    /// Name of the reject.
    pub reject: String,
    /// Its number.
    pub code: u16,
    /// Words of workspace offered, when it is not what the header asks for.
    pub workspace_words: Option<usize>,
    /// A saved state to go on from, relative to `vectors/`.
    pub state: Option<String>,
    /// The reject is that of one more byte after a first reject.
    #[serde(default)]
    pub again: bool,
}

/// A patch for a device with keys.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Name, unique.
    pub name: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// The base image, relative to `vectors/`; none for a full image.
    pub base: Option<String>,
    /// The patch, relative to `vectors/`.
    pub patch: String,
    /// Public keys of signers that the device holds, in compressed form, as hexadecimal digits.
    pub signers: Vec<String>,
    /// Public keys of roots.
    pub roots: Vec<String>,
    /// Its hardware id, as hexadecimal digits.
    pub hardware_id: String,
    /// Its security counter.
    pub security_counter: u32,
    /// Whether it takes unsigned patches.
    pub takes_unsigned: bool,
    /// Name of the reject; none if the patch is applied.
    pub reject: Option<String>,
    /// Its number.
    pub code: Option<u16>,
    /// SHA-256 of the target image, if the patch is applied.
    pub target_sha256: Option<String>,
}

/// The folder `vectors/` of this repository.
#[must_use]
pub fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).join("vectors")
}

impl Index {
    /// Reads the index of `folder`.
    ///
    /// # Errors
    /// When it cannot be read or is not an index.
    pub fn load(folder: &Path) -> io::Result<Self> {
        toml::from_str(&fs::read_to_string(folder.join("index.toml"))?).map_err(io::Error::other)
    }

    /// The index as a file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::from(
            "# Written by `cargo xtask vectors`: do not edit. Paths are relative to this file.\n",
        );
        for valid in &self.valid {
            out.push_str("\n[[valid]]\n");
            line(&mut out, "name", &valid.name);
            line(&mut out, "clause", &valid.clause);
            line(&mut out, "about", &valid.about);
            optional(&mut out, "base", valid.base.as_ref());
            line(&mut out, "patch", &valid.patch);
            number(&mut out, "header_bytes", valid.header_bytes);
            number(&mut out, "target_bytes", valid.target_bytes);
            line(&mut out, "target_sha256", &valid.target_sha256);
            if !valid.marks.is_empty() {
                out.push_str("marks = [\n");
                for Mark { position, consumed, reset, state_sha256 } in &valid.marks {
                    let _ = writeln!(
                        out,
                        "    {{ position = {position}, consumed = {consumed}, reset = {reset}, state_sha256 = \"{state_sha256}\" }},"
                    );
                }
                out.push_str("]\n");
            }
        }
        for invalid in &self.invalid {
            out.push_str("\n[[invalid]]\n");
            line(&mut out, "name", &invalid.name);
            line(&mut out, "clause", &invalid.clause);
            line(&mut out, "about", &invalid.about);
            optional(&mut out, "base", invalid.base.as_ref());
            line(&mut out, "patch", &invalid.patch);
            line(&mut out, "reject", &invalid.reject);
            number(&mut out, "code", usize::from(invalid.code));
            if let Some(words) = invalid.workspace_words {
                number(&mut out, "workspace_words", words);
            }
            optional(&mut out, "state", invalid.state.as_ref());
            if invalid.again {
                out.push_str("again = true\n");
            }
        }
        for trust in &self.trust {
            out.push_str("\n[[trust]]\n");
            line(&mut out, "name", &trust.name);
            line(&mut out, "about", &trust.about);
            optional(&mut out, "base", trust.base.as_ref());
            line(&mut out, "patch", &trust.patch);
            for (key, keys) in [("signers", &trust.signers), ("roots", &trust.roots)] {
                let _ = writeln!(out, "{key} = {keys:?}");
            }
            line(&mut out, "hardware_id", &trust.hardware_id);
            let _ = writeln!(out, "security_counter = {}", trust.security_counter);
            let _ = writeln!(out, "takes_unsigned = {}", trust.takes_unsigned);
            optional(&mut out, "reject", trust.reject.as_ref());
            if let Some(code) = trust.code {
                number(&mut out, "code", usize::from(code));
            }
            optional(&mut out, "target_sha256", trust.target_sha256.as_ref());
        }
        out
    }
}

fn line(out: &mut String, key: &str, value: &str) {
    // All texts are ours: none needs an escape.
    let _ = writeln!(out, "{key} = \"{value}\"");
}

fn optional(out: &mut String, key: &str, value: Option<&String>) {
    if let Some(value) = value {
        line(out, key, value);
    }
}

fn number(out: &mut String, key: &str, value: usize) {
    let _ = writeln!(out, "{key} = {value}");
}

/// The SHA-256 of `bytes` in lower-case hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// `bytes` in lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes that `digits` stand for.
///
/// # Panics
/// When they are not pairs of hexadecimal digits.
#[must_use]
pub fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let text = |pair| core::str::from_utf8(pair).expect("ASCII");
    pairs.map(|pair| u8::from_str_radix(text(pair), 16).expect("hexadecimal digits")).collect()
}
