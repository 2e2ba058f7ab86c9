//! Sizes of detools patches over a split of the corpus: ours against those that detools writes with the same parameters.
//!
//! detools itself (PyPI) makes its patches and applies ours; ours applies its. What does not give the target is a failure.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::Parser;
use corpora::{Cache, Manifest, Pair, Split};
use host_diff::foreign::formats::codec::heatshrink::Parameters as Heatshrink;
use host_diff::foreign::formats::codec::lzma::Parameters as Lzma;
use host_diff::foreign::formats::{Limits, detools};
use host_diff::foreign::{Codec, Effort, in_place, sequential};

/// Compares detools patches of this project with those of detools, both ways.
#[derive(Debug, Parser)]
struct Arguments {
    /// A Python that has detools 0.53.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Pairs to take: the benchmark pairs, or all whose base series contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// All pairs of the training split instead of the benchmark pairs.
    #[arg(long)]
    train: bool,
    /// In-place patches too: memory of twice the longer image, segments of 4 KiB.
    #[arg(long)]
    in_place: bool,
    /// Effort.
    #[arg(long, default_value_t = host_diff::create::DEFAULT_LEVEL)]
    level: u8,
    /// Fail if a codec's geometric mean is above what the project promises.
    #[arg(long)]
    check: bool,
}

/// Makes patches of all codecs at once, in place from one delta, and applies ours.
const SCRIPT: &str = r"
import io, sys, detools
from detools.create import create_compressor, pack_header
from detools.common import compression_string_to_number, pack_size
folder, kind, memory, segment = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
read = lambda name: open(f'{folder}/{name}', 'rb').read()
base, target = read('base'), read('target')
first = io.BytesIO()
if kind == 'sequential':
    detools.create_patch(io.BytesIO(base), io.BytesIO(target), first, compression='none')
    numbers = [len(target)]
else:
    detools.create_patch(io.BytesIO(base), io.BytesIO(target), first, compression='none', patch_type='in-place',
                         memory_size=memory, segment_size=segment)
    _, *numbers = detools.apply.read_header_in_place(io.BytesIO(first.getvalue()))
packed = b''.join(bytes(pack_size(number)) for number in numbers)
delta = first.getvalue()[1 + len(packed):]
for codec in ['none', 'crle', 'heatshrink', 'lzma']:
    compressor = create_compressor(codec, 8, 7)
    coded = compressor.compress(delta) + compressor.flush()
    head = bytes(pack_header(0 if kind == 'sequential' else 1, compression_string_to_number(codec)))
    open(f'{folder}/theirs.{codec}', 'wb').write(head + packed + coded)
for codec in ['none', 'crle', 'heatshrink', 'lzma']:
    patch = io.BytesIO(read(f'ours.{codec}'))
    if kind == 'sequential':
        out = io.BytesIO()
        detools.apply_patch(io.BytesIO(base), patch, out)
        found = out.getvalue()
    else:
        out = io.BytesIO(base + b'\xff' * (memory - len(base)))
        detools.apply_patch_in_place(out, patch)
        found = out.getvalue()[:len(target)]
    if found != target:
        sys.exit(f'{codec}: detools does not give the target')
";

const CODECS: [(&str, Codec, f64); 4] = [
    ("none", Codec::None, 1.0),
    ("crle", Codec::Crle, 1.0),
    ("heatshrink", Codec::Heatshrink(Heatshrink::DEPLOYED), 0.92),
    ("lzma", Codec::Lzma(Lzma { lc: 3, lp: 0, pb: 2, dictionary: 8 << 20 }), 0.96),
];

/// Bytes of one pair and shape: ours and theirs for each codec.
type Row = [(usize, usize); CODECS.len()];

