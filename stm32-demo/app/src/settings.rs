//! The settings page: what outlives updates and the way back. docs/flash-layout.md §9.

use bsp::flash::{FlashArea, FlashError};
use device_apply::journal::{Journal, JournalError, Record};
use layout::Area;
use link::Settings;

/// The settings as a record.
#[derive(Clone, Copy)]
struct Page(Settings);

/// First byte of a record.
const FORMAT: u8 = 1;

impl Record for Page {
    const KIND: u8 = 0xD0;
    const BYTES: usize = 20;

    fn encode(&self, bytes: &mut [u8]) {
        let Settings { name, health_window_s, attempts } = self.0;
        let [low, high] = health_window_s.to_le_bytes();
        let fields = [FORMAT, attempts, low, high];
        for (to, from) in bytes.iter_mut().zip(fields.into_iter().chain(name)) {
            *to = from;
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[format, attempts, low, high], name) = bytes.split_first_chunk()?;
        let health_window_s = u16::from_le_bytes([low, high]);
        let name = *name.first_chunk()?;
        (format == FORMAT).then_some(Self(Settings { name, health_window_s, attempts }))
    }
}

/// The settings; the usual ones while nobody has set others.
///
/// A page that cannot be used at all is no reason to fail: the usual settings are good enough for an update.
pub(crate) fn load(area: Area) -> Settings {
    let journal = Journal::<_, Page>::open(FlashArea::new(area));
    let page = journal.ok().and_then(|journal| journal.latest().copied());
    page.map_or(Settings::default(), |page| page.0)
}

/// Keeps other settings.
pub(crate) fn store(area: Area, settings: Settings) -> Result<(), JournalError<FlashError>> {
    if settings == load(area) {
        return Ok(());
    }
    Journal::open(FlashArea::new(area))?.append(&Page(settings))
}
