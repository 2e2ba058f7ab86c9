//! Updates: what a server does to get a target onto the device.

use core::time::Duration;
use std::borrow::Cow;

use host_diff::info::Info;
use link::{BLOCK_BYTES, ID_BYTES, Phase, Reply, Request, Update, Why};
use patcher_core::Kind;

use crate::board::Board;
use crate::host::LinkError;
use crate::single::Patches;

/// Longest wait for the device's next attempt.
const LONGEST_WAIT_S: u32 = 70;

/// How much of a patch is sent.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// The host is gone when the device asks for what is at this offset.
    pub end: usize,
}

/// How an update ended, as far as the link knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The device restarts into the target.
    Installed,
    /// It takes no update now.
    NotConfirmed,
    /// It refused the patch; [`Board::ask_where`] tells what it wants instead.
    Refused {
        /// Its error's number.
        code: u16,
    },
    /// The host has gone away in the middle.
    HungUp,
    /// The device does not take the offer.
    Declined(Why),
    /// It has spent its attempts of this day: not before so many seconds.
    Later {
        /// Seconds to wait.
        seconds: u32,
    },
}

/// A patch as a server knows it.
struct Offer<'a> {
    /// What is sent: with one slot the patch, and behind it that of the way back.
    bytes: Cow<'a, [u8]>,
    id: [u8; ID_BYTES],
    full: bool,
    header_bytes: usize,
    request: Request<'static>,
}

impl<'a> Offer<'a> {
    /// What is no patch is offered all the same, under an id of its own: the device finds out.
    fn of(patch: &'a [u8]) -> Self {
        let known = Info::read_native(patch).ok();
        let full = known.as_ref().is_some_and(|info| info.header.kind == Kind::Full);
        let header_bytes = known.as_ref().map_or(0, |info| info.header_len);
        let id = id(known.as_ref());
        let request = Request::Offer { id, full };
        Self { bytes: Cow::Borrowed(patch), id, full, header_bytes, request }
    }

    /// With one slot the device only keeps what comes, so that it needs no header before the rest.
    fn in_place(patches: &'a Patches) -> Self {
        let reverse = patches.reverse.as_deref().unwrap_or_default();
        let id = id(Info::read_native(&patches.forward).ok().as_ref());
        let len = |bytes: &[u8]| u32::try_from(bytes.len()).expect("patches are short");
        let (patch, back) = (len(&patches.forward), len(reverse));
        let request = Request::OfferInPlace { id, patch, reverse: back };
        let bytes = Cow::Owned([&patches.forward, reverse].concat());
        Self { bytes, id, full: false, header_bytes: 0, request }
    }

    /// What comes at `offset`: the header alone first, as the device may have what follows it.
    fn block(&self, offset: usize) -> &[u8] {
        let rest = self.bytes.get(offset..).unwrap_or(&[]);
        let header = self.header_bytes.saturating_sub(offset);
        let len = if header > 0 { header } else { rest.len() };
        &rest[..len.min(rest.len()).min(BLOCK_BYTES)]
    }
}

fn id(info: Option<&Info<'_>>) -> [u8; ID_BYTES] {
    info.map_or([0xFF; ID_BYTES], |info| info.header.target_digest)
}

impl Board {
    /// Sends a patch, block by block, from wherever the device is, and lets it install the target.
    ///
    /// # Errors
    /// [`LinkError`].
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub fn update(&mut self, patch: &[u8]) -> Result<Outcome, LinkError> {
        self.deliver(patch, &Delivery { end: patch.len() })
    }

    /// The same, as `delivery` says. An update to another target that is under way is cancelled.
    ///
    /// # Errors
    /// [`LinkError`].
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub fn deliver(&mut self, patch: &[u8], delivery: &Delivery) -> Result<Outcome, LinkError> {
        self.watched(patch, delivery, |_, _| ())
    }

    /// The same, and `watch` sees the device and the offset before each block.
    ///
    /// # Errors
    /// [`LinkError`].
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub fn watched(
        &mut self,
        patch: &[u8],
        delivery: &Delivery,
        watch: impl FnMut(&Self, usize),
    ) -> Result<Outcome, LinkError> {
        self.send(&Offer::of(patch), delivery, watch)
    }

