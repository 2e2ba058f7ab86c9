//! Debian packages of any suite, with apt-get and a private configuration.
//!
//! A machine's apt lists know one release; the corpora span three. So apt gets, per suite, a directory of its own with
//! one source (the machine's own Debian archive, that suite), lists, cache and an empty status file. Nothing of the
//! machine's apt state is written, so root is not needed; the archive's signatures are checked as ever.

use core::fmt::Write as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::FetchError;
use super::command::run;
use crate::manifest::{Package, Source};

/// Where Debian puts the keys of all its releases. Without it apt falls back on the keys that it trusts anyway.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Private apt configurations, made when first needed and removed with this value.
#[derive(Debug, Default)]
pub(super) struct Apt {
    root: Option<TempDir>,
    archive: Option<String>,
    suites: BTreeMap<String, Suite>,
}

/// How fetching the package lists of a suite ended; it is tried once.
#[derive(Debug, Clone)]
enum Suite {
    Ready { config: PathBuf },
    Failed { command: String, output: String },
}

impl Apt {
    /// Saves the file of `package`, whose hint is its suite.
    pub(super) fn download(
        &mut self,
        package: &Package,
        directory: &Path,
    ) -> Result<(), FetchError> {
        let config = self.suite(&package.hint)?;
        let spec = format!("{}={}", package.name, package.version);
        run_apt(apt_get(&config).args(["download", &spec]).current_dir(directory)).map(drop)
    }

    /// The configuration for `suite`, its package lists fetched.
    fn suite(&mut self, suite: &str) -> Result<PathBuf, FetchError> {
        let state = match self.suites.get(suite) {
            Some(state) => state.clone(),
            None => {
                let state = match self.prepare(suite) {
                    Ok(config) => Suite::Ready { config },
                    Err(FetchError::ClientFailed { command, output }) => {
                        Suite::Failed { command, output }
                    }
                    Err(error) => return Err(error),
                };
                self.suites.entry(suite.to_owned()).or_insert(state).clone()
            }
        };
        match state {
            Suite::Ready { config } => Ok(config),
            Suite::Failed { command, output } => Err(FetchError::ClientFailed { command, output }),
        }
    }

    fn prepare(&mut self, suite: &str) -> Result<PathBuf, FetchError> {
        let archive = self.archive()?;
        let directory = self.root()?.join(suite);
        fs::create_dir_all(directory.join("sources"))?;
        fs::write(directory.join("sources").join("suite.sources"), source(&archive, suite))?;
        write_config(&directory, true)?;
        let config = directory.join("apt.conf");
        run_apt(apt_get(&config).arg("update"))?;
        Ok(config)
    }

    /// Address of the Debian archive that the machine uses.
    fn archive(&mut self) -> Result<String, FetchError> {
        if let Some(archive) = &self.archive {
            return Ok(archive.clone());
        }
        let archive = match debian_archive(&mut Command::new("apt-get"))? {
            Some(archive) => archive,
            // The machine has sources but no lists yet: fetch lists aside, whatever becomes of unrelated sources.
            None => {
                let directory = self.root()?.join("machine");
                fs::create_dir_all(&directory)?;
                write_config(&directory, false)?;
                let config = directory.join("apt.conf");
                let updated = run_apt(apt_get(&config).arg("update"));
                match (debian_archive(&mut apt_get(&config))?, updated) {
                    (Some(archive), _) => archive,
                    (None, Err(error)) => return Err(error),
                    (None, Ok(_)) => return Err(FetchError::NoDebianArchive),
                }
            }
        };
        Ok(self.archive.insert(archive).clone())
    }

    fn root(&mut self) -> Result<PathBuf, FetchError> {
        if self.root.is_none() {
            self.root = Some(tempfile::tempdir()?);
        }
        Ok(self.root.as_ref().map(|root| root.path().to_owned()).unwrap_or_default())
    }
}

fn run_apt(command: &mut Command) -> Result<String, FetchError> {
    run("apt-get", Source::Debian, command)
}

fn apt_get(config: &Path) -> Command {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").env("APT_CONFIG", config).env("LC_ALL", "C");
    command
}

/// Asks apt for the first source whose release file says that it is Debian's main archive.
fn debian_archive(apt_get: &mut Command) -> Result<Option<String>, FetchError> {
    let format = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)";
    let targets =
        run_apt(apt_get.args(["indextargets", "--format", format, "Created-By: Packages"]))?;
    Ok(targets.lines().find_map(|line| line.strip_prefix("Debian|Debian|main|")).map(str::to_owned))
}

/// One source in apt's deb822 format.
fn source(archive: &str, suite: &str) -> String {
    let mut source = format!("Types: deb\nURIs: {archive}\nSuites: {suite}\nComponents: main\n");
    if Path::new(KEYRING).is_file() {
        let _ = writeln!(source, "Signed-By: {KEYRING}");
    }
    source
}

/// Writes `apt.conf` and what it refers to; with `own_sources` the machine's sources are left out.
///
/// All images come from packages for amd64 or for all architectures. The sandbox user could not write to the directory.
fn write_config(directory: &Path, own_sources: bool) -> Result<(), FetchError> {
    let path = |name: &str| directory.join(name).display().to_string();
    let mut config = format!(
        "Dir::State::lists \"{}\";\nDir::State::status \"{}\";\nDir::Cache \"{}\";\n",
        path("lists"),
        path("status"),
        path("cache"),
    );
    if own_sources {
        let _ = writeln!(config, "Dir::Etc::sourcelist \"{}\";", path("none.list"));
        let _ = writeln!(config, "Dir::Etc::sourceparts \"{}\";", path("sources"));
        config.push_str("APT::Update::Error-Mode \"any\";\n");
    }
    config.push_str(concat!(
        "APT::Architecture \"amd64\";\n",
        "APT::Architectures { \"amd64\"; };\n",
        "APT::Sandbox::User \"root\";\n",
        "Acquire::Languages \"none\";\n",
        "Acquire::Retries \"3\";\n",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n",
        "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled \"false\";\n",
    ));
    for name in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(directory.join(name))?;
    }
    fs::write(directory.join("status"), "")?;
    fs::write(directory.join("apt.conf"), config)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_has_one_source_and_writes_only_below_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        write_config(directory.path(), true).unwrap();
        let config = fs::read_to_string(directory.path().join("apt.conf")).unwrap();
        let paths: Vec<_> = config
            .lines()
            .filter_map(|line| line.strip_prefix("Dir::"))
            .map(|line| line.split('"').nth(1).unwrap())
            .collect();
        assert_eq!(paths.len(), 5);
        for path in paths {
            assert!(Path::new(path).starts_with(directory.path()), "{path}");
        }
        assert!(
            source("ARCHIVE", "trixie")
                .starts_with("Types: deb\nURIs: ARCHIVE\nSuites: trixie\nComponents: main\n")
        );
    }
}
