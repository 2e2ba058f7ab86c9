//! What an update costs the device and its battery.

use core::fmt;
use core::time::Duration;

use emulator::Counters;
use flash_model::Stats;
use layout::RAM;
use stories::{Board, image};

/// Bits per second that NB-IoT gives in practice; LTE-M gives about 350,000.
const NB_IOT: f64 = 20_000.0;
/// Cycles of a pipeline refill, of the 1 to 3 that the manual gives.
const REFILL: u32 = 2;

/// Bytes of an update.
pub(crate) struct Sizes {
    pub(crate) patch: usize,
    /// The target as a compressed full image.
    pub(crate) full: usize,
    pub(crate) image: usize,
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { patch, full, image } = self;
        write!(
            f,
            "patch release 1 → 2: {patch} bytes; the image has {image}, compressed {full} ({:.1} % and {:.1} % of it saved)",
            100.0 - 100.0 * float(*patch) / float(*image),
            100.0 - 100.0 * float(*patch) / float(*full),
        )
    }
}

/// Counters at the start of an update.
pub(crate) struct Meter {
    time: Duration,
    counters: Counters,
    flash: Stats,
    patch_bytes: u64,
    sent_bytes: u64,
}

impl Meter {
    pub(crate) fn new(board: &Board) -> Self {
        let device = &board.device;
        Self {
            time: device.time(),
            counters: device.counters(),
            flash: device.flash().stats(),
            patch_bytes: board.patch_bytes(),
            sent_bytes: board.sent_bytes(),
        }
    }

    pub(crate) fn read(&self, board: &Board) -> Cost {
        let device = &board.device;
        let (now, before) = (device.counters(), self.counters);
        Cost {
            time: device.time() - self.time,
            instructions: now.instructions - before.instructions,
            cycles: now.cycles(REFILL) - before.cycles(REFILL),
            flash: device.flash().stats().since(&self.flash),
            patch_bytes: board.patch_bytes() - self.patch_bytes,
            sent_bytes: board.sent_bytes() - self.sent_bytes,
            stack_bytes: device.peak_stack_bytes(),
        }
    }
}

/// What was used up in between.
pub(crate) struct Cost {
    time: Duration,
    instructions: u64,
    cycles: u64,
    flash: Stats,
    patch_bytes: u64,
    sent_bytes: u64,
    stack_bytes: u32,
}

impl Cost {
    pub(crate) fn table(&self, sizes: &Sizes) -> String {
        let Self { flash, stack_bytes, .. } = self;
        let again = self.patch_bytes.saturating_sub(u64::try_from(sizes.patch).unwrap_or(0));
        let airtime = |bytes| float(bytes) * 8.0 / NB_IOT;
        let millions = |count| Duration::from_micros(count).as_secs_f64();
        let rows = [
            (
                "sent",
                format!(
                    "{} bytes of the patch, {again} of them again after the cut; {} with frames and questions",
                    self.patch_bytes, self.sent_bytes
                ),
            ),
            (
                "airtime",
                format!(
                    "{:.1} s at NB-IoT's 20 kbit/s; the compressed image {:.1} s, the image itself {:.1} s",
                    airtime(usize::try_from(self.patch_bytes).unwrap_or(0)),
                    airtime(sizes.full),
                    airtime(sizes.image)
                ),
            ),
            (
                "time",
                format!(
                    "{:.2} s with the serial line, both restarts, verification and trial",
                    self.time.as_secs_f64()
                ),
            ),
            (
                "flash",
                format!(
                    "{:.2} s: {} pages erased, {} double words written",
                    flash.flash_time.as_secs_f64(),
                    flash.erases,
                    flash.programs
                ),
            ),
            (
                "core",
                format!(
                    "{:.1} M instructions, about {:.1} M cycles awake",
                    millions(self.instructions),
                    millions(self.cycles)
                ),
            ),
            (
                "RAM",
                format!(
                    "{stack_bytes} bytes of stack at most, the decoder's 16 KiB in it, and {} static",
                    static_bytes()
                ),
            ),
        ];
        let line = |(name, text): &(&str, String)| format!("  {name:<8} {text}\n");
        rows.iter().map(line).collect()
    }
}

/// RAM that the application claims before it starts.
fn static_bytes() -> u32 {
    let program = image::program("second");
    let in_ram = |address: u32| (RAM.start..RAM.start + RAM.len).contains(&address);
    let segments = program.segments.iter().filter(|segment| in_ram(segment.address));
    segments.map(|segment| segment.len_bytes).sum()
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
