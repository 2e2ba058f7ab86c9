//! `patcher bench`.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use host_diff::bench::pairs::{self, PairsError};
use host_diff::bench::peers::{self, Peer, PeersError};
use host_diff::bench::result::{Bench, Family};
use host_diff::bench::run::{self, BenchError, Ours, Plan};
use host_diff::bench::{csv, html, measure, table};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::BenchArguments;
use crate::failure::{Class, Failure};
use crate::output;

pub(crate) fn run(args: &BenchArguments) -> Result<ExitCode, Failure> {
    for file in args.csv.iter().chain(&args.html) {
        file.check(&[], args.json)?;
    }
    let bench = match (&args.input, &args.replay) {
        (_, Some(file)) => replay(file)?,
        (Some(input), None) => measured(args, input)?,
        (None, None) => return Err(Failure::usage("expected a directory or a manifest of pairs")),
    };
    if let Some(file) = &args.csv {
        file.write(csv::write(&bench).map_err(|error| other(&error))?.as_bytes())?;
    }
    if let Some(file) = &args.html {
        file.write(html::page(&bench).map_err(|error| other(&error))?.as_bytes())?;
    }
    if args.json {
        let text = serde_json::to_string(&bench).map_err(|error| other(&error))?;
        output::print(&(text + "\n"))?;
    } else {
        output::print(&table::text(&bench, width()))?;
    }
    Ok(verdict(args, &bench))
}

/// What a run that measured something tells by its exit code: 1 if any patch failed, or a peer asked for is not there.
fn verdict(args: &BenchArguments, bench: &Bench) -> ExitCode {
    let failed = bench.failures().count();
    let peers = bench.codecs.iter().filter(|codec| codec.family != Family::Ours);
    let absent = peers.filter(|codec| codec.absent.is_some()).count();
    let asked = args.peers.is_some() && absent > 0;
    if failed > 0 {
        let runs: usize = bench.pairs.iter().map(|pair| pair.runs.len()).sum();
        eprintln!("error: {failed} of {runs} runs failed");
    }
    if asked {
        eprintln!("error: {absent} of the peers asked for cannot be used");
    }
    if failed > 0 || asked { Class::Other.into() } else { ExitCode::SUCCESS }
}

fn measured(args: &BenchArguments, input: &Path) -> Result<Bench, Failure> {
    let found = pairs::find(input).map_err(|error| no_pairs(&error))?;
    let program = measure::this_program()
        .map_err(|error| Failure::new(Class::Io, format!("cannot find this program: {error}")))?;
    let ours =
        args.ram.iter().flat_map(|&ram| args.level.iter().map(move |&level| Ours { ram, level }));
    let plan = Plan {
        ours: ours.collect(),
        peers: chosen(args)?,
        timeout: args.timeout,
        repeat: args.repeat,
        program,
    };
    let runs = found.pairs.len() * (plan.ours.len() + plan.peers.len());
    let bar = ProgressBar::new(runs as u64);
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {wide_msg} {elapsed}") {
        bar.set_style(style);
    }
    let bench = run::run(&plan, &found.pairs, |pair, codec| {
        bar.set_message(format!("{pair}: {codec}"));
        bar.inc(1);
    });
    bar.finish_and_clear();
    let mut bench = bench.map_err(|error| no_bench(&error))?;
    bench.notes.splice(0..0, found.notes);
    Ok(bench)
}

fn chosen(args: &BenchArguments) -> Result<Vec<Peer>, Failure> {
    let mut table = peers::built_in().map_err(|error| no_peers(&error))?;
    if let Some(path) = &args.peers_file {
        peers::add_file(&mut table, path).map_err(|error| no_peers(&error))?;
    }
    match args.peers.as_deref() {
        None => Ok(table),
        Some([none]) if none == "none" => Ok(Vec::new()),
        Some(names) => peers::choose(&table, names).map_err(|error| no_peers(&error)),
    }
}

/// Results that `--json` printed before.
fn replay(file: &Path) -> Result<Bench, Failure> {
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::new(Class::Io, format!("cannot read results '{}': {error}", file.display()))
    })?;
    serde_json::from_str(&text).map_err(|error| {
        let message =
            format!("expected what bench --json printed in '{}': {error}", file.display());
        Failure::new(Class::Other, message)
    })
}

/// Columns of the terminal, if a person is looking.
fn width() -> Option<u16> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(terminal_size::Width(columns), _)| columns)
}

fn other(error: &dyn core::error::Error) -> Failure {
    Failure::new(Class::Other, format!("cannot write the report: {error}"))
}

fn no_pairs(error: &PairsError) -> Failure {
    let class = match error {
        PairsError::Io { .. } | PairsError::Missing(_) => Class::Io,
        _ => Class::Other,
    };
    let failure = Failure::new(class, error.to_string());
    match error {
        PairsError::Empty { .. } | PairsError::Half { .. } => failure.help(
            "a pair is a folder with old.EXT and new.EXT, or files NAME.old.EXT and NAME.new.EXT, or a row of a manifest",
        ),
        PairsError::Manifest { .. } => {
            failure.help("the first row names the columns: name, base, target, elf, isa, address, class")
        }
        _ => failure,
    }
}

fn no_peers(error: &PeersError) -> Failure {
    let class = match error {
        PeersError::Unknown { .. } => Class::Usage,
        PeersError::Io { .. } => Class::Io,
        _ => Class::Other,
    };
    let failure = Failure::new(class, error.to_string());
    match error {
        PeersError::Unknown { .. } => failure.help("add your own with --peers-file FILE"),
        _ => failure,
    }
}

fn no_bench(error: &BenchError) -> Failure {
    let class = match error {
        BenchError::Io { .. } => Class::Io,
        _ => Class::Other,
    };
    Failure::new(class, error.to_string())
}
