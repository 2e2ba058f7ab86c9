//! Does with the board support what a test on the host asks for, over a few words of RAM.
//!
//! It stands where the bootloader will, in both banks. The host writes an order into [`layout::KEPT_RAM`] and runs it to the
//! next `BKPT`; see [`Order`] for what is where.
#![no_std]
#![no_main]

mod order;

use core::panic::PanicInfo;

use bsp::bank::{self, Mapping};
use bsp::flash::{FlashArea, FlashError, on_nmi};
use bsp::serial::Serial;
use bsp::{clock, reset, watchdog};
use cortex_m_rt::{entry, exception};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use layout::{Area, BANK_BYTES, BOOTLOADERS, Bank};
use order::{Order, Verb};

#[entry]
fn main() -> ! {
    loop {
        order::wait();
        let mut order = Order::take();
        let answer = obey(&mut order);
        order.answer(answer);
    }
}

/// All of a bank that is not the bootloader's.
const fn open_area(bank: Bank) -> Area {
    let start = BOOTLOADERS[0].len();
    Area::new(bank, start, BANK_BYTES - start)
}

/// Carries out an order; two words of answer.
fn obey(order: &mut Order) -> Result<[u32; 2], FlashError> {
    let Order { verb, bank, offset, value, .. } = *order;
    // Offsets are from the start of the bank; areas begin behind the bootloader, which has an area of its own.
    let inside = offset.checked_sub(BOOTLOADERS[0].len());
    let mut flash =
        FlashArea::new(if inside.is_some() { open_area(bank) } else { boot_area(bank) });
    let offset = inside.unwrap_or(offset);
    match verb {
        Verb::Erase => flash.erase(offset, offset.wrapping_add(value)).map(|()| [0, 0]),
        Verb::Write => flash.write(offset, order.data()).map(|()| [0, 0]),
        Verb::Read => flash.read(offset, order.data_mut()).map(|()| [0, 0]),
        Verb::PostErase => {
            flash.posting().erase(offset, offset.wrapping_add(value)).map(|()| [0, 0])
        }
        Verb::PostWrite => flash.posting().write(offset, order.data()).map(|()| [0, 0]),
        Verb::Flush => flash.flush().map(|()| [0, 0]),
        Verb::Map => {
            bank::map_low(bank);
            Ok([u32::from(Mapping::now().low() == Bank::Two), 0])
        }
        Verb::Fast => Ok([u32::from(clock::run_fast()), 0]),
        Verb::Slow => {
            clock::run_slow();
            Ok([0, 0])
        }
        Verb::Causes => {
            let causes = reset::Causes::take();
            let flags = [causes.watchdog(), causes.software(), causes.power()];
            let flags = flags.into_iter().fold(0, |all, flag| all << 1 | u32::from(flag));
            Ok([flags, 0])
        }
        Verb::Watch => Ok([u32::from(watchdog::start(value)), 0]),
        Verb::Hang => loop {
            core::hint::spin_loop();
        },
        // A read without announcing it: as code or constants of the program are read.
        Verb::Trust => {
            let address = Mapping::now().address(bank, order.offset);
            Ok([order::peek(address), 0])
        }
        Verb::Echo => {
            let mut serial = Serial::open(order.offset);
            let mut lost = 0;
            for byte in order.data_mut() {
                *byte = loop {
                    match serial.read() {
                        Some(Ok(byte)) => break byte,
                        Some(Err(_)) => lost += 1,
                        None => {}
                    }
                };
                serial.write(byte.wrapping_add(1));
            }
            serial.write(b'\n');
            Ok([lost, 0])
        }
    }
}

const fn boot_area(bank: Bank) -> Area {
    match bank {
        Bank::One => BOOTLOADERS[0],
        Bank::Two => BOOTLOADERS[1],
    }
}

#[exception]
unsafe fn NonMaskableInt() {
    on_nmi();
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    order::fail()
}