    /// Sends the patches of an update in place, and lets the device install it; `delivery` counts over both.
    ///
    /// # Errors
    /// [`LinkError`].
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub fn deliver_in_place(
        &mut self,
        patches: &Patches,
        delivery: &Delivery,
    ) -> Result<Outcome, LinkError> {
        self.send(&Offer::in_place(patches), delivery, |_, _| ())
    }

    fn send(
        &mut self,
        offer: &Offer<'_>,
        delivery: &Delivery,
        mut watch: impl FnMut(&Self, usize),
    ) -> Result<Outcome, LinkError> {
        let mut sent = false;
        let mut reply = self.offer(offer)?;
        loop {
            let offset = match reply {
                Reply::Ready { offset } => offset,
                Reply::Installed => return Ok(Outcome::Installed),
                Reply::NotConfirmed => return Ok(Outcome::NotConfirmed),
                Reply::Declined(why) => return Ok(Outcome::Declined(why)),
                Reply::Status { .. } | Reply::Settings(_) => return Err(LinkError::Timeout),
                Reply::Update(update) => match self.next(offer, update, sent)? {
                    Next::Send(offset) => offset,
                    Next::Look(next) => {
                        reply = next;
                        continue;
                    }
                    Next::End(outcome) => return Ok(outcome),
                },
            };
            if offset as usize >= delivery.end {
                return Ok(Outcome::HungUp);
            }
            watch(self, offset as usize);
            let data = offer.block(offset as usize);
            sent = true;
            self.line.patch_bytes += u64::try_from(data.len()).unwrap_or(u64::MAX);
            reply = self.insist(&Request::Block { offset, data })?;
        }
    }

    /// Sends the delta, and the full image if the device wants that.
    ///
    /// # Errors
    /// [`LinkError`].
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub fn serve(&mut self, delta: &[u8], full: &[u8]) -> Result<Outcome, LinkError> {
        loop {
            let outcome = self.update(delta)?;
            if !matches!(outcome, Outcome::Refused { .. }) {
                return Ok(outcome);
            }
            let update = self.ask_where()?;
            match update.phase {
                Phase::Download | Phase::Waiting if update.full => return self.update(full),
                Phase::Waiting => {}
                _ => return Ok(outcome),
            }
        }
    }

    /// Bytes of patches that were sent to the device, without framing and repeated frames.
    #[must_use]
    pub fn patch_bytes(&self) -> u64 {
        self.line.patch_bytes
    }

    /// Offers the patch, or finds out how far the device is with it.
    fn offer(&mut self, offer: &Offer<'_>) -> Result<Reply, LinkError> {
        let request = &offer.request;
        let reply = self.insist(request)?;
        if reply != Reply::Declined(Why::Busy) {
            return Ok(reply);
        }
        let update = self.ask_where()?;
        if update.id == offer.id {
            return Ok(Reply::Update(update));
        }
        self.insist(&Request::Cancel)?;
        self.insist(request)
    }

    /// What the device's word on the update leads to.
    fn next(&mut self, offer: &Offer<'_>, update: Update, sent: bool) -> Result<Next, LinkError> {
        let refused = Next::End(Outcome::Refused { code: update.code });
        if update.id != offer.id {
            return Ok(refused);
        }
        Ok(match update.phase {
            Phase::Download if update.full && !offer.full => refused,
            Phase::Download => Next::Send(update.offset),
            // A broken connection has no number: the same goes on after the wait.
            Phase::Waiting if sent && update.code != 0 || update.full && !offer.full => refused,
            Phase::Waiting if update.wait_s > LONGEST_WAIT_S => {
                Next::End(Outcome::Later { seconds: update.wait_s })
            }
            Phase::Waiting => {
                self.run_for(Duration::from_secs((update.wait_s + 1).into()));
                Next::Look(Reply::Update(self.ask_where()?))
            }
            Phase::Verify => Next::Look(Reply::Update(self.ask_where()?)),
            Phase::SwapPending => Next::Look(self.insist(&Request::Install)?),
            // The answer to the request was lost.
            Phase::Asked | Phase::Test | Phase::Confirm => Next::End(Outcome::Installed),
            Phase::Idle | Phase::Rollback => refused,
        })
    }
}

/// What a server does next.
enum Next {
    Send(u32),
    Look(Reply),
    End(Outcome),
}
