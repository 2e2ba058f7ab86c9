//! LPUART1, the port behind the debugger's USB on a NUCLEO-L496ZG: eight bits, no parity. RM0351 §41.
//!
//! Bytes take their time on the wire, in both directions. One that comes before the last was read is lost and leaves
//! `ORE`; one that comes while nobody listens is lost.

use std::collections::VecDeque;

use super::time::{PS_PER_SECOND, Picoseconds};
use crate::bits::bit;
use crate::bus::BusError;

const UE: u32 = 0;
const RE: u32 = 2;
const TE: u32 = 3;
const RXNEIE: u32 = 5;
const TCIE: u32 = 6;
const TXEIE: u32 = 7;
/// Enable bits that are modelled: the above.
const CR1: u32 = 1 << UE | 1 << RE | 1 << TE | 1 << RXNEIE | 1 << TCIE | 1 << TXEIE;

const ORE: u32 = 1 << 3;
const RXNE: u32 = 1 << 5;
const TC: u32 = 1 << 6;
const TXE: u32 = 1 << 7;
const TEACK: u32 = 1 << 21;
const REACK: u32 = 1 << 22;

/// Bits of a byte on the wire: start, eight, stop.
const BITS: u64 = 10;
/// The least and most that `LPUART_BRR` may be (§41.4.4).
const BRR: core::ops::RangeInclusive<u32> = 0x300..=0xF_FFFF;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Uart {
    control: u32,
    divider: u32,
    received: Option<u8>,
    overrun: bool,
    /// The byte that waits for the wire, and when the wire is free.
    waiting: Option<u8>,
    sending: Option<(u8, Picoseconds)>,
    /// What the other side sends, and when its first byte is there.
    incoming: VecDeque<u8>,
    arrives: Picoseconds,
    pub(super) outgoing: Vec<u8>,
}

impl Uart {
    /// A reset: what the other side is sending goes on.
    pub(super) fn reset(&mut self) {
        let (incoming, outgoing) =
            (core::mem::take(&mut self.incoming), core::mem::take(&mut self.outgoing));
        *self = Self { incoming, outgoing, arrives: self.arrives, ..Self::default() };
    }

    /// The other side sends `bytes`, after what it is still sending. `clock` is the port's, in hertz.
    pub(super) fn send(&mut self, bytes: &[u8], now: Picoseconds, clock: u32) {
        if self.incoming.is_empty() {
            self.arrives = now + self.byte_time(clock);
        }
        self.incoming.extend(bytes);
    }

    /// Bytes that the other side has not sent yet.
    pub(super) fn pending(&self) -> usize {
        self.incoming.len()
    }

    /// Time of a byte: 256 clock cycles divided by `BRR` are a bit (§41.4.4). Where none is set, that of 115,200 baud.
    fn byte_time(&self, clock: u32) -> Picoseconds {
        if self.divider == 0 || clock == 0 {
            return BITS * PS_PER_SECOND / 115_200;
        }
        BITS * (PS_PER_SECOND / 256) * u64::from(self.divider) / u64::from(clock)
    }

    /// When something happens next.
    pub(super) fn next_event(&self) -> Option<Picoseconds> {
        let sent = self.sending.map(|(_, free)| free);
        let arrives = (!self.incoming.is_empty()).then_some(self.arrives);
        sent.into_iter().chain(arrives).min()
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, now: Picoseconds, clock: u32) {
        if let Some((byte, free)) = self.sending
            && free <= now
        {
            self.outgoing.push(byte);
            self.sending = None;
            self.start(free, clock);
        }
        while self.arrives <= now
            && let Some(byte) = self.incoming.pop_front()
        {
            self.arrives += self.byte_time(clock);
            let listens = bit(self.control, UE) && bit(self.control, RE);
            match self.received {
                _ if !listens => {}
                None => self.received = Some(byte),
                Some(_) => self.overrun = true,
            }
        }
    }

    fn start(&mut self, now: Picoseconds, clock: u32) {
        if let (None, Some(byte)) = (self.sending, self.waiting) {
            self.waiting = None;
            self.sending = Some((byte, now + self.byte_time(clock)));
        }
    }

    fn status(&self) -> u32 {
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        flag(self.overrun, ORE)
            | flag(self.received.is_some(), RXNE)
            | flag(self.sending.is_none() && self.waiting.is_none(), TC)
            | flag(self.waiting.is_none(), TXE)
            | flag(bit(self.control, UE) && bit(self.control, TE), TEACK)
            | flag(bit(self.control, UE) && bit(self.control, RE), REACK)
    }

    /// Whether it asks for its interrupt.
    pub(super) fn interrupts(&self) -> bool {
        let status = self.status();
        let asks = |enable, flags: u32| bit(self.control, enable) && status & flags != 0;
        asks(RXNEIE, RXNE | ORE) || asks(TCIE, TC) || asks(TXEIE, TXE)
    }

    pub(super) fn read(&mut self, offset: u32) -> Result<u32, BusError> {
        match offset {
            0x00 => Ok(self.control),
            0x04 | 0x08 => Ok(0),
            0x0C => Ok(self.divider),
            0x1C => Ok(self.status()),
            0x24 => Ok(self.received.take().map_or(0, u32::from)),
            _ => Err(BusError::NotModelled),
        }
    }

    pub(super) fn write(
        &mut self,
        offset: u32,
        value: u32,
        now: Picoseconds,
        clock: u32,
    ) -> Result<(), BusError> {
        match offset {
            0x00 if value & !CR1 == 0 => self.control = value,
            0x04 | 0x08 if value == 0 => {}
            0x0C if bit(self.control, UE) || !BRR.contains(&value) => return Err(BusError::Misuse),
            0x0C => self.divider = value,
            0x20 if value & ORE != 0 => self.overrun = false,
            0x20 => {}
            0x28 => {
                let ready = bit(self.control, UE) && bit(self.control, TE) && self.divider != 0;
                if !ready || self.waiting.is_some() {
                    return Err(BusError::Misuse);
                }
                self.waiting = Some(value.to_le_bytes()[0]);
                self.start(now, clock);
            }
            _ => return Err(BusError::NotModelled),
        }
        Ok(())
    }
}
