//! Indexes of bundles: the oracle and the device's reader say the same of any bytes.

use oracle::Reject;
use patcher_core::Kind;
use patcher_core::container::bundle::{Entry, Index, Running, Sealing, write};
use patcher_core::container::varint;
use rig::random::Random;

/// Number of a reject, as in §11.
fn code(reject: Reject) -> u16 {
    match reject {
        Reject::Incomplete => 1,
        Reject::NotAPatch => 2,
        Reject::Version => 3,
        Reject::Reserved => 4,
        Reject::TooLong => 8,
        Reject::Trust => 10,
        other => panic!("{other:?}"),
    }
}

/// An index with some entries, signed or not.
fn index(random: &mut Random) -> Vec<u8> {
    let entries: Vec<Entry> = (0..1 + random.below(5))
        .map(|_| {
            let full = random.byte() & 1 == 0;
            Entry {
                kind: if full { Kind::Full } else { Kind::Delta },
                memory: random.byte() & 3,
                base_len: if full { 0 } else { u32::from(random.byte() & 1) },
                base_digest: if full { [0; 4] } else { [random.byte() & 1; 4] },
                offset: 0,
                len: if random.byte() == 0 { u32::MAX } else { random.word32() >> 8 },
            }
        })
        .collect();
    let hardware_id = random.bytes(random.clone().below(8));
    let mut certificate = Vec::new();
    if random.byte() & 1 == 0 {
        certificate = random.bytes(33);
        let counter = random.word32() >> random.below(32);
        varint::write(&mut certificate, counter);
        certificate.extend(random.bytes(64));
    }
    let sealing = Sealing {
        key_id: [1, 2, 3, 4],
        security_counter: random.word32(),
        hardware_id: &hardware_id,
        certificate: &certificate,
    };
    let signed = random.byte() & 1 == 0;
    let mut bytes =
        write(random.word32(), [7; 8], &entries, signed.then_some(&sealing)).expect("short");
    if signed {
        bytes.extend(random.bytes(64));
    }
    bytes
}

/// What both say, or the code of the reject.
fn compare(bytes: &[u8]) -> Option<u16> {
    let found = Index::parse(bytes);
    match (oracle::bundle::read(bytes), found) {
        (Err(reject), Err(error)) => {
            assert_eq!(error.code(), code(reject), "{bytes:02x?}");
            Some(error.code())
        }
        (Ok(expected), Ok(found)) => {
            assert_eq!((found.len as usize, found.target_len), (expected.len, expected.target_len));
            assert_eq!(found.target_digest[..], expected.target_digest);
            let entries: Vec<Entry> = found.entries().collect();
            assert_eq!(entries.len(), expected.entries.len());
            for (found, expected) in entries.iter().zip(&expected.entries) {
                let kind = if expected.full { Kind::Full } else { Kind::Delta };
                assert_eq!((found.kind, found.memory), (kind, expected.memory));
                assert_eq!((found.base_len, found.len), (expected.base_len, expected.len));
                assert_eq!(u64::from(found.offset), expected.offset);
                assert_eq!(found.base_digest[..], expected.base_digest);
            }
            let signed = found.trust.map(|trust| {
                let id = trust.key_id.to_vec();
                (id, trust.security_counter, trust.hardware_id.to_vec(), trust.message.len())
            });
            assert_eq!(signed, expected.signed);
            for (len, first, ram_bytes) in [(0, 0, 256), (1, 1, 512), (1, 0, 768), (2, 1, 0)] {
                let digest = [first; 32];
                let chosen = found.choose(&Running { len, digest: &digest, ram_bytes });
                let at = oracle::bundle::choose(&expected, len, &digest, ram_bytes);
                assert_eq!(chosen, at.map(|at| entries[at]));
            }
            None
        }
        (expected, found) => panic!("{expected:?} {found:?} {bytes:02x?}"),
    }
}

#[test]
fn both_readers_say_the_same_of_any_index() {
    let mut random = Random::new(1);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200_000 {
        let mut bytes = index(&mut random);
        for _ in 0..random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = if random.byte() & 1 == 0 { random.byte() } else { bytes[at] ^ 1 };
        }
        if random.byte() & 7 == 0 {
            bytes.truncate(random.below(bytes.len()));
        }
        seen.insert(compare(&bytes));
    }
    let expected = [None, Some(1), Some(2), Some(3), Some(4), Some(8), Some(10)];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
}
