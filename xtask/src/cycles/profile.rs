//! Where the cycles go, as text.

use emulator::{Counters, Profile, Program};
use rustc_demangle::demangle;

/// Cycles of a pipeline refill that shares are told at.
const REFILL: u32 = 2;
/// Blocks that are listed.
const BLOCKS: usize = 40;
/// Functions with a smaller share are left out.
const LEAST_PERCENT: f64 = 0.1;

fn percent(part: u64, whole: u64) -> f64 {
    // Parts per hundred thousand fit into 32 bits.
    let parts = u128::from(part) * 100_000 / u128::from(whole.max(1));
    u32::try_from(parts).map_or(f64::NAN, f64::from) / 1000.0
}

/// Flat profile by function, then the blocks that took most; `None` if nothing ran.
pub(crate) fn text(program: &Program, profile: &Profile) -> Option<String> {
    let all = profile.of(program.code());
    let whole = all.cycles(REFILL);
    if whole == 0 {
        return None;
    }
    let mut text =
        format!("{:>6} {:>6} {:>6}  function (P = {REFILL})\n", "cyc %", "insn %", "bytes");
    let mut functions = profile.by_symbol(&program.symbols);
    functions.sort_by_key(|(_, counters)| core::cmp::Reverse(counters.cycles(REFILL)));
    for (symbol, counters) in functions {
        let share = percent(counters.cycles(REFILL), whole);
        if share < LEAST_PERCENT {
            break;
        }
        text += &format!(
            "{share:>6.1} {:>6.1} {:>6}  {:#}\n",
            percent(counters.instructions, all.instructions),
            symbol.addresses.len(),
            demangle(&symbol.name)
        );
    }
    text += &format!(
        "\n{:>6} {:>12} {:>5} {:>7}  block in function\n",
        "cyc %", "times", "insns", "cyc/run"
    );
    let mut blocks = profile.blocks();
    blocks.sort_by_key(|block| core::cmp::Reverse(block.counters.cycles(REFILL)));
    for block in blocks.iter().take(BLOCKS) {
        let Counters { instructions, .. } = block.counters;
        let cycles = block.counters.cycles(REFILL);
        let address = block.addresses.start;
        let within = program.symbols.iter().find(|symbol| symbol.addresses.contains(&address));
        text += &format!(
            "{:>6.1} {:>12} {:>5} {:>7}  {address:#010x} {:#}\n",
            percent(cycles, whole),
            block.times,
            instructions / block.times,
            cycles / block.times,
            demangle(within.map_or("?", |symbol| &symbol.name))
        );
    }
    Some(text)
}
