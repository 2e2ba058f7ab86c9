//! `vectors/` both ways: the files do what the index says, and the index is complete.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use patcher_core::container::writer;
use patcher_core::{Header, HeaderError};
use rig::decode::{self, How, Refusal};
use rig::vectors::book::{Offer, all_rejects, decode_with_states, name_of, refusal, trust_rejects};
use rig::vectors::{self, Index, folder, sha256};

fn index() -> Index {
    Index::load(&folder()).expect("vectors/index.toml")
}

fn read(path: &str) -> Vec<u8> {
    let path = folder().join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn base(path: Option<&String>) -> Vec<u8> {
    path.map(|path| read(path)).unwrap_or_default()
}

/// Files below `vectors/`, relative to it.
fn files() -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for part in ["images", "invalid", "trust", "valid"] {
        let entries = fs::read_dir(folder().join(part)).expect("a folder of vectors");
        for entry in entries {
            let name = entry.expect("a file").file_name();
            files.insert(format!("{part}/{}", name.to_string_lossy()));
        }
    }
    files
}

/// Headings of docs/format.md by number.
fn clauses() -> BTreeSet<String> {
    let path: PathBuf = folder().join("../docs/format.md");
    let text = fs::read_to_string(path).expect("docs/format.md");
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .filter_map(|line| line.trim_start_matches('#').split_whitespace().next())
        .map(|number| number.trim_end_matches('.').to_owned())
        .collect()
}

#[test]
fn valid_vectors_decode_alike_at_every_chunking() {
    for vector in index().valid {
        let base = base(vector.base.as_ref());
        let patch = read(&vector.patch);
        for chunk in [1, 2, 3, 7, 64, usize::MAX] {
            for restart in [false, true] {
                let decoded =
                    decode::patch(&base, &patch, How { chunk, restart, ..How::default() });
                let name = format!("{} in chunks of {chunk}, restart {restart}", vector.name);
                let decoded = decoded.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                assert_eq!(decoded.target.len(), vector.target_bytes, "{name}");
                assert_eq!(sha256(&decoded.target), vector.target_sha256, "{name}");
                assert_eq!(decoded.marks.len(), vector.marks.len(), "{name}");
            }
        }
    }
}

#[test]
fn valid_vectors_have_the_header_and_the_states_of_the_index() {
    for vector in index().valid {
        let patch = read(&vector.patch);
        let base = base(vector.base.as_ref());
        let (header, len) = Header::parse(patch.iter().copied()).expect("a sound header");
        assert_eq!(len, vector.header_bytes, "{}", vector.name);
        assert_eq!(header.base_len as usize, base.len(), "{}", vector.name);
        assert_eq!(header.body_len as usize, patch.len() - len, "{}", vector.name);
        let (_, marks) = decode_with_states(&header, &base, &patch[len..]).expect("a sound body");
        assert_eq!(marks, vector.marks, "{}", vector.name);
    }
}

#[test]
fn valid_vectors_promise_the_digests_of_their_images() {
    for vector in index().valid {
        let patch = read(&vector.patch);
        let (header, _) = Header::parse(patch.iter().copied()).expect("a sound header");
        let digest = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
        };
        assert!(
            vector.target_sha256.starts_with(&digest(&header.target_digest)),
            "{}",
            vector.name
        );
        if let Some(path) = &vector.base {
            assert!(
                sha256(&read(path)).starts_with(&digest(&header.base_digest)),
                "{}",
                vector.name
            );
        }
    }
}

#[test]
fn invalid_vectors_are_refused_as_the_index_says() {
    for vector in index().invalid {
        let offer = Offer {
            workspace_words: vector.workspace_words,
            state: vector.state.as_ref().map(|path| read(path)),
            again: vector.again,
        };
        let got = refusal(&base(vector.base.as_ref()), &read(&vector.patch), &offer);
        let got = got.map(|got| (name_of(got), got.code()));
        assert_eq!(got, Some((vector.reject, vector.code)), "{}", vector.name);
    }
}

#[test]
fn invalid_bodies_are_refused_at_every_chunking() {
    for vector in index().invalid {
        if vector.workspace_words.is_some() || vector.state.is_some() || vector.again {
            continue;
        }
        let (base, patch) = (base(vector.base.as_ref()), read(&vector.patch));
        for chunk in [1, 2, 3, 7, 64, usize::MAX] {
            let got = decode::patch(&base, &patch, How { chunk, ..How::default() });
            let code = got.err().as_ref().map(Refusal::code);
            assert_eq!(code, Some(vector.code), "{} in chunks of {chunk}", vector.name);
        }
    }
}

