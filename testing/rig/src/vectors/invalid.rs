//! Patches that are refused, at least one for each code.

use patcher_core::container::header::{BASE_DIGEST_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::container::writer;
use patcher_core::decode::REGISTER_BYTES;
use patcher_core::stream::Question;
use patcher_core::{DecodeError, Header, HeaderError, SetupError};

use super::book::{Base, Book, Label, Offer};
use super::valid::with_extensions;
use crate::decode::{self, Refusal};
use crate::firmware::{self, ADDRESS};
use crate::forge::forge;
use crate::plan::{Patch, Recipe};

pub(super) fn write(book: &mut Book) {
    let (base, target) = firmware::pair(23, 8);
    let base = book.image("small", base);
    let addresses = ((base.bytes.len(), ADDRESS), (target.len(), ADDRESS));
    let recipe = Recipe::plain().addressed(2, addresses.0, addresses.1);
    let patch = recipe.encode(&base.bytes, &target);
    let sample = Sample { base, target, recipe, patch };
    headers(book, &sample);
    lengths(book, &sample);
    ranges(book, &sample);
    devices(book, &sample);
}

/// A sound update to break.
struct Sample {
    base: Base,
    target: Vec<u8>,
    recipe: Recipe,
    patch: Patch,
}

/// Refuses headers: the sound one with some bytes exchanged.
fn headers(book: &mut Book, sample: &Sample) {
    let sound = sample.patch.bytes();
    let mut vector = |name, about, patch, error| {
        let label = Label::new(name, "2", about);
        book.invalid(label, Some(&sample.base), patch, Refusal::Header(error), Offer::default());
    };
    let with = |at: usize, bytes: &[u8]| {
        let mut patch = sound.clone();
        patch[at..at + bytes.len()].copy_from_slice(bytes);
        patch
    };
    vector("incomplete", "ends in its header", sound[..20].to_vec(), HeaderError::Incomplete);
    vector("no-bytes", "no byte at all", Vec::new(), HeaderError::Incomplete);
    vector(
        "not-a-patch",
        "first byte 0x7F",
        with(0, &[0x7F]),
        HeaderError::NotAPatch { got: 0x7F },
    );
    vector("future", "version 1", with(0, &[0x81]), HeaderError::Version { got: 1 });
    for (name, about, at, byte) in [
        ("kind-3", "a kind that is reserved", 0, 0xB0),
        ("kind-7", "another kind that is reserved", 0, 0xF0),
        ("two-addresses", "flags regions and target address at once", 1, 0x32),
        ("no-memory", "no memory at all", 2, 0),
        ("little-memory", "memory that leaves nothing for tables", 2, 7),
    ] {
        vector(name, about, with(at, &[byte]), HeaderError::Reserved);
    }
    let mut full = writer::write(&Recipe::full().header(&[], &[2; 100], 0));
    let mut based = full.clone();
    based[3] |= 1;
    vector(
        "full-with-base-length",
        "a full image has no base length",
        based,
        HeaderError::Reserved,
    );
    full[1] |= 1 << 5 | 2;
    vector(
        "full-with-two-addresses",
        "a full image has no second address",
        full,
        HeaderError::Reserved,
    );
    let plain = Recipe::plain().header(&[1; 100], &[2; 100], 0);
    let bytes = |header: &Header| writer::write(header);
    vector(
        "map-without-references",
        "a map where nothing is predicted",
        bytes(&Header { map_entries: 1, ..plain }),
        HeaderError::Reserved,
    );
    let mut stray = bytes(&plain);
    stray[1] |= 1 << 4;
    vector(
        "regions-without-references",
        "regions where nothing is predicted",
        stray,
        HeaderError::Reserved,
    );
    let mut long = bytes(&plain);
    long.splice(3..4, [0x80, 0x00]);
    vector("long-varint", "a varint that is not the shortest", long, HeaderError::Varint);
    let mut large = bytes(&plain);
    large.splice(4..5, [0xFF, 0xFF, 0xFF, 0xFF, 0x10]);
    vector("large-varint", "a varint of 2^32", large, HeaderError::Varint);
    for (name, about, log2) in
        [("near-marks", "marks every 128 bytes", 7), ("far-marks", "marks every 2^32 bytes", 32)]
    {
        vector(name, about, bytes(&Header { epoch_log2: log2, ..plain }), HeaderError::Epoch);
    }
    region_lists(book, sample);
    extensions(book, sample);
    self_digests(book, sample);
}

fn region_lists(book: &mut Book, sample: &Sample) {
    let mut vector = |name, about, list: &[u8], error| {
        // Kind full, flag regions, Thumb, least memory, no map, a target of 100 bytes, no body.
        let mut patch = vec![0x80, 0x12, 8, 0, 100, 0];
        patch.extend(list);
        patch.extend([0; 8]);
        let label = Label::new(name, "2", about);
        book.invalid(label, None, patch, Refusal::Header(error), Offer::default());
    };
    let wrong = HeaderError::Regions;
    vector("no-regions", "a list of no regions", &[0], wrong);
    vector("nine-regions", "a list of nine regions", &[9], wrong);
    vector("long-regions", "regions that go on after the image", &[2, 0, 8, 101, 8], wrong);
    vector(
        "wrapping-region",
        "a region past the end of the addresses",
        &[1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        wrong,
    );
    vector(
        "region-content",
        "the content of a region that there is not",
        &[1, 2, 8],
        HeaderError::Reserved,
    );
    // The same for the short form of addresses.
    let mut patch = writer::write(&sample.patch.header);
    let at = patch.len() - BASE_DIGEST_BYTES - TARGET_DIGEST_BYTES - 1;
    patch.splice(at..=at, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
    let label = Label::new("wrapping-address", "2", "an image past the end of the addresses");
    book.invalid(label, Some(&sample.base), patch, Refusal::Header(wrong), Offer::default());
}

fn extensions(book: &mut Book, sample: &Sample) {
    let mut vector = |name, about, extensions: &[u8], error| {
        let patch = with_extensions(&sample.patch, extensions);
        let label = Label::new(name, "2", about);
        book.invalid(label, Some(&sample.base), patch, Refusal::Header(error), Offer::default());
    };
    vector(
        "critical-extension",
        "must be understood",
        &[3, 0x85, 1, 0],
        HeaderError::Extension { got: 0x85 },
    );
    let blocks = [&[26, 0x81, 21][..], &[1; 21], &[0x83, 1, 8]].concat();
    vector(
        "unknown-blocks",
        "digests in the body, for a decoder that checks none",
        &blocks,
        HeaderError::Extension { got: 0x83 },
    );
    vector(
        "cut-extension",
        "a triple that reaches past the end",
        &[2, 0x05, 1, 0],
        HeaderError::Reserved,
    );
    let long = [[0xD8, 0x04].as_slice(), &[0; 600]].concat();
    vector("long-header", "a header of more than 512 bytes", &long, HeaderError::TooLong);
}

fn self_digests(book: &mut Book, sample: &Sample) {
    for (name, about, values) in [
        ("self-digest-kind", "a digest of a kind that there is not", &[&[40, 3][..]][..]),
        ("self-digest-after", "a digest that goes on after the target", &[&[31, 0]]),
        ("self-digest-before", "a digest before the target", &[&[0xD8, 0x7F, 1]]),
        ("self-digest-circle", "a digest of bytes before the target", &[&[40, 0xFC, 0xFF, 1]]),
        ("self-digests-overlap", "a digest that begins in another", &[&[40, 0, 9, 1]]),
        ("self-digests-three", "more digests than there may be", &[&[50, 1, 40, 1, 30, 1]]),
        ("self-digest-cut", "a digest that goes on after its extension", &[&[40]]),
        ("self-digests-none", "an extension without a digest", &[&[]]),
        ("self-digests-twice", "two extensions of one sort", &[&[50, 1], &[40, 1]]),
    ] {
        let triple =
            |value: &[u8]| [&[0x84, u8::try_from(value.len()).unwrap_or(0)], value].concat();
        let triples: Vec<u8> = values.iter().flat_map(|value| triple(value)).collect();
        let len = u8::try_from(triples.len()).unwrap_or(0);
        let patch = with_extensions(&sample.patch, &[&[len], &triples[..]].concat());
        let label = Label::new(name, "2.3", about);
        let refusal = Refusal::Header(HeaderError::Reserved);
        book.invalid(label, Some(&sample.base), patch, refusal, Offer::default());
    }
}

/// Refuses bodies that are too short or too long.
fn lengths(book: &mut Book, sample: &Sample) {
    let mut vector = |name, clause, about, patch, error| {
        let label = Label::new(name, clause, about);
        book.invalid(label, Some(&sample.base), patch, Refusal::Body(error), Offer::default());
    };
    let sound = sample.patch.bytes();
    let half = sound.len() - sample.patch.body.len() / 2;
    vector(
        "truncated",
        "1",
        "half of the body is missing",
        sound[..half].to_vec(),
        DecodeError::Truncated,
    );
    let no_body = sound[..sound.len() - sample.patch.body.len()].to_vec();
    vector("header-only", "1", "all of the body is missing", no_body, DecodeError::Truncated);
    let more = [sound.as_slice(), &[0]].concat();
    vector("trailing-byte", "1", "one byte after the patch", more, DecodeError::TrailingData);
    let resized = |len: usize| {
        let mut patch = sample.patch.clone();
        patch.body.resize(len, 0);
        patch.header.body_len = u32::try_from(len).unwrap_or(u32::MAX);
        patch.bytes()
    };
    let len = sample.patch.body.len();
    vector(
        "idle-bytes",
        "4.1",
        "the body has bytes that nothing reads",
        resized(len + 8),
        DecodeError::TrailingData,
    );
    vector(
        "overrun",
        "4.1",
        "the body is shorter than its content",
        resized(len / 2),
        DecodeError::Overrun,
    );
    let header = Header { target_len: 0, body_len: 1, ..Recipe::full().header(&[], &[], 0) };
    let idle = Patch { header, body: vec![0] }.bytes();
    vector(
        "body-of-nothing",
        "4.1",
        "an empty target with a body",
        idle,
        DecodeError::TrailingData,
    );
}

/// Refuses ops that lead outside.
fn ranges(book: &mut Book, sample: &Sample) {
    let Sample { base, target, .. } = sample;
    let plain = Recipe::plain();
    let header = plain.header(&base.bytes, target, 0);
    let (base_len, target_len) = (header.base_len, header.target_len);
    let mut vector = |name,
                      clause,
                      about,
                      header: Header,
                      error,
                      answer: &mut dyn FnMut(u32, Question<'_>) -> u32| {
        let (body, end) = forge(&header, &base.bytes, target, answer);
        assert_eq!(end, Err(error), "{name}");
        // Room for the decoder's lookahead: what follows is never read.
        let patch = Patch { header, body: [body, vec![0; 8]].concat() };
        let patch = patch.sealed(&base.bytes, &target[..header.target_len as usize]);
        let label = Label::new(name, clause, about);
        book.invalid(label, Some(base), patch.bytes(), Refusal::Body(error), Offer::default());
    };
    let (base_range, target_range) = (DecodeError::BaseRange, DecodeError::TargetRange);
    vector(
        "diff-outside-base",
        "6",
        "a diff that starts at the end of the base",
        header,
        base_range,
        &mut |_, q| match q {
            Question::BaseJump { .. } => base_len,
            _ => 0,
        },
    );
    vector(
        "diff-before-base",
        "6",
        "a diff that starts before the base",
        header,
        base_range,
        &mut |_, q| match q {
            Question::BaseJump { .. } => u32::MAX,
            _ => 0,
        },
    );
    vector(
        "diff-past-base",
        "6",
        "a diff that ends after the base",
        header,
        base_range,
        &mut |_, q| match q {
            Question::BaseJump { .. } => base_len - 10,
            Question::DiffLength => 10,
            _ => 0,
        },
    );
    vector(
        "copy-past-base",
        "8",
        "a copy that ends after the base",
        header,
        base_range,
        &mut |_, q| match q {
            Question::ExtraLength { .. } => 100,
            Question::IsCopy | Question::FromBase => 1,
            Question::BaseDistance { .. } => base_len - 20,
            Question::CopyLength => 30,
            _ => 0,
        },
    );
    vector(
        "copy-before-base",
        "8",
        "a copy that starts before the base",
        header,
        base_range,
        &mut |_, q| match q {
            Question::ExtraLength { .. } => 100,
            Question::IsCopy | Question::FromBase => 1,
            Question::BaseDistance { .. } => u32::MAX,
            _ => 0,
        },
    );
    vector(
        "extra-past-target",
        "6",
        "an extra longer than the target",
        header,
        target_range,
        &mut |_, _| target_len + 1,
    );
    let long_diff = &mut |_: u32, q: Question<'_>| match q {
        Question::DiffLength => 100,
        _ => 0,
    };
    let short = Header { target_len: 100, ..header };
    vector(
        "diff-past-target",
        "6",
        "a diff longer than the target",
        short,
        target_range,
        long_diff,
    );
    let endless = &mut |_: u32, q: Question<'_>| match q {
        Question::DiffLength => u32::MAX,
        _ => 0,
    };
    vector("endless-diff", "6", "a diff of 2^32 bytes", header, target_range, endless);
    let marked = Header { epoch_log2: 8, ..header };
    vector(
        "diff-across-mark",
        "9",
        "a diff that goes on after a mark",
        marked,
        target_range,
        &mut |_, q| match q {
            Question::DiffLength => 256,
            _ => 0,
        },
    );
    vector(
        "extra-across-mark",
        "9",
        "an extra that goes on after a mark",
        marked,
        target_range,
        &mut |_, _| 257,
    );
    vector(
        "copy-past-extra",
        "8",
        "a copy longer than its extra",
        header,
        target_range,
        &mut |_, q| match q {
            Question::ExtraLength { .. } => 10,
            Question::IsCopy | Question::FromBase => 1,
            Question::CopyLength => 9,
            _ => 0,
        },
    );
    let copy_range = DecodeError::CopyRange;
    vector(
        "copy-of-the-future",
        "8",
        "a copy of bytes before the target",
        header,
        copy_range,
        &mut |position, q| match q {
            Question::ExtraLength { .. } => 100,
            Question::IsCopy => u32::from(position == 10),
            Question::TargetDistance => 10,
            _ => 0,
        },
    );
    vector(
        "copy-of-itself",
        "8",
        "a copy at distance 0: no distance to repeat yet",
        header,
        copy_range,
        &mut |_, q| match q {
            Question::ExtraLength { .. } => 100,
            Question::IsCopy | Question::IsRepeat(_) => 1,
            _ => 0,
        },
    );
    let mapped = sample.recipe.header(&base.bytes, target, 3);
    for (name, about, step) in [
        ("map-twice", "two map entries of one address", 0),
        ("map-backwards", "map entries that fall", u32::MAX),
    ] {
        let mut entries = 0;
        vector(name, "6", about, mapped, DecodeError::MapOrder, &mut |_, q| match q {
            Question::MapBase { .. } => {
                entries += 1;
                if entries == 2 { step } else { 16 }
            }
            _ => 0,
        });
    }
}

/// Refuses what is not about the bytes of the patch.
fn devices(book: &mut Book, sample: &Sample) {
    let base = Some(&sample.base);
    let mut vector = |name, clause, about, patch, error: Refusal, offer| {
        book.invalid(Label::new(name, clause, about), base, patch, error, offer);
    };
    let words = sample.patch.header.workspace_words();
    let number = |words: usize| u32::try_from(words).unwrap_or(u32::MAX);
    vector(
        "less-memory",
        "3",
        "a sound patch, one word short",
        sample.patch.bytes(),
        SetupError::Workspace { expected: number(words), got: number(words - 1) }.into(),
        Offer { workspace_words: Some(words - 1), ..Offer::default() },
    );
    let mut other = sample.patch.bytes();
    other[1] |= 15;
    vector(
        "unknown-isa",
        "5",
        "an instruction set without a meaning",
        other,
        SetupError::Isa { got: 15 }.into(),
        Offer::default(),
    );
    let damaged = [sample.patch.bytes(), vec![0]].concat();
    let again = Offer { again: true, ..Offer::default() };
    vector(
        "after-a-reject",
        "11",
        "one more byte after a reject",
        damaged,
        DecodeError::Poisoned.into(),
        again,
    );
    let marked = Recipe { memory: 8, map_limit: 4, ..sample.recipe.with_marks(8, false) };
    let patch = marked.encode(&sample.base.bytes, &sample.target);
    let state = state(&sample.base.bytes, &patch);
    let mut states = |name, about, state: Vec<u8>| {
        let offer = Offer { state: Some(state), ..Offer::default() };
        vector(name, "9", about, patch.bytes(), DecodeError::State.into(), offer);
    };
    states("short-state", "a saved state without its last byte", state[..state.len() - 1].to_vec());
    let with = |at: usize, bytes: &[u8]| {
        let mut state = state.clone();
        state[at..at + bytes.len()].copy_from_slice(bytes);
        state
    };
    states("state-off-mark", "a saved state between marks", with(0, &[1]));
    states("state-of-no-range", "a saved state whose coder has no range", with(12, &[0; 4]));
}

/// What is saved at the first mark of `patch`.
fn state(base: &[u8], patch: &Patch) -> Vec<u8> {
    decode::states(&patch.header, base, &patch.body)
        .ok()
        .and_then(|(_, marks)| marks.into_iter().next())
        .map_or_else(Vec::new, |(_, state)| state)
}

/// Inputs of [`hostile::restore`](crate::hostile::restore) that get far: a header, what was saved at a mark, the body after it.
#[must_use]
pub fn restore_seeds() -> Vec<Vec<u8>> {
    let (base, target) = firmware::pair(7, 60);
    let addresses = ((base.len(), ADDRESS), (target.len(), ADDRESS));
    let seed = |isa, reset| {
        let recipe = match isa {
            0 => Recipe::plain(),
            _ => Recipe::plain().addressed(isa, addresses.0, addresses.1),
        };
        let patch = recipe.with_marks(9, reset).encode(&base, &target);
        let (_, marks) = decode::states(&patch.header, &base, &patch.body).ok()?;
        let (mark, state) = marks.into_iter().nth(1)?;
        let rest = patch.body.get(mark.consumed as usize..)?;
        Some([&writer::write(&patch.header), &state[..REGISTER_BYTES], rest].concat())
    };
    [(0, false), (1, true), (2, false), (2, true)]
        .into_iter()
        .filter_map(|(isa, reset)| seed(isa, reset))
        .collect()
}
