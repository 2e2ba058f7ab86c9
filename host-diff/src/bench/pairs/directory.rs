//! Pairs in a directory, by the names of files and folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Found, Pair, PairsError};

const OLD: [&str; 2] = ["old", "base"];
const NEW: [&str; 2] = ["new", "target"];
const SEPARATORS: [char; 3] = ['.', '-', '_'];

/// Files of one pair by role.
#[derive(Default)]
struct Files {
    old: Vec<PathBuf>,
    new: Vec<PathBuf>,
}

#[derive(Clone, Copy)]
enum Role {
    Old,
    New,
}

pub(super) fn find(directory: &Path) -> Result<Found, PairsError> {
    let mut pairs: BTreeMap<String, Files> = BTreeMap::new();
    let mut notes = Vec::new();
    for entry in entries(directory)? {
        let name = name(&entry);
        if name.starts_with('.') {
            continue;
        }
        if entry.is_dir() {
            let files = folder(&entry)?;
            if files.old.is_empty() && files.new.is_empty() {
                notes.push(format!("left out folder '{name}': it has neither old.* nor new.*"));
            } else {
                pairs.insert(name, files);
            }
        } else if let Some((pair, role)) = role_of(&name) {
            pairs.entry(pair.to_owned()).or_default().add(role, entry);
        } else {
            notes.push(format!("left out file '{name}': its name has neither 'old' nor 'new'"));
        }
    }
    let pairs = pairs.into_iter().map(|(name, files)| files.pair(name));
    Ok(Found { pairs: pairs.collect::<Result<_, _>>()?, notes })
}

/// Everything in `directory`, sorted by name.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, PairsError> {
    let entries = fs::read_dir(directory).map_err(PairsError::io(directory))?;
    let paths = entries.map(|entry| Ok(entry.map_err(PairsError::io(directory))?.path()));
    let mut paths = paths.collect::<Result<Vec<_>, PairsError>>()?;
    paths.sort();
    Ok(paths)
}

fn folder(directory: &Path) -> Result<Files, PairsError> {
    let mut files = Files::default();
    for entry in entries(directory)? {
        // The whole stem is the word.
        if let Some(("", role)) = role_of(&name(&entry))
            && entry.is_file()
        {
            files.add(role, entry);
        }
    }
    Ok(files)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The part before the word for a role, without what separates them.
fn role_of(name: &str) -> Option<(&str, Role)> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let of = |words: [&str; 2], role: Role| {
        words.into_iter().find_map(|word| {
            let before = stem.strip_suffix(word)?;
            let pair = before.strip_suffix(SEPARATORS).filter(|pair| !pair.is_empty());
            (before.is_empty() || pair.is_some()).then_some((pair.unwrap_or(""), role))
        })
    };
    of(OLD, Role::Old).or_else(|| of(NEW, Role::New))
}

impl Files {
    fn add(&mut self, role: Role, file: PathBuf) {
        match role {
            Role::Old => self.old.push(file),
            Role::New => self.new.push(file),
        }
    }

    fn pair(self, name: String) -> Result<Pair, PairsError> {
        // Files in the directory itself that are called old.* and new.*.
        let name = if name.is_empty() { "images".to_owned() } else { name };
        let (base, _) = choose(&name, "old", self.old)?;
        let (target, elf) = choose(&name, "new", self.new)?;
        Ok(Pair { name, base, target, elf, ..Pair::default() })
    }
}

/// The image among `files`, and the ELF file that only names its parts.
fn choose(
    pair: &str,
    role: &'static str,
    files: Vec<PathBuf>,
) -> Result<(PathBuf, Option<PathBuf>), PairsError> {
    let is_elf = |path: &PathBuf| path.extension().is_some_and(|end| end == "elf");
    let (mut elves, mut images): (Vec<_>, Vec<_>) = files.into_iter().partition(is_elf);
    let too_many = |files: &[PathBuf]| PairsError::Ambiguous {
        pair: pair.to_owned(),
        role,
        files: files.iter().map(|file| format!("'{}'", file.display())).collect(),
    };
    if images.len() > 1 || elves.len() > 1 {
        return Err(too_many(if images.len() > 1 { &images } else { &elves }));
    }
    let elf = elves.pop();
    match images.pop() {
        Some(image) => Ok((image, elf)),
        None => {
            let wanted = format!("an image called '{role}'");
            let missing = || PairsError::Half { pair: pair.to_owned(), wanted };
            let elf = elf.ok_or_else(missing)?;
            Ok((elf.clone(), Some(elf)))
        }
    }
}
