//! What going on after a power loss costs: patch bytes, flash wear, RAM.

use std::process::ExitCode;

use benches::cuts::{Device, Policy, Update};
use benches::roundtrip::name;
use clap::Parser;
use corpora::{Cache, Manifest, Pair, Split};
use device_apply::resume::{Kept, Logged, Marks};
use flash_model::{Part, Slot, Stm32L4};
use host_diff::{Epoch, Options, Resume};

/// Makes patches for pairs of the benchmark with each policy, applies them on an STM32L4 without a cut, and prints what that took.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only pairs whose target has at most so many bytes.
    #[arg(long, default_value_t = 330_000)]
    limit: u32,
    /// Only pairs whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// RAM of the device, bytes.
    #[arg(long, value_delimiter = ',', default_value = "16384,4096")]
    ram: Vec<u32>,
    /// Distances of restart marks, bytes.
    #[arg(long, value_delimiter = ',', default_value = "16384,65536,131072")]
    epoch: Vec<u32>,
    /// Effort.
    #[arg(long, default_value_t = 4)]
    level: u8,
}

/// A policy, and the epoch if it has any.
#[derive(Clone, Copy)]
struct Way {
    policy: Policy,
    resume: Resume,
}

impl Way {
    fn all(epochs: &[u32]) -> Result<Vec<Self>, String> {
        let plain = [Policy::Never, Policy::Kept, Policy::Logged];
        let mut ways: Vec<Self> =
            plain.map(|policy| Self { policy, resume: Resume::Redecode }).into();
        for &bytes in epochs {
            let epoch = Epoch::of_bytes(bytes).ok_or("epoch: not a power of two")?;
            ways.push(Self { policy: Policy::Snapshots, resume: Resume::Snapshot(epoch) });
            ways.push(Self { policy: Policy::Resets, resume: Resume::Reset(epoch) });
        }
        Ok(ways)
    }

    fn epoch(self) -> String {
        match self.resume {
            Resume::Redecode => "-".to_owned(),
            Resume::Snapshot(epoch) | Resume::Reset(epoch) => format!("{}K", epoch.bytes() >> 10),
        }
    }
}

fn measure(pair: &Pair, cache: &Cache, arguments: &Arguments) -> Result<(), String> {
    let (base, target) = cache.pair(pair).map_err(|error| error.to_string())?;
    println!("\n{}: {} bytes", name(pair), target.len());
    for &ram in &arguments.ram {
        let mut plain = None;
        for way in Way::all(&arguments.epoch)? {
            let options =
                Options { ram, level: arguments.level, resume: way.resume, ..Options::default() };
            let update = Update::new(base.clone(), target.clone(), &options)?;
            let device = Device::<Stm32L4>::new(&update);
            let run = device.run(&update, way.policy);
            run.map_err(|error| format!("{error:?}"))?;
            if !device.is_updated(&update) {
                return Err("another target".to_owned());
            }
            let stats = device.flash.stats();
            let bytes = update.patch.len();
            let more = bytes.saturating_sub(*plain.get_or_insert(bytes));
            let page = Stm32L4::GEOMETRY.erase_bytes();
            let again = match way.policy {
                Policy::Never => bytes,
                Policy::Kept => 0,
                Policy::Logged => update.header_len + 60,
                Policy::Snapshots | Policy::Resets => {
                    update.header_len + update.interval(page) as usize
                }
            };
            println!(
                "{ram:6} {:17} {:>5} {bytes:7} {more:6} {:7} {:8} {:8.1} {again:7}",
                way.policy.name(),
                way.epoch(),
                stats.erases,
                stats.programs,
                stats.flash_time.as_secs_f64(),
            );
        }
    }
    Ok(())
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let manifest = Manifest::load().map_err(|error| error.to_string())?;
    let cache = Cache::locate().map_err(|error| error.to_string())?;
    type Journal = Marks<Slot<'static, Stm32L4>>;
    println!(
        "RAM beside what a patch declares, on this machine: {} stored, {} logged, {} marks",
        Kept::STATE_BYTES,
        Logged::STATE_BYTES,
        Journal::STATE_BYTES
    );
    println!(
        "{:>6} {:17} {:>5} {:>7} {:>6} {:>7} {:>8} {:>8} {:>7}",
        "ram", "policy", "epoch", "patch", "more", "erases", "programs", "flash s", "again"
    );
    let fits = |pair: &&Pair| {
        pair.target.size_bytes <= arguments.limit && name(pair).contains(&arguments.only)
    };
    for pair in manifest.pairs_of(Split::Benchmark).filter(fits) {
        measure(pair, &cache, arguments).map_err(|error| format!("{}: {error}", name(pair)))?;
    }
    println!("\nagain: patch bytes sent twice after a cut at worst, header included");
    Ok(())
}

fn main() -> ExitCode {
    benches::outcome(run(&Arguments::parse()))
}
