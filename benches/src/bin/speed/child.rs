//! One patch made in a process of its own.

use crate::inputs::Input;
use core::fmt;
use core::num::NonZeroUsize;
use host_diff::create::IsaChoice;
use host_diff::image::FlatImage;
use host_diff::{Options, create};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

/// Where concatenated images are loaded: as in the flash of an STM32.
const ADDRESS: u32 = 0x0800_0000;

/// What one patch took.
pub(crate) struct Figures {
    /// Bytes of the patch.
    pub(crate) bytes: usize,
    /// Wall time, seconds.
    pub(crate) seconds: f64,
    /// Time on CPUs, seconds.
    pub(crate) cpu: f64,
    /// Peak of resident memory, MiB.
    pub(crate) peak: f64,
}

/// Nanoseconds on a CPU and peak resident KiB of this process, as Linux tells.
fn usage() -> (u64, u64) {
    let first = |path: &str| {
        let text = fs::read_to_string(path).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| {
        line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok()
    });
    (first("/proc/self/schedstat").unwrap_or(0), peak.unwrap_or(0))
}

impl Figures {
    /// Makes one patch here.
    pub(crate) fn measure(
        files: &[PathBuf],
        level: u8,
        threads: NonZeroUsize,
        code: bool,
    ) -> Result<Self, String> {
        let read = |path: &PathBuf| fs::read(path).map_err(|error| error.to_string());
        let images = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let [base, target] = <[Vec<u8>; 2]>::try_from(images).map_err(|_| "expected two files")?;
        let address = code.then_some(ADDRESS);
        let options = Options {
            level,
            base_address: address,
            target_address: address,
            threads: Some(threads),
            isa: code.then_some(IsaChoice::Thumb),
            ..Options::default()
        };
        let (base, target) = (FlatImage::from_raw(base), FlatImage::from_raw(target));
        let start = Instant::now();
        let before = usage().0;
        let patch = create(&base, &target, &options).map_err(|error| error.to_string())?;
        let seconds = start.elapsed().as_secs_f64();
        let (cpu, peak) = usage();
        #[expect(clippy::cast_precision_loss, reason = "figures of two digits")]
        let (cpu, peak) = ((cpu - before) as f64 / 1e9, peak as f64 / 1024.0);
        Ok(Self { bytes: patch.bytes.len(), seconds, cpu, peak })
    }

    /// Makes one patch in a process of its own.
    pub(crate) fn of(input: &Input, level: u8, threads: NonZeroUsize) -> Result<Self, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let files = [directory.path().join("base"), directory.path().join("target")];
        fs::write(&files[0], &input.base).map_err(|error| error.to_string())?;
        fs::write(&files[1], &input.target).map_err(|error| error.to_string())?;
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.arg("--level").arg(level.to_string()).arg("--threads").arg(threads.to_string());
        command.arg("--one").args(&files);
        if input.code {
            command.arg("--code");
        }
        let output = command.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("{}: {}", input.name, String::from_utf8_lossy(&output.stderr)));
        }
        let line = String::from_utf8_lossy(&output.stdout);
        Self::parse(&line).ok_or_else(|| format!("{}: expected four figures: {line}", input.name))
    }

    /// What the other process prints.
    pub(crate) fn line(&self) -> String {
        format!("{} {} {} {}", self.bytes, self.seconds, self.cpu, self.peak)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let bytes = words.next()?.parse().ok()?;
        let mut figure = || words.next()?.parse().ok();
        Some(Self { bytes, seconds: figure()?, cpu: figure()?, peak: figure()? })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, seconds, cpu, peak } = self;
        write!(f, "{bytes:>9} B {seconds:8.2} s {cpu:8.2} s CPU {peak:8.1} MiB")
    }
}
