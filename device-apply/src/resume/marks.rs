//! Restarts at marks of the patch: from a snapshot, or from a reset.

use embedded_storage::nor_flash::NorFlash;
use patcher_core::decode::REGISTER_BYTES;
use patcher_core::error::DecodeError;
use patcher_core::{Decoder, Header};
use sha2::{Digest as _, Sha256};

use super::earlier::Earlier;
use super::journal::{Failed, Journal, crc_of};
use super::policy::{Begun, Binding, Place, Resume, Steps};
use crate::ApplyError;
use crate::apply::gate::Open;
use patcher_core::crc::Crc32;

/// Restarts at marks: what the decoder needs there is kept in a journal, in a region of flash of the caller's.
///
/// Marks that are not at a page of the staging slot are passed over: `create --epoch` is a multiple of the page.
///
/// **Cost**: at each mark a record, [`Self::region_bytes`] / 2 at most, and the erases that it takes; the target since the mark
/// before is read once more. [`Self::STATE_BYTES`] of RAM beside those that a patch declares. After a cut all target before the mark
/// is read, in one call, some 20 cycles a byte.
///
/// # Power loss
/// A record counts when its CRC is right, it names this header's digest, and the target before its mark is what it was. Of two
/// such the newer one counts. Without one, the decoder starts at the first byte.
#[derive(Debug)]
pub struct Marks<J> {
    earlier: Earlier,
    journal: Journal<J>,
    saved: Saved,
    header_digest: [u8; 32],
    /// Target bytes in `target_crc`.
    checked: u32,
    target_crc: Crc32,
    /// Bytes that the caller may push again.
    ahead: u32,
}

/// How much is kept of a decoder at a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    /// Registers and the whole workspace.
    All,
    /// Registers and the address map: all that a reset leaves.
    AfterReset,
}

impl Saved {
    /// Bytes of a state.
    pub(crate) fn bytes(self, workspace_words: usize, map_entries: u32) -> u32 {
        let memory = match self {
            Self::All => workspace_words.saturating_mul(2),
            Self::AfterReset => (map_entries as usize).saturating_mul(8),
        };
        u32::try_from(memory.saturating_add(REGISTER_BYTES)).unwrap_or(u32::MAX)
    }

    /// Writes that much of `decoder`, which stands at a mark, through `sink`.
    pub(crate) fn save(
        self,
        decoder: &Decoder<'_>,
        sink: impl FnMut(&[u8]),
    ) -> Result<(), DecodeError> {
        match self {
            Self::All => decoder.save(sink),
            Self::AfterReset => decoder.save_reset(sink),
        }
    }

    /// Reads it into `decoder`, which is fresh.
    pub(crate) fn load(
        self,
        decoder: &mut Decoder<'_>,
        source: impl FnMut(&mut [u8]) -> bool,
    ) -> Result<(), DecodeError> {
        match self {
            Self::All => decoder.load(source),
            Self::AfterReset => decoder.load_reset(source),
        }
    }
}

impl<J: NorFlash> Marks<J> {
    /// Bytes of RAM beside those that a patch declares, without the flash handle.
    pub const STATE_BYTES: usize = size_of::<Self>().saturating_sub(size_of::<J>());

    /// Snapshots: at each mark all of the decoder's state.
    pub const fn snapshots(region: J) -> Self {
        Self::new(region, Saved::All)
    }

    /// Resets: at each mark that resets the model what is left then, the offsets and the address map.
    ///
    /// Other marks are passed over; the patch is made with `create --resume reset`.
    pub const fn resets(region: J) -> Self {
        Self::new(region, Saved::AfterReset)
    }

    const fn new(region: J, saved: Saved) -> Self {
        Self {
            earlier: Earlier::new(),
            journal: Journal::new(region),
            saved,
            header_digest: [0; 32],
            checked: 0,
            target_crc: Crc32::new(),
            ahead: 0,
        }
    }

    /// Bytes that the region must have for a patch with this header, in whole pages.
    #[must_use]
    pub fn region_bytes(&self, header: &Header) -> u32 {
        let state = self.saved.bytes(header.workspace_words(), header.map_entries);
        Journal::<J>::region_bytes(state)
    }

