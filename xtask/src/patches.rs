//! Updates the demo firmware with the real command line: create, apply, compare, verify.

use std::{fs, path::Path, process::Command};

use crate::{
    failure::Failure,
    process::{self, Build},
    thumb,
};

/// Base and target release, and what lies between them.
const UPDATES: [(&str, &str, &str); 3] = [
    ("1.0.0", "1.0.1", "bug fix of one line"),
    ("1.0.1", "1.1.0", "new feature"),
    ("1.1.0", "1.0.0", "going back"),
];

/// What one update cost.
struct Row {
    target_bytes: usize,
    patch_bytes: u64,
    ram_bytes: u64,
    seconds: f64,
}

/// The task.
pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    run_with(Build::Release)
}

/// The same with the command line as `build` says.
pub(crate) fn run_with(build: Build) -> Result<(), Failure> {
    let patcher = process::program("patcher", build)?;
    let folder = process::target_dir().join("patches");
    fs::create_dir_all(&folder).map_err(Failure::io(&folder))?;

    println!(
        "Demo firmware of corpora/demo. Each patch is applied and the result compared with the target.\n"
    );
    println!(
        "{:<20} {:<15} {:<20} {:>8} {:>8} {:>7} {:>8} {:>8}",
        "target", "update", "what changed", "image", "patch", "%", "RAM", "seconds"
    );
    for target in thumb::TARGETS {
        for (from, to, what) in UPDATES {
            let row = update(&patcher, &folder, target, from, to)?;
            println!(
                "{:<20} {:<15} {:<20} {:>8} {:>8} {:>6.2}% {:>8} {:>8.2}",
                target,
                format!("{from} -> {to}"),
                what,
                row.target_bytes,
                row.patch_bytes,
                percent(row.patch_bytes, row.target_bytes),
                row.ram_bytes,
                row.seconds
            );
        }
    }
    println!(
        "\nAll rebuilt images are equal to their targets. Patches are in {}",
        folder.display()
    );
    println!("Your own: {} create BASE TARGET -o PATCH", shown(&patcher));
    Ok(())
}

fn update(
    patcher: &Path,
    folder: &Path,
    target: &str,
    from: &str,
    to: &str,
) -> Result<Row, Failure> {
    let images = process::root().join("corpora/demo/images");
    let image = |release| images.join(format!("{target}-{release}.bin"));
    let (base, wanted) = (image(from), image(to));
    let patch = folder.join(format!("{target}-{from}-{to}.patch"));
    let rebuilt = folder.join(format!("{target}-{to}.bin"));

    let told = process::json(
        Command::new(patcher)
            .arg("create")
            .args([&base, &wanted])
            .arg("-o")
            .arg(&patch)
            .arg("--json"),
    )?;
    process::run(
        Command::new(patcher)
            .arg("verify")
            .args([&base, &patch])
            .stdout(std::process::Stdio::null()),
    )?;
    process::json(
        Command::new(patcher)
            .arg("apply")
            .args([&base, &patch])
            .arg("-o")
            .arg(&rebuilt)
            .arg("--json"),
    )?;

    let read = |path: &Path| fs::read(path).map_err(Failure::io(path));
    let bytes = read(&wanted)?;
    if read(&rebuilt)? != bytes {
        return Err(Failure::new(format!(
            "{} differs from {}",
            rebuilt.display(),
            wanted.display()
        )));
    }
    let number = |name: &str| told[name].as_u64();
    let row = || {
        Some(Row {
            target_bytes: bytes.len(),
            patch_bytes: number("patch_bytes")?,
            ram_bytes: number("ram_bytes")?,
            seconds: told["seconds"].as_f64()?,
        })
    };
    let row = row().ok_or_else(|| {
        Failure::new(format!(
            "expected patch_bytes, ram_bytes and seconds from `patcher create`, got {told}"
        ))
    })?;
    let on_disk = read(&patch)?.len();
    if u64::try_from(on_disk) != Ok(row.patch_bytes) {
        return Err(Failure::new(format!(
            "patch_bytes is {}, the file has {on_disk}",
            row.patch_bytes
        )));
    }
    Ok(row)
}

fn percent(part: u64, whole: usize) -> f64 {
    let float = |value| u32::try_from(value).map_or(f64::NAN, f64::from);
    100.0 * float(part) / float(u64::try_from(whole).unwrap_or(u64::MAX))
}

/// The path as one would type it in the root.
fn shown(path: &Path) -> String {
    path.strip_prefix(process::root()).unwrap_or(path).display().to_string()
}
