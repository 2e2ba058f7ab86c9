//! Running a client: its output is kept back, and shown when it fails.

use std::io;
use std::process::{Command, Stdio};

use super::FetchError;
use crate::manifest::Source;

/// Lines of output shown when a client fails.
const OUTPUT_LINES: usize = 8;

/// Runs `command` to its end and returns what it wrote to stdout.
pub(super) fn run(
    client: &'static str,
    source_kind: Source,
    command: &mut Command,
) -> Result<String, FetchError> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FetchError::ClientMissing { client, source_kind },
        _ => FetchError::Io(error),
    })?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let said = if stderr.trim().is_empty() { &stdout } else { &*stderr };
    Err(FetchError::ClientFailed { command: shown(command), output: last_lines(said) })
}

fn shown(command: &Command) -> String {
    let words = core::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(OUTPUT_LINES)..];
    shown.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_long_output_is_shown() {
        let text: String = (0..100).map(|line| format!("line {line}\n\n")).collect();
        let shown = last_lines(&text);
        assert_eq!(shown.lines().count(), OUTPUT_LINES);
        assert!(shown.ends_with("    line 99"));
        assert_eq!(last_lines(""), "");
    }

    #[test]
    fn a_command_that_is_not_there_is_told_by_its_name() {
        let mut command = Command::new("no-such-client-of-patcher");
        let error = run("client", Source::Npm, &mut command).unwrap_err();
        assert!(matches!(
            error,
            FetchError::ClientMissing { client: "client", source_kind: Source::Npm }
        ));
        assert!(error.advice().is_some());
    }
}
