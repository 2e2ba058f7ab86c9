//! What holds for any two images: the target comes back, the budget is kept, and equal input gives equal bytes.

mod any_images;
mod budgets;
mod builds;
mod large;
mod marks;
mod same_bytes;

use host_diff::image::FlatImage;
use host_diff::{IsaChoice, Options, Patch, apply, create, create_full};
use proptest::prelude::ProptestConfig;
use rig::firmware::ADDRESS;

/// `cases`, or what `PROPTEST_CASES` says: more for a long run.
fn cases(cases: u32) -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(wanted.unwrap_or(cases))
    }
}

fn image(bytes: &[u8]) -> FlatImage {
    FlatImage::from_raw(bytes.to_vec())
}

fn level(level: u8) -> Options {
    Options { level, ..Options::default() }
}

/// Options for images that are loaded at the address of made-up firmware.
fn thumb(level: u8) -> Options {
    Options { isa: Some(IsaChoice::Thumb), ..at(ADDRESS, level) }
}

/// Options for images that are loaded at `address`.
fn at(address: u32, level: u8) -> Options {
    Options {
        level,
        base_address: Some(address),
        target_address: Some(address),
        ..Options::default()
    }
}

/// Makes a patch, applies it, and checks what `create` promises about it.
fn round_trip(base: &[u8], target: &[u8], options: &Options) -> Patch {
    let [base_image, target_image] = [base, target].map(image);
    let patch = create(&base_image, &target_image, options).expect("any two images have a patch");
    assert!(!patch.notes.iter().any(|note| note.contains("please report")), "{:?}", patch.notes);
    let applied = apply::apply(base, &patch.bytes).expect("a patch applies to its base");
    assert!(applied == target, "another target: {} and {} bytes", base.len(), target.len());
    let ram = usize::try_from(options.ram).expect("a small number");
    assert!(patch.ram_bytes() <= ram, "{} of {ram} bytes of RAM", patch.ram_bytes());
    let full = create_full(&target_image, options).expect("any image has a full form");
    assert!(patch.bytes.len() <= full.bytes.len(), "larger than the full image");
    patch
}
