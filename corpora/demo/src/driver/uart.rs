//! Three serial ports: interrupt-driven receive rings, polled transmit.

use core::{
    fmt::{self, Write},
    sync::atomic::{AtomicU8, AtomicU16, Ordering},
};

use super::reg::Reg;
use crate::chip;

const CR1: usize = 0x00;
const BRR: usize = 0x0C;
const ISR: usize = 0x1C;
const ICR: usize = 0x20;
const RDR: usize = 0x24;
const TDR: usize = 0x28;

const RXNE: u32 = 1 << 5;
const TXE: u32 = 1 << 7;
const ERRORS: u32 = 0xF;

const RING_BYTES: u16 = 256;

/// A serial port.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Console = 0,
    Modem = 1,
    Modbus = 2,
}

/// Bytes received and not yet read. The interrupt writes `head`, the main loop `tail`.
struct Ring {
    bytes: [AtomicU8; RING_BYTES as usize],
    head: AtomicU16,
    tail: AtomicU16,
    overruns: AtomicU16,
}

static RINGS: [Ring; 3] = [const { Ring::new() }; 3];
static BAUD: [u32; 3] = [115_200, 115_200, 19_200];

impl Ring {
    const fn new() -> Self {
        Self {
            bytes: [const { AtomicU8::new(0) }; RING_BYTES as usize],
            head: AtomicU16::new(0),
            tail: AtomicU16::new(0),
            overruns: AtomicU16::new(0),
        }
    }

    fn push(&self, byte: u8) {
        let head = self.head.load(Ordering::Relaxed);
        let next = (head + 1) % RING_BYTES;
        if next == self.tail.load(Ordering::Acquire) {
            let lost = self.overruns.load(Ordering::Relaxed);
            self.overruns.store(lost.saturating_add(1), Ordering::Relaxed);
            return;
        }
        self.bytes[usize::from(head)].store(byte, Ordering::Relaxed);
        self.head.store(next, Ordering::Release);
    }

    fn pop(&self) -> Option<u8> {
        let tail = self.tail.load(Ordering::Relaxed);
        if tail == self.head.load(Ordering::Acquire) {
            return None;
        }
        let byte = self.bytes[usize::from(tail)].load(Ordering::Relaxed);
        self.tail.store((tail + 1) % RING_BYTES, Ordering::Release);
        Some(byte)
    }
}

pub(super) fn init() {
    for ((base, baud), irq) in chip::USART.into_iter().zip(BAUD).zip(chip::USART_IRQ) {
        Reg::at(base, BRR).write((chip::CLOCK_HZ + baud / 2) / baud);
        Reg::at(base, CR1).write(RXNE | 0xD);
        Reg::at(chip::NVIC_ISER, usize::from(irq / 32) * 4).write(1 << (irq % 32));
    }
}

impl Port {
    fn reg(self, offset: usize) -> Reg {
        Reg::at(chip::USART[self as usize], offset)
    }

    /// The next received byte, if there is one.
    pub(crate) fn read(self) -> Option<u8> {
        RINGS[self as usize].pop()
    }

    /// Sends one byte, or drops it when the port is stuck.
    pub(crate) fn send(self, byte: u8) {
        if self.reg(ISR).wait_set(TXE) {
            self.reg(TDR).write(byte.into());
        }
    }

    pub(crate) fn send_all(self, bytes: &[u8]) {
        for &byte in bytes {
            self.send(byte);
        }
    }

    /// Received bytes that found the ring full.
    pub(crate) fn overruns(self) -> u16 {
        RINGS[self as usize].overruns.load(Ordering::Relaxed)
    }

    pub(crate) fn print(self, text: fmt::Arguments<'_>) {
        // `write_str` of a port does not fail, so an error can only come from a `Display` of ours.
        if Writer(self).write_fmt(text).is_err() {
            self.send(b'?');
        }
    }

    fn receive(self) {
        let status = self.reg(ISR).read();
        if status & ERRORS != 0 {
            self.reg(ICR).write(ERRORS);
        }
        if status & RXNE != 0 {
            let [byte, ..] = self.reg(RDR).read().to_le_bytes();
            RINGS[self as usize].push(byte);
        }
    }
}

struct Writer(Port);

impl Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.send_all(text.as_bytes());
        Ok(())
    }
}

pub(crate) extern "C" fn irq_console() {
    Port::Console.receive();
}

pub(crate) extern "C" fn irq_modem() {
    Port::Modem.receive();
}

pub(crate) extern "C" fn irq_modbus() {
    Port::Modbus.receive();
}

/// Prints from anywhere, fault handlers included.
pub(crate) fn emergency(text: fmt::Arguments<'_>) {
    Port::Console.print(text);
}

/// Prints a line on the console.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::driver::uart::Port::Console.print(format_args!("{}\r\n", format_args!($($text)*)))
    };
}
pub(crate) use say;
