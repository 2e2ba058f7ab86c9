//! Slots on parts of each write unit: where things are, what is written, what a cut leaves.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use flash_model::{Cut, FlashModel, Nrf52, Part, Stm32H7, Stm32L4, Stm32U5, Tear};
use mcuboot::state::{Flag, Magic, State};
use mcuboot::{Layout, LayoutError, Mode, Slot, SlotError};

const MODES: [Mode; 5] =
    [Mode::SwapMove, Mode::SwapOffset, Mode::SwapScratch, Mode::Overwrite, Mode::DirectXip];
const UNSET: State =
    State { magic: Magic::Unset, image_ok: Flag::Unset, copy_done: Flag::Unset, swap_info: None };

/// Bytes of a slot of eight sectors.
fn size<P: Part>() -> u32 {
    8 * P::GEOMETRY.erase_bytes()
}

fn layout(mode: Mode, align: u32) -> Layout {
    Layout::new(mode, align, 8).expect("a layout")
}

/// The slot's last bytes as `boot_set_pending` leaves them, from the fields' documentation.
fn expected(align: usize, image_ok: Option<u8>, swap_info: Option<u8>) -> Vec<u8> {
    let magic_room = 16_usize.next_multiple_of(align);
    let mut bytes = vec![0xFF; 4 * align + magic_room];
    let end = bytes.len();
    let magic: [u8; 16] = if align == 8 {
        *b"\x77\xc2\x95\xf3\x60\xd2\xef\x7f\x35\x52\x50\x0f\x2c\xb6\x79\x80"
    } else {
        let mut magic = *b"..\x2d\xe1\x5d\x29\x41\x0b\x8d\x77\x67\x9c\x11\x0f\x1f\x8a";
        magic[..2].copy_from_slice(&u16::try_from(align).expect("small").to_le_bytes());
        magic
    };
    bytes[end - 16..].copy_from_slice(&magic);
    if let Some(byte) = image_ok {
        bytes[end - magic_room - align] = byte;
    }
    if let Some(byte) = swap_info {
        bytes[end - magic_room - 3 * align] = byte;
    }
    bytes
}

fn pending_writes_magic_flags_and_nothing_else<P: Part>(align: u32) {
    for (permanent, image, swap) in [(false, 0, 0x02), (true, 0, 0x03), (true, 1, 0x13)] {
        let flash = FlashModel::<P>::new();
        let len = size::<P>();
        flash.slot(0..len).load(b"an image");
        let before = flash.dump(0..len).expect("no torn words");
        let mut slot = Slot::new(flash.slot(0..len), layout(Mode::SwapMove, align)).expect("fits");
        assert_eq!(slot.state(), Ok(UNSET));
        slot.set_pending(image, permanent).expect("written");
        let after = flash.dump(0..len).expect("no torn words");
        let tail = expected(align as usize, permanent.then_some(1), Some(swap));
        let at = after.len() - tail.len();
        assert_eq!(after[at..], tail, "{} {align} {permanent}", P::GEOMETRY.name());
        assert_eq!(after[..at], before[..at]);
        let image_ok = if permanent { Flag::Set } else { Flag::Unset };
        let state = State { magic: Magic::Good, image_ok, swap_info: Some(swap), ..UNSET };
        assert_eq!(slot.state(), Ok(state));
        // Already scheduled: nothing is written, whatever is asked for.
        let programs = flash.stats().operations();
        slot.set_pending(image, true).expect("nothing to do");
        assert_eq!(flash.stats().operations(), programs);
    }
}

#[test]
fn pending_is_written_as_mcuboot_does_with_every_alignment() {
    pending_writes_magic_flags_and_nothing_else::<Nrf52>(8);
    pending_writes_magic_flags_and_nothing_else::<Stm32L4>(8);
    pending_writes_magic_flags_and_nothing_else::<Stm32L4>(16);
    pending_writes_magic_flags_and_nothing_else::<Stm32U5>(16);
    pending_writes_magic_flags_and_nothing_else::<Stm32U5>(32);
    pending_writes_magic_flags_and_nothing_else::<Stm32H7>(32);
}