    /// Loads the state of the newest record that is right.
    fn load<S: NorFlash>(
        &mut self,
        staging: &mut S,
        decoder: &mut Decoder<'_>,
    ) -> Result<Option<Begun>, LoadError<J::Error>> {
        let Some(found) = self.journal.find(&self.header_digest) else { return Ok(None) };
        let mut position = [0; 4];
        let read = self.journal.read(found.state, &mut position);
        read.map_err(|error| LoadError::Journal((found.state, error)))?;
        let target = u32::from_le_bytes(position);
        match crc_of(staging, 0, target, Crc32::new()) {
            Ok(crc) if crc.value() == found.target_crc => self.target_crc = crc,
            // The slot was written by someone else since: no record of this patch is worth anything.
            _ => {
                self.journal.clear().map_err(LoadError::Journal)?;
                return Ok(None);
            }
        }
        let mut at = found.state;
        let journal = &mut self.journal;
        let source = |bytes: &mut [u8]| {
            let read = journal.read(at, bytes);
            at = at.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            read.is_ok()
        };
        self.saved.load(decoder, source).map_err(LoadError::State)?;
        self.checked = target;
        Ok(Some(Begun { payload: decoder.consumed(), target }))
    }
}

/// Why a record that is there cannot be used.
enum LoadError<E> {
    Journal(Failed<E>),
    State(DecodeError),
}

fn failed<B, E>((offset, error): Failed<E>) -> ApplyError<B, E> {
    ApplyError::Journal { offset, error }
}

impl<J> Binding for Marks<J> {
    fn see(&mut self, header: impl Iterator<Item = u8>) {
        let mut hash = Sha256::new();
        header.for_each(|byte| hash.update([byte]));
        self.header_digest = hash.finalize().into();
    }
}

impl<S: NorFlash, J: NorFlash<Error = S::Error>> Steps<S> for Marks<J> {
    type Past = Earlier;

    fn past(&mut self) -> &mut Earlier {
        &mut self.earlier
    }

    fn begin<B>(
        &mut self,
        staging: &mut S,
        place: Place,
        decoder: &mut Decoder<'_>,
    ) -> Result<Begun, ApplyError<B, S::Error>> {
        let header = decoder.header();
        let state = self.saved.bytes(header.workspace_words(), header.map_entries);
        (self.checked, self.target_crc) = (0, Crc32::new());
        if header.epoch_log2 == 0 {
            return Ok(Begun::default());
        }
        let got = self.journal.capacity();
        self.journal
            .open(state)
            .map_err(|expected| ApplyError::JournalTooShort { expected, got })?;
        let begun = self.load(staging, decoder).map_err(|error| match error {
            LoadError::Journal(error) => failed(error),
            LoadError::State(error) => error.into(),
        })?;
        let begun = begun.unwrap_or_default();
        // Zeros past the end of the body count as decoded, but nobody can send them.
        Ok(Begun { payload: begun.payload.min(place.payload), ..begun })
    }

    fn ahead(&mut self) -> Option<&mut u32> {
        Some(&mut self.ahead)
    }

    fn wants_mark(&self, position: u32, reset: bool) -> bool {
        let page = (position as usize).checked_rem(S::ERASE_SIZE) == Some(0);
        page && (reset || self.saved == Saved::All)
    }

    fn save<B>(
        &mut self,
        staging: &mut S,
        decoder: &Decoder<'_>,
    ) -> Result<(), ApplyError<B, S::Error>> {
        let position = decoder.position();
        self.target_crc = crc_of(staging, self.checked, position, self.target_crc)
            .map_err(|(offset, error)| ApplyError::StagingRead { offset, error })?;
        self.checked = position;
        let saved = self.saved;
        let mut refused = Ok(());
        let append = self.journal.append(self.target_crc.value(), &self.header_digest, |record| {
            let mut written = Ok(());
            let sink = |bytes: &[u8]| {
                if written.is_ok() {
                    written = record.push(bytes);
                }
            };
            refused = saved.save(decoder, sink);
            written
        });
        append.map_err(failed)?;
        refused.map_err(|_| ApplyError::Internal)
    }

    fn discard(&mut self, _: &mut S) {
        // Whoever cannot erase cannot write either: the next run finds out.
        let _ = self.journal.clear();
    }
}

impl<S: NorFlash, J: NorFlash<Error = S::Error>> Resume<S, Open> for Marks<J> {}
