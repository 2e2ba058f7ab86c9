//! Shows the demo's device: an update with a power cut in the middle, a bad release that is taken back, and what that cost.
//!
//! `cargo xtask demo` builds and runs it; no Thumb toolchain is needed, the programs are in `stm32-demo/images`.

mod cost;
mod timeline;

use std::process::ExitCode;

use flash_model::{Cut, Tear};
use stories::image::{full, patch};
use stories::{Board, LinkError, Outcome, Release};

use cost::{Meter, Sizes};
use timeline::Timeline;

/// Where power fails: this part of the update's flash operations is done. Any other operation would do.
const CUT_AT: f64 = 0.5;

fn main() -> ExitCode {
    match show() {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("error: {what}");
            ExitCode::FAILURE
        }
    }
}

fn show() -> Result<(), String> {
    let lost = |error: LinkError| format!("the device does not answer: {error:?}");
    let [first, second, hangs] =
        [Release::First.image(1), Release::Second.image(2), Release::Hangs.image(3)];
    let update = patch(&first, &second);
    let sizes = Sizes { patch: update.len(), full: full(&second).len(), image: second.len() };
    println!(
        "An STM32L496 in the emulator: bootloader and application as Thumb code, 80 MHz, a serial line.\n"
    );
    println!("{sizes}\n");

    let mut board = Board::factory(&first);
    let timeline = Timeline::new(board.device.flash().stats());
    board.power_on();
    board.wait_confirmed().map_err(lost)?;
    timeline.say(&board, "release 1 runs from bank 1 (slot A)");

    let meter = Meter::new(&board);
    timeline.say(&board, "an update to release 2 is offered; power will fail in the middle");
    board.device.cut_after(operations(&second, CUT_AT), Cut::Inside(Tear::Seeded(1)));
    match timeline.deliver(&mut board, &update) {
        Err(LinkError::PowerLost) => timeline.say(&board, "POWER FAILS inside a flash operation"),
        other => return Err(format!("expected a power cut, got {other:?}")),
    }
    board.power_on();
    board.wait_confirmed().map_err(lost)?;
    timeline.say(&board, "power is back; release 1 runs, the download goes on where it was");
    installed(timeline.deliver(&mut board, &update))?;
    timeline.say(
        &board,
        "release 2 is whole in bank 2; the device restarts, the bootloader verifies it",
    );
    let (version, in_b) = board.wait_confirmed().map_err(lost)?;
    if (version, in_b) != (2, true) {
        return Err(format!("expected release 2 in slot B, found {version}"));
    }
    timeline
        .say(&board, "release 2 runs from bank 2 (slot B), is healthy, and has confirmed itself");
    let cost = meter.read(&board);

    let bad = patch(&second, &hangs);
    timeline
        .say(&board, &format!("release 3 is offered ({} bytes); it hangs at its start", bad.len()));
    installed(timeline.deliver(&mut board, &bad))?;
    let (version, _) = board.wait_confirmed().map_err(lost)?;
    if version != 2 {
        return Err(format!("expected release 2 to run again, found {version}"));
    }
    timeline
        .say(&board, "the watchdog bit: release 3 is rejected, release 2 runs again, untouched");
    println!("\nWhat the update to release 2 cost, power cut included:\n\n{}", cost.table(&sizes));
    Ok(())
}

fn installed(outcome: Result<Outcome, LinkError>) -> Result<(), String> {
    match outcome {
        Ok(Outcome::Installed) => Ok(()),
        other => Err(format!("the device did not take the update: {other:?}")),
    }
}

/// Flash operations of that part of an image: one for each double word.
fn operations(image: &[u8], part: f64) -> u64 {
    let all = u32::try_from(image.len() / 8).unwrap_or(u32::MAX);
    (0..all).take_while(|&done| f64::from(done) < f64::from(all) * part).map(|_| 1).sum()
}
