//! Slices of work and what is reported between them.

use device_apply::{Applier, Stage};
use flash_model::{Slot, Stm32L4};
use patcher_core::reference;

use crate::support::{ALL_BYTES, Device, Options, Patch};

/// Most bytes hashed by one call.
const HASH_SLICE: u32 = 4_096;
/// Most body bytes taken by one call.
const BODY_SLICE: u32 = 64;

fn rank(stage: Stage) -> u32 {
    match stage {
        Stage::Header => 0,
        Stage::Base { .. } => 1,
        Stage::Body => 2,
        Stage::Target { .. } => 3,
        Stage::Done { .. } => 4,
        other => panic!("{other:?}"),
    }
}

/// Calls the applier as often as it takes; `observe` is asked after each call.
fn run(patch: &Patch, device: &Device<Stm32L4>, chunk: usize, mut observe: impl FnMut(&Seen<'_>)) {
    let mut workspace = vec![0; patch.header.workspace_words()];
    let (base, staging) = (device.base(), device.staging());
    let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
    for mut rest in patch.bytes.chunks(chunk.min(patch.bytes.len())) {
        while !rest.is_empty() {
            let before = rest.len();
            applier.push(&mut rest).unwrap();
            observe(&(&applier, before - rest.len()));
        }
    }
    while !matches!(applier.progress().stage, Stage::Done { .. }) {
        applier.finish().unwrap();
        observe(&(&applier, 0));
    }
}

type Seen<'a> = (&'a Applier<'a, Slot<'a, Stm32L4>, Slot<'a, Stm32L4>>, usize);

#[test]
fn stages_follow_each_other_and_counts_only_grow() {
    let patch = Patch::release(Options::thumb());
    for chunk in [1, 20, ALL_BYTES] {
        let device = Device::<Stm32L4>::with_base_of(&patch);
        let mut last = None;
        let mut ranks = Vec::new();
        let mut taken_in_all = 0;
        run(&patch, &device, chunk, |&(applier, taken)| {
            let now = applier.progress();
            taken_in_all += u32::try_from(taken).unwrap();
            assert_eq!(now.patch_done, taken_in_all);
            if now.stage != Stage::Header {
                assert_eq!(now.patch_total as usize, patch.bytes.len());
                assert_eq!(now.target_total, patch.target_len());
            }
            if let Some(last) = last.replace(now) {
                assert!(rank(last.stage) <= rank(now.stage), "{last:?} then {now:?}");
                assert!(last.patch_done <= now.patch_done);
                assert!(last.target_done <= now.target_done);
            }
            ranks.push(rank(now.stage));
            if rank(now.stage) <= 1 {
                assert_eq!(device.flash.stats().operations(), 0);
            }
        });
        ranks.dedup();
        // The call that takes the last byte of the header reports the next stage.
        let first = u32::from(chunk == ALL_BYTES);
        assert_eq!(ranks, (first..=4).collect::<Vec<_>>(), "chunk {chunk}");
    }
}

#[test]
fn one_call_hashes_and_takes_a_slice_at_most() {
    let patch = Patch::release(Options::thumb());
    let device = Device::<Stm32L4>::with_base_of(&patch);
    let mut reads = 0;
    let mut last = Stage::Header;
    run(&patch, &device, ALL_BYTES, |&(applier, taken)| {
        let bytes_read = device.flash.stats().bytes_read;
        let stage = applier.progress().stage;
        match last {
            Stage::Header => {
                assert_eq!(taken, patch.header_len);
                assert_eq!(bytes_read, 0);
            }
            Stage::Base { .. } | Stage::Target { .. } => {
                assert_eq!(taken, 0);
                assert!(bytes_read - reads <= u64::from(HASH_SLICE));
            }
            _ => assert!(u32::try_from(taken).unwrap() <= BODY_SLICE),
        }
        reads = bytes_read;
        last = stage;
    });
}

#[test]
fn the_base_is_hashed_while_no_bytes_come() {
    let patch = Patch::release(Options::thumb());
    let device = Device::<Stm32L4>::with_base_of(&patch);
    let mut workspace = vec![0; patch.header.workspace_words()];
    let (base, staging) = (device.base(), device.staging());
    let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
    applier.push(&mut &patch.bytes[..patch.header_len]).unwrap();
    let calls = patch.header.base_len.div_ceil(HASH_SLICE);
    for call in 0..calls {
        let stage = applier.progress().stage;
        assert_eq!(stage, Stage::Base { checked: call * HASH_SLICE, total: patch.header.base_len });
        applier.push(&mut &[][..]).unwrap();
    }
    assert_eq!(applier.progress().stage, Stage::Body);
    assert_eq!(device.flash.stats().operations(), 0);
}
