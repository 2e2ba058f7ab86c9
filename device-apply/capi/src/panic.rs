//! A panic calls the program. This library and the crates of ours below it have none; those of P-256 have.

use core::panic::PanicInfo;

unsafe extern "C" {
    fn patcher_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: the program defines it, as the header says, and it does not return.
    unsafe { patcher_panic() }
}
