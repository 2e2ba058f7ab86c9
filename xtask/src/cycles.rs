//! `cycles`: what decoding costs a Cortex-M4, by the decoder's own Thumb code in the emulator.
//!
//! For each pair a patch is made with the command line at its default level, then a probe of `xtask/probe/src/run` decodes
//! it from memory-mapped images, and the result is compared with the target. Instructions are exact, cycles an estimate
//! (`emulator::timing`); flash drivers, wait states and digests are not in it.

mod device;
mod image;
mod options;
pub(crate) mod profile;
pub(crate) mod programs;
mod table;
pub(crate) mod update;

use std::{
    fs,
    path::{Path, PathBuf},
};

use emulator::{Counters, Profile};

use crate::{
    failure::Failure,
    process::{self, Build},
};
use device::{Images, Run};
use options::Options;
use programs::Programs;
use table::{Row, Table};
use update::{Pair, Update};

/// What is measured is the decoder: it has nobody who reckons digests.
const BROUGHT: &str = "--no-self-digests";

/// The task.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let options = Options::parse(arguments)?;
    println!("# cargo xtask cycles {}", arguments.join(" "));
    let patcher = process::program("patcher", Build::Release)?;
    tell(&options, &Programs::build(options.profile)?, &update::pairs(&options.set)?, &patcher)
}

/// Runs what `options` ask for and prints it.
fn tell(
    options: &Options,
    programs: &Programs,
    pairs: &[Pair],
    patcher: &Path,
) -> Result<(), Failure> {
    let (commit, rustc) = (process::commit(), &programs.version);
    println!("# commit {commit}; {rustc}; thumbv7em-none-eabi, opt-level s");
    for ram in &options.ram {
        println!("\n## --ram {ram}\n");
        let mut table = Table::default();
        let mut profiles = options.profile.then(|| programs.profiles());
        for pair in pairs.iter().filter(|pair| pair.name.contains(&options.only)) {
            let update = Update::create(patcher, pair, ram, &[BROUGHT.as_ref()])?;
            let named = |error| Failure::new(format!("{}: {error}", pair.name));
            let decode = decode(programs, pair, &update, profiles.as_deref_mut()).map_err(named)?;
            let copy = device::run(&programs.copy, &images(pair, &update)?, &mut ());
            let copy = copy.map_err(named)?;
            println!("{}", table.add(Row { pair: pair.name.clone(), update, decode, copy }));
        }
        println!("{}", table.summary());
        for ((name, program), profile) in programs.decoders().zip(profiles.iter().flatten()) {
            if let Some(text) = profile::text(program, profile) {
                println!("\n### {name}\n\n{text}");
            }
        }
    }
    Ok(())
}

/// Decodes the update; fails when the decoded bytes are not the target's.
fn decode(
    programs: &Programs,
    pair: &Pair,
    update: &Update,
    profiles: Option<&mut [Profile]>,
) -> Result<Run, Failure> {
    let images = images(pair, update)?;
    let (index, program) = programs.decoder(&update.isa);
    let run = match profiles.and_then(|profiles| profiles.get_mut(index)) {
        Some(profile) => device::run(program, &images, profile),
        None => device::run(program, &images, &mut ()),
    }?;
    if run.target != pair.target {
        return Err(Failure::new("the decoded bytes are not the target's"));
    }
    Ok(run)
}

/// What the decoder alone takes for the update, images and patch in memory.
pub(crate) fn alone(
    programs: &Programs,
    pair: &Pair,
    update: &Update,
) -> Result<Counters, Failure> {
    Ok(decode(programs, pair, update, None)?.counters)
}

fn images<'a>(pair: &'a Pair, update: &'a Update) -> Result<Images<'a>, Failure> {
    Ok(Images {
        base: &pair.base,
        patch: &update.patch,
        target_len: pair.target.len(),
        workspace_len: update.workspace_len()?,
    })
}

/// Decodes the demo firmware's updates, and leaves the first as a program that needs no input, whose path it returns.
pub(crate) fn check() -> Result<PathBuf, Failure> {
    let options = Options::parse(&["--set", "demo"].map(str::to_owned))?;
    let (programs, pairs) = (Programs::build(options.profile)?, update::pairs(&options.set)?);
    let patcher = process::program("patcher", Build::Tested)?;
    tell(&options, &programs, &pairs, &patcher)?;
    let pair = pairs.first().ok_or_else(|| Failure::new("expected pairs of the demo firmware"))?;
    let update = Update::create(&patcher, pair, "16K", &[BROUGHT.as_ref()])?;
    let (_, program) = programs.decoder(&update.isa);
    let elf = image::compose(program, &device::segments(&images(pair, &update)?)?)?;
    let path = process::target_dir().join("cycles/demo.elf");
    fs::write(&path, elf).map_err(Failure::io(&path))?;
    Ok(path)
}
