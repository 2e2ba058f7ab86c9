//! The other side of the serial port: requests and their answers.

use core::time::Duration;

use emulator::stm32l4::Event;
use link::{FRAME_BYTES, Frames, Reply, Request, Update};

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
    /// Of patches, without framing and what was asked again.
    pub(crate) patch_bytes: u64,
    frames: u32,
    lose_one_of: Option<u32>,
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

    /// How the update is, and where it goes on.
    ///
    /// # Errors
    /// [`LinkError`].
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub fn ask_where(&mut self) -> Result<Update, LinkError> {
        match self.insist(&Request::Where)? {
            Reply::Update(update) => Ok(update),
            _ => Err(LinkError::Timeout),
        }
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
}
