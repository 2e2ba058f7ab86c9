//! RAM and effort: every budget is kept, every level works.

use host_diff::budget::LEAST_RAM;
use host_diff::{CreateError, Options, create, create_full};

use super::{image, round_trip, thumb};

#[test]
fn budgets_from_the_least_to_32k_are_kept() {
    let (base, target) = rig::firmware::pair(6, 200);
    let least = u32::try_from(LEAST_RAM).expect("a small number");
    for ram in [least, 4096, 6144, 8192, 16_384, 24_576, 32_768, 1 << 20] {
        round_trip(&base, &target, &Options { ram, ..thumb(2) });
    }
}

#[test]
fn more_ram_is_used() {
    let (base, target) = rig::firmware::pair(6, 200);
    let used = |ram| round_trip(&base, &target, &Options { ram, ..thumb(2) }).ram_bytes();
    for ram in [4096, 8192, 16_384] {
        let used = used(ram);
        assert!(used * 10 >= ram as usize * 8, "{used} of {ram} bytes");
    }
}

#[test]
fn more_than_16k_is_nowhere_worse() {
    for seed in 6..12 {
        let (base, target) = rig::firmware::pair(seed, 40);
        let size = |ram| round_trip(&base, &target, &Options { ram, ..thumb(4) }).bytes.len();
        let ample = size(16_384);
        assert!(size(32_768) <= ample && size(65_536) <= ample, "seed {seed}");
    }
}

#[test]
fn every_level_works() {
    let (base, target) = rig::firmware::pair(8, 60);
    for level in 1..=9 {
        round_trip(&base, &target, &thumb(level));
    }
}

#[test]
fn higher_levels_are_not_worse() {
    let (base, target) = rig::firmware::pair(9, 150);
    let size = |level| round_trip(&base, &target, &thumb(level)).bytes.len();
    let (low, middle, high) = (size(1), size(6), size(9));
    assert!(middle <= low && high <= middle, "{low} {middle} {high}");
}

#[test]
fn wrong_options_are_told() {
    let image = image(b"an image");
    let least = LEAST_RAM;
    let found = u32::try_from(least - 1).expect("a small number");
    let short = Options { ram: found, ..Options::default() };
    assert_eq!(create(&image, &image, &short), Err(CreateError::Ram { least, found }));
    assert_eq!(create_full(&image, &short), Err(CreateError::Ram { least, found }));
    for found in [0, 10, 255] {
        let options = Options { level: found, ..Options::default() };
        assert_eq!(create(&image, &image, &options), Err(CreateError::Level { found }));
    }
}
