//! Restart marks: where they are, what is saved, and going on from there.

use patcher_core::decode::REGISTER_BYTES;
use patcher_core::{DecodeError, Decoder, Event, Header, reference};
use proptest::prelude::*;
use rig::decode::{self, How, Refusal};
use rig::firmware::{self, ADDRESS};
use rig::memory::Memory;
use rig::plan::{Patch, Recipe};

struct Case {
    base: Vec<u8>,
    target: Vec<u8>,
    patch: Patch,
}

/// A delta of moved code and its full image, with marks.
fn cases(epoch_log2: u8, reset: bool) -> Vec<Case> {
    let (base, target) = firmware::pair(11, 50);
    let moved = ADDRESS + 0x1_0000;
    let recipes = [
        Recipe::plain(),
        Recipe::plain().addressed(2, (base.len(), ADDRESS), (target.len(), ADDRESS)),
        Recipe::plain().addressed(1, (base.len(), ADDRESS), (target.len(), moved)),
        Recipe::full(),
    ];
    let case = |recipe: Recipe| {
        let recipe = recipe.with_marks(epoch_log2, reset);
        let base = if recipe.kind == patcher_core::Kind::Delta { base.clone() } else { Vec::new() };
        let patch = recipe.encode(&base, &target);
        Case { base, target: target.clone(), patch }
    };
    recipes.map(case).into()
}

/// All saved states of a patch.
fn states(case: &Case) -> Vec<Vec<u8>> {
    let Patch { header, body } = &case.patch;
    let (target, marks) = decode::states(header, &case.base, body).expect("a sound patch");
    assert!(target == case.target, "{header:?}");
    marks.into_iter().map(|(_, state)| state).collect()
}

#[test]
fn every_mark_is_passed_once_and_in_its_place() {
    for (epoch_log2, reset) in [(8, false), (8, true), (10, false), (10, true)] {
        for Case { base, target, patch } in cases(epoch_log2, reset) {
            let decoded = decode::patch(&base, &patch.bytes(), How::default());
            let decoded = decoded.expect("a sound patch");
            assert!(decoded.target == target, "{:?}", patch.header);
            let places: Vec<u32> = decoded.marks.iter().map(|mark| mark.position).collect();
            let expected: Vec<u32> = (1u32..)
                .map(|n| n << epoch_log2)
                .take_while(|&at| (at as usize) < target.len())
                .collect();
            assert_eq!(places, expected);
            assert!(decoded.marks.iter().all(|mark| mark.reset == reset));
            assert!(decoded.marks.is_sorted_by_key(|mark| mark.consumed));
        }
    }
}

#[test]
fn a_target_that_ends_on_a_mark_has_none_there() {
    for reset in [false, true] {
        let target: Vec<u8> = (0..=255).cycle().take(512).collect();
        let patch = Recipe::full().with_marks(8, reset).encode(&[], &target);
        let decoded = decode::patch(&[], &patch.bytes(), How { restart: true, ..How::default() });
        let decoded = decoded.expect("a sound patch");
        assert_eq!(decoded.target, target);
        assert_eq!(decoded.marks.len(), 1);
        assert_eq!(decoded.marks[0].position, 256);
    }
}

#[test]
fn a_diff_may_start_on_a_mark() {
    let image: Vec<u8> = (0..=255).cycle().take(1000).collect();
    for reset in [false, true] {
        let patch = Recipe::plain().with_marks(8, reset).encode(&image, &image);
        for restart in [false, true] {
            let decoded = decode::patch(&image, &patch.bytes(), How { restart, ..How::default() });
            let decoded = decoded.expect("a sound patch");
            assert_eq!(decoded.target, image);
            assert_eq!(decoded.marks.len(), 3);
        }
    }
}

#[test]
fn restarts_at_all_marks_give_the_same_target() {
    for (epoch_log2, reset) in [(8, false), (8, true), (11, false), (11, true)] {
        for Case { base, target, patch } in cases(epoch_log2, reset) {
            let bytes = patch.bytes();
            let whole = decode::patch(&base, &bytes, How::default()).expect("a sound patch");
            for chunk in [1, 33, usize::MAX] {
                let how = How { chunk, restart: true, ..How::default() };
                let restarted = decode::patch(&base, &bytes, how).expect("a sound patch");
                assert!(restarted.target == target, "chunk {chunk}, {:?}", patch.header);
                assert_eq!(restarted.marks, whole.marks);
            }
        }
    }
}

