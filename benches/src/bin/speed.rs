//! Time and memory of the encoder by input, size and level.
//!
//! Every measurement runs in a process of its own, so that peak memory is that of one patch.

use clap::Parser;
use core::num::NonZeroUsize;
use corpora::{Cache, Manifest, Pair, Split};
use host_diff::create::IsaChoice;
use host_diff::image::FlatImage;
use host_diff::{Options, create};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Measures how long the encoder takes, and how much memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// Effort.
    #[arg(long, value_delimiter = ',', default_value = "1,6")]
    level: Vec<u8>,
    /// Sizes of concatenated images, KiB.
    #[arg(long, value_delimiter = ',', default_value = "256,512,1024,2048,4096,8192,16384")]
    size: Vec<usize>,
    /// Only inputs whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
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

/// Two images to measure.
struct Input {
    name: String,
    base: Vec<u8>,
    target: Vec<u8>,
    /// Thumb code at a known address; else the encoder finds out.
    code: bool,
}

/// Where concatenated images are loaded: as in the flash of an STM32.
const ADDRESS: u32 = 0x0800_0000;

/// Nanoseconds on a CPU and peak resident KiB of this process, as Linux tells.
fn usage() -> (u64, u64) {
    let first = |path: &str| {
        let text = fs::read_to_string(path).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| {
        line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok()
    });
    (first("/proc/self/schedstat").unwrap_or(0), peak.unwrap_or(0))
}

