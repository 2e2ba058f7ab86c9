//! What has no address: barriers and the mask of interrupts. PM0214 §3.12 and §2.1.3.

use core::sync::atomic::{Ordering, compiler_fence};

/// Waits until all accesses before it are done.
pub(crate) fn data_barrier() {
    compiler_fence(Ordering::SeqCst);
    #[cfg(target_arch = "arm")]
    // SAFETY: a barrier.
    unsafe {
        core::arch::asm!("dsb", options(nostack, preserves_flags));
    }
}

/// Does `work` without an interrupt in the middle.
pub(crate) fn without_interrupts<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "arm")]
    let mask = {
        let mask: u32;
        // SAFETY: reads a register and masks interrupts, which is undone below.
        unsafe {
            core::arch::asm!("mrs {}, primask", "cpsid i", out(reg) mask, options(nostack, preserves_flags));
        }
        mask
    };
    compiler_fence(Ordering::SeqCst);
    let done = work();
    compiler_fence(Ordering::SeqCst);
    #[cfg(target_arch = "arm")]
    // SAFETY: what it was before.
    unsafe {
        core::arch::asm!("msr primask, {}", in(reg) mask, options(nostack, preserves_flags));
    }
    done
}
