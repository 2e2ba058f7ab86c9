//! Other coders, described by data.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The table that comes with the program.
const BUILT_IN: &str = include_str!("peers.toml");

/// What a placeholder stands for.
const PLACEHOLDERS: [&str; 5] = ["{base}", "{target}", "{patch}", "{out}", "{dir}"];

/// One coder. The built-in table, `peers.toml`, says what the fields mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// What reports call it.
    pub name: String,
    /// Words of the command that makes a patch.
    pub encode: Vec<String>,
    /// Words of the command that applies it.
    pub decode: Vec<String>,
    /// A command that succeeds where the peer can be used.
    #[serde(default)]
    pub probe: Vec<String>,
    /// How to get it.
    pub install: Option<String>,
    /// Memory of its decoder on a device.
    pub ram_bytes: Option<u64>,
    /// Whether it compresses the target alone.
    #[serde(default)]
    pub full: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    peer: Vec<Peer>,
}

/// Why there is no such peer, or no table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeersError {
    /// The file system refused.
    #[error("cannot read peers '{}': {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Not a table of peers.
    #[error("peers '{place}': {reason}")]
    Malformed {
        /// The file.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No peer of that name.
    #[error("expected a peer of the table ({}), found '{name}'", .known.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
}

/// The peers that come with the program.
///
/// # Errors
/// None: a test reads the table.
pub fn built_in() -> Result<Vec<Peer>, PeersError> {
    parse(BUILT_IN, "built in", None)
}

/// Adds the peers of a file, which replace those of the same name. Programs given by a relative path with a separator
/// are looked for in the folder of the file.
///
/// # Errors
/// [`PeersError::Io`] and [`PeersError::Malformed`].
pub fn add_file(peers: &mut Vec<Peer>, path: &Path) -> Result<(), PeersError> {
    let text = fs::read_to_string(path)
        .map_err(|source| PeersError::Io { path: path.to_owned(), source })?;
    for peer in parse(&text, &path.display().to_string(), path.parent())? {
        match peers.iter_mut().find(|known| known.name == peer.name) {
            Some(known) => *known = peer,
            None => peers.push(peer),
        }
    }
    Ok(())
}

/// Keeps the peers called `names`, in that order.
///
/// # Errors
/// [`PeersError::Unknown`].
pub fn choose(peers: &[Peer], names: &[String]) -> Result<Vec<Peer>, PeersError> {
    let choose = |name: &String| {
        peers.iter().find(|peer| peer.name == *name).cloned().ok_or_else(|| PeersError::Unknown {
            name: name.clone(),
            known: peers.iter().map(|peer| peer.name.clone()).collect(),
        })
    };
    names.iter().map(choose).collect()
}

fn parse(text: &str, place: &str, folder: Option<&Path>) -> Result<Vec<Peer>, PeersError> {
    let malformed = |reason: String| PeersError::Malformed { place: place.to_owned(), reason };
    let table: Table = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
    let mut peers = table.peer;
    for peer in &mut peers {
        check(peer).map_err(|reason| malformed(format!("'{}': {reason}", peer.name)))?;
        if let Some(folder) = folder {
            for words in [&mut peer.encode, &mut peer.decode, &mut peer.probe] {
                locate(words, folder);
            }
        }
    }
    Ok(peers)
}

fn check(peer: &Peer) -> Result<(), String> {
    if peer.name.trim().is_empty() {
        return Err("expected a name, found an empty one".to_owned());
    }
    for (words, wanted) in [(&peer.encode, "{target}"), (&peer.decode, "{patch}")] {
        if words.is_empty() || !words.iter().skip(1).any(|word| word.contains(wanted)) {
            return Err(format!("expected a command with {wanted}, found {words:?}"));
        }
        for word in words.iter().filter(|word| word.starts_with('{') && word.ends_with('}')) {
            if !PLACEHOLDERS.contains(&word.as_str()) {
                return Err(format!("expected one of {}, found {word}", PLACEHOLDERS.join(" ")));
            }
        }
    }
    Ok(())
}

/// Makes a program that is given by a relative path absolute.
fn locate(words: &mut [String], folder: &Path) {
    if let Some(program) = words.first_mut()
        && program.contains(std::path::MAIN_SEPARATOR)
        && let Ok(path) = folder.join(&*program).canonicalize()
    {
        *program = path.display().to_string();
    }
}

/// Files of one run, which placeholders stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files<'a> {
    pub(super) base: &'a Path,
    pub(super) target: &'a Path,
    pub(super) patch: &'a Path,
    pub(super) out: &'a Path,
    pub(super) dir: &'a Path,
}

impl Files<'_> {
    /// The words of a command, placeholders replaced.
    pub(super) fn fill(&self, words: &[String]) -> Vec<String> {
        let paths = [self.base, self.target, self.patch, self.out, self.dir];
        let fill = |word: &String| {
            PLACEHOLDERS.iter().zip(paths).fold(word.clone(), |word, (name, path)| {
                word.replace(name, &path.display().to_string())
            })
        };
        words.iter().map(fill).collect()
    }
}

/// Whether a command writes to the file that `placeholder` stands for, or else to standard output.
pub(super) fn names(words: &[String], placeholder: &str) -> bool {
    words.iter().any(|word| word.contains(placeholder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_legal_and_names_are_unique() {
        let peers = built_in().expect("a legal table");
        let mut names: Vec<&str> = peers.iter().map(|peer| &*peer.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), peers.len());
        for peer in &peers {
            assert_eq!(peer.full, !super::names(&peer.encode, "{base}"), "{}", peer.name);
        }
    }

    #[test]
    fn files_add_and_replace() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("peers.toml");
        let text = "[[peer]]\nname = \"bsdiff\"\nencode = [\"mine\", \"{target}\"]\ndecode = [\"mine\", \"{patch}\"]\n";
        fs::write(&path, format!("{text}{}", text.replace("bsdiff", "other"))).expect("a file");
        let mut peers = built_in().expect("a legal table");
        let before = peers.len();
        add_file(&mut peers, &path).expect("legal");
        assert_eq!(peers.len(), before + 1);
        let chosen = choose(&peers, &["bsdiff".to_owned()]).expect("known");
        assert_eq!(chosen[0].encode[0], "mine");
        let unknown = choose(&peers, &["gzip".to_owned()]).expect_err("unknown").to_string();
        assert!(unknown.contains("found 'gzip'") && unknown.contains("xdelta3"), "{unknown}");
    }

    #[test]
    fn commands_must_have_their_files() {
        let table = |encode: &str, decode: &str| {
            let text = format!("[[peer]]\nname = \"p\"\nencode = {encode}\ndecode = {decode}\n");
            parse(&text, "test", None).map_err(|error| error.to_string())
        };
        assert!(table("['e', '{target}']", "['d', '{patch}']").is_ok());
        assert!(table("[]", "['d', '{patch}']").is_err_and(|error| error.contains("{target}")));
        assert!(table("['e', '{target}']", "['d', '{base}']").is_err());
        let wrong = table("['e', '{target}', '{source}']", "['d', '{patch}']");
        assert!(wrong.is_err_and(|error| error.contains("found {source}")));
    }

    #[test]
    fn placeholders_stand_for_paths_within_words_too() {
        let path = Path::new;
        let files = Files {
            base: path("/b"),
            target: path("/t"),
            patch: path("/p"),
            out: path("/o"),
            dir: path("/d"),
        };
        let words = ["x", "--patch-from={base}", "{target}", "{dir}/y"].map(str::to_owned);
        assert_eq!(files.fill(&words), ["x", "--patch-from=/b", "/t", "/d/y"]);
    }
}