fn measure(files: &[PathBuf], level: u8, threads: NonZeroUsize, code: bool) -> Result<(), String> {
    let read = |path: &PathBuf| fs::read(path).map_err(|error| error.to_string());
    let images = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let [base, target] = <[Vec<u8>; 2]>::try_from(images).map_err(|_| "expected two files")?;
    let address = code.then_some(ADDRESS);
    let options = Options {
        level,
        base_address: address,
        target_address: address,
        threads: Some(threads),
        isa: code.then_some(IsaChoice::Thumb),
        ..Options::default()
    };
    let (base, target) = (FlatImage::from_raw(base), FlatImage::from_raw(target));
    let start = Instant::now();
    let before = usage().0;
    let patch = create(&base, &target, &options).map_err(|error| error.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    let (cpu, peak) = usage();
    #[expect(clippy::cast_precision_loss, reason = "figures of two digits")]
    let (cpu, peak) = ((cpu - before) as f64 / 1e9, peak as f64 / 1024.0);
    println!("{:>9} B {seconds:8.2} s {cpu:8.2} s CPU {peak:8.1} MiB", patch.bytes.len());
    Ok(())
}

/// Every real pair, concatenated until `len` bytes are there.
fn concatenated(pairs: &[&Pair], cache: &Cache, len: usize) -> Result<Input, String> {
    let (mut base, mut target) = (Vec::new(), Vec::new());
    for pair in pairs {
        if base.len().min(target.len()) >= len {
            break;
        }
        let (from, to) = cache.pair(pair).map_err(|error| error.to_string())?;
        base.extend(from);
        target.extend(to);
    }
    base.truncate(len);
    target.truncate(len);
    Ok(Input { name: format!("images {} KiB", len >> 10), base, target, code: true })
}

/// Bytes that nothing predicts.
fn noise(len: usize, mut x: u64) -> Vec<u8> {
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    core::iter::repeat_with(|| next().to_le_bytes()).flatten().take(len).collect()
}

/// Inputs that tempt a matcher into quadratic time.
fn adversarial(image: &[u8], small: &[u8]) -> Vec<Input> {
    const LEN: usize = 2 << 20;
    let named = |name: &str, base: Vec<u8>, target: Vec<u8>| Input {
        name: name.to_owned(),
        base,
        target,
        code: false,
    };
    let cycle = |bytes: &[u8]| bytes.iter().copied().cycle().take(LEN).collect::<Vec<u8>>();
    let random = noise(LEN, 1);
    let words = "the device reads base and patch and writes target to flash ";
    let text = |seed: u64| -> Vec<u8> {
        let words: Vec<&str> = words.split_inclusive(' ').collect();
        let picks = noise(LEN / 4, seed);
        picks
            .iter()
            .flat_map(|&pick| words[usize::from(pick) % words.len()].bytes())
            .take(LEN)
            .collect()
    };
    let table: Vec<u8> = (0..LEN).map(|i| if i % 64 == 0 { random[i / 4096] } else { 0 }).collect();
    let mut rows = table.clone();
    rows.iter_mut().step_by(1021).for_each(|byte| *byte ^= 1);
    vec![
        named("random, unrelated", random.clone(), noise(LEN, 2)),
        named("random, the same", random.clone(), random.clone()),
        named("0xFF onto 0xFF", vec![0xFF; LEN], vec![0xFF; LEN]),
        named("0xFF onto random", random.clone(), vec![0xFF; LEN]),
        named("period 251 onto random", random.clone(), cycle(&random[..251])),
        named("period 100,003 onto random", noise(LEN, 3), cycle(&random[..100_003])),
        named("period 4096 onto period 4099", cycle(&random[..4099]), cycle(&random[..4096])),
        named("text onto text", text(4), text(5)),
        named("table with changed rows", table, rows),
        named("image onto 0xFF", vec![0xFF; LEN], small.to_vec()),
        named("image onto itself four times", cycle(image), image.to_vec()),
        named("tiny onto image", image.to_vec(), small[..100].to_vec()),
    ]
}

fn inputs(arguments: &Arguments) -> Result<Vec<Input>, String> {
    let manifest = Manifest::load().map_err(|error| error.to_string())?;
    let cache = Cache::locate().map_err(|error| error.to_string())?;
    let (mut pairs, rest): (Vec<&Pair>, Vec<&Pair>) =
        manifest.pairs().partition(|pair| pair.split == Split::Train);
    pairs.extend(rest);
    let mut inputs = Vec::new();
    for series in ["particle-b5som-part1", "pybricks-primehub"] {
        let Some(pair) = manifest.pairs().find(|pair| pair.base.series == series) else { continue };
        let (base, target) = cache.pair(pair).map_err(|error| error.to_string())?;
        let name = format!("{series} {}", pair.target.version);
        inputs.push(Input { name, base, target, code: false });
    }
    let images = concatenated(&pairs, &cache, 512 << 10)?;
    inputs.extend(adversarial(&images.target, &images.target[..256 << 10]));
    for kib in &arguments.size {
        inputs.push(concatenated(&pairs, &cache, kib << 10)?);
    }
    inputs.retain(|input| input.name.contains(&arguments.only));
    Ok(inputs)
}

fn in_child(
    input: &Input,
    level: u8,
    threads: NonZeroUsize,
    directory: &Path,
) -> Result<String, String> {
    let files = [directory.join("base"), directory.join("target")];
    fs::write(&files[0], &input.base).map_err(|error| error.to_string())?;
    fs::write(&files[1], &input.target).map_err(|error| error.to_string())?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg("--level").arg(level.to_string()).arg("--threads").arg(threads.to_string());
    command.arg("--one").args(&files);
    if input.code {
        command.arg("--code");
    }
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    } else {
        Err(format!("{}: {}", input.name, String::from_utf8_lossy(&output.stderr)))
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    if let Some(files) = &arguments.one {
        let level = arguments.level.first().copied().unwrap_or_default();
        return measure(files, level, arguments.threads, arguments.code);
    }
    let directory = std::env::temp_dir().join(format!("patcher-speed-{}", std::process::id()));
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    let measured = inputs(arguments).and_then(|inputs| {
        for input in &inputs {
            for &level in &arguments.level {
                let figures = in_child(input, level, arguments.threads, &directory)?;
                println!("{:34} level {level} {figures}", input.name);
            }
        }
        Ok(())
    });
    fs::remove_dir_all(&directory).map_err(|error| error.to_string())?;
    measured
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
