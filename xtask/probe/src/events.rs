//! Events of an update out of memory that the optimiser knows nothing about.

use device_apply::boot::Record;
use device_apply::journal::Journal;
use device_apply::update::{Action, Event, Failure, Kind, Machine, Policy, Started};
use device_apply::{Class, boot::Image, boot::Slot as ImageSlot};

use crate::memory::{EVENTS, METADATA, STATE};
use crate::slot::Slot;

/// The event that a byte stands for.
fn event(byte: u8, record: &Record) -> Option<Event> {
    let id = [byte; 8];
    let classes = [
        Class::Bug,
        Class::Flash,
        Class::Limit,
        Class::Malformed,
        Class::Mismatch,
        Class::Untrusted,
    ];
    Some(match byte {
        0 => Event::Offer { id, kind: Kind::Delta },
        1 => Event::Offer { id, kind: Kind::Full },
        2 => Event::Started(Started::of(record, Image::Slot(ImageSlot::A), id)),
        3 => Event::Started(Started::of(record, Image::Slot(ImageSlot::B), id)),
        4 => Event::Received,
        5 => Event::Verified,
        6 => Event::Failed(Failure::Link),
        7 => Event::Install,
        8 => Event::Healthy,
        9 => Event::Unhealthy,
        10 => Event::Confirmed,
        11 => Event::Cancel,
        12 => Event::Tick,
        _ => {
            let class = *classes.get(usize::from(byte & 7))?;
            Event::Failed(Failure::Patch { class, code: byte.into() })
        }
    })
}

/// Runs the update machine over the events in memory and does to the boot metadata what it asks for; calls `fetch` for a patch.
pub fn run(mut fetch: impl FnMut() -> Option<()>) -> Option<()> {
    let mut metadata = Journal::<_, Record>::open(Slot(METADATA)).ok()?;
    let mut machine = Machine::new(Journal::open(Slot(STATE)).ok()?, Policy::default());
    let mut bytes = [0; 8];
    let mut position = 0;
    while EVENTS.read(position, &mut bytes) {
        position = position.wrapping_add(8);
        let [byte, slot, _, _, time @ ..] = bytes;
        let slot = if slot == 0 { ImageSlot::A } else { ImageSlot::B };
        let record = metadata.latest().copied().unwrap_or_default();
        let event = event(byte, &record)?;
        let next = match machine.handle(u32::from_le_bytes(time), event).ok()? {
            Action::Fetch { .. } => {
                fetch()?;
                record.vacate(slot)
            }
            Action::Swap => record.request(slot, record.image(slot)),
            Action::Confirm => record.confirm(slot).ok()?,
            Action::Revert => record.fail(slot).ok()?,
            _ => continue,
        };
        metadata.append(&next).ok()?;
    }
    let mut told = 0;
    machine.history(|_, state| told ^= state.outcome().lwm2m_result() ^ state.lwm2m_state());
    (told != 0).then_some(())
}
