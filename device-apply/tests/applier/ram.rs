//! The RAM that a patch declares is the RAM that it takes.

use device_apply::{Applier, ApplyError, Class};
use flash_model::{Slot, Stm32H7, Stm32L4, Stm32U5};
use patcher_core::Kind;
use patcher_core::container::header::{MAX_HEADER_BYTES, STATE_BYTES};
use patcher_core::error::SetupError;

use crate::support::{Device, Options, Patch, Script, noise};

fn patches() -> [Patch; 5] {
    let full = Options { kind: Kind::Full, ..Options::thumb() };
    [
        Patch::small(Options::default()),
        Patch::small(Options::thumb()),
        Patch::small(Options { epoch_log2: 10, reset: true, ..Options::thumb() }),
        Patch::release(Options::thumb()),
        Script::new(&[], full).literal(&noise(3, 500)).build(),
    ]
}

#[test]
fn the_declared_workspace_is_enough() {
    for patch in patches() {
        let device = Device::<Stm32L4>::with_base_of(&patch);
        let run = device.apply(&patch.bytes, 64, patch.header.workspace_words());
        assert!(run.result.is_ok(), "{run:?}");
        assert_eq!(device.staging().dump(patch.target.len()).unwrap(), patch.target);
    }
}

#[test]
fn one_word_less_is_refused_before_anything_is_read() {
    for patch in patches() {
        let device = Device::<Stm32L4>::with_base_of(&patch);
        let words = patch.header.workspace_words();
        let run = device.apply(&patch.bytes, 64, words - 1);
        let expected = u32::try_from(words).unwrap();
        let error = run.result.unwrap_err();
        let workspace = SetupError::Workspace { expected, got: expected - 1 };
        assert_eq!(error, ApplyError::Setup(workspace));
        assert_eq!(error.class(), Class::Limit);
        assert_eq!((run.stats.operations(), run.stats.reads), (0, 0));
    }
}

#[test]
fn a_workspace_that_cannot_even_hold_the_header_is_refused() {
    let patch = Patch::small(Options::thumb());
    for words in [0, 1, patch.header_len - 1] {
        let device = Device::<Stm32L4>::with_base_of(&patch);
        let run = device.apply(&patch.bytes[..patch.header_len], 1, words);
        let (expected, got) = (u32::try_from(MAX_HEADER_BYTES), u32::try_from(words));
        let (expected, got) = (expected.unwrap(), got.unwrap());
        let error = run.result.unwrap_err();
        // The last byte of the header need not be stored: then the header itself says what it needs.
        if words + 1 == patch.header_len {
            let expected = u32::try_from(patch.header.workspace_words()).unwrap();
            assert_eq!(error, ApplyError::Setup(SetupError::Workspace { expected, got }));
        } else {
            assert_eq!(error, ApplyError::Setup(SetupError::Workspace { expected, got }));
        }
        assert_eq!((run.stats.operations(), run.stats.reads), (0, 0));
    }
}

#[test]
fn the_applier_fits_the_constant_of_the_format() {
    const L4: usize = Applier::<Slot<'_, Stm32L4>, Slot<'_, Stm32L4>>::STATE_BYTES;
    const U5: usize = Applier::<Slot<'_, Stm32U5>, Slot<'_, Stm32U5>>::STATE_BYTES;
    const H7: usize = Applier::<&mut Slot<'_, Stm32H7>, &mut Slot<'_, Stm32H7>>::STATE_BYTES;
    // On 64-bit hosts, where pointers take twice the room.
    const { assert!(L4 <= STATE_BYTES + 64 && U5 == L4 && H7 == L4) };
}

#[cfg(feature = "in-place")]
#[test]
fn the_applier_in_place_fits_it_too() {
    use device_apply::in_place::InPlace;
    use flash_model::Stored;

    const L4: usize = InPlace::<Stored<'_>, Slot<'_, Stm32L4>, Slot<'_, Stm32L4>>::STATE_BYTES;
    const H7: usize =
        InPlace::<Stored<'_>, &mut Slot<'_, Stm32H7>, &mut Slot<'_, Stm32H7>>::STATE_BYTES;
    // As above, with more of them; what is built for a device asserts the constant itself.
    const { assert!(L4 <= STATE_BYTES + 72 && H7 == L4) };
}
