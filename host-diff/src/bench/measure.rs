//! Time and memory of one command.
//!
//! On Linux the peak memory that the kernel tells of a process starts at that of the process which started it. So a command
//! is started by a launcher of a few MiB: this program again, with [`LAUNCH`] as its first word. What the launcher holds is
//! the least figure that can be measured.

use core::time::Duration;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use wait4::{ResourceUsage, Wait4 as _};

/// First word of a command line that starts the launcher.
pub const LAUNCH: &str = "__launch";

/// How often a running command is looked at.
const TICK: Duration = Duration::from_micros(500);

/// What a command took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Seconds from start to end.
    pub seconds: f64,
    /// Seconds on a processor, user and system; `None` where not measured.
    pub cpu_seconds: Option<f64>,
    /// Most memory held, bytes; `None` where not measured.
    pub peak_rss_bytes: Option<u64>,
}

/// How a command ended, as the launcher tells.
#[derive(Debug, Serialize, Deserialize)]
enum End {
    Succeeded(Usage),
    Failed(String),
    TimedOut,
    NotFound,
}

/// Why a command has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// There is no such program.
    #[error("'{0}' was not found")]
    NotFound(String),
    /// It ended with an error.
    #[error("{0}")]
    Failed(String),
    /// It did not end in time.
    #[error("it did not end within {0} s")]
    TimedOut(u64),
    /// The launcher did not work.
    #[error("cannot measure: {0}")]
    Launcher(String),
}

/// A command to measure.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Program and arguments.
    pub words: &'a [String],
    /// Working directory; gets a file with what the command says on standard error.
    pub directory: &'a Path,
    /// File for its standard output.
    pub stdout: &'a Path,
    /// Seconds after which it is ended.
    pub timeout: u64,
}

/// Runs `job` in the launcher, which is the program `launcher`.
///
/// # Errors
/// [`MeasureError`]; also for a command that ends with an error: there is nothing to measure then.
pub fn run(launcher: &Path, job: &Job<'_>) -> Result<Usage, MeasureError> {
    let Some(program) = job.words.first() else {
        return Err(MeasureError::Launcher("an empty command".to_owned()));
    };
    let said = job.directory.join("stderr");
    let failed = |error: io::Error| MeasureError::Launcher(error.to_string());
    let output = Command::new(launcher)
        .arg(LAUNCH)
        .arg(job.timeout.to_string())
        .arg(job.stdout)
        .args(job.words)
        .current_dir(job.directory)
        .stdin(Stdio::null())
        .stderr(File::create(&said).map_err(failed)?)
        .output()
        .map_err(failed)?;
    let end = serde_json::from_slice(&output.stdout).map_err(|_| {
        MeasureError::Launcher(format!("the launcher ended with {}", output.status))
    })?;
    match end {
        End::Succeeded(usage) => Ok(usage),
        End::Failed(status) => Err(MeasureError::Failed(format!("{status}{}", quoted(&said)))),
        End::TimedOut => Err(MeasureError::TimedOut(job.timeout)),
        End::NotFound => Err(MeasureError::NotFound(program.clone())),
    }
}

/// The last line of what a command said, short.
fn quoted(file: &Path) -> String {
    const LONGEST: usize = 200;
    let said = fs::read(file).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.map_or_else(String::new, |line| {
        format!(": {}", line.chars().take(LONGEST).collect::<String>())
    })
}

/// The launcher, if this program was started as one.
#[must_use]
pub fn launched() -> Option<ExitCode> {
    let mut words = env::args_os().skip(1);
    if words.next()? != LAUNCH {
        return None;
    }
    let words: Vec<OsString> = words.collect();
    let [timeout, stdout, program, arguments @ ..] = &words[..] else {
        return Some(ExitCode::from(2));
    };
    let timeout = timeout.to_str().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let end = launch(timeout, Path::new(stdout), program, arguments);
    let written = serde_json::to_writer(io::stdout().lock(), &end);
    Some(if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn launch(timeout: u64, stdout: &Path, program: &OsStr, arguments: &[OsString]) -> End {
    let start = Instant::now();
    let child = File::create(stdout).and_then(|stdout| {
        Command::new(program).args(arguments).stdin(Stdio::null()).stdout(stdout).spawn()
    });
    match child {
        Ok(child) => {
            let ended = wait(child, start + Duration::from_secs(timeout));
            finish(ended, start.elapsed().as_secs_f64())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => End::NotFound,
        Err(error) => End::Failed(error.to_string()),
    }
}

/// Status and usage of a process that ended, or `None` for one that had to be ended.
type Ended = io::Result<Option<(ExitStatus, Option<ResourceUsage>)>>;

fn wait(mut child: Child, deadline: Instant) -> Ended {
    loop {
        match child.try_wait4() {
            Ok(Some(used)) => return Ok(Some((used.status, Some(used.rusage)))),
            Ok(None) if Instant::now() < deadline => thread::sleep(TICK),
            Ok(None) => {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            // No such call on this system: time only.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(Some((child.wait()?, None)));
            }
            Err(error) => return Err(error),
        }
    }
}

fn finish(ended: Ended, seconds: f64) -> End {
    match ended {
        Ok(Some((status, used))) if status.success() => {
            let cpu = |used: ResourceUsage| (used.utime + used.stime).as_secs_f64();
            let peak = used.map(|used| used.maxrss).filter(|&bytes| bytes > 0);
            End::Succeeded(Usage { seconds, cpu_seconds: used.map(cpu), peak_rss_bytes: peak })
        }
        Ok(Some((status, _))) => End::Failed(status.to_string()),
        Ok(None) => End::TimedOut,
        Err(error) => End::Failed(error.to_string()),
    }
}

/// The program that is running, which can be a launcher.
///
/// # Errors
/// The system does not tell.
pub fn this_program() -> io::Result<PathBuf> {
    env::current_exe()
}
