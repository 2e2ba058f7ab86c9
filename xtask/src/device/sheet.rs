//! The figures as text: a column for the plain copy, and one for each size of RAM.

use core::time::Duration;

use emulator::Counters;

use super::board::{Cost, DECODING, Run};
use super::programs::Built;
use crate::cycles::update::Update;

/// Cycles of a pipeline refill, of the 1 to 3 that the manual gives.
const REFILL: u32 = 2;
/// Parts of an update, in their order; a copy has the third and the last.
const PARTS: [&str; 4] =
    ["signature of the patch", "digest of the base", "decoding, flash", "target read back"];
/// RAM that the program of updates keeps for the largest workspace.
const WORKSPACE_BYTES: u64 = 16384;

/// What ran, and what that took.
pub(super) struct Column<'a> {
    name: String,
    built: &'a Built,
    run: Run,
    update: Option<Update>,
    /// What the decoder takes of it: measured alone, images and patch in memory.
    decoder: Option<Counters>,
}

impl<'a> Column<'a> {
    pub(super) fn new(
        name: &str,
        built: &'a Built,
        run: Run,
        update: Option<(Update, Counters)>,
    ) -> Self {
        let (update, decoder) = update.unzip();
        Self { name: name.to_owned(), built, run, update, decoder }
    }

    fn time(&self) -> Duration {
        self.run.parts.iter().map(|part| part.time).sum()
    }

    /// Its time in times of another's.
    pub(super) fn times(&self, other: &Self) -> f64 {
        self.time().as_secs_f64() / other.time().as_secs_f64()
    }

    fn part(&self, index: usize) -> Option<&Cost> {
        let index = match (&self.update, index) {
            (Some(_), index) => index,
            (None, 2) => 0,
            (None, 3) => 1,
            (None, _) => return None,
        };
        self.run.parts.get(index)
    }

    fn counters(&self) -> Counters {
        self.run.parts.iter().fold(Counters::default(), |mut sum, part| {
            sum.instructions += part.counters.instructions;
            sum.base_cycles += part.counters.base_cycles;
            sum.refills += part.counters.refills;
            sum
        })
    }

    /// Static RAM that is not the workspace.
    fn static_bytes(&self) -> u64 {
        let workspace = if self.update.is_some() { WORKSPACE_BYTES } else { 0 };
        self.built.static_bytes.saturating_sub(workspace)
    }
}

fn per_byte(count: u64, bytes: usize) -> f64 {
    let float = |count: u64| Duration::from_micros(count).as_secs_f64();
    float(count) / float(u64::try_from(bytes).unwrap_or(u64::MAX))
}

/// The whole sheet, for a target of `bytes`.
pub(super) fn text(columns: &[Column<'_>], bytes: usize) -> String {
    let mut text = String::new();
    let mut row = |name: &str, cell: &dyn Fn(&Column<'_>) -> Option<String>| {
        let cells = columns.iter().map(|column| cell(column).unwrap_or_else(|| "–".to_owned()));
        let cells: String = cells.map(|cell| format!("{cell:>12}")).collect();
        text += &format!("{name:<46}{cells}\n");
    };
    let count = |value: u64| Some(value.to_string());
    let update = |cell: fn(&Column<'_>, &Update) -> u64| {
        move |column: &Column<'_>| {
            column.update.as_ref().map(|update| cell(column, update).to_string())
        }
    };
    let seconds = |time: Duration| format!("{:.3} s", time.as_secs_f64());
    let cycles = |counters: &Counters| format!("{:.1}", per_byte(counters.cycles(REFILL), bytes));

    row("", &|column| Some(column.name.clone()));
    row(
        "patch, header and signature included",
        &update(|_, update| u64::try_from(update.patch.len()).unwrap_or(u64::MAX)),
    );
    row("RAM that it declares (ram_bytes)", &update(|_, update| update.ram_bytes));
    row("  measured: workspace and applier", &update(|column, _| column.run.ram_bytes().into()));
    row("most stack, applier included", &|column| count(column.run.stack_bytes.into()));
    row("static RAM beside the workspace", &|column| count(column.static_bytes()));
    row(".text of the program", &|column| count(column.built.text_bytes));
    row("  with constants and vectors", &|column| count(column.built.flash_bytes));
    row("pages erased", &|column| count(column.run.flash.erases));
    row("double words programmed", &|column| count(column.run.flash.programs));
    row("instructions a target byte, all of it", &|column| {
        Some(format!("{:.1}", per_byte(column.counters().instructions, bytes)))
    });
    row("cycles awake a target byte, all of it", &|column| Some(cycles(&column.counters())));
    row("  decoding and driving the flash", &|column| {
        column.part(DECODING).map(|part| cycles(&part.counters))
    });
    row("    of these the decoder, measured alone", &|column| column.decoder.as_ref().map(&cycles));
    for (index, name) in PARTS.into_iter().enumerate() {
        row(name, &|column| column.part(index).map(|part| seconds(part.time)));
    }
    row("time of the flash in it", &|column| Some(seconds(column.run.flash.flash_time)));
    row("time in all", &|column| Some(seconds(column.time())));
    row("times a plain copy", &|column| Some(format!("{:.3}", column.times(&columns[0]))));
    text
}
