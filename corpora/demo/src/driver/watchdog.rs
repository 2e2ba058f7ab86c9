//! Independent watchdog: the main loop must come round every 8 seconds.

use super::reg::Reg;
use crate::chip;

const KR: Reg = Reg::at(chip::IWDG, 0x00);
const PR: Reg = Reg::at(chip::IWDG, 0x04);
const RLR: Reg = Reg::at(chip::IWDG, 0x08);
const SR: Reg = Reg::at(chip::IWDG, 0x0C);

pub(super) fn init() {
    KR.write(0xCCCC);
    KR.write(0x5555);
    PR.write(4);
    RLR.write(0xFFF);
    // A prescaler that is not taken over leaves the default, which is stricter.
    let _ = SR.wait_clear(7);
    feed();
}

/// Starts the countdown anew.
pub(crate) fn feed() {
    KR.write(0xAAAA);
}
