//! A directory with a key and images that imgtool signed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Bytes of a slot with swap using move; sectors of 2 KiB make it `BOOT_MAX_IMG_SECTORS`.
pub(crate) const SLOT: u32 = 0x4_0000;

/// A directory, imgtool, and a key for ECDSA P-256.
pub(crate) struct Bench {
    dir: TempDir,
    imgtool: PathBuf,
    align: String,
    slot: String,
}

impl Bench {
    /// `None` without imgtool. `align` is `BOOT_MAX_ALIGN`.
    pub(crate) fn new(align: u32, slot: u32) -> Option<Self> {
        let Some(imgtool) = std::env::var_os("IMGTOOL") else {
            eprintln!("SKIPPED: set IMGTOOL, or run `cargo xtask ci imgtool`");
            return None;
        };
        let bench = Self {
            dir: tempfile::tempdir().expect("a temporary directory"),
            imgtool: imgtool.into(),
            align: align.to_string(),
            slot: slot.to_string(),
        };
        bench.imgtool(["keygen", "-k", "key.pem", "-t", "ecdsa-p256"]);
        Some(bench)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect(name);
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }

    /// Signs `firmware` into a file and returns what is in it.
    pub(crate) fn sign(&self, firmware: &[u8], version: &str, more: &[&str], to: &str) -> Vec<u8> {
        self.write("firmware.bin", firmware);
        let mut args = vec!["sign", "--key", "key.pem", "--header-size", "0x200", "--pad-header"];
        args.extend(["--align", &self.align, "--version", version, "--slot-size", &self.slot]);
        args.extend(["--security-counter", "auto"]);
        args.extend(more);
        args.extend(["firmware.bin", to]);
        self.imgtool(args);
        self.read(to)
    }

    /// What `imgtool verify` says of `contents`.
    pub(crate) fn verify(&self, contents: &[u8]) -> String {
        self.write("contents.bin", contents);
        self.imgtool(["verify", "-k", "key.pem", "contents.bin"])
    }

    pub(crate) fn imgtool<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        run(Command::new(&self.imgtool).args(args).current_dir(self.dir.path()))
    }

    pub(crate) fn patcher<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_patcher"));
        run(Command::new(program).args(args).current_dir(self.dir.path()))
    }
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}
