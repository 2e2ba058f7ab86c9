//! Vector table, reset and fault handlers.
//!
//! **Reference** ARMv7-M and ARMv6-M Architecture Reference Manuals, exception model.

use core::panic::PanicInfo;

use crate::{app, chip, driver};

/// One entry of the vector table.
#[derive(Clone, Copy)]
union Vector {
    handler: unsafe extern "C" fn(),
    reserved: u32,
}

const fn handler(handler: unsafe extern "C" fn()) -> Vector {
    Vector { handler }
}

const RESERVED: Vector = Vector { reserved: 0 };

unsafe extern "C" {
    fn reset();
}

#[used]
#[unsafe(link_section = ".vectors")]
static EXCEPTIONS: [Vector; 15] = [
    handler(reset),
    handler(nmi),
    handler(hard_fault),
    handler(mem_fault),
    handler(bus_fault),
    handler(usage_fault),
    RESERVED,
    RESERVED,
    RESERVED,
    RESERVED,
    handler(unused),
    handler(unused),
    RESERVED,
    handler(unused),
    handler(driver::time::systick),
];

#[used]
#[unsafe(link_section = ".vectors.irq")]
static INTERRUPTS: [Vector; chip::IRQ_COUNT] = {
    let mut table = [handler(unused); chip::IRQ_COUNT];
    table[chip::USART_IRQ[0] as usize] = handler(driver::uart::irq_console);
    table[chip::USART_IRQ[1] as usize] = handler(driver::uart::irq_modem);
    table[chip::USART_IRQ[2] as usize] = handler(driver::uart::irq_modbus);
    table
};

// Copies .data, clears .bss, calls `start`. In assembly, since Rust must not run on uninitialised statics.
core::arch::global_asm!(
    ".section .text.reset, \"ax\", %progbits",
    ".global reset",
    ".type reset, %function",
    ".thumb_func",
    "reset:",
    "ldr r0, =__data_start",
    "ldr r1, =__data_end",
    "ldr r2, =__data_load",
    "b 2f",
    "1: ldm r2!, {{r3}}",
    "stm r0!, {{r3}}",
    "2: cmp r0, r1",
    "blo 1b",
    "ldr r0, =__bss_start",
    "ldr r1, =__bss_end",
    "movs r2, #0",
    "b 4f",
    "3: stm r0!, {{r2}}",
    "4: cmp r0, r1",
    "blo 3b",
    "bl {start}",
    "udf #0",
    ".size reset, . - reset",
    ".pool",
    start = sym start,
);

extern "C" fn start() -> ! {
    driver::init();
    app::run()
}

extern "C" fn nmi() {
    fault("non-maskable interrupt");
}

extern "C" fn hard_fault() {
    fault("hard fault");
}

extern "C" fn mem_fault() {
    fault("memory protection fault");
}

extern "C" fn bus_fault() {
    fault("bus fault");
}

extern "C" fn usage_fault() {
    fault("usage fault: undefined or unaligned");
}

extern "C" fn unused() {
    fault("interrupt without handler");
}

fn fault(what: &str) -> ! {
    driver::uart::emergency(format_args!("\r\n*** {what}, restarting\r\n"));
    driver::restart()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    driver::uart::emergency(format_args!("\r\n*** {info}\r\n"));
    driver::restart()
}
