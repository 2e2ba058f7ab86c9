//! The other side of the serial port: requests, updates.

use core::time::Duration;

use emulator::stm32l4::Event;
use link::{BLOCK_BYTES, FRAME_BYTES, Frames, Reply, Request};

use crate::board::Board;

/// How long the host waits for an answer, by the device's clock: to work, and to a question.
const PATIENCE: Duration = Duration::from_secs(5);
const QUESTION: Duration = Duration::from_millis(100);
/// How long an image may take from a start to its confirmation, with images before it that are given up.
const CONFIRMATION: Duration = Duration::from_secs(12);
/// How often it asks again.
const ATTEMPTS: u32 = 3;

/// Why the host got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkError {
    /// None came.
    Timeout,
    /// The device lost power.
    PowerLost,
    /// The device sleeps for ever.
    Asleep,
}

/// The line to the device.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Line {
    sent_bytes: u64,
    frames: u32,
    lose_one_of: Option<u32>,
}

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
    /// It refused the patch.
    Refused {
        /// Its error's number.
        code: u16,
    },
    /// The host has gone away in the middle.
    HungUp,
}

impl Board {
    /// Asks once and waits for the answer.
    ///
    /// # Errors
    /// [`LinkError`].
    ///
    /// # Panics
    /// If the device does what is not modelled or not specified.
    pub fn ask(&mut self, request: &Request<'_>) -> Result<Reply, LinkError> {
        let mut buffer = [0; FRAME_BYTES];
        let frame = link::encode(request, &mut buffer).expect("frames hold any request");
        self.device.take_received();
        self.line.frames += 1;
        if !self.line.lose_one_of.is_some_and(|one_of| self.line.frames.is_multiple_of(one_of)) {
            self.device.send(frame);
        }
        self.line.sent_bytes += u64::try_from(frame.len()).unwrap_or(u64::MAX);
        self.answer(if *request == Request::Status { QUESTION } else { PATIENCE })
    }

    /// The next answer.
    fn answer(&mut self, patience: Duration) -> Result<Reply, LinkError> {
        let end = self.device.time() + patience;
        let mut frames = Frames::default();
        while self.device.time() < end {
            match self.step() {
                Event::PowerLost => return Err(LinkError::PowerLost),
                Event::Asleep => return Err(LinkError::Asleep),
                _ => {}
            }
            for byte in self.device.take_received() {
                if let Some(reply) = frames.push(byte).and_then(link::decode) {
                    return Ok(reply);
                }
            }
        }
        Err(LinkError::Timeout)
    }

    /// Asks until an answer comes, a few times.
    ///
    /// # Errors
    /// [`LinkError`].
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub fn insist(&mut self, request: &Request<'_>) -> Result<Reply, LinkError> {
        let mut last = LinkError::Timeout;
        for _ in 0..ATTEMPTS {
            match self.ask(request) {
                Ok(reply) => return Ok(reply),
                Err(LinkError::Timeout) => last = LinkError::Timeout,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Waits until the running image says that it has proved itself; its version, and whether it runs from slot B.
    ///
    /// # Errors
    /// [`LinkError`]: it does not answer, or does not prove itself in time.
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub fn wait_confirmed(&mut self) -> Result<(u64, bool), LinkError> {
        let end = self.device.time() + CONFIRMATION;
        while self.device.time() < end {
            match self.ask(&Request::Status) {
                Ok(Reply::Status { version, in_b, confirmed: true }) => return Ok((version, in_b)),
                Ok(_) | Err(LinkError::Timeout) => {}
                Err(gone) => return Err(gone),
            }
            self.run_for(Duration::from_millis(20));
        }
        Err(LinkError::Timeout)
    }

    /// Bytes that were sent to the device, those that were lost included.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.line.sent_bytes
    }

    /// From now on one frame of so many is lost on its way to the device; none again with `None`.
    pub fn lose_one_of(&mut self, frames: Option<u32>) {
        self.line.frames = 0;
        self.line.lose_one_of = frames;
    }

    /// Sends a patch, block by block, from wherever the device is.
    ///
    /// # Errors
    /// [`LinkError`].
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub fn update(&mut self, patch: &[u8]) -> Result<Outcome, LinkError> {
        self.deliver(patch, &Delivery { end: patch.len() })
    }

    /// The same, as `delivery` says.
    ///
    /// # Errors
    /// [`LinkError`].
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub fn deliver(&mut self, patch: &[u8], delivery: &Delivery) -> Result<Outcome, LinkError> {
        let len = u32::try_from(patch.len()).expect("patches are short");
        let mut reply = self.insist(&Request::Begin { len })?;
        loop {
            let Reply::Ready { offset } = reply else {
                match reply {
                    Reply::Installed => return Ok(Outcome::Installed),
                    Reply::NotConfirmed => return Ok(Outcome::NotConfirmed),
                    Reply::Refused { code } => return Ok(Outcome::Refused { code }),
                    Reply::Status { .. } | Reply::Ready { .. } => return Err(LinkError::Timeout),
                }
            };
            if offset as usize >= delivery.end {
                return Ok(Outcome::HungUp);
            }
            let rest = patch.get(offset as usize..).unwrap_or(&[]);
            let data = &rest[..rest.len().min(BLOCK_BYTES)];
            reply = self.insist(&Request::Block { offset, data })?;
        }
    }
}
