//! An application for an STM32L496 under embassy-boot: confirms itself, then waits for a patch on USART2 (115200 baud, its
//! length first, as four bytes), applies it and resets.
//!
//! Built by `cargo xtask ci embassy` for thumbv7em-none-eabi. What it does with the flash is in `flow.rs`, which tests run on
//! the flash model with embassy-boot's bootloader. The workspace is a static: RAM of the patch's declaration, at most 16 KiB.
#![no_std]
#![no_main]

mod flow;

use core::cell::RefCell;

use cortex_m::peripheral::SCB;
use embassy_boot::{AlignedBuffer, FirmwareUpdaterConfig};
use embassy_embedded_hal::flash::partition::BlockingPartition;
use embassy_stm32::flash::{Flash, WRITE_SIZE};
use embassy_stm32::usart::{Config, Uart};
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use panic_reset as _;
use patcher_embassy_boot::Updater;

/// Words of the decoder: what `patcher create --ram 16K` may declare.
const WORKSPACE_WORDS: usize = 8 * 1024;

unsafe extern "C" {
    static __bootloader_active_start: u32;
    static __bootloader_active_end: u32;
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let peripherals = embassy_stm32::init(embassy_stm32::Config::default());
    let flash = Flash::new_blocking(peripherals.FLASH);
    let flash = Mutex::<NoopRawMutex, _>::new(RefCell::new(flash));
    let config = FirmwareUpdaterConfig::from_linkerfile_blocking(&flash, &flash);
    let mut aligned = AlignedBuffer([0; WRITE_SIZE]);
    let mut updater = Updater::new(config, &mut aligned.0);

    let uart =
        Uart::new_blocking(peripherals.USART2, peripherals.PA3, peripherals.PA2, Config::default());
    let Ok(mut uart) = uart else { SCB::sys_reset() };
    // A real application first finds out whether it can do its work; this one's work is to be reached.
    let _ = flow::confirm(&mut updater, || uart.blocking_write(b"ready\n").is_ok());

    // SAFETY: addresses only; nothing is read through the symbols.
    let (start, end) = unsafe {
        (&raw const __bootloader_active_start as u32, &raw const __bootloader_active_end as u32)
    };
    let mut workspace = [0; WORKSPACE_WORDS];
    loop {
        let mut length = [0; 4];
        if uart.blocking_read(&mut length).is_err() {
            continue;
        }
        let mut left = u32::from_le_bytes(length) as usize;
        let active = BlockingPartition::new(&flash, start, end.wrapping_sub(start));
        let updated = flow::update(active, &mut updater, &mut workspace, |buffer| {
            let count = left.min(buffer.len());
            let part = buffer.get_mut(..count).unwrap_or_default();
            left = left.wrapping_sub(count);
            // A patch that was damaged on its way is refused by the applier.
            if uart.blocking_read(part).is_err() { 0 } else { count }
        });
        match updated {
            Ok(()) => SCB::sys_reset(),
            Err(_) => uart.blocking_write(b"refused\n").unwrap_or_default(),
        }
    }
}
