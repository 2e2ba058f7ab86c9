//! The declared RAM is what decoding takes: not a word more, not one less.

use patcher_core::{Decoder, Event, SetupError, reference};
use rig::firmware::{self, ADDRESS};
use rig::memory::Memory;
use rig::plan::{Patch, Recipe};

fn patches() -> Vec<(Vec<u8>, Vec<u8>, Patch)> {
    let (base, target) = firmware::pair(3, 60);
    let recipes = [
        Recipe::plain(),
        Recipe { memory: 255, ..Recipe::plain() },
        Recipe::plain().addressed(1, (base.len(), ADDRESS), (target.len(), ADDRESS)),
        Recipe::plain().addressed(2, (base.len(), ADDRESS), (target.len(), ADDRESS)),
    ];
    let deltas =
        recipes.map(|recipe| (base.clone(), target.clone(), recipe.encode(&base, &target)));
    let full = (Vec::new(), target.clone(), Recipe::full().encode(&[], &target));
    deltas.into_iter().chain([full]).collect()
}

#[test]
fn the_declared_words_suffice() {
    for (base, target, Patch { header, body }) in patches() {
        let mut workspace = vec![0x1234; header.workspace_words()];
        let mut images = Memory::new(&header, &base, usize::MAX);
        let mut decoder =
            Decoder::new(header, &reference::ALL, &mut workspace).expect("the declared words");
        let mut rest = &body[..];
        while decoder.push(&mut images, &mut rest) == Ok(Event::Yield) {}
        assert_eq!(decoder.push(&mut images, &mut rest), Ok(Event::Done));
        assert_eq!(decoder.finish(), Ok(()));
        assert!(images.target() == target, "{header:?}");
    }
}

#[test]
fn one_word_less_is_refused() {
    for (.., Patch { header, .. }) in patches() {
        let words = header.workspace_words();
        let mut workspace = vec![0; words - 1];
        let number = |words: usize| u32::try_from(words).expect("a small number");
        assert_eq!(
            Decoder::new(header, &reference::ALL, &mut workspace).err(),
            Some(SetupError::Workspace { expected: number(words), got: number(words - 1) })
        );
    }
}

#[test]
fn words_beyond_the_declared_stay_untouched() {
    for (base, target, Patch { header, body }) in patches() {
        let words = header.workspace_words();
        let mut workspace = vec![0x5AA5; words + 16];
        let mut images = Memory::new(&header, &base, usize::MAX);
        let mut decoder =
            Decoder::new(header, &reference::ALL, &mut workspace).expect("more than declared");
        let mut rest = &body[..];
        while decoder.push(&mut images, &mut rest) == Ok(Event::Yield) {}
        assert_eq!(decoder.push(&mut images, &mut rest), Ok(Event::Done));
        assert!(images.target() == target, "{header:?}");
        assert_eq!(workspace[words..], [0x5AA5; 16]);
    }
}

#[test]
fn the_declared_ram_is_spent_to_the_byte() {
    let addressed = Recipe::plain().addressed(2, (100, ADDRESS), (100, ADDRESS));
    for memory in 8..=255 {
        for recipe in [Recipe::plain(), Recipe::full(), addressed] {
            for map_entries in [0, 1, 18] {
                let mut header = Recipe { memory, ..recipe }.header(&[], &[], 0);
                header.map_entries = map_entries;
                assert_eq!(header.ram_bytes(), 256 * usize::from(memory), "{header:?}");
            }
        }
    }
    assert_eq!(Recipe { memory: 7, ..Recipe::plain() }.header(&[], &[], 0).tables(), None);
}