#[test]
fn confirming_sets_image_ok_of_an_image_that_an_update_brought() {
    let flash = FlashModel::<Stm32L4>::new();
    let len = size::<Stm32L4>();
    let primary = || Slot::primary(flash.slot(0..len), layout(Mode::SwapMove, 8)).expect("fits");
    // Programmed by a debugger: nothing to confirm.
    primary().set_confirmed().expect("nothing to do");
    assert_eq!(primary().state(), Ok(UNSET));
    // As MCUboot leaves it after a trial swap: magic, copy_done, swap_info.
    let mut raw = flash.slot(0..len);
    raw.write(len - 16, &expected(8, None, None)[32..]).expect("written");
    raw.write(len - 32, &[1, 255, 255, 255, 255, 255, 255, 255]).expect("written");
    assert!(primary().state().expect("readable").is_on_trial());
    primary().set_confirmed().expect("written");
    assert!(!primary().state().expect("readable").is_on_trial());
    let state =
        State { magic: Magic::Good, image_ok: Flag::Set, copy_done: Flag::Set, swap_info: None };
    assert_eq!(primary().state(), Ok(state));
    assert_eq!(flash.dump(len - 24..len - 16), Ok(vec![1, 255, 255, 255, 255, 255, 255, 255]));
    let operations = flash.stats().operations();
    primary().set_confirmed().expect("nothing to do");
    assert_eq!(flash.stats().operations(), operations);
}

#[test]
fn a_slot_that_runs_in_place_gets_all_three_when_it_is_confirmed() {
    let flash = FlashModel::<Stm32L4>::new();
    let mut slot = Slot::new(flash.slot(0..0x4000), layout(Mode::DirectXip, 8)).expect("fits");
    slot.set_pending(0, false).expect("written");
    assert_eq!(slot.state(), Ok(State { magic: Magic::Good, ..UNSET }));
    // MCUboot sets copy_done before it starts the image; here it did not come so far.
    slot.set_confirmed().expect("written");
    let all = State { magic: Magic::Good, image_ok: Flag::Set, copy_done: Flag::Set, ..UNSET };
    assert_eq!(slot.state(), Ok(all));
    assert_eq!(flash.stats().refusals, 0);
}

#[test]
fn another_magic_is_an_error_until_the_trailer_is_erased() {
    let flash = FlashModel::<Stm32L4>::new();
    let len = size::<Stm32L4>();
    flash.slot(0..len).write(len - 8, &[0x55; 8]).expect("written");
    let mut slot = Slot::new(flash.slot(0..len), layout(Mode::SwapMove, 8)).expect("fits");
    assert_eq!(slot.set_pending(0, false), Err(SlotError::BadMagic));
    assert_eq!(slot.set_confirmed(), Err(SlotError::BadMagic));
    slot.erase(0, 0x800).expect("erased");
    assert_eq!(slot.state(), Ok(UNSET));
    slot.set_pending(0, false).expect("written");
    assert_eq!(slot.set_pending(16, false), Err(SlotError::ImageNumber { got: 16 }));
}

#[test]
fn an_image_never_reaches_what_belongs_to_mcuboot() {
    let sector = Stm32L4::GEOMETRY.erase_bytes();
    // 8 sectors of 2 KiB, a trailer of less than one: (mode, sectors for an image, first sector).
    let rooms = [(7 - 1, 0), (7 - 1, 1), (7, 0), (7, 0), (7, 0)];
    for (mode, (sectors, first)) in MODES.into_iter().zip(rooms) {
        let flash = FlashModel::<Stm32L4>::new();
        flash.protect_outside(0x4000..0x8000);
        let mut slot = Slot::new(flash.slot(0x4000..0x8000), layout(mode, 8)).expect("fits");
        let room = sectors * sector;
        assert_eq!(slot.capacity(), room as usize, "{mode:?}");
        slot.erase(0, room).expect("erased");
        for offset in (0..room).step_by(64) {
            slot.write(offset, &[0x5A; 64]).expect("written");
        }
        for error in [
            slot.write(room, &[0; 8]),
            slot.write(u32::MAX - 7, &[0; 8]),
            slot.erase(room, room + sector),
            slot.erase(sector, 0),
            slot.read(room - 4, &mut [0; 8]),
        ] {
            assert_eq!(error, Err(SlotError::OutOfSlot));
        }
        let all = flash.dump(0x4000..0x8000).expect("no torn words");
        let image = (first * sector) as usize..((first + sectors) * sector) as usize;
        assert!(all[image.clone()].iter().all(|&byte| byte == 0x5A), "{mode:?}");
        assert!(all[..image.start].iter().chain(&all[image.end..]).all(|&byte| byte == 0xFF));
        assert_eq!(flash.stats().refusals, 0);
        let mut primary = Slot::primary(flash.slot(0x4000..0x8000), layout(mode, 8)).expect("fits");
        let trailer = layout(mode, 8).trailer_bytes(8);
        assert_eq!(primary.capacity(), 0x4000 - trailer as usize, "{mode:?}");
        assert_eq!(primary.erase(7 * sector, 8 * sector), Err(SlotError::OutOfSlot));
    }
}

