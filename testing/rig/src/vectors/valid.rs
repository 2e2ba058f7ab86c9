//! Patches that decode.

use std::{fs, path::Path};

use patcher_core::Kind;
use patcher_core::container::header::{BASE_DIGEST_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::container::region::{Region, Regions};
use patcher_core::container::self_digest::{Kind as Digested, SelfDigest, SelfDigests};
use patcher_core::container::writer;
use patcher_core::encode::{Copy, Plan, encode};
use patcher_core::reference;

use super::book::{Base, Book, Label};
use super::folder;
use crate::cores;
use crate::firmware::{self, ADDRESS};
use crate::plan::{Patch, Recipe, filled};
use crate::random::Random;

pub(super) fn write(book: &mut Book) {
    minimal(book);
    full_images(book);
    let base = &book.image("firmware", firmware::pair(21, 40).0);
    let target = &firmware::pair(21, 40).1;
    references(book, base, target);
    cores(book);
    regions(book, base, target);
    marks(book, base, target);
    copies(book, base);
    self_digests(book);
    demo(book);
}

fn delta(book: &mut Book, label: Label, recipe: Recipe, base: &Base, target: &[u8]) {
    let patch = recipe.encode(&base.bytes, target).bytes();
    book.valid(label, Some(base), target, patch);
}

fn full(book: &mut Book, label: Label, recipe: Recipe, target: &[u8]) {
    book.valid(label, None, target, recipe.encode(&[], target).bytes());
}

fn minimal(book: &mut Book) {
    let empty = book.image("empty", Vec::new());
    let counting = book.image("counting", (0..=255).cycle().take(1000).collect());
    let plain = Recipe::plain();
    full(
        book,
        Label::new("full-of-nothing", "4.1", "an empty target has an empty body"),
        Recipe::full(),
        &[],
    );
    delta(
        book,
        Label::new("delta-to-nothing", "4.1", "an empty target needs nothing of its base"),
        plain,
        &counting,
        &[],
    );
    delta(
        book,
        Label::new("delta-from-nothing", "2", "an empty base has nothing to diff against"),
        plain,
        &empty,
        b"all of this is new",
    );
    delta(
        book,
        Label::new("identical", "10.2", "equal images: blocks that hit"),
        plain,
        &counting,
        &counting.bytes,
    );
    let mut changed = counting.bytes.clone();
    changed[500] ^= 0x10;
    delta(
        book,
        Label::new("one-byte-changed", "10.3", "a block that does not hit, and a missed byte"),
        plain,
        &counting,
        &changed,
    );
    full(
        book,
        Label::new("one-byte", "7.4", "the shortest target that is not empty"),
        Recipe::full(),
        &[0xA5],
    );
}

fn full_images(book: &mut Book) {
    full(
        book,
        Label::new("erased", "8", "a target of 0xFF only: one long copy over itself"),
        Recipe::full(),
        &[0xFF; 4096],
    );
    full(
        book,
        Label::new("random", "7.4", "a target without structure: literals"),
        Recipe::full(),
        &Random::new(99).bytes(600),
    );
    let (_, target) = firmware::pair(22, 30);
    full(
        book,
        Label::new("full-image", "8", "literals and copies of code"),
        Recipe { memory: 24, ..Recipe::full() },
        &target,
    );
    full(
        book,
        Label::new("full-image-with-address", "2", "the one address of a full image is its own"),
        Recipe::full().addressed(2, (0, 0), (target.len(), ADDRESS)),
        &target,
    );
}

fn references(book: &mut Book, base: &Base, target: &[u8]) {
    let base_len = base.bytes.len();
    let plain = Recipe::plain();
    let at = |isa, address| plain.addressed(isa, (base_len, ADDRESS), (target.len(), address));
    let mut vector = |name, clause, about, recipe| {
        delta(book, Label::new(name, clause, about), recipe, base, target);
    };
    vector("no-references", "10.1", "without an instruction set every unit is a byte", plain);
    vector("pointers", "10.1", "pointers follow the address map", at(1, ADDRESS));
    vector("thumb", "10.1", "branches and pointers follow the address map", at(2, ADDRESS));
    vector(
        "thumb-elsewhere",
        "5.1",
        "base and target are loaded at different addresses",
        at(2, ADDRESS + 0x4_0000),
    );
    vector(
        "thumb-without-map",
        "5.2",
        "only the cache and what regions imply lead references",
        Recipe { map_limit: 0, ..at(2, ADDRESS) },
    );
    vector(
        "least-memory",
        "3",
        "decisions share weights and counters",
        Recipe { memory: 8, map_limit: 4, ..at(2, ADDRESS) },
    );
    vector(
        "largest-tables",
        "3",
        "the most memory that can be declared",
        Recipe { memory: 255, ..at(2, ADDRESS) },
    );
    let patch = at(2, ADDRESS).encode(&base.bytes, target);
    book.valid(
        Label::new("ignored-extension", "2", "an extension that is not critical is skipped"),
        Some(base),
        target,
        with_extensions(&patch, &[7, 0x11, 2, 0xAA, 0xBB, 0x7F, 1, 0xCC]),
    );
}

/// Code of every instruction set.
fn cores(book: &mut Book) {
    for (isa, name, about) in [
        (2, "thumb-moves", "branches, and addresses made by two instructions"),
        (3, "a32", "branches of any condition, and addresses made by two instructions"),
        (4, "aarch64", "branches, and pages with an offset in them"),
        (5, "riscv", "jumps long and short, and upper parts with a lower one"),
        (6, "xtensa", "calls, jumps and literals between instructions of 2 and 3 bytes"),
        (7, "pointers-be", "big-endian pointers"),
        (8, "a32-be8", "big-endian pointers in 32-bit Arm code"),
        (9, "xtensa-be", "instructions with the opposite order of fields"),
        (10, "riscv64", "the same without short calls"),
        (11, "avr", "addresses of words, distances, addresses of data"),
    ] {
        let Some(core) = reference::ALL.iter().find(|core| core.id() == isa) else { continue };
        let (base, target) = cores::pair(*core, 31 + u64::from(isa), 24);
        let base = book.image(&format!("code-{name}"), base);
        let recipe = Recipe::plain().addressed(
            isa,
            (base.bytes.len(), cores::address(isa)),
            (target.len(), cores::address(isa) + 0x1_0000),
        );
        delta(book, Label::new(name, "5", about), recipe, &base, &target);
    }
    for (isa, name) in [(5, "full-riscv"), (6, "full-xtensa"), (9, "full-xtensa-be")] {
        let Some(core) = reference::ALL.iter().find(|core| core.id() == isa) else { continue };
        let (_, target) = cores::pair(*core, 31 + u64::from(isa), 24);
        let recipe = Recipe { memory: 24, ..Recipe::full() };
        let recipe = recipe.addressed(isa, (0, 0), (target.len(), cores::address(isa)));
        let about = "bytes and copies by where they stand in an instruction";
        full(book, Label::new(name, "8", about), recipe, &target);
    }
}

/// The file of `patch` with an extension field, `extensions`.
pub(super) fn with_extensions(patch: &Patch, extensions: &[u8]) -> Vec<u8> {
    let mut bytes = writer::write(&patch.header);
    let base = if patch.header.kind == Kind::Delta { BASE_DIGEST_BYTES } else { 0 };
    let at = bytes.len() - base - TARGET_DIGEST_BYTES;
    bytes[1] |= 1 << 7;
    bytes.splice(at..at, extensions.iter().copied());
    bytes.extend_from_slice(&patch.body);
    bytes
}

/// Regions that split `len` bytes: (length, address, code), the last takes the rest.
fn split(len: usize, parts: &[(u32, u32, bool)]) -> Regions {
    let mut regions = Regions::default();
    let mut left = u32::try_from(len).unwrap_or(u32::MAX);
    for (index, &(len, address, code)) in parts.iter().enumerate() {
        let len = if index + 1 == parts.len() { left } else { len };
        left -= len;
        regions.push(Region { len, address, code });
    }
    regions
}

fn regions(book: &mut Book, base: &Base, target: &[u8]) {
    let thumb = Recipe {
        base_regions: split(
            base.bytes.len(),
            &[(16, ADDRESS, false), (1024, ADDRESS + 16, true), (0, ADDRESS + 0x1_0000, true)],
        ),
        target_regions: split(target.len(), &[(16, ADDRESS, false), (0, ADDRESS + 16, true)]),
        ..Recipe::plain().addressed(2, (0, 0), (0, 0))
    };
    delta(
        book,
        Label::new("regions", "5", "data and code, more regions in the base than in the target"),
        thumb,
        base,
        target,
    );
    let eight: Vec<(u32, u32, bool)> = (0..8).map(|n| (64, n << 28, n % 2 == 0)).collect();
    let most = Recipe {
        base_regions: split(base.bytes.len(), &eight),
        target_regions: split(target.len(), &eight),
        ..thumb
    };
    delta(
        book,
        Label::new("eight-regions", "2", "as many regions as there may be, far apart"),
        most,
        base,
        target,
    );
}

fn marks(book: &mut Book, base: &Base, target: &[u8]) {
    let thumb = Recipe::plain().addressed(2, (base.bytes.len(), ADDRESS), (target.len(), ADDRESS));
    let mut vector = |name, about, recipe| {
        delta(book, Label::new(name, "9", about), recipe, base, target);
    };
    vector("marks-keep", "the model goes on across marks", thumb.with_marks(8, false));
    vector("marks-reset", "the model starts anew at each mark", thumb.with_marks(9, true));
    vector("marks-far", "the first mark is past the target", thumb.with_marks(31, false));
    let counting = book.image("counting", (0..=255).cycle().take(1000).collect());
    delta(
        book,
        Label::new("marks-identical", "9", "diffs that start on marks, a body that ends early"),
        Recipe::plain().with_marks(8, false),
        &counting,
        &counting.bytes.clone(),
    );
    full(
        book,
        Label::new("marks-full-image", "9", "a full image with marks, the last at its end"),
        Recipe::full().with_marks(8, true),
        &target[..1024],
    );
}

/// Copies of every sort, planned by hand.
fn copies(book: &mut Book, base: &Base) {
    let mut target = b"0123456789".to_vec();
    let mut list = Vec::new();
    let mut copy = |target: &mut Vec<u8>, from_base: bool, source: usize, len: usize| {
        let number = |value| u32::try_from(value).unwrap_or(u32::MAX);
        list.push(Copy {
            target: number(target.len()),
            len: number(len),
            from_base,
            source: number(source),
        });
        for index in source..source + len {
            let byte = if from_base { base.bytes[index] } else { target[index] };
            target.push(byte);
        }
    };
    copy(&mut target, false, 0, 10);
    copy(&mut target, false, 19, 40);
    copy(&mut target, true, 100, 50);
    copy(&mut target, true, 400, 2);
    target.extend(b"-");
    // The same distances again: the last, the second last, the third last.
    for (from_base, delta) in [(true, 290), (true, -10), (false, -1), (true, 290)] {
        let source = target.len().saturating_add_signed(delta);
        let source = if from_base { source.min(base.bytes.len() - 9) } else { source };
        copy(&mut target, from_base, source, 9);
    }
    let recipe = Recipe::plain();
    let plan = Plan { copies: list, ..Plan::default() };
    let header = recipe.header(&base.bytes, &target, 0);
    let body = encode(&header, &reference::ALL, &base.bytes, &target, &plan)
        .unwrap_or_else(|error| panic!("copies: {error}"));
    let patch = Patch { header, body }.sealed(&base.bytes, &target);
    book.valid(
        Label::new(
            "copies",
            "8",
            "copies from base and target, overlapping, and repeated distances",
        ),
        Some(base),
        &target,
        patch.bytes(),
    );
}

/// Targets that hold digests of themselves.
fn self_digests(book: &mut Book) {
    let sha = |at, covered| SelfDigest { kind: Digested::Sha256, at, covered };
    let crc = |kind, at| SelfDigest { kind, at, covered: at };
    let digests = |list: &[SelfDigest]| SelfDigests::new(list).expect("by rising offset");
    let content: Vec<u8> = (0..=255).cycle().take(1000).collect();
    // SHA-256 of all before it, two bytes, CRC-32: the end of a Particle module.
    let at_end = digests(&[sha(1000, 1000), crc(Digested::Crc32Big, 1034)]);
    let base = filled(&[&content[..], &[0; 38]].concat(), &at_end);
    let base = &book.image("self-digests", base);
    let mut made = base.bytes.clone();
    made[500] ^= 0x10;
    let mut vector = |name, about, recipe: Recipe, made: &[u8]| {
        let target = filled(made, &recipe.self_digests);
        let patch = recipe.encode(&base.bytes, made).bytes();
        book.valid(Label::new(name, "2.3", about), Some(base), &target, patch);
    };
    let plain = Recipe::plain();
    let about = "a SHA-256 and a CRC-32 at the end: what the decoder gives there is the base's";
    vector("self-digests", about, Recipe { self_digests: at_end, ..plain }, &made);
    let about = "a mark inside a digest that does not follow what it is of";
    let inside = Recipe { self_digests: digests(&[sha(240, 233)]), ..plain };
    vector("self-digest-marks", about, inside.with_marks(8, true), &made);

    // Zeros are made, and what is read of them later is the digest.
    let self_digests = digests(&[crc(Digested::Crc32, 40)]);
    let crc = filled(&[7; 44], &self_digests)[40..].to_vec();
    let made = [&[7; 40][..], &[0; 4], &Random::new(31).bytes(60), &crc].concat();
    let copy = Copy { target: 104, len: 4, from_base: false, source: 40 };
    let plan = Plan { copies: vec![copy], self_digests: crc, ..Plan::default() };
    let header = Recipe { self_digests, ..plain }.header(&base.bytes, &made, 0);
    let body = encode(&header, &reference::ALL, &base.bytes, &made, &plan)
        .unwrap_or_else(|error| panic!("self-digest-copied: {error}"));
    let target = filled(&made, &self_digests);
    let patch = Patch { header, body }.sealed(&base.bytes, &target).bytes();
    let about = "a copy from the target reads a digest, not the zeros that the decoder gave there";
    book.valid(Label::new("self-digest-copied", "2.3", about), Some(base), &target, patch);
}

/// Real updates of the demo firmware.
fn demo(book: &mut Book) {
    for (name, core, version, about) in [
        ("demo-v7em-patch", "thumbv7em-none-eabi", "1.0.1", "a small fix on Cortex-M4"),
        ("demo-v7em-minor", "thumbv7em-none-eabi", "1.1.0", "new features on Cortex-M4"),
        ("demo-v6m-minor", "thumbv6m-none-eabi", "1.1.0", "new features on Cortex-M0+"),
    ] {
        let base = demo_image(core, "1.0.0");
        let target = demo_image(core, version).bytes;
        let recipe = Recipe {
            memory: 64,
            ..Recipe::plain().addressed(2, (base.bytes.len(), ADDRESS), (target.len(), ADDRESS))
        };
        delta(book, Label::new(name, "6", about), recipe, &base, &target);
    }
}

fn demo_image(core: &str, version: &str) -> Base {
    let path = format!("../corpora/demo/images/{core}-{version}.bin");
    let file = folder().join(Path::new(&path));
    let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Base { path, bytes }
}
