//! What a panic does here: nothing that costs, unless a feature asks for more.

use core::panic::PanicInfo;

#[cfg(feature = "no-panic")]
unsafe extern "C" {
    fn a_panic_survived_optimisation() -> !;
}

#[panic_handler]
fn panic(_info: &PanicInfo<'_>) -> ! {
    #[cfg(feature = "no-panic")]
    // SAFETY: never executed; no such function exists, so that an image with a panic does not link.
    unsafe {
        a_panic_survived_optimisation()
    }
    #[cfg(feature = "locate")]
    core::hint::black_box(_info.location());
    #[cfg(not(feature = "no-panic"))]
    loop {}
}