#[test]
fn layouts_that_cannot_be_are_refused() {
    assert_eq!(Layout::new(Mode::SwapMove, 4, 8), Err(LayoutError::Align { got: 4 }));
    assert_eq!(Layout::new(Mode::SwapMove, 64, 8), Err(LayoutError::Align { got: 64 }));
    assert_eq!(Layout::new(Mode::SwapMove, 8, 0), Err(LayoutError::Sectors { got: 0 }));
    let flash = FlashModel::<Stm32H7>::new();
    let slot = Slot::new(flash.slot(0..0x8_0000), layout(Mode::SwapMove, 8));
    assert_eq!(slot.err(), Some(LayoutError::Write { expected: 8, got: 32 }));
    // One sector for the trailer, one to move.
    let slot = Slot::new(flash.slot(0..0x4_0000), layout(Mode::SwapMove, 32));
    let expected = 32 + 4 * 32 + 8 * 3 * 32;
    assert_eq!(slot.err(), Some(LayoutError::SlotTooSmall { expected, got: 0x4_0000 }));
}

/// What MCUboot does next with a secondary slot in this state and an unset primary (its table of swap types).
fn asked_for(state: State) -> &'static str {
    match (state.magic, state.image_ok) {
        (Magic::Good, Flag::Unset) => "test",
        (Magic::Good, Flag::Set) => "permanent",
        _ => "nothing",
    }
}

#[test]
fn a_cut_in_set_pending_asks_for_nothing_or_a_trial_and_can_be_mended() {
    for permanent in [false, true] {
        let flash = FlashModel::<Stm32L4>::new();
        let open = |flash: &FlashModel<Stm32L4>| {
            flash.slot(0..0x4000).load(b"an image");
            flash.record();
            let mut slot =
                Slot::new(flash.slot(0..0x4000), layout(Mode::SwapMove, 8)).expect("fits");
            slot.set_pending(0, permanent).expect("written");
        };
        open(&flash);
        let log = flash.take_log().expect("recorded");
        let mut seen = Vec::new();
        for point in log.cut_points(&[Tear::Blank, Tear::Mixed(3), Tear::Seeded(5)]) {
            let mut slot =
                Slot::new(point.flash.slot(0..0x4000), layout(Mode::SwapMove, 8)).expect("fits");
            let state = slot.state();
            seen.push(state.as_ref().map_or("unreadable", |&state| asked_for(state)));
            // A torn word may read as erased and refuse to be written.
            if slot.set_pending(0, permanent).is_err() {
                slot.erase_trailer().expect("erased");
                slot.set_pending(0, permanent).expect("written");
                let state = slot.state().expect("readable");
                assert_eq!(asked_for(state), if permanent { "permanent" } else { "test" });
            }
            assert_ne!(asked_for(slot.state().expect("readable")), "nothing");
            assert_eq!(point.flash.dump(0..8), Ok(b"an image".to_vec()));
        }
        for outcome in ["nothing", "unreadable", "test"] {
            assert!(seen.contains(&outcome), "{outcome} in {seen:?}");
        }
        assert_eq!(seen.contains(&"permanent"), permanent);
    }
}

#[test]
fn a_cut_while_the_trailer_is_erased_leaves_an_image_that_is_not_asked_for() {
    let flash = FlashModel::<Stm32L4>::new();
    let mut slot = Slot::new(flash.slot(0..0x4000), layout(Mode::SwapMove, 8)).expect("fits");
    slot.set_pending(0, true).expect("written");
    flash.cut_after(0, Cut::Inside(Tear::Mixed(9)));
    assert!(slot.erase(0, 0x800).is_err());
    flash.power_on();
    let mut slot = Slot::new(flash.slot(0..0x4000), layout(Mode::SwapMove, 8)).expect("fits");
    slot.erase(0, 0x800).expect("erased");
    assert_eq!(slot.state(), Ok(UNSET));
}
