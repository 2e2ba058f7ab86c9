//! Where the bits go: over every valid vector, the report decodes as the decoder does and its prices add up.

use std::collections::BTreeSet;
use std::fs;

use patcher_core::explain::{Spent, explain};
use patcher_core::stream::Topic;
use patcher_core::{Header, Kind, reference};
use rig::decode::{self, How};
use rig::seal::prefix;
use rig::vectors::{Index, folder};

/// A segment of the range coder may end this many bytes away from the information in it.
const SLACK_BYTES: u64 = 5;

fn read(path: &str) -> Vec<u8> {
    fs::read(folder().join(path)).expect(path)
}

#[test]
fn prices_add_up_to_the_body_and_bytes_to_the_target() {
    let mut topics = BTreeSet::new();
    for vector in Index::load(&folder()).expect("vectors/index.toml").valid {
        let name = &vector.name;
        let base = vector.base.as_ref().map(|path| read(path)).unwrap_or_default();
        let patch = read(&vector.patch);
        let (header, header_len) = Header::parse(patch.iter().copied()).expect("a legal header");
        let (body, kind) = (&patch[header_len..], header.kind);
        let base = if kind == Kind::Full { &[][..] } else { &base };
        let mut all: Vec<Spent> = Vec::new();
        let target = explain(&header, &reference::ALL, base, body, prefix, |spent| all.push(spent));
        let decoded = decode::patch(base, &patch, How::default()).expect("a valid vector");
        assert_eq!(target.as_ref(), Ok(&decoded.target), "{name}");

        let mut end = 0;
        for spent in &all {
            assert!(spent.position <= end, "{name}: {spent:?} before {end}");
            if spent.produced > 0 {
                assert_eq!(spent.position, end, "{name}: {spent:?}");
                end += spent.produced;
            }
        }
        assert_eq!(end, header.target_len, "{name}");

        let bits = all.iter().map(|spent| spent.cost).sum::<u64>() >> 16;
        let marks = all.iter().filter(|spent| spent.topic == Topic::Mark).count() as u64;
        let slack = SLACK_BYTES * (marks + 1);
        let bytes = body.len() as u64;
        assert!(bits / 8 <= bytes + slack, "{name}: {bits} bits in {bytes} bytes");
        assert!(bytes <= bits / 8 + slack, "{name}: {bits} bits in {bytes} bytes");
        topics.extend(all.iter().map(|spent| format!("{:?}", spent.topic)));
    }
    for topic in ["Map", "Op", "Token", "Literal", "CopySource", "CopyLength", "Mark"] {
        assert!(topics.contains(topic), "{topic} occurs in no vector: {topics:?}");
    }
    for decision in ["Hit(", "Unchanged(", "Miss("] {
        let known = topics.iter().any(|topic| topic.starts_with(decision));
        assert!(known, "{decision} occurs in no vector: {topics:?}");
    }
}

#[test]
fn a_cut_body_is_refused() {
    let vectors = Index::load(&folder()).expect("vectors/index.toml").valid;
    let long = vectors.iter().max_by_key(|vector| vector.target_bytes).expect("a vector");
    let base = long.base.as_ref().map(|path| read(path)).unwrap_or_default();
    let patch = read(&long.patch);
    let (header, header_len) = Header::parse(patch.iter().copied()).expect("a legal header");
    let half = &patch[header_len..][..(patch.len() - header_len) / 2];
    assert!(explain(&header, &reference::ALL, &base, half, prefix, |_| {}).is_err());
}
