//! Whether the image works, and saying so to the bootloader: docs/flash-layout.md §2.

use bsp::bank::Mapping;
use bsp::flash::FlashArea;
use bsp::reset;
use device_apply::boot::{Record, Slot, State};
use device_apply::journal::{Journal, JournalError};
use embedded_storage::nor_flash::ReadNorFlash;
use layout::header::FIELD_BYTES;
use layout::{Area, BOOT_LOG, ImageHeader, SETTINGS, SLOT_A, SLOT_B};

use crate::Behaviour;

/// How long an image has to work before it says so.
const WINDOW_MS: u32 = 100;

/// The boot metadata.
pub(crate) type BootLog = Journal<FlashArea, Record>;

/// Opens the boot metadata.
pub(crate) fn boot_log() -> Result<BootLog, JournalError<bsp::flash::FlashError>> {
    Journal::open(FlashArea::new(BOOT_LOG))
}

/// The slot that runs: the one whose bank is mapped low.
pub(crate) fn running() -> (Slot, Area) {
    let low = Mapping::now().low();
    if low == SLOT_A.bank() { (Slot::A, SLOT_A) } else { (Slot::B, SLOT_B) }
}

/// The header of the image that runs.
pub(crate) fn header() -> Option<ImageHeader> {
    let mut fields = [0; FIELD_BYTES];
    FlashArea::new(running().1).read(0, &mut fields).ok()?;
    ImageHeader::decode(&fields)
}

/// How the running image does.
pub(crate) struct Health {
    behaviour: Behaviour,
    confirmed: bool,
    age_ms: u32,
}

impl Health {
    pub(crate) fn new(behaviour: Behaviour) -> Self {
        let state = boot_log().ok().and_then(|log| log.latest().map(|log| log.state(running().0)));
        Self { behaviour, confirmed: state == Some(State::Confirmed), age_ms: 0 }
    }

    /// Whether it has proved itself, now or earlier.
    pub(crate) fn confirmed(&self) -> bool {
        self.confirmed
    }

    /// A millisecond is over. At the end of the window the image says that it works, or that it does not.
    pub(crate) fn millisecond(&mut self) {
        self.age_ms = self.age_ms.saturating_add(1);
        if self.confirmed || self.age_ms != WINDOW_MS || self.behaviour == Behaviour::Silent {
            return;
        }
        let works = self.works();
        if settle(works).is_none() || !works {
            reset::now();
        }
        self.confirmed = true;
    }

    /// Its settings can be read, and so can what it is.
    fn works(&self) -> bool {
        let mut settings = [0; 64];
        self.behaviour != Behaviour::Unhealthy
            && FlashArea::new(SETTINGS).read(0, &mut settings).is_ok()
            && header().is_some()
    }
}

/// Writes down that the running image works, or that it does not.
fn settle(works: bool) -> Option<()> {
    let mut log = boot_log().ok()?;
    let record = *log.latest()?;
    let (slot, _) = running();
    let next = if works { record.confirm(slot) } else { record.fail(slot) };
    log.append(&next.ok()?).ok()
}
