//! The line to the host, and the clock that goes with it.

use bsp::serial::Serial;
use bsp::ticks::Ticks;
use bsp::{idle, watchdog};
use link::{FRAME_BYTES, Frames, Reply, Request, decode, encode};

/// What comes next.
pub(crate) enum Input<'a> {
    /// Nothing that anyone has to know of.
    Nothing,
    /// A millisecond is over.
    Millisecond,
    /// The host asks. It waits until it gets an answer.
    Request(Request<'a>),
}

/// The serial port with the frame that is coming in, and the time.
pub(crate) struct Station {
    serial: Serial,
    frames: Frames,
    ticks: Ticks,
    seconds: u32,
    milliseconds: u32,
    /// A request has no answer yet.
    owes: bool,
}

impl Station {
    pub(crate) fn new(serial: Serial, ticks: Ticks) -> Self {
        Self { serial, frames: Frames::default(), ticks, seconds: 0, milliseconds: 0, owes: false }
    }

    /// Sleeps until something comes, and says what. Feeds the watchdog.
    pub(crate) fn next(&mut self) -> Input<'_> {
        idle::wait();
        if self.ticks.passed() {
            watchdog::feed();
            self.milliseconds = self.milliseconds.saturating_add(1);
            if self.milliseconds >= 1000 {
                self.milliseconds = 0;
                self.seconds = self.seconds.saturating_add(1);
            }
            return Input::Millisecond;
        }
        let frame = match self.serial.read() {
            None => return Input::Nothing,
            Some(Ok(byte)) => self.frames.push(byte),
            Some(Err(_)) => {
                self.frames.lost();
                None
            }
        };
        match frame.and_then(|frame| decode(frame)) {
            Some(request) => {
                self.owes = true;
                Input::Request(request)
            }
            None => Input::Nothing,
        }
    }

    /// Seconds since the start. Milliseconds in which flash was busy are not counted: waits by this clock are rather longer.
    pub(crate) fn now(&self) -> u32 {
        self.seconds
    }

    /// Whether the host waits for an answer.
    pub(crate) fn owes(&self) -> bool {
        self.owes
    }

    /// Answers the host, if it waits for that.
    pub(crate) fn answer(&mut self, reply: &Reply) {
        if !core::mem::take(&mut self.owes) {
            return;
        }
        let mut buffer = [0; FRAME_BYTES];
        for &byte in encode(reply, &mut buffer).unwrap_or(&[]) {
            self.serial.write(byte);
        }
    }

    /// Waits until everything that was answered is on its way, and a little longer.
    pub(crate) fn drain(&mut self) {
        // Two bytes fit into the port; writing two more waits for them. The host skips empty frames.
        self.serial.write(0);
        self.serial.write(0);
        self.serial.write(0);
    }
}
