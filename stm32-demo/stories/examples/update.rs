//! Shows an update of the demo's device, with a power cut in the middle, then a release that hangs and is taken back.
//!
//! `cargo run -p stories --example update`

use core::time::Duration;

use device_apply::boot::Slot;
use emulator::Counters;
use flash_model::{Cut, Stats, Tear};
use stories::image::patch;
use stories::{Board, LinkError, Release};

/// Bits per second of NB-IoT, as it is usually had.
const NB_IOT: f64 = 20_000.0;
/// Cycles of a pipeline refill.
const REFILL: u32 = 2;

fn main() -> Result<(), LinkError> {
    let [first, second, hangs] =
        [Release::First.image(1), Release::Second.image(2), Release::Hangs.image(3)];
    let mut board = Board::factory(&first);
    board.power_on();
    board.wait_confirmed()?;
    say(&board, "runs release 1 from bank 1");

    let update = patch(&first, &second);
    let (small, whole) = (update.len(), second.len());
    println!(
        "           patch 1 → 2: {small} bytes of {whole}, {:.1} s instead of {:.1} s at NB-IoT's 20 kbit/s",
        airtime(small),
        airtime(whole)
    );
    board.device.cut_after(2000, Cut::Inside(Tear::Seeded(1)));
    match board.update(&update) {
        Err(LinkError::PowerLost) => say(&board, "power fails in the 2001st flash operation"),
        other => println!("expected a power cut, got {other:?}"),
    }
    board.power_on();
    board.wait_confirmed()?;
    say(&board, "runs release 1 again; the download goes on where it was");
    let before = Before::of(&board);
    board.update(&update)?;
    println!(
        "           {} bytes of the patch were sent in all, {} of them twice",
        board.patch_bytes(),
        board.patch_bytes().saturating_sub(update.len().try_into().unwrap_or(u64::MAX))
    );
    say(&board, "has release 2 in the other bank, and restarts");
    board.wait_confirmed()?;
    say(&board, "runs release 2 from bank 2, and has confirmed it");
    before.cost(&board);

    board.update(&patch(&second, &hangs))?;
    say(&board, "has release 3 in the other bank, and restarts");
    let (version, _) = board.wait_confirmed()?;
    say(&board, &format!("release 3 hung, the watchdog bit; runs release {version} again"));
    let update = board.ask_where()?;
    println!(
        "           slot A: {:?}; the device reports result {}, reason {}",
        board.state(Slot::A),
        update.result,
        update.code
    );
    Ok(())
}

fn say(board: &Board, text: &str) {
    println!("{:8.3} s {text}", board.device.time().as_secs_f64());
}

fn airtime(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) * 8.0 / NB_IOT
}

/// Counters at the start of an update.
struct Before {
    time: Duration,
    counters: Counters,
    stats: Stats,
}

impl Before {
    fn of(board: &Board) -> Self {
        let device = &board.device;
        Self { time: device.time(), counters: device.counters(), stats: device.flash().stats() }
    }

    fn cost(&self, board: &Board) {
        let device = &board.device;
        let stats = device.flash().stats().since(&self.stats);
        let (now, before) = (device.counters(), self.counters);
        println!(
            "           that took {:.2} s, {:.2} s of it flash: {} pages erased, {} double words; {:.1} M instructions, {:.1} M cycles awake",
            (device.time() - self.time).as_secs_f64(),
            stats.flash_time.as_secs_f64(),
            stats.erases,
            stats.programs,
            millions(now.instructions - before.instructions),
            millions(now.cycles(REFILL) - before.cycles(REFILL)),
        );
        println!(
            "           stack at most {} bytes, the decoder's 16 KiB included",
            device.peak_stack_bytes()
        );
    }
}

fn millions(count: u64) -> f64 {
    Duration::from_micros(count).as_secs_f64()
}
