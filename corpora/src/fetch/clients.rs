//! The ordinary package clients: pip, npm and apt-get.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::command::run;
use super::debian::Apt;
use super::{Download, FetchError};
use crate::manifest::{Package, Source};

/// Fetches with `pip download`, `npm pack` and `apt-get download`, as they are set up on this machine.
#[derive(Debug, Default)]
pub struct Clients {
    pip: Option<Pip>,
    apt: Apt,
}

/// The words that run pip.
type Pip = &'static [&'static str];

impl Download for Clients {
    fn download(&mut self, package: &Package, directory: &Path) -> Result<(), FetchError> {
        match package.source {
            Source::Debian => self.apt.download(package, directory),
            Source::Npm => run(
                "npm",
                Source::Npm,
                Command::new("npm").args(npm_arguments(package)).current_dir(directory),
            )
            .map(drop),
            Source::Pypi => {
                let pip = self.pip()?;
                let mut command = Command::new(pip[0]);
                command.args(&pip[1..]).args(pip_arguments(package, directory));
                run("pip", Source::Pypi, &mut command).map(drop)
            }
        }
    }
}

impl Clients {
    /// The first way to run pip that works here.
    fn pip(&mut self) -> Result<Pip, FetchError> {
        const WAYS: [Pip; 3] = [&["pip"], &["pip3"], &["python3", "-m", "pip"]];
        let works = |pip: &Pip| {
            let mut command = Command::new(pip[0]);
            command.args(&pip[1..]).arg("--version");
            run("pip", Source::Pypi, &mut command).is_ok()
        };
        if self.pip.is_none() {
            self.pip = WAYS.into_iter().find(works);
        }
        self.pip.ok_or(FetchError::ClientMissing { client: "pip", source_kind: Source::Pypi })
    }
}

/// No install script of the package runs. By default npm would wait minutes without a network.
fn npm_arguments(package: &Package) -> Vec<OsString> {
    let spec = format!("{}@{}", package.name, package.version);
    let patience = ["--fetch-retry-mintimeout=2000", "--fetch-retry-maxtimeout=8000"];
    ["pack", "--ignore-scripts", patience[0], patience[1], &spec].map(OsString::from).to_vec()
}

/// The hint narrows what pip takes: a source distribution, or a wheel for another platform.
fn pip_arguments(package: &Package, directory: &Path) -> Vec<OsString> {
    let options = ["--no-deps", "--disable-pip-version-check", "--quiet", "--retries=3", "--dest"];
    let mut arguments = vec![OsString::from("download")];
    arguments.extend(options.map(OsString::from));
    arguments.push(directory.into());
    arguments.extend(package.hint.split_whitespace().map(OsString::from));
    arguments.push(format!("{}=={}", package.name, package.version).into());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn package(file: &str) -> Package {
        let manifest = Manifest::load().unwrap();
        let package = manifest.packages().find(|package| package.file == file).unwrap();
        Package::clone(package)
    }

    #[test]
    fn pip_gets_the_hint_as_options() {
        let package = package("pc_ble_driver_py-0.12.0-cp37-cp37m-win_amd64.whl");
        let arguments = pip_arguments(&package, Path::new("there"));
        let text = arguments.join(&OsString::from(" ")).into_string().unwrap();
        assert_eq!(
            text,
            "download --no-deps --disable-pip-version-check --quiet --retries=3 --dest there \
             --only-binary=:all: --platform win_amd64 --python-version 3.7 pc-ble-driver-py==0.12.0"
        );
    }

    #[test]
    fn npm_gets_scope_and_version() {
        let arguments = npm_arguments(&package("pybricks-firmware-4.0.1.tgz"));
        assert_eq!(arguments[..2], ["pack", "--ignore-scripts"]);
        assert_eq!(arguments.last().unwrap(), "@pybricks/firmware@4.0.1");
    }
}
