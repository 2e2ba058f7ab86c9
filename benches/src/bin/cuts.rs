//! Cuts power at every flash operation of an update, and lets it go on.

use std::process::ExitCode;
use std::time::Instant;

use benches::cuts::{Effort, Findings, Policy, RESUMING, Update, sweep, sweep_in_place};
use clap::Parser;
use flash_model::{Nrf52, Part, Stm32H7, Stm32L4, Stm32U5, Tear};
use host_diff::{Epoch, Resume};

/// Cuts power before, inside and after every flash operation of an update, for every policy, on parts of several kinds.
///
/// Asserted of each cut: base and target are right in the end, no finished page is erased again, and no more is sent again than is
/// declared. A sample of the recoveries is cut again.
#[derive(Debug, Parser)]
struct Arguments {
    /// Size of the firmware, in functions of about 60 bytes.
    #[arg(long, default_value_t = 2_360)]
    functions: usize,
    /// RAM of the device, bytes.
    #[arg(long, default_value_t = 4096)]
    ram: u32,
    /// Distance of restart marks, bytes; at least the part's page.
    #[arg(long, default_value_t = 32_768)]
    epoch: u32,
    /// Only parts whose name contains this.
    #[arg(long, default_value = "")]
    part: String,
    /// Only policies whose name contains this.
    #[arg(long, default_value = "")]
    policy: String,
    /// Torn variants of each operation: seeds from 1 on.
    #[arg(long, default_value_t = 1)]
    tears: u64,
    /// Only one of so many cuts, for a look.
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// One of so many recoveries is cut again, at some twelve places.
    #[arg(long, default_value_t = 997)]
    second_of: u64,
    /// Seed of that sample.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs each recovery to its end, also where it has become one that was.
    #[arg(long)]
    to_the_end: bool,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

fn cut<P: Part>(arguments: &Arguments, total: &mut Findings) -> Result<(), String> {
    let geometry = P::GEOMETRY;
    if !geometry.name().contains(&arguments.part) {
        return Ok(());
    }
    let page = geometry.erase_bytes();
    let epoch = Epoch::of_bytes(arguments.epoch.max(page)).ok_or("epoch: not a power of two")?;
    let effort = Effort {
        tears: (1..=arguments.tears).map(Tear::Seeded).collect(),
        every: arguments.every,
        second_of: arguments.second_of,
        second_cuts: 12,
        seed: arguments.seed,
        to_the_end: arguments.to_the_end,
        jobs: arguments.jobs,
    };
    for policy in RESUMING.into_iter().filter(|policy| policy.name().contains(&arguments.policy)) {
        let resume = match policy {
            Policy::Snapshots => Resume::Snapshot(epoch),
            Policy::Resets => Resume::Reset(epoch),
            Policy::Never | Policy::Kept | Policy::Logged => Resume::Redecode,
        };
        let start = Instant::now();
        let update = Update::made_up(arguments.functions, arguments.ram, resume)?;
        let found = sweep::<P>(&update, policy, &effort)
            .map_err(|error| format!("{}: {error}", geometry.name()))?;
        let sent = if policy == Policy::Kept {
            NOTHING_SENT.to_owned()
        } else {
            format!("{:5} ({:5})", found.resent, found.declared)
        };
        row(geometry.name(), policy.name(), &update, &found, &sent, start);
        total.merge(found);
    }
    for scratch in [false, true] {
        let name = if scratch { "in place, scratch" } else { "in place, slide" };
        if !name.contains(&arguments.policy) {
            continue;
        }
        let start = Instant::now();
        let update = Update::in_place(arguments.functions, arguments.ram, page, scratch)?;
        let found = sweep_in_place::<P>(&update, &effort)
            .map_err(|error| format!("{} {name}: {error}", geometry.name()))?;
        row(geometry.name(), name, &update, &found, NOTHING_SENT, start);
        total.merge(found);
    }
    Ok(())
}

/// The patch is stored.
const NOTHING_SENT: &str = "    - (    -)";

fn row(part: &str, policy: &str, update: &Update, found: &Findings, sent: &str, start: Instant) {
    println!(
        "{part:10} {policy:17} {:7} {:6} {:7} {:7} {:6}  {sent} {:3} {:5} {:8.0}",
        update.target.len(),
        update.patch.len(),
        found.operations,
        found.cuts,
        found.second_cuts,
        found.erased_again,
        found.wear,
        start.elapsed().as_secs_f64(),
    );
}

fn run(arguments: &Arguments) -> Result<(), String> {
    println!(
        "{:10} {:17} {:>7} {:>6} {:>7} {:>7} {:>6}  {:>13} {:>3} {:>5} {:>8}",
        "part",
        "policy",
        "target",
        "patch",
        "ops",
        "cuts",
        "second",
        "resent (most)",
        "re",
        "wear",
        "seconds"
    );
    let mut total = Findings::default();
    cut::<Stm32L4>(arguments, &mut total)?;
    cut::<Stm32U5>(arguments, &mut total)?;
    cut::<Stm32H7>(arguments, &mut total)?;
    cut::<Nrf52>(arguments, &mut total)?;
    println!(
        "{} cuts and {} second cuts, none of them lost an update; {} recoveries were run to their end, the others until they were like one of these",
        total.cuts, total.second_cuts, total.to_the_end
    );
    println!(
        "resent: patch bytes sent again after a cut at worst, and as declared; the header comes on top. \
         re: pages of the target erased again at worst, of which one is declared; more fail the sweep. wear: erases of any page of the target, in place of any page, cut run and recovery."
    );
    Ok(())
}

fn main() -> ExitCode {
    benches::outcome(run(&Arguments::parse()))
}
