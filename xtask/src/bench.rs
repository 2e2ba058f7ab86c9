//! The whole benchmark: every pair of a set through this coder and each peer that is installed.

use std::{
    env,
    fs::{self, File},
    path::Path,
    process::Command,
};

use crate::{
    failure::Failure,
    process::{self, Build},
};

/// The task: `[--set benchmark|more|all]`, then options of `patcher bench`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let (set, options) = match arguments {
        [option, set, rest @ ..] if option == "--set" => (set.as_str(), rest),
        rest => ("benchmark", rest),
    };
    // Before anything is built: the tree may change while this runs.
    let head = head(set, options);
    let corpora = process::program("corpora", Build::Release)?;
    let patcher = process::program("patcher", Build::Release)?;
    let folder = process::target_dir().join("bench");
    fs::create_dir_all(&folder).map_err(Failure::io(&folder))?;

    let manifest = folder.join("pairs.tsv");
    let written = Command::new(&corpora)
        .args(["pairs", "--set", set])
        .stdout(create(&manifest)?)
        .status()
        .map_err(Failure::io(&corpora))?;
    if !written.success() {
        let advice = format!("first run `cargo run --release -p corpora -- fetch --set {set}`");
        return Err(Failure::new(format!("not all images are there: {advice}")));
    }

    let record = process::root().join("benches/record");
    let name = format!("{}-bench-{set}", date());
    let file = |ending: &str| record.join(format!("{name}.{ending}"));
    let results = folder.join("results.json");
    let measured = Command::new(&patcher)
        .arg("bench")
        .arg(&manifest)
        .arg("--json")
        .args(options)
        .stdout(create(&results)?)
        .status()
        .map_err(Failure::io(&patcher))?;
    let mut replay = Command::new(&patcher);
    replay.args(["bench", "--replay"]).arg(&results);
    replay.arg("--csv").arg(file("csv")).arg("--html").arg(file("html"));
    let table = process::output(&mut replay)?;
    if table.stdout.is_empty() {
        return Err(Failure::new(format!("`patcher bench` ended with {measured}")));
    }
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    let lines = table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let text = format!("{head}{lines}\n");
    fs::write(file("txt"), &text).map_err(Failure::io(&file("txt")))?;
    print!("{text}");
    for ending in ["txt", "csv", "html"] {
        println!("wrote {}", shown(&file(ending)));
    }
    if measured.success() {
        return Ok(());
    }
    Err(Failure::new(format!("some runs failed: `patcher bench` ended with {measured}")))
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(Failure::io(path))
}

/// Under which conditions the figures below it were measured.
fn head(set: &str, options: &[String]) -> String {
    let commit = process::commit();
    let cores = std::thread::available_parallelism().map_or(0, core::num::NonZero::get);
    format!(
        "# host: {} {}, {cores} cores; commit {commit}; cargo xtask bench --set {set} {}\n\n",
        env::consts::OS,
        env::consts::ARCH,
        options.join(" ")
    )
}

/// Date of the commit that is measured.
fn date() -> String {
    process::git(&["show", "--no-patch", "--format=%cs", "HEAD"])
}

/// A path as one would type it in the root.
fn shown(path: &Path) -> String {
    path.strip_prefix(process::root()).unwrap_or(path).display().to_string()
}
