//! Requests of the host.

use bsp::serial::Serial;
use link::{FRAME_BYTES, Frames, Reply, Request, decode, encode};

use crate::health::{self, Health};
use crate::update;

/// The serial port with the frame that is coming in.
pub(crate) struct Station {
    serial: Serial,
    frames: Frames,
}

impl Station {
    pub(crate) fn new(serial: Serial) -> Self {
        Self { serial, frames: Frames::default() }
    }

    /// Takes a byte, if one is there, and does what it completes.
    pub(crate) fn turn(&mut self, health: &Health) {
        let Some(request) = self.receive().and_then(|frame| decode(frame)) else { return };
        let reply = match request {
            Request::Status => Reply::Status {
                version: health::header().map_or(0, |header| header.version),
                in_b: health::running().0 == device_apply::boot::Slot::B,
                confirmed: health.confirmed(),
            },
            Request::Begin { .. } if !health.confirmed() => Reply::NotConfirmed,
            Request::Begin { len } => update::receive(self, len),
            // Of an update that this start knows nothing of: from the beginning.
            Request::Block { .. } => Reply::Ready { offset: 0 },
        };
        self.answer(&reply);
    }

    /// The frame that the next byte ends, if there is one and it does.
    pub(crate) fn receive(&mut self) -> Option<&mut [u8]> {
        match self.serial.read()? {
            Ok(byte) => self.frames.push(byte),
            Err(_) => {
                self.frames.lost();
                None
            }
        }
    }

    pub(crate) fn answer(&mut self, reply: &Reply) {
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
