//! No damage to a patch is accepted, panics, or reaches beyond the staging slot.

use device_apply::{ApplyError, Stage};
use flash_model::{Stm32L4, Stm32U5};
use patcher_core::container::header::{BASE_DIGEST_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::error::{DecodeError, HeaderError};

use crate::support::{ALL_BYTES, Device, Failure, Options, Patch, Run, noise};

/// Words of workspace that let damaged table sizes through to the decoder.
const PLENTY: usize = 100_000;

fn options() -> [Options; 3] {
    [
        Options::default(),
        Options::thumb(),
        Options { epoch_log2: 10, reset: true, ..Options::thumb() },
    ]
}

/// Checks what must hold whatever the patch is.
fn checked(run: &Run, device: &Device<Stm32L4>, patch: &Patch) -> Result<(), Failure> {
    assert_eq!(run.stats.refusals, 0, "outside the slot, or twice: {run:?}");
    assert!(device.base().dump(patch.base.len()).unwrap() == patch.base);
    match run.result {
        Ok(progress) => {
            assert_eq!(progress.stage, Stage::Done { target_len: patch.target_len() });
            assert_eq!(device.staging().dump(patch.target.len()).unwrap(), patch.target);
            Ok(())
        }
        Err(error) => {
            assert!(
                (1..=9).contains(&error.code()) || (32..=67).contains(&error.code()),
                "{error}"
            );
            Err(error)
        }
    }
}

#[test]
fn a_patch_cut_off_anywhere_is_truncated() {
    for options in options() {
        let patch = Patch::small(options);
        for len in 0..patch.bytes.len() {
            let device = Device::<Stm32L4>::with_base_of(&patch);
            let run = device.apply(&patch.bytes[..len], ALL_BYTES, patch.header.workspace_words());
            let expected = match len < patch.header_len {
                true => ApplyError::Header(HeaderError::Incomplete),
                false => ApplyError::Decode(DecodeError::Truncated),
            };
            assert_eq!(checked(&run, &device, &patch), Err(expected), "{len} bytes");
        }
    }
}

#[test]
fn a_patch_with_any_bit_flipped_is_refused_or_gives_the_target_all_the_same() {
    for options in options() {
        let patch = Patch::small(options);
        let device = Device::<Stm32L4>::new(&patch.base, patch.target_len());
        let fresh = device.flash.snapshot();
        let (mut in_header, mut in_body) = (0, 0);
        for bit in 0..patch.bytes.len() * 8 {
            let mut bytes = patch.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            device.flash.restore(&fresh);
            let run = device.apply(&bytes, ALL_BYTES, PLENTY);
            if checked(&run, &device, &patch).is_ok() {
                *if bit / 8 < patch.header_len { &mut in_header } else { &mut in_body } += 1;
            }
        }
        // Harmless: a table that is larger or unused; the last bytes of a segment of the coder.
        let segments = if options.epoch_log2 > 0 { patch.target.len().div_ceil(1024) } else { 1 };
        assert!(in_header <= 8 + 5, "{in_header}");
        assert!(in_body <= segments * 32, "{in_body}");
    }
}

#[test]
fn a_flip_in_a_digest_is_named() {
    let patch = Patch::small(Options::thumb());
    for byte in patch.header_len - BASE_DIGEST_BYTES - TARGET_DIGEST_BYTES..patch.header_len {
        let device = Device::<Stm32L4>::with_base_of(&patch);
        let mut bytes = patch.bytes.clone();
        bytes[byte] ^= 0x10;
        let run = device.apply(&bytes, 50, patch.header.workspace_words());
        let error = checked(&run, &device, &patch).unwrap_err();
        if byte < patch.header_len - TARGET_DIGEST_BYTES {
            let got = patch.header.base_digest;
            assert!(matches!(error, ApplyError::WrongBase { got: g, .. } if g == got), "{error}");
        } else {
            let got = patch.header.target_digest;
            assert!(matches!(error, ApplyError::WrongTarget { got: g, .. } if g == got), "{error}");
        }
    }
}

#[test]
fn a_body_of_noise_is_refused() {
    for options in options() {
        let patch = Patch::small(options);
        let device = Device::<Stm32L4>::with_base_of(&patch);
        let fresh = device.flash.snapshot();
        for seed in 0..300 {
            let noise = noise(seed, patch.bytes.len() - patch.header_len);
            let bytes = [&patch.bytes[..patch.header_len], &noise].concat();
            device.flash.restore(&fresh);
            let run = device.apply(&bytes, 33, patch.header.workspace_words());
            checked(&run, &device, &patch).expect_err("the target by chance");
        }
    }
}

#[test]
fn a_hostile_header_never_reaches_beyond_the_slot() {
    // Legal but huge lengths, in every combination.
    let patch = Patch::small(Options::default());
    let lens = [0, 1, 3_000, 0x10_0000, 0x10_0001, u32::MAX - 1, u32::MAX];
    for target_len in lens {
        for base_len in lens {
            for body_len in lens {
                let header =
                    patcher_core::Header { target_len, base_len, body_len, ..patch.header };
                let head = patcher_core::container::writer::write(&header);
                let bytes = [&head, &patch.bytes[patch.header_len..]].concat();
                let device = Device::<Stm32U5>::new(&patch.base, patch.target_len());
                let run = device.apply(&bytes, ALL_BYTES, PLENTY);
                assert_eq!(run.stats.refusals, 0, "{target_len} {base_len} {body_len}");
                let honest = header == patch.header;
                assert_eq!(run.result.is_ok(), honest, "{target_len} {base_len} {body_len}");
            }
        }
    }
}