#[test]
fn signed_vectors_cost_what_the_specification_says() {
    let index = index();
    let lens = |name: &str| {
        let vector = index.trust.iter().find(|vector| vector.name == name).expect(name);
        let patch = read(&vector.patch);
        let (_, seal, len) = Header::parse_sealed(patch.iter().copied()).expect("a header");
        (patch.len(), len, seal)
    };
    let (unsigned, _, none) = lens("unsigned");
    assert_eq!(none, None);
    // A counter of 300 takes two bytes, the hardware id seven.
    let (signed, header, _) = lens("signed");
    assert_eq!(signed, unsigned + 88 + 1 + 7);
    let (certified, ..) = lens("certified");
    // The extensions are then longer than 127 bytes.
    assert_eq!(certified, signed + 101 + 1);
    let (blocks, blocks_header, seal) = lens("blocks");
    let body_len = signed - header;
    let links = (body_len - 64).div_ceil(64 - 16);
    assert!(links > 2, "{links}");
    assert_eq!(blocks_header, header + 3);
    assert_eq!(blocks - blocks_header, body_len + 16 * links);
    let seal = seal.expect("signed");
    let body_len = u32::try_from(body_len).expect("32 bits");
    assert_eq!(seal.payload_bytes(body_len), (blocks - blocks_header) as u64);
}

#[test]
fn signed_vectors_decode_for_who_checks_no_signature() {
    for vector in index().trust.iter().filter(|vector| vector.target_sha256.is_some()) {
        let (base, patch) = (base(vector.base.as_ref()), read(&vector.patch));
        let (header, seal, len) = Header::parse_sealed(patch.iter().copied()).expect("a header");
        let plain = Header::parse(patch.iter().copied());
        let mut body = patch[len..].to_vec();
        match seal.and_then(|seal| seal.block_bytes()) {
            None => assert_eq!(plain, Ok((header, len)), "{}", vector.name),
            Some(block) => {
                assert_eq!(plain, Err(HeaderError::Extension { got: 0x83 }), "{}", vector.name);
                body = writer::unlink(&body, block);
            }
        }
        let decoded = decode::body(header, &base, &body, How::default()).expect("a sound body");
        assert_eq!(Some(sha256(&decoded.target)), vector.target_sha256, "{}", vector.name);
    }
}

#[test]
fn every_reject_of_trust_has_a_vector() {
    let covered: BTreeSet<(u16, String)> =
        index().trust.into_iter().filter_map(|vector| vector.code.zip(vector.reject)).collect();
    assert_eq!(covered, trust_rejects().into_iter().collect());
}

#[test]
fn every_reject_has_a_vector() {
    let covered: BTreeSet<(u16, String)> =
        index().invalid.into_iter().map(|vector| (vector.code, vector.reject)).collect();
    let all: BTreeSet<(u16, String)> =
        all_rejects().into_iter().map(|reject| (reject.code(), name_of(reject))).collect();
    assert_eq!(covered, all);
}

#[test]
fn every_file_is_listed_once_and_every_listed_file_exists() {
    let index = index();
    let mut listed: Vec<String> = Vec::new();
    listed.extend(index.valid.iter().map(|vector| vector.patch.clone()));
    listed.extend(index.invalid.iter().map(|vector| vector.patch.clone()));
    listed.extend(index.invalid.iter().filter_map(|vector| vector.state.clone()));
    listed.extend(index.trust.iter().map(|vector| vector.patch.clone()));
    let patches = listed.len();
    let bases = index.valid.iter().map(|vector| &vector.base);
    let bases = bases.chain(index.invalid.iter().map(|vector| &vector.base));
    let bases = bases.chain(index.trust.iter().map(|vector| &vector.base)).flatten();
    let own: BTreeSet<String> = bases.filter(|path| !path.starts_with("../")).cloned().collect();
    let listed: BTreeSet<String> = listed.into_iter().collect();
    assert_eq!(listed.len(), patches, "a patch is listed twice");
    assert_eq!(listed.union(&own).cloned().collect::<BTreeSet<_>>(), files());
}

#[test]
fn names_are_unique_and_clauses_exist() {
    let index = index();
    let clauses = clauses();
    let valid = index.valid.iter().map(|vector| (&vector.name, &vector.clause));
    let invalid = index.invalid.iter().map(|vector| (&vector.name, &vector.clause));
    let mut names = BTreeSet::new();
    for (name, clause) in valid.chain(invalid) {
        assert!(names.insert(name), "{name} is there twice");
        assert!(clauses.contains(clause), "{name}: no clause {clause} in docs/format.md");
    }
    for vector in &index.trust {
        assert!(names.insert(&vector.name), "{} is there twice", vector.name);
    }
}

#[test]
fn vectors_are_what_the_generator_writes() {
    let book = vectors::generate();
    assert_eq!(book.index, index(), "run `cargo xtask vectors`");
    assert_eq!(book.files.keys().cloned().collect::<BTreeSet<_>>(), files());
    for (path, bytes) in &book.files {
        assert!(read(path) == *bytes, "{path} differs: run `cargo xtask vectors`");
    }
    let total: usize = book.files.values().map(Vec::len).sum();
    assert!(total < 300_000, "{total} bytes");
}