fn measure(
    arguments: &Arguments,
    base: &[u8],
    target: &[u8],
    in_place_memory: Option<usize>,
    name: &str,
) -> Result<Row, String> {
    const SEGMENT: usize = 4096;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let write = |file: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(file), bytes).map_err(|error| error.to_string())
    };
    let read = |file: &str| {
        std::fs::read(folder.path().join(file)).map_err(|error| format!("{file}: {error}"))
    };
    write("base", base)?;
    write("target", target)?;
    let effort = Effort { level: arguments.level, threads: None };
    let mut lengths = [0; CODECS.len()];
    let mut seconds = Vec::new();
    for ((codec, which, _), length) in CODECS.iter().zip(&mut lengths) {
        let start = Instant::now();
        let written = match in_place_memory {
            None => sequential(base, target, *which, effort),
            Some(memory) => {
                let [memory, base_len, target_len] =
                    [memory, base.len(), target.len()].map(|len| len as u64);
                let place =
                    detools::InPlace::plan(memory, SEGMENT as u64, None, base_len, target_len)
                        .map_err(|error| error.to_string())?;
                in_place(base, target, &place, *which, effort)
            }
        };
        let written = written.map_err(|error| format!("{codec}: {error}"))?;
        seconds.push(format!("{:.1}", start.elapsed().as_secs_f32()));
        *length = written.bytes.len();
        write(&format!("ours.{codec}"), &written.bytes)?;
    }
    run(&arguments.python, folder.path(), in_place_memory, SEGMENT)?;
    let mut row = [(0, 0); CODECS.len()];
    let mut text = format!("{name:72}");
    for (((codec, ..), slot), ours) in CODECS.iter().zip(&mut row).zip(lengths) {
        let theirs = read(&format!("theirs.{codec}"))?;
        let applied = detools::apply(base, &theirs, &Limits::default())
            .map_err(|error| format!("their {codec} patch: {error}"))?;
        if applied != target {
            return Err(format!("their {codec} patch: wrong target"));
        }
        *slot = (ours, theirs.len());
        text += &format!(" {ours:7} {:7} {:.3}", theirs.len(), ratio(*slot));
    }
    println!("{text}  {} s", seconds.join(" "));
    Ok(row)
}

fn run(
    python: &Path,
    folder: &Path,
    in_place_memory: Option<usize>,
    segment: usize,
) -> Result<(), String> {
    let kind = if in_place_memory.is_some() { "in-place" } else { "sequential" };
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).arg(folder).arg(kind);
    command.arg(in_place_memory.unwrap_or(0).to_string()).arg(segment.to_string());
    let output = command.output().map_err(|error| format!("{}: {error}", python.display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("detools: {}", String::from_utf8_lossy(&output.stderr)))
}

fn ratio((ours, theirs): (usize, usize)) -> f64 {
    let float = |len| f64::from(u32::try_from(len).unwrap_or(u32::MAX));
    float(ours) / float(theirs)
}

fn summarise(arguments: &Arguments, what: &str, rows: &[Row]) -> Result<(), String> {
    let count = f64::from(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    let mut failures = Vec::new();
    for (index, (codec, _, promised)) in CODECS.iter().enumerate() {
        let ratios = rows.iter().map(|row| ratio(row[index]));
        let mean = (ratios.clone().map(f64::ln).sum::<f64>() / count).exp();
        let worst = ratios.fold(0.0, f64::max);
        println!(
            "{what} {codec}: {} pairs, geometric mean {mean:.4}, worst {worst:.4}",
            rows.len()
        );
        if worst > 1.0 || mean > *promised {
            failures.push(format!("{what} {codec}: mean {mean:.4}, worst {worst:.4}"));
        }
    }
    if arguments.check && !failures.is_empty() {
        return Err(failures.join("\n"));
    }
    Ok(())
}

fn run_all(arguments: &Arguments) -> Result<(), String> {
    let manifest = Manifest::load().map_err(|error| error.to_string())?;
    let cache = Cache::locate().map_err(|error| error.to_string())?;
    let split = if arguments.train { Split::Train } else { Split::Benchmark };
    let wanted = |pair: &&Pair| pair.split == split && pair.base.series.contains(&arguments.only);
    println!(
        "bytes of ours and theirs and their ratio, each: none, crle, heatshrink 8,7, lzma 3,0,2,8M"
    );
    let (mut rows, mut in_place_rows) = (Vec::new(), Vec::new());
    for pair in manifest.pairs().filter(wanted) {
        let (base, target) = cache.pair(pair).map_err(|error| error.to_string())?;
        let name = format!(
            "{} {} -> {} {}",
            pair.base.series, pair.base.version, pair.target.series, pair.target.version
        );
        let failed = |error: String| format!("{name}: {error}");
        rows.push(measure(arguments, &base, &target, None, &name).map_err(failed)?);
        if arguments.in_place {
            let memory = 2 * base.len().max(target.len()).next_multiple_of(4096);
            let name = format!("  in place, {memory} bytes");
            let row = measure(arguments, &base, &target, Some(memory), &name);
            in_place_rows.push(row.map_err(failed)?);
        }
    }
    summarise(arguments, "sequential", &rows)?;
    if in_place_rows.is_empty() {
        return Ok(());
    }
    summarise(arguments, "in place", &in_place_rows)
}

fn main() -> ExitCode {
    benches::outcome(run_all(&Arguments::parse()))
}
