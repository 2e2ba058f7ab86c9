//! Runs the binary in a directory of its own.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory with `base.bin`, `target.bin` and `delta.patch` between them.
pub(crate) struct Place {
    dir: TempDir,
    pub(crate) base: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) patch: Vec<u8>,
}

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn text(&self) -> &str {
        core::str::from_utf8(&self.stdout).expect("UTF-8 on standard output")
    }

    /// The only JSON object on standard output.
    pub(crate) fn json(&self) -> Value {
        let value: Value = serde_json::from_str(self.text()).expect("one JSON value");
        assert!(value.is_object(), "{value}");
        value
    }

    /// Asserts a failure with `code` that is told in lines of `error:` and `help:`, and tells of `words`.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "expected '{word}' in {self:?}");
        }
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        let base = noise(3_000, 1);
        let mut target = base.clone();
        target.splice(1_000..1_000, noise(40, 2));
        target[2_000] ^= 1;
        let mut place = Self {
            dir: tempfile::tempdir().expect("a temporary directory"),
            base,
            target,
            patch: Vec::new(),
        };
        place.write("base.bin", &place.base);
        place.write("target.bin", &place.target);
        place.run(["create", "base.bin", "target.bin", "-o", "delta.patch"]).succeeds();
        place.patch = place.read("delta.patch");
        place
    }

    /// Adds `full.patch`, the target image alone.
    pub(crate) fn with_full_patch(self) -> Self {
        self.run(["create", "--full", "target.bin", "-o", "full.patch"]).succeeds();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).expect(name);
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }

    /// Adds a demo image, which comes with the repository, under its own name.
    pub(crate) fn add_demo(&self, name: &str) {
        let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpora/demo/images");
        fs::copy(images.join(name), self.path(name)).expect(name);
    }

    /// Names of all files.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.dir.path()).expect("a readable directory");
        entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect()
    }

    /// Runs `patcher` here without input.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Done {
        finish(self.command(args).stdin(Stdio::null()))
    }

    /// Runs `patcher` here with a file as standard input.
    pub(crate) fn run_with_input<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        input: &str,
    ) -> Done {
        finish(self.command(args).stdin(File::open(self.path(input)).expect(input)))
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_patcher"));
        command.current_dir(self.dir.path()).env("COLUMNS", "100").args(args);
        command
    }
}

fn finish(command: &mut Command) -> Done {
    let output = command.output().expect("the binary runs");
    Done {
        code: output.status.code().expect("an exit code, not a signal"),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
    }
}

/// Bytes without a pattern, the same for the same seed.
pub(crate) fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    core::iter::repeat_with(|| {
        // Numerical Recipes' linear congruential generator.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(len)
    .collect()
}

/// The hexadecimal digits of the SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    host_diff::digest::Hex(&host_diff::digest::sha256(bytes)).to_string()
}
