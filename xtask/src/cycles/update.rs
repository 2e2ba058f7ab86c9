//! Pairs of images, and patches between them by the real command line.

use std::{ffi::OsStr, fs, path::Path, process::Command};

use crate::{
    failure::Failure,
    process::{self, Build},
};

/// Two images.
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) base: Vec<u8>,
    pub(crate) target: Vec<u8>,
}

/// A patch and what its creator said of it.
pub(crate) struct Update {
    pub(crate) patch: Vec<u8>,
    /// RAM that it declares, bytes.
    pub(crate) ram_bytes: u64,
    /// Name of the instruction set whose references it predicts.
    pub(crate) isa: String,
}

/// Bytes of the declared RAM that are no workspace: `patcher_core::container::header::STATE_BYTES`.
const STATE_BYTES: u64 = patcher_core::container::header::STATE_BYTES as u64;

/// Releases of the demo firmware that are decoded.
const DEMO: [(&str, &str); 2] = [("1.0.0", "1.0.1"), ("1.0.1", "1.1.0")];

/// The pairs of a set of the corpus, which must have been fetched; `demo` are the committed images.
pub(crate) fn pairs(set: &str) -> Result<Vec<Pair>, Failure> {
    if set == "demo" {
        return DEMO.iter().map(|&(from, to)| demo(from, to)).collect();
    }
    let corpora = process::program("corpora", Build::Release)?;
    let listed = process::answer(Command::new(&corpora).args(["pairs", "--set", set]));
    let listed = listed.ok_or_else(|| {
        let advice = format!("first run `cargo run --release -p corpora -- fetch --set {set}`");
        Failure::new(format!("not all images of {set} are there: {advice}"))
    })?;
    listed.lines().skip(1).map(listed_pair).collect()
}

fn demo(from: &str, to: &str) -> Result<Pair, Failure> {
    let images = process::root().join("corpora/demo/images");
    let path = |release| images.join(format!("thumbv7em-none-eabi-{release}.bin"));
    let name = format!("demo firmware {from} → {to}");
    Ok(Pair { name, base: read(&path(from))?, target: read(&path(to))? })
}

/// A line of `corpora pairs`: name, base, target, class.
fn listed_pair(line: &str) -> Result<Pair, Failure> {
    let mut columns = line.split('\t');
    let (Some(name), Some(base), Some(target)) = (columns.next(), columns.next(), columns.next())
    else {
        return Err(Failure::new(format!("expected name, base and target, got {line}")));
    };
    Ok(Pair {
        name: name.to_owned(),
        base: read(Path::new(base))?,
        target: read(Path::new(target))?,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(Failure::io(path))
}

impl Update {
    /// Makes the patch with `patcher create` at its default level, and with `options`.
    pub(crate) fn create(
        patcher: &Path,
        pair: &Pair,
        ram: &str,
        options: &[&OsStr],
    ) -> Result<Self, Failure> {
        let folder = process::target_dir().join("cycles");
        fs::create_dir_all(&folder).map_err(Failure::io(&folder))?;
        let [base, target, patch] =
            ["base.bin", "target.bin", "patch"].map(|name| folder.join(name));
        fs::write(&base, &pair.base).map_err(Failure::io(&base))?;
        fs::write(&target, &pair.target).map_err(Failure::io(&target))?;
        let mut command = Command::new(patcher);
        command.arg("create").args([&base, &target]).arg("-o").arg(&patch);
        let told = process::json(command.args(["--ram", ram, "--json"]).args(options))?;
        let number = |key: &str| {
            told[key].as_u64().ok_or_else(|| {
                Failure::new(format!("expected {key} from `patcher create`, got {told}"))
            })
        };
        Ok(Self {
            patch: read(&patch)?,
            ram_bytes: number("ram_bytes")?,
            isa: told["isa"].as_str().unwrap_or("none").to_owned(),
        })
    }

    /// Bytes of workspace that a device has for the decoder.
    pub(crate) fn workspace_len(&self) -> Result<usize, Failure> {
        let bytes = self.ram_bytes.checked_sub(STATE_BYTES).map(usize::try_from);
        let Some(Ok(bytes)) = bytes else {
            return Err(Failure::new(format!("{} bytes of RAM are too few", self.ram_bytes)));
        };
        Ok(bytes)
    }
}
