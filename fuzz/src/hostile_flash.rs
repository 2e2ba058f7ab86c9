//! A device whose metadata regions hold any bytes.

use device_apply::boot::{Check, Image, Record as BootRecord, Reset, Slot, Start, select};
use device_apply::journal::{Journal, Record};
use device_apply::update::{Action, Event, Failure, Kind, Machine, Phase, Policy, Started, State};
use device_apply::{Class, boot};
use flash_model::{Cut, FlashModel, Part, Stm32L0, Stm32L4, Tear};

/// Any bytes in flash, some units of them torn: journals open, and can be written.
///
/// The first two bytes pick the cut that tore a page.
///
/// # Panics
/// When a record is found that was not there, or a written one is not found.
pub fn raw(bytes: &[u8]) {
    region::<Stm32L4>(bytes);
    region::<Stm32L0>(bytes);
}

fn region<P: Part>(bytes: &[u8]) {
    let Some((&[page, seed], bytes)) = bytes.split_first_chunk() else { return };
    let page_bytes = P::GEOMETRY.erase_bytes();
    let flash = FlashModel::<P>::with_size(4 * page_bytes);
    let size = usize::try_from(flash.size()).unwrap_or(0);
    flash.load(0, bytes.get(..bytes.len().min(size)).unwrap_or_default());
    if page & 0x80 != 0 {
        let start = u32::from(page % 4) * page_bytes;
        flash.cut_after(0, Cut::Inside(Tear::Mixed(seed.into())));
        let _ = flash.erase(start..start + page_bytes);
        flash.power_on();
    }
    journal::<P, BootRecord>(&flash, &BootRecord::default());
    journal::<P, State>(&flash, &State::default());
}

fn journal<P: Part, R: Record + Clone + PartialEq + core::fmt::Debug>(
    flash: &FlashModel<P>,
    record: &R,
) {
    let open = || {
        let journal = Journal::<_, R>::open(flash.slot(0..flash.size())).expect("large enough");
        journal.with_erased_value(P::GEOMETRY.erased_value())
    };
    let before = open().latest().cloned();
    match open().append(record) {
        Ok(()) => assert_eq!(open().latest(), Some(record)),
        // Only a region whose sequence numbers end, or of which no page can be erased, cannot be written.
        Err(error) => assert_eq!((error.code(), open().latest()), (115, before.as_ref())),
    }
}

/// Metadata that some journal wrote, whatever it says: each start and each event ends, and leads to what can be kept.
///
/// # Panics
/// When an image is started that may not be, or a state is lost.
pub fn records(bytes: &[u8]) {
    let Some((boot_bytes, rest)) = bytes.split_at_checked(BootRecord::BYTES) else { return };
    let Some((state_bytes, events)) = rest.split_at_checked(State::BYTES) else { return };
    let record = BootRecord::decode(boot_bytes).unwrap_or_default();
    let state = State::decode(state_bytes).unwrap_or_default();
    let flash = FlashModel::<Stm32L4>::with_size(8 * 2048);
    let mut metadata = Journal::open(flash.slot(0..4 * 2048)).expect("large enough");
    metadata.append(&record).expect("empty flash");
    let mut journal = Journal::open(flash.slot(4 * 2048..8 * 2048)).expect("large enough");
    journal.append(&state).expect("empty flash");
    let mut machine = Machine::new(journal, Policy::default());

    for event in events.chunks_exact(4) {
        let &[what, detail, a, b] = event else { return };
        let now = u32::from_le_bytes([0, a, b, detail]);
        let record = metadata.latest().copied().unwrap_or_default();
        let event = if what & 0x80 == 0 {
            event_of(what, detail)
        } else {
            started(&mut metadata, &record, what, detail, machine.state().id())
        };
        let before = machine.state();
        let action = machine.handle(now, event).expect("flash works");
        let after = machine.state();
        if let Action::Refuse(_) = action {
            assert_eq!((after.phase(), after.outcome()), (before.phase(), before.outcome()));
        }
        let slot = record.active().other();
        let next = match action {
            Action::Fetch { .. } => record.vacate(slot),
            Action::Swap => record.request(slot, record.image(slot)),
            Action::Confirm => record.confirm(slot).unwrap_or(record),
            Action::Revert => record.fail(slot).unwrap_or(record),
            _ => continue,
        };
        assert!(next.security_counter() >= record.security_counter(), "the counter falls");
        metadata.append(&next).expect("flash works");
    }
    assert!(Phase::ALL.contains(&machine.state().phase()));
}

/// A start in which `checks` says what is valid.
fn started(
    metadata: &mut Journal<flash_model::Slot<'_, Stm32L4>, BootRecord>,
    record: &BootRecord,
    checks: u8,
    counter: u8,
    id: [u8; 8],
) -> Event {
    let reset = if checks & 1 == 0 { Reset::Other } else { Reset::Watchdog };
    let start = Start { reset, trial_boots: checks >> 4 & 3 };
    let security_counter =
        record.security_counter().saturating_add(u32::from(counter)).saturating_sub(128);
    let valid = |image| match image {
        Image::Slot(Slot::A) => checks & 2 != 0,
        Image::Slot(Slot::B) => checks & 4 != 0,
        Image::Golden => checks & 8 != 0,
    };
    let mut asked = 0;
    let verify = |image: Image, _: &BootRecord| {
        asked += 1;
        if valid(image) { Check::Valid { security_counter } } else { Check::Invalid }
    };
    let choice = select(metadata, &start, verify);
    assert!(asked <= 3, "verified {asked} times");
    let Some(image) = choice else { return Event::Tick };
    assert!(valid(image));
    assert!(image == Image::Golden || security_counter >= record.security_counter(), "a downgrade");
    let after = metadata.latest().copied().unwrap_or_default();
    if let Image::Slot(slot) = image {
        let proved =
            matches!(after.state(slot), boot::State::Trial { .. } | boot::State::Confirmed);
        let other =
            after.state(slot.other()) == boot::State::Confirmed && valid(Image::Slot(slot.other()));
        let alone =
            !valid(Image::Golden) && !(other && security_counter >= record.security_counter());
        assert!(proved || alone, "{slot:?} {after:?}");
    }
    Event::Started(Started::of(&after, image, id))
}

fn event_of(what: u8, detail: u8) -> Event {
    let class = Class::from_number(detail % 6).unwrap_or(Class::Bug);
    match what % 14 {
        0 => Event::Offer { id: [detail & 3; 8], kind: Kind::Delta },
        1 => Event::Offer { id: [detail & 3; 8], kind: Kind::Full },
        2 => Event::Received,
        3 => Event::Verified,
        4 => Event::Failed(Failure::Link),
        5 => Event::Failed(Failure::Patch { class, code: detail.into() }),
        6 => Event::Install,
        7 => Event::Healthy,
        8 => Event::Unhealthy,
        9 => Event::Confirmed,
        10 => Event::Cancel,
        _ => Event::Tick,
    }
}
