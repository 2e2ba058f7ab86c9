//! What an applier asks of its policy.

use embedded_storage::nor_flash::NorFlash;
use patcher_core::Decoder;

use super::earlier::Past;
use crate::ApplyError;

/// How an [`Applier`](crate::Applier) behind gate `G` goes on after a power loss; implemented by the policies of this
/// [module](super) and no others.
pub trait Resume<S: NorFlash, G>: Steps<S> {}

/// Whatever a restart is bound to.
#[expect(unnameable_types, reason = "policies are made in this crate only")]
pub trait Binding {
    /// Sees all bytes of a header that has passed.
    fn see(&mut self, header: impl Iterator<Item = u8>);
}

/// Where the patch and the staging slot are when the first byte may be written.
#[derive(Clone, Copy, Debug)]
#[expect(unnameable_types, reason = "policies are made in this crate only")]
pub struct Place {
    /// Offset behind target and spare pages.
    pub(crate) free: u32,
    /// Bytes of the patch after its header.
    pub(crate) payload: u32,
    /// What an erased byte reads as.
    pub(crate) erased_value: u8,
}

/// From where the applier goes on.
#[derive(Clone, Copy, Debug, Default)]
#[expect(unnameable_types, reason = "policies are made in this crate only")]
pub struct Begun {
    /// Bytes after the header that nobody has to send.
    pub(crate) payload: u32,
    /// Target bytes before the restart.
    pub(crate) target: u32,
}

/// A policy's work, in the order of the calls. What is left out is nothing.
#[expect(unnameable_types, reason = "policies are made in this crate only")]
pub trait Steps<S: NorFlash>: Binding {
    /// What the writer may find in the staging slot.
    type Past: Past;

    /// The same.
    fn past(&mut self) -> &mut Self::Past;

    /// Looks for something to go on from; loads it into the `decoder`, which is fresh.
    fn begin<B>(
        &mut self,
        staging: &mut S,
        place: Place,
        decoder: &mut Decoder<'_>,
    ) -> Result<Begun, ApplyError<B, S::Error>> {
        let _ = (staging, place, decoder);
        Ok(Begun::default())
    }

    /// Bytes of the patch that the caller may still push although the applier has them.
    fn ahead(&mut self) -> Option<&mut u32> {
        None
    }

    /// Payload bytes that were kept and have to be decoded, written into `room`; `None` if there are no more.
    fn replay<'r, B>(
        &mut self,
        staging: &mut S,
        room: &'r mut [u8; super::frame::PAYLOAD_BYTES],
    ) -> Result<Option<&'r [u8]>, ApplyError<B, S::Error>> {
        let _ = (staging, room);
        Ok(None)
    }

    /// `count` of them were decoded.
    fn replayed(&mut self, count: usize) {
        let _ = count;
    }

    /// Most bytes that it wants to [`keep`](Self::keep) at once.
    fn room(&self) -> usize {
        usize::MAX
    }

    /// These bytes of the payload were taken.
    fn keep<B>(&mut self, staging: &mut S, bytes: &[u8]) -> Result<(), ApplyError<B, S::Error>> {
        let _ = (staging, bytes);
        Ok(())
    }

    /// Whether [`save`](Self::save) shall be called at a mark at target offset `position`.
    fn wants_mark(&self, position: u32, reset: bool) -> bool {
        let _ = (position, reset);
        false
    }

    /// The decoder stands at a mark, and all target bytes before it are in flash.
    fn save<B>(
        &mut self,
        staging: &mut S,
        decoder: &Decoder<'_>,
    ) -> Result<(), ApplyError<B, S::Error>> {
        let _ = (staging, decoder);
        Ok(())
    }

    /// What was kept led to a failure: it must not do so again.
    fn discard(&mut self, staging: &mut S) {
        let _ = staging;
    }
}
