//! The parts add up to the whole, over real patches of the demo firmware and of made-up images.

use super::*;
use crate::image::{FlatImage, LoadOptions, load};
use crate::report::{Explanation, Names, Range};
use crate::{Options, Patch, create, create_full};
use std::path::Path;

fn demo(name: &str) -> FlatImage {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpora/demo/images").join(name);
    load(&std::fs::read(path).expect(name), &LoadOptions::default()).expect(name)
}

fn account(base: &FlatImage, patch: &Patch) -> Account {
    Account::of(&base.bytes, &Info::read(&patch.bytes).expect("a patch")).expect("its base")
}

/// Sums of this many floating-point numbers are this exact.
const ROUNDING: f64 = 1e-6;

#[track_caller]
fn assert_adds_up(account: &Account, names: &Names) {
    let whole = float(account.patch_bytes);
    let kinds: f64 = account.kinds.values().map(|share| share.bytes).sum();
    assert!((kinds - whole).abs() < ROUNDING, "kinds: {kinds} of {whole}");
    let explanation = Explanation::new(account, names);
    let sections: f64 = explanation.sections.iter().map(|place| place.bytes).sum();
    assert!((sections - whole).abs() < ROUNDING, "sections: {sections} of {whole}");
    let placed: f64 = account.places.iter().map(|&(_, bytes)| bytes).sum();
    let strip: f64 = explanation.strip.iter().sum();
    assert!((strip - placed).abs() < ROUNDING, "strip: {strip} of {placed}");
    if !names.symbols.is_empty() {
        let symbols: f64 = explanation.symbols.iter().map(|place| place.bytes).sum();
        assert!((symbols - placed).abs() < ROUNDING, "symbols: {symbols} of {placed}");
    }
    let produced: u64 = account.topics.values().map(|share| share.produced).sum();
    assert_eq!(produced, u64::from(account.header.target_len));
    let coder = account.bytes(Kind::Coder);
    assert!((-8.0..=8.0).contains(&coder), "the range coder adds {coder} bytes");
}

#[test]
fn delta_of_code_adds_up_by_kind_section_and_symbol() {
    let base = demo("thumbv7em-none-eabi-1.0.1.bin");
    let target = demo("thumbv7em-none-eabi-1.1.0.elf");
    let options = Options { level: 4, ..Options::default() };
    let account = account(&base, &create(&base, &target, &options).expect("a patch"));
    let mut names = Names::of(&target, &target.bytes, target.address).expect("names");
    // The demo's ELF file is stripped of symbols.
    let symbol = |offset| Range { name: format!("function at {offset}"), offset, len: 60 };
    names.symbols = (0..account.header.target_len).step_by(64).map(symbol).collect();
    assert!(names.sections.iter().any(|range| range.name == ".text"), "{names:?}");
    assert_adds_up(&account, &names);
    for kind in [Kind::Header, Kind::Ops, Kind::Literals, Kind::Flags, Kind::Changes] {
        assert!(account.bytes(kind) > 0.0, "{kind}");
    }
    assert!(account.diffs > 0 && !account.extras.is_empty());
    let explanation = Explanation::new(&account, &names);
    let dearest = explanation.symbols.first().expect("a symbol");
    assert!(dearest.bytes > 1.0, "{dearest:?}");
    let [first, second] = [0, 1].map(|index| explanation.literal_areas[index].extra.bytes);
    assert!(first >= second, "{first} {second}");
}

#[test]
fn full_image_is_one_extra() {
    let target = demo("thumbv6m-none-eabi-1.0.0.bin");
    let patch = create_full(&target, &Options::default()).expect("a patch");
    let account = account(&FlatImage::from_raw(Vec::new()), &patch);
    assert_adds_up(&account, &Names::of_regions(&account.header));
    assert_eq!(account.diffs, 0);
    let lens: Vec<u32> = account.extras.iter().map(|extra| extra.len).collect();
    assert_eq!(lens, [patch.header.target_len]);
    assert!(account.copies > 0);
}

#[test]
fn one_changed_byte_is_one_diff_and_its_price_is_where_it_is() {
    let bytes: Vec<u8> =
        (0..4_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let mut changed = bytes.clone();
    changed[3_000] ^= 1;
    let (base, target) = (FlatImage::from_raw(bytes), FlatImage::from_raw(changed));
    let account = account(&base, &create(&base, &target, &Options::default()).expect("a patch"));
    assert_adds_up(&account, &Names::default());
    // The first predictions cost most: nothing is learnt yet.
    let later = account.places.iter().filter(|&&(position, _)| position > 1_000);
    let dearest = later.max_by(|a, b| a.1.total_cmp(&b.1)).expect("a price");
    assert_eq!(dearest.0, 3_000, "{dearest:?}");
}

#[test]
fn the_wrong_base_is_refused() {
    let (base, target) =
        (demo("thumbv6m-none-eabi-1.0.0.bin"), demo("thumbv6m-none-eabi-1.0.1.bin"));
    let patch =
        create(&base, &target, &Options { level: 1, ..Options::default() }).expect("a patch");
    let refused = Account::of(&target.bytes, &Info::read(&patch.bytes).expect("a patch"));
    assert!(
        matches!(refused, Err(AccountError::Apply(ApplyError::WrongBase { .. }))),
        "{refused:?}"
    );
}
