//! What a build puts into an image beside code: padding, vector table, build id, signature. Each costs what is new in it,
//! and none of it makes another base of a base.

use host_diff::apply;
use rig::firmware::{ADDRESS, pair, pair_at};
use rig::random::Random;

use super::{round_trip, thumb};

/// Bytes of the patch between two images that are loaded at [`ADDRESS`].
fn cost(base: &[u8], target: &[u8]) -> usize {
    round_trip(base, target, &thumb(4)).bytes.len()
}

fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..len).map(|_| random.byte()).collect()
}

/// Asserts that `bytes` is at most `most` more than `plain`, and says both.
#[track_caller]
fn at_most(what: &str, bytes: usize, plain: usize, most: usize) {
    println!("{what}: {bytes} bytes, {plain} without");
    assert!(bytes <= plain + most, "{what}: {bytes} bytes, {plain} without it");
}

#[test]
fn padding_to_the_end_of_the_slot_costs_a_few_bytes() {
    let (base, target) = pair(21, 200);
    let plain = cost(&base, &target);
    for fill in [0xFF, 0x00] {
        let padded = |image: &[u8]| {
            let mut image = image.to_vec();
            image.resize(0x1_0000, fill);
            image
        };
        at_most("both padded", cost(&padded(&base), &padded(&target)), plain, 24);
        at_most("target padded", cost(&base, &padded(&target)), plain, 24);
        at_most("base padded", cost(&padded(&base), &target), plain, 24);
    }
}

#[test]
fn erased_flash_behind_the_base_does_not_change_which_it_is() {
    let (base, target) = pair(21, 60);
    let patch = round_trip(&base, &target, &thumb(4));
    let mut slot = base.clone();
    slot.resize(0x8000, 0xFF);
    let found = apply::apply(&slot, &patch.bytes);
    assert!(found.is_ok_and(|found| found == target));
    // Other bytes may be a part of the image: that its begin is right is told.
    slot[0x7FFF] = 0;
    let found = apply::apply(&slot, &patch.bytes);
    assert!(matches!(found, Err(apply::ApplyError::WrongBase { begins_right: true, .. })));
    // All of the image itself counts, to its last byte.
    slot.truncate(base.len());
    slot[base.len() - 1] ^= 1;
    let found = apply::apply(&slot, &patch.bytes);
    assert!(matches!(found, Err(apply::ApplyError::WrongBase { begins_right: false, .. })));
}

#[test]
fn a_vector_table_whose_handlers_moved_costs_less_than_its_entries() {
    const VECTORS: [u32; 2] = [112, 128];
    let (old, new) = pair_at(22, 200, VECTORS.map(|count| ADDRESS + 4 * count));
    // Sixteen interrupts more, so that all code and with it every entry has moved.
    let with_table = |image: &[u8], count: u32| {
        let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| image[4 * at + byte]));
        let (reset, handler, other) = (word(1), word(2), word(3));
        let handlers = (2..count).map(|at| if at % 5 == 0 { other } else { handler });
        let table = [0x2000_8000, reset].into_iter().chain(handlers);
        [&table.flat_map(u32::to_le_bytes).collect::<Vec<u8>>(), image].concat()
    };
    let [base, target] =
        [(&old, VECTORS[0]), (&new, VECTORS[1])].map(|(image, count)| with_table(image, count));
    let (old, new) = pair(22, 200);
    at_most("a table of 128 vectors", cost(&base, &target), cost(&old, &new), 64);
}

#[test]
fn a_build_id_costs_itself() {
    let (base, target) = pair(23, 200);
    let plain = cost(&base, &target);
    // A GNU build id of 20 bytes in the middle, a date at the end.
    let with_id = |image: &[u8], seed: u64, date: &[u8]| {
        let middle = (image.len() / 2).next_multiple_of(4);
        let note =
            [&[4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, b'G', b'N', b'U', 0][..], &noise(seed, 20)];
        [&image[..middle], &note.concat(), &image[middle..], date].concat()
    };
    let base = with_id(&base, 1, b"Nov 12 2026 10:31:07");
    let target = with_id(&target, 2, b"Nov 26 2026 16:04:55");
    at_most("20 bytes of build id and a date", cost(&base, &target), plain, 20 + 20 + 24);
}

#[test]
fn a_digest_and_a_signature_cost_themselves() {
    let (base, target) = pair(24, 200);
    let plain = cost(&base, &target);
    let signed = |image: &[u8], seed: u64| [image, &noise(seed, 32), &noise(seed + 9, 64)].concat();
    at_most(
        "96 bytes of digest and signature",
        cost(&signed(&base, 1), &signed(&target, 2)),
        plain,
        96 + 16,
    );
    // The same release signed again, as ECDSA does it, is another image and nothing but that.
    let again = cost(&signed(&base, 1), &signed(&base, 3));
    at_most("signed again", again, cost(&base, &base), 96 + 16);
}
