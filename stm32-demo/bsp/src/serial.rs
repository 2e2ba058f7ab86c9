//! LPUART1 on PG7 and PG8: the port behind the debugger's USB on a NUCLEO-L496ZG (UM2179). 115,200 baud, 8 bits, no parity.
//! RM0351 §41.

use crate::register::Register;

const RCC_AHB2ENR: Register = Register::at(0x4002_104C);
const GPIOGEN: u32 = 1 << 6;
const RCC_APB1ENR1: Register = Register::at(0x4002_1058);
const PWREN: u32 = 1 << 28;
const RCC_APB1ENR2: Register = Register::at(0x4002_105C);
const LPUART1EN: u32 = 1 << 0;
/// The supply of port G has to be declared valid: `IOSV`, §5.4.2.
const PWR_CR2: Register = Register::at(0x4000_7004);
const IOSV: u32 = 1 << 9;
const GPIOG_MODER: Register = Register::at(0x4800_1800);
const GPIOG_AFRL: Register = Register::at(0x4800_1820);
const GPIOG_AFRH: Register = Register::at(0x4800_1824);

const CR1: Register = Register::at(0x4000_8000);
const BRR: Register = Register::at(0x4000_800C);
const ISR: Register = Register::at(0x4000_801C);
const ICR: Register = Register::at(0x4000_8020);
const RDR: Register = Register::at(0x4000_8024);
const TDR: Register = Register::at(0x4000_8028);

/// `UE`, `RE`, `TE`.
const ON: u32 = 1 << 0 | 1 << 2 | 1 << 3;
const RXNEIE: u32 = 1 << 5;
/// Interrupt 70 (RM0351 §13.3): enable and pending bits, PM0214 §4.3.
const NVIC_ISER2: Register = Register::at(0xE000_E108);
const NVIC_ICPR2: Register = Register::at(0xE000_E288);
const LPUART1_IRQ: u32 = 1 << (70 - 64);
const ORE: u32 = 1 << 3;
const RXNE: u32 = 1 << 5;
const TXE: u32 = 1 << 7;
const BAUD: u32 = 115_200;
/// Reads of `ISR` that outlast a byte at any clock.
const ATTEMPTS: u32 = 100_000;

/// Bytes were lost: the program was too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overrun;

/// The port, listening.
#[derive(Debug)]
pub struct Serial(());

impl Serial {
    /// Opens the port, with the core's clock at `hertz`: at least 345,600, three times the baud rate, at most 471 MHz.
    #[must_use]
    pub fn open(hertz: u32) -> Self {
        RCC_AHB2ENR.change(0, GPIOGEN);
        RCC_APB1ENR1.change(0, PWREN);
        RCC_APB1ENR2.change(0, LPUART1EN);
        PWR_CR2.change(0, IOSV);
        // Alternate function 8 of PG7 and PG8 (DS11585, table 17).
        GPIOG_AFRL.change(0xF << 28, 8 << 28);
        GPIOG_AFRH.change(0xF, 8);
        GPIOG_MODER.change(3 << 14 | 3 << 16, 2 << 14 | 2 << 16);
        CR1.write(0);
        // 256 clocks divided by the baud rate, rounded (§41.4.4).
        let clocks = u64::from(hertz).wrapping_mul(256).wrapping_add(u64::from(BAUD / 2));
        let divider = clocks.checked_div(u64::from(BAUD)).unwrap_or(0);
        BRR.write(u32::try_from(divider).unwrap_or(0));
        CR1.write(ON);
        Self(())
    }

    /// Lets each byte that comes end a sleep. Interrupts must be [masked](crate::idle::mask).
    pub fn wakes(&mut self) {
        CR1.write(ON | RXNEIE);
        NVIC_ISER2.write(LPUART1_IRQ);
    }

    /// The next byte, if one is there.
    ///
    /// # Errors
    /// [`Overrun`], once for any number of lost bytes; those that came before them were delivered.
    pub fn read(&mut self) -> Option<Result<u8, Overrun>> {
        let status = ISR.read();
        let found = if status & RXNE != 0 {
            let [byte, ..] = RDR.read().to_le_bytes();
            Some(Ok(byte))
        } else if status & ORE != 0 {
            ICR.write(ORE);
            Some(Err(Overrun))
        } else {
            None
        };
        // Last: what has been taken must not end the next sleep, and what is still there holds the interrupt up.
        NVIC_ICPR2.write(LPUART1_IRQ);
        found
    }

    /// Sends a byte, and waits for room before it. Whether there was.
    pub fn write(&mut self, byte: u8) -> bool {
        let room = ISR.wait(TXE, TXE, ATTEMPTS);
        if room {
            TDR.write(u32::from(byte));
        }
        room
    }

    /// Turns the port off, as another program expects it.
    pub fn close(self) {
        CR1.write(0);
    }
}
