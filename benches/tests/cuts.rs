//! A small update, cut at every flash operation, on parts of four kinds. `--bin cuts` does it with a large one.

use benches::cuts::{Effort, Findings, Policy, Update, sweep, sweep_in_place};
use flash_model::{Nrf52, Part, Stm32H7, Stm32L0, Stm32L4, Stm32U5, Tear};
use host_diff::{Epoch, Resume};

fn effort() -> Effort {
    Effort {
        tears: vec![Tear::Blank, Tear::Mixed(1), Tear::Finished],
        every: 1,
        second_of: 173,
        second_cuts: 12,
        seed: 4,
        to_the_end: false,
        jobs: 2,
    }
}

fn update(policy: Policy, functions: usize, epoch: u32) -> Update {
    let epoch = Epoch::of_bytes(epoch).expect("a power of two");
    let resume = match policy {
        Policy::Never | Policy::Kept | Policy::Logged => Resume::Redecode,
        Policy::Snapshots => Resume::Snapshot(epoch),
        Policy::Resets => Resume::Reset(epoch),
    };
    Update::made_up(functions, 2560, resume).expect("a patch")
}

fn cut<P: Part>(policy: Policy, functions: usize, epoch: u32) -> Findings {
    let update = update(policy, functions, epoch);
    let findings = sweep::<P>(&update, policy, &effort())
        .unwrap_or_else(|error| panic!("{}: {error}", P::GEOMETRY.name()));
    println!("{} {}: {findings:?}", P::GEOMETRY.name(), policy.name());
    assert_eq!(findings.cuts, 4 * findings.operations as u64 + 1);
    assert!(findings.second_cuts > 0);
    findings
}

#[test]
fn a_stored_patch_is_decoded_again() {
    cut::<Stm32L4>(Policy::Kept, 70, 256);
    cut::<Stm32U5>(Policy::Kept, 170, 256);
    cut::<Stm32H7>(Policy::Kept, 100, 256);
    cut::<Stm32L0>(Policy::Kept, 20, 256);
}

#[test]
fn a_stream_is_decoded_again_from_its_log() {
    let found = cut::<Stm32L4>(Policy::Logged, 70, 256);
    assert!(found.resent > 0 && found.erased_again == 1, "{found:?}");
    cut::<Stm32U5>(Policy::Logged, 170, 256);
    cut::<Stm32H7>(Policy::Logged, 100, 256);
    cut::<Stm32L0>(Policy::Logged, 20, 256);
}

#[test]
fn a_stream_goes_on_from_a_snapshot() {
    let found = cut::<Stm32L4>(Policy::Snapshots, 70, 2048);
    assert!(found.resent > 0 && found.erased_again == 1, "{found:?}");
    cut::<Stm32U5>(Policy::Snapshots, 170, 8192);
    cut::<Nrf52>(Policy::Snapshots, 90, 4096);
    cut::<Stm32L0>(Policy::Snapshots, 20, 512);
}

#[test]
fn a_stream_goes_on_from_a_reset() {
    let found = cut::<Stm32L4>(Policy::Resets, 70, 2048);
    assert!(found.resent > 0 && found.erased_again == 1, "{found:?}");
    cut::<Stm32U5>(Policy::Resets, 170, 8192);
    cut::<Nrf52>(Policy::Resets, 90, 4096);
    cut::<Stm32L0>(Policy::Resets, 20, 512);
}

#[test]
fn without_a_policy_everything_is_sent_again() {
    let found = cut::<Stm32L4>(Policy::Never, 60, 256);
    assert!(found.erased_again > 1 && found.resent > 100, "{found:?}");
}

#[test]
fn what_is_found_does_not_depend_on_running_each_recovery_to_its_end() {
    fn compare(sweep: impl Fn(&Effort) -> Result<Findings, String>) {
        let small = Effort { tears: vec![Tear::Seeded(1)], every: 3, second_of: 0, ..effort() };
        let found = sweep(&small).expect("found");
        let whole = sweep(&Effort { to_the_end: true, ..small }).expect("found");
        assert!(found.to_the_end < whole.to_the_end, "{found:?}");
        assert_eq!(whole.to_the_end, whole.cuts);
        assert_eq!(Findings { to_the_end: whole.to_the_end, ..found }, whole);
    }
    for policy in [Policy::Kept, Policy::Logged, Policy::Snapshots] {
        let update = update(policy, 150, 2048);
        compare(|effort| sweep::<Stm32L4>(&update, policy, effort));
    }
    let update = Update::in_place(150, 2048, 2048, false).expect("a patch");
    compare(|effort| sweep_in_place::<Stm32L4>(&update, effort));
}

#[test]
fn a_base_that_is_overwritten_ends_as_the_target() {
    fn cut<P: Part>(functions: usize, scratch: bool) {
        let page = P::GEOMETRY.erase_bytes();
        let update = Update::in_place(functions, 2048, page, scratch).expect("a patch");
        let effort = Effort { tears: vec![Tear::Mixed(1)], every: 11, second_of: 31, ..effort() };
        let found = sweep_in_place::<P>(&update, &effort)
            .unwrap_or_else(|error| panic!("{}: {error}", P::GEOMETRY.name()));
        println!("{} scratch {scratch}: {found:?}", P::GEOMETRY.name());
        assert!(found.cuts > 50 && found.second_cuts > 0 && found.erased_again == 1, "{found:?}");
    }
    for scratch in [false, true] {
        cut::<Stm32L4>(170, scratch);
        cut::<Stm32L0>(20, scratch);
    }
}
