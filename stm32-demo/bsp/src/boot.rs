//! Starting another program.

/// Starts the program whose vector table is at `table`: takes its stack pointer, its vectors, and jumps to its start.
///
/// The rest of the part is as the caller leaves it. Nothing of the caller's stack is kept.
///
/// # Safety
/// At `table`, a multiple of 1024, there must be the vector table of a program that is made to run there.
#[cfg(target_arch = "arm")]
pub unsafe fn start(table: u32) -> ! {
    use crate::core_registers::data_barrier;
    use crate::register::Register;

    /// PM0214 §4.4.4.
    const VTOR: Register = Register::at(0xE000_ED08);
    let stack = Register::at(table).read();
    let entry = Register::at(table.wrapping_add(4)).read();
    VTOR.write(table);
    data_barrier();
    // SAFETY: by the caller, these are a stack and a program; nothing here is used any more.
    unsafe {
        core::arch::asm!(
            "msr msp, {stack}",
            "isb",
            "bx {entry}",
            stack = in(reg) stack,
            entry = in(reg) entry,
            options(noreturn),
        )
    }
}
