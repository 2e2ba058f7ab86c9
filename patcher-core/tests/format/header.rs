//! The header: written and read alike, short, and refused when it lies.

use patcher_core::container::header::{BASE_DIGEST_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::container::in_place::{Form, InPlace};
use patcher_core::container::region::{Region, Regions};
use patcher_core::container::self_digest::{self, SelfDigest, SelfDigests};
use patcher_core::container::writer;
use patcher_core::model::{LEAST_WORDS, fixed_words, is_compact};
use patcher_core::{Header, HeaderError, Kind};
use proptest::collection::vec;
use proptest::prelude::*;
use rig::plan::Recipe;
use rig::seal::{self, Key, Terms};

const DIGESTS: usize = BASE_DIGEST_BYTES + TARGET_DIGEST_BYTES;

fn parse(bytes: &[u8]) -> Result<(Header, usize), HeaderError> {
    Header::parse(bytes.iter().copied())
}

/// Regions that cover `len` bytes.
fn regions(len: u32, cuts: &[(u32, u32, bool)]) -> Regions {
    let mut regions = Regions::default();
    let mut left = len;
    for (index, &(cut, address, code)) in cuts.iter().enumerate() {
        let len = if index + 1 == cuts.len() { left } else { cut % (left / 2).max(1) };
        left -= len;
        regions.push(Region { len, address: address.min(u32::MAX - len), code });
    }
    regions
}

/// Digests of a target of `len` bytes, as many as there is room for.
fn self_digests(len: u32, wanted: &[(usize, u32, u32)]) -> SelfDigests {
    let kinds = [self_digest::Kind::Sha256, self_digest::Kind::Crc32, self_digest::Kind::Crc32Big];
    let mut end = 0;
    let mut list = Vec::new();
    for &(kind, at, covered) in wanted {
        let kind = kinds[kind];
        let Some(room) = (len - end).checked_sub(kind.bytes()) else { break };
        let at = end + at % (room.saturating_add(1)).max(1);
        let between = (covered % 100).min(at);
        list.push(SelfDigest { kind, at, covered: at - between });
        end = at + kind.bytes();
    }
    SelfDigests::new(&list).unwrap()
}

prop_compose! {
    fn cuts()(cuts in vec((any::<u32>(), any::<u32>(), any::<bool>()), 1..=8)) -> Vec<(u32, u32, bool)> {
        cuts
    }
}

prop_compose! {
    fn slots()(
        page_log2 in 7u8..=15,
        reserve_pages in 1u16..=300,
        others in 0u16..=2000,
        scratch: bool,
        resets: bool,
        check: u32,
    ) -> InPlace {
        let form = if scratch { Form::Scratch } else { Form::Slide };
        InPlace { page_log2, slot_pages: reserve_pages + others, form, reserve_pages, resets, check }
    }
}

prop_compose! {
    fn legal()(
        delta: bool,
        isa in 0u8..16,
        memory in 8u8..=255,
        map_entries: u16,
        lens in (any::<u32>(), any::<u32>(), any::<u32>()),
        epoch_log2 in prop_oneof![Just(0u8), 8u8..=31],
        slot in prop_oneof![Just(None), slots().prop_map(Some)],
        cuts in (cuts(), cuts()),
        digests: ([u8; BASE_DIGEST_BYTES], [u8; TARGET_DIGEST_BYTES]),
        own in vec((0usize..3, any::<u32>(), any::<u32>()), 0..3),
    ) -> Header {
        let addressed = isa != 0;
        let slot = slot.filter(|_| delta);
        let (lens, epoch_log2) = match slot {
            // Images that fit the slot, marks on its pages.
            Some(slot) => {
                let most = slot.slot_bytes() - slot.reserve_bytes() + 1;
                let marks = if epoch_log2 == 0 { 0 } else { epoch_log2.max(slot.page_log2) };
                ((lens.0 % most, lens.1 % most, lens.2), marks)
            }
            None => (lens, epoch_log2),
        };
        let base_len = if delta { lens.0 } else { 0 };
        Header {
            kind: if delta { Kind::Delta } else { Kind::Full },
            isa,
            memory,
            // As many as the memory has room for.
            map_entries: if addressed {
                let fixed = u32::try_from(fixed_words(is_compact(memory), delta)).unwrap();
                let least = u32::try_from(LEAST_WORDS - fixed_words(true, true)).unwrap();
                u32::from(map_entries) % ((u32::from(memory) * 128 - 416 - fixed - least) / 4 + 1)
            } else {
                0
            },
            base_len,
            target_len: lens.1,
            body_len: lens.2,
            epoch_log2,
            in_place: slot,
            base_regions: if addressed && delta { regions(base_len, &cuts.0) } else { Regions::default() },
            target_regions: if addressed { regions(lens.1, &cuts.1) } else { Regions::default() },
            base_digest: if delta { digests.0 } else { [0; BASE_DIGEST_BYTES] },
            target_digest: digests.1,
            self_digests: self_digests(lens.1, &own),
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(header in legal(), tail in vec(any::<u8>(), 0..9)) {
        let mut bytes = writer::write(&header);
        let len = bytes.len();
        bytes.extend(tail);
        prop_assert_eq!(parse(&bytes), Ok((header, len)));
        prop_assert_eq!(rig::hostile::header(&bytes), Ok(header));
    }

    #[test]
    fn every_truncation_is_incomplete(header in legal()) {
        let bytes = writer::write(&header);
        for len in 0..bytes.len() {
            prop_assert_eq!(parse(&bytes[..len]), Err(HeaderError::Incomplete), "{} bytes", len);
        }
    }

    #[test]
    fn any_bytes_are_a_header_or_refused(mut bytes in vec(any::<u8>(), 0..600), native: bool) {
        if let Some(first) = bytes.first_mut().filter(|_| native) {
            *first = 0x80;
        }
        let _ = rig::hostile::header(&bytes);
    }

    #[test]
    fn a_changed_header_is_a_header_or_refused(header in legal(), at: prop::sample::Index, to: u8) {
        let mut bytes = writer::write(&header);
        *at.get_mut(&mut bytes) = to;
        bytes.extend([0; 64]);
        let _ = rig::hostile::header(&bytes);
    }
}

proptest! {
    // Signatures take their time.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_signed_is_read_by_all(header in legal()) {
        let header = Header { body_len: 0, ..header };
        let signed = seal::signed(&writer::write(&header), &Key::new(1), &Terms::default());
        let read = rig::hostile::header(&signed).map(|read| Header { in_place: header.in_place, ..read });
        prop_assert_eq!(read, Ok(header), "but for the check, which is of other bytes");
    }
}

#[test]
fn sizes_are_as_documented() {
    let size = |recipe: Recipe, base_len: u32, target_len, body_len| {
        let mut header = recipe.header(&[], &[], 300);
        header.base_len = base_len;
        header.target_len = target_len;
        header.body_len = body_len;
        if recipe.isa == 0 {
            header.map_entries = 0;
        }
        writer::write(&header).len()
    };
    let at = |base, target| Recipe::plain().addressed(2, (1 << 20, base), (1 << 20, target));
    // 3 fixed, map entries 2, lengths 3 + 3, address 1, digests 4 + 8.
    let default = at(0x0800_0000, 0x0800_0000);
    assert_eq!(size(default, 1 << 20, 1 << 20, 1 << 16), 24);
    assert_eq!(size(default, (1 << 20) - 1, 1 << 20, 1 << 16), 25, "another length");
    assert_eq!(size(at(0x0800_8000, 0x0800_8000), 1 << 20, 1 << 20, 1 << 16), 25);
    assert_eq!(size(at(0x0800_0000, 0x0804_0000), 1 << 20, 1 << 20, 1 << 16), 27);
    assert_eq!(size(default.with_marks(16, false), 1 << 20, 1 << 20, 1 << 16), 25);
    assert_eq!(size(default, 0, (1 << 21) - 1, (1 << 21) - 1), 28, "nothing from the base");
    assert_eq!(size(at(0x1234_5678, 0x1234_5678), 1 << 20, 1 << 20, 1 << 16), 28);
    assert_eq!(size(Recipe::plain(), 0, 0, 0), 3 + 1 + 2 + DIGESTS);
    assert_eq!(size(Recipe::full(), 0, 0, 0), 3 + 1 + 2 + TARGET_DIGEST_BYTES);
}

#[test]
fn extensions_are_skipped_unless_critical() {
    let plain = writer::write(&Recipe::plain().header(&[], &[], 0));
    let digests = plain.len() - DIGESTS;
    let with = |extensions: &[u8]| {
        let mut bytes = plain.clone();
        bytes[1] |= 1 << 7;
        bytes.splice(digests..digests, extensions.iter().copied());
        parse(&bytes)
    };
    let header = parse(&plain).map(|(header, _)| header).expect("a plain header");
    assert_eq!(with(&[0]), Ok((header, plain.len() + 1)), "no extension");
    assert_eq!(with(&[5, 0x7F, 3, 1, 2, 3]), Ok((header, plain.len() + 6)));
    assert_eq!(with(&[4, 0x01, 0, 0x02, 0]), Ok((header, plain.len() + 5)));
    assert_eq!(with(&[2, 0x80, 0]), Err(HeaderError::Extension { got: 0x80 }));
    assert_eq!(with(&[4, 0x01, 0, 0xFF, 0]), Err(HeaderError::Extension { got: 0xFF }));
    assert_eq!(with(&[4, 0x01, 3, 0, 0, 0]), Err(HeaderError::Reserved), "longer than all");
    assert_eq!(with(&[1, 0x01, 0]), Err(HeaderError::Reserved), "shorter than one");
    let endless = [[0xFF; 4].as_slice(), &[0x0F], &[0; 600]].concat();
    assert_eq!(with(&endless), Err(HeaderError::TooLong));
}