#[test]
fn a_reset_leaves_only_offsets_and_the_map() {
    for case in cases(9, true) {
        let Case { base, target, patch: Patch { header, .. } } = &case;
        let map_words = 4 * header.map_entries as usize;
        let cache_words = 4 * header.tables().expect("legal").cache_entries;
        // A decoder that has read nothing but its map, as a state.
        let mut fresh = vec![0; header.workspace_words()];
        let _ = Decoder::new(*header, &reference::ALL, &mut fresh).expect("the declared words");
        let model = header.workspace_words() - map_words - cache_words;
        for state in states(&case) {
            let (registers, words) = state.split_at(REGISTER_BYTES);
            assert_eq!(registers[20..], [0; 26], "registers beside offsets and coder");
            let words: Vec<u16> =
                words.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            assert_eq!(words[..model], fresh[..model], "model");
            assert!(words[model + map_words..].iter().all(|&word| word == u16::MAX), "cache");
        }
        assert!(base.len() + target.len() > 1024);
    }
}

/// Fills what is asked for from `bytes`.
fn source(mut bytes: &[u8]) -> impl FnMut(&mut [u8]) -> bool {
    move |wanted| {
        let Some((taken, rest)) = bytes.split_at_checked(wanted.len()) else { return false };
        wanted.copy_from_slice(taken);
        bytes = rest;
        true
    }
}

#[test]
fn registers_and_map_are_all_that_a_reset_leaves() {
    for case in cases(9, true) {
        let Patch { header, body } = &case.patch;
        let mut workspace = vec![0; header.workspace_words()];
        let mut decoder = Decoder::new(*header, &reference::ALL, &mut workspace).expect("fits");
        let mut images = Memory::new(header, &case.base, usize::MAX);
        let mut rest = &body[..];
        let map_bytes = 8 * header.map_entries as usize;
        let mut marks = 0;
        loop {
            match decoder.push(&mut images, &mut rest).expect("a sound patch") {
                Event::Mark { .. } => marks += 1,
                Event::Done => break,
                Event::NeedInput | Event::Yield => continue,
            }
            let (mut whole, mut short) = (Vec::<u8>::new(), Vec::<u8>::new());
            assert_eq!(decoder.save(|part| whole.extend(part)), Ok(()));
            assert_eq!(decoder.save_reset(|part| short.extend(part)), Ok(()));
            assert_eq!(short.len(), REGISTER_BYTES + map_bytes);

            let mut words = vec![0xA55A; header.workspace_words()];
            let mut fresh = Decoder::new(*header, &reference::ALL, &mut words).expect("fits");
            assert_eq!(fresh.load_reset(source(&short)), Ok(()));
            let mut loaded = Vec::<u8>::new();
            assert_eq!(fresh.save(|part| loaded.extend(part)), Ok(()));
            assert!(loaded == whole, "mark {marks}");
            assert_eq!(fresh.load_reset(source(&short)), Err(DecodeError::State), "not fresh");
        }
        assert!(marks > 2);
    }
}

#[test]
fn a_mark_that_keeps_the_model_is_not_saved_as_a_reset() {
    let case = &cases(9, false)[1];
    let state = &states(case)[0];
    let Patch { header, body } = &case.patch;
    let mut workspace = vec![0; header.workspace_words()];
    let mut decoder = Decoder::new(*header, &reference::ALL, &mut workspace).expect("fits");
    let mut images = Memory::new(header, &case.base, usize::MAX);
    assert_eq!(decoder.push(&mut images, &mut &body[..]), Ok(Event::Mark { reset: false }));
    assert_eq!(decoder.save_reset(|_| panic!("nothing to save")), Err(DecodeError::State));
    let mut fresh = Decoder::new(*header, &reference::ALL, &mut workspace).expect("fits");
    assert_eq!(fresh.load_reset(source(state)), Err(DecodeError::State), "the coder is started");
    assert_eq!(fresh.push(&mut images, &mut &body[..]), Err(DecodeError::Poisoned.into()));
}

