//! Restart marks: where they were asked for, of the kind that was asked for, in any patch.

use host_diff::{Epoch, Options, Resume, apply, create, create_full};
use patcher_core::Header;
use proptest::collection::vec;
use proptest::prelude::*;
use rig::decode::{self, How};

use super::{cases, image, level, round_trip, thumb};

fn epoch(log2: u8) -> Epoch {
    Epoch::of_bytes(1 << log2).expect("a power of two")
}

/// Makes patches of both kinds; the device's decoder and its restarts see the marks and the target.
fn marked(base: &[u8], target: &[u8], options: &Options, log2: u8) -> [usize; 3] {
    let plain = round_trip(base, target, options).bytes.len();
    let sizes = [Resume::Snapshot(epoch(log2)), Resume::Reset(epoch(log2))].map(|resume| {
        let options = Options { resume, ..options.clone() };
        let patch = create(&image(base), &image(target), &options).expect("a patch");
        let full = create_full(&image(target), &options).expect("a full image");
        for (patch, base) in [(&patch, base), (&full, &[])] {
            assert!(apply::apply(base, &patch.bytes).expect("sound") == target);
            let how = How { chunk: 31, restart: true, ..How::default() };
            let decoded = decode::patch(base, &patch.bytes, how).expect("sound at restarts");
            assert!(decoded.target == target, "{resume:?}");
            let expected: Vec<u32> = (1u32..)
                .map(|mark| mark << log2)
                .take_while(|&mark| (mark as usize) < target.len())
                .collect();
            let found: Vec<u32> = decoded.marks.iter().map(|mark| mark.position).collect();
            assert_eq!(found, expected, "{resume:?}");
            assert!(decoded.marks.iter().all(|mark| mark.reset == resume.resets()));
            let (header, _) = Header::parse(patch.bytes.iter().copied()).expect("a header");
            assert_eq!(header.epoch().is_some(), !expected.is_empty());
        }
        patch.bytes.len()
    });
    [plain, sizes[0], sizes[1]]
}

#[test]
fn marks_that_keep_the_model_cost_next_to_nothing() {
    let (base, target) = rig::firmware::pair(14, 300);
    let [plain, snapshot, reset] = marked(&base, &target, &thumb(4), 12);
    let marks = target.len() >> 12;
    println!("{plain} bytes, {snapshot} and {reset} with {marks} marks");
    assert!(snapshot <= plain + 12 * marks, "{plain} {snapshot}");
    assert!(snapshot < reset, "{snapshot} {reset}");
}

#[test]
fn identical_images_are_marked() {
    let (base, _) = rig::firmware::pair(15, 60);
    let [.., snapshot, reset] = marked(&base, &base, &thumb(2), 8);
    assert!(snapshot < 200 && reset < 900, "{snapshot} {reset}");
}

proptest! {
    #![proptest_config(cases(30))]

    #[test]
    fn any_images_are_marked(
        base in vec(0u8..4, 0..1500), edits in vec((any::<prop::sample::Index>(), any::<u8>()), 0..40), log2 in 8u8..=10,
    ) {
        let mut target = base.clone();
        for (at, byte) in edits {
            let at = at.index(target.len() + 1);
            match target.get_mut(at) {
                Some(place) if byte & 1 == 0 => *place = byte,
                _ => target.splice(at..at, [byte; 70]).for_each(drop),
            }
        }
        marked(&base, &target, &level(1), log2);
    }
}
