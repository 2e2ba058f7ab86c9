//! Time and memory of the encoder by input, size and level.
//!
//! Every measurement runs in a process of its own, so that peak memory is that of one patch.

mod child;
mod growth;
mod inputs;

use child::Figures;
use clap::Parser;
use core::num::NonZeroUsize;
use growth::Growth;
use inputs::Images;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures how long the encoder takes, and how much memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// Effort.
    #[arg(long, value_delimiter = ',', default_value = "1,6")]
    level: Vec<u8>,
    /// Sizes of concatenated images, KiB.
    #[arg(long, value_delimiter = ',', default_value = "256,512,1024,2048,4096,8192,16384")]
    size: Vec<NonZeroUsize>,
    /// Only inputs whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Measure how time grows with size instead: the same images in pieces of each `--size`, the largest in one.
    #[arg(long)]
    growth: bool,
    /// With `--growth`: encode each piece so many times and count the fastest.
    #[arg(long, default_value = "1")]
    repeat: usize,
    /// Measure one pair of files and print the figures: what the other processes do.
    #[arg(long, num_args = 2, hide = true)]
    one: Option<Vec<PathBuf>>,
    /// Threads of the encoder.
    #[arg(long, default_value = "1")]
    threads: NonZeroUsize,
    /// The images of `--one` are code at an address of its own.
    #[arg(long, hide = true)]
    code: bool,
}

fn run(arguments: &Arguments) -> Result<(), String> {
    if let Some(files) = &arguments.one {
        let level = arguments.level.first().copied().unwrap_or_default();
        let figures = Figures::measure(files, level, arguments.threads, arguments.code)?;
        println!("{}", figures.line());
        return Ok(());
    }
    let images = Images::open()?;
    let sizes: Vec<usize> = arguments.size.iter().map(|size| size.get()).collect();
    if arguments.growth {
        for &level in &arguments.level {
            let Arguments { threads, repeat, .. } = arguments;
            let growth = Growth::measure(&images, &sizes, level, *threads, *repeat)?;
            println!("{growth}");
        }
        return Ok(());
    }
    let inputs = images.inputs(&sizes)?;
    for input in inputs.iter().filter(|input| input.name.contains(&arguments.only)) {
        for &level in &arguments.level {
            let figures = Figures::of(input, level, arguments.threads)?;
            println!("{:34} level {level} {figures}", input.name);
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    benches::outcome(run(&Arguments::parse()))
}