#[test]
fn states_cannot_be_saved_elsewhere() {
    let case = &cases(8, false)[0];
    let Patch { header, body } = &case.patch;
    let mut workspace = vec![0; header.workspace_words()];
    let mut decoder =
        Decoder::new(*header, &reference::ALL, &mut workspace).expect("the declared words");
    assert_eq!(decoder.save(|_| panic!("nothing to save")), Err(DecodeError::State));
    let mut images = Memory::new(header, &case.base, usize::MAX);
    assert_eq!(decoder.push(&mut images, &mut &body[..]), Ok(Event::Mark { reset: false }));
    // At the first mark one may save more than once.
    for _ in 0..2 {
        let mut bytes = 0;
        assert_eq!(decoder.save(|part| bytes += part.len()), Ok(()));
        assert_eq!(bytes, REGISTER_BYTES + 2 * header.workspace_words());
    }
}

#[test]
fn a_short_state_is_refused() {
    let case = &cases(10, false)[1];
    let state = &states(case)[0];
    let header = case.patch.header;
    let mut workspace = vec![0; header.workspace_words()];
    for len in (0..REGISTER_BYTES + 9).chain(state.len() - 9..state.len()) {
        let error = decode::restore(header, &mut workspace, &state[..len]).err();
        assert_eq!(error, Some(DecodeError::State.into()), "{len} bytes");
    }
    assert!(decode::restore(header, &mut workspace, state).is_ok());
}

#[test]
fn a_state_that_contradicts_the_header_is_refused() {
    let case = &cases(10, false)[1];
    let state = &states(case)[0];
    let header = case.patch.header;
    let refusal = |header: Header, at: usize, bytes: &[u8]| {
        let mut state = state.clone();
        state[at..at + bytes.len()].copy_from_slice(bytes);
        let mut workspace = vec![0; header.workspace_words()];
        decode::restore(header, &mut workspace, &state).err()
    };
    assert_eq!(refusal(header, 0, &[]), None, "as it was");
    let state_error = Some(DecodeError::State.into());
    assert_eq!(refusal(header, 0, &1023u32.to_le_bytes()), state_error, "not at a mark");
    assert_eq!(refusal(header, 0, &[0; 4]), state_error, "at the start");
    assert_eq!(refusal(header, 0, &0x4000_0000u32.to_le_bytes()), state_error, "past the target");
    assert_eq!(
        refusal(header, 8, &(header.body_len + 5).to_le_bytes()),
        state_error,
        "past the body and its implied zeros"
    );
    assert_eq!(refusal(header, 12, &[0; 4]), state_error, "a range of nothing");
    assert_eq!(refusal(header, 12, &0x00FF_FFFFu32.to_le_bytes()), state_error, "a narrow range");
    assert_eq!(refusal(header, 44, &[0xFF]), state_error, "a bit that means nothing");
    assert_eq!(refusal(header, 45, &[8]), state_error, "four tokens");
    let unmarked = Header { epoch_log2: 0, ..header };
    assert_eq!(refusal(unmarked, 0, &[]), state_error, "a patch without marks");
}

/// What a damaged state may lead to: a refusal, or a target of the right length whose digest is the caller's to check.
fn survives(result: Result<Vec<u8>, Refusal>, header: &Header) {
    match result {
        Ok(target) => assert_eq!(target.len(), header.target_len as usize),
        Err(Refusal::Body(error)) => assert_ne!(error, DecodeError::Poisoned),
        Err(Refusal::Full) => {}
        Err(Refusal::Header(error)) => panic!("{error}"),
        Err(Refusal::Setup(error)) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_damaged_state_never_hangs(
        which in 0usize..4, reset: bool, at: prop::sample::Index, to: u8, register in 0..REGISTER_BYTES, more: u8,
    ) {
        let case = &cases(9, reset)[which];
        let mut states = states(case);
        let state = at.get_mut(&mut states);
        let consumed = u32::from_le_bytes([state[8], state[9], state[10], state[11]]) as usize;
        state[register] = to;
        *at.get_mut(state) ^= more;
        let Patch { header, body } = &case.patch;
        survives(rig::hostile::resume(*header, state, &body[consumed..]), header);
    }

    #[test]
    fn a_foreign_state_never_hangs(from in 0usize..4, to in 0usize..4, at: prop::sample::Index) {
        let cases = cases(9, false);
        let state = at.get(&states(&cases[from])).clone();
        let Patch { header, body } = &cases[to].patch;
        survives(rig::hostile::resume(*header, &state, body), header);
    }
}
