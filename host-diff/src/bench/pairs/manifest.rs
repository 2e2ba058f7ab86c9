//! Pairs listed in a file: TSV or JSON.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Found, Pair, PairsError};

/// One row or object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: Option<String>,
    base: PathBuf,
    target: PathBuf,
    elf: Option<PathBuf>,
    isa: Option<String>,
    address: Option<String>,
    base_address: Option<String>,
    target_address: Option<String>,
    class: Option<String>,
}

pub(super) fn read(path: &Path) -> Result<Found, PairsError> {
    let text = fs::read_to_string(path).map_err(PairsError::io(path))?;
    let rows = if text.trim_start().starts_with(['[', '{']) { json(&text) } else { table(&text) };
    let rows = rows.map_err(|reason| PairsError::Manifest { path: path.to_owned(), reason })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(Found { pairs: rows.into_iter().map(|row| row.pair(folder)).collect(), notes: Vec::new() })
}

fn json(text: &str) -> Result<Vec<Row>, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn table(text: &str) -> Result<Vec<Row>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .comment(Some(b'#'))
        .quoting(false)
        .from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().map_err(|error| error.to_string())
}

impl Row {
    fn pair(self, folder: &Path) -> Pair {
        let Self { name, base, target, elf, isa, address, base_address, target_address, class } =
            self;
        let stem = |path: &Path| path.file_stem().unwrap_or_default().display().to_string();
        let name = name.unwrap_or_else(|| format!("{} → {}", stem(&base), stem(&target)));
        Pair {
            name,
            base: folder.join(base),
            target: folder.join(target),
            elf: elf.map(|elf| folder.join(elf)),
            isa,
            base_address: base_address.or_else(|| address.clone()),
            target_address: target_address.or(address),
            class,
        }
    }
}
