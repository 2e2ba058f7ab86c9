//! `corpora`: fetches, lists and checks the firmware images of the manifest.

use core::error::Error;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use corpora::fetch::{Clients, Event, FetchError, fetch};
use corpora::{Cache, Image, Manifest, Pair, Set};

/// Real firmware to measure on: fetched from its packages, checked by SHA-256, never committed.
///
/// The cache is $PATCHER_CORPORA, else $XDG_CACHE_HOME/patcher/corpora, else ~/.cache/patcher/corpora.
/// Exit codes: 0 done, 1 something is missing or failed, 2 usage.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Bring missing images into the cache, with pip, npm and apt-get
    Fetch {
        /// Images to fetch: those of the benchmark pairs, of the other pairs, or all
        #[arg(long, value_enum, default_value_t)]
        set: Choice,
    },
    /// Print pairs, or images, as a table with tabs
    List {
        /// Pairs, or images of pairs, to print
        #[arg(long, value_enum, default_value_t)]
        set: Choice,
        /// Print images and where they come from
        #[arg(long)]
        images: bool,
    },
    /// Print pairs as a manifest for `patcher bench`, with the paths of the images in the cache
    Pairs {
        /// Pairs to print
        #[arg(long, value_enum, default_value_t)]
        set: Choice,
        /// Only pairs of this split: benchmark, test, train or withheld
        #[arg(long)]
        split: Option<String>,
        /// Only pairs whose name contains this
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Print where an image is, after checking it
    Path {
        /// Series of the image, as `list --images` shows it
        series: String,
        /// Version of the image
        version: String,
    },
    /// Check the images in the cache
    Verify {
        /// Images to check
        #[arg(long, value_enum, default_value_t)]
        set: Choice,
    },
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Choice {
    #[default]
    All,
    Benchmark,
    Cores,
    More,
}

impl Choice {
    fn set(self) -> Option<Set> {
        match self {
            Self::All => None,
            Self::Benchmark => Some(Set::Benchmark),
            Self::Cores => Some(Set::Cores),
            Self::More => Some(Set::More),
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode, Box<dyn Error>> {
    let manifest = Manifest::load()?;
    let cache = Cache::locate()?;
    match task {
        Task::Fetch { set } => Ok(fetch_images(&manifest, &cache, set.set())),
        Task::List { set, images } => {
            let table = if images { list_images } else { list_pairs };
            match table(&manifest, &cache, set.set(), &mut io::stdout().lock()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
                _ => Ok(ExitCode::SUCCESS),
            }
        }
        Task::Pairs { set, split, only } => {
            let split = split.as_deref();
            let wanted = |pair: &&Pair| {
                set.set().is_none_or(|set| set == pair.set)
                    && split.is_none_or(|split| split == pair.split.to_string())
                    && pair.to_string().contains(&only)
            };
            let pairs: Vec<&Pair> = manifest.pairs().filter(wanted).collect();
            match bench_manifest(&pairs, &cache, &mut io::stdout().lock()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
                done => Ok(exit_code(done?)),
            }
        }
        Task::Path { series, version } => {
            let image = manifest.image(&series, &version).ok_or_else(|| {
                let known: Vec<_> =
                    manifest.images().filter(|image| image.series == series).collect();
                unknown(&series, &version, &known)
            })?;
            cache.image(image)?;
            println!("{}", cache.path(image).display());
            Ok(ExitCode::SUCCESS)
        }
        Task::Verify { set } => Ok(verify(&manifest.images_in(set.set()), &cache)),
    }
}

fn unknown(series: &str, version: &str, known: &[&Arc<Image>]) -> String {
    if known.is_empty() {
        return format!("expected a series of the manifest, found {series}: see `list --images`");
    }
    let versions: Vec<_> = known.iter().map(|image| &*image.version).collect();
    format!("expected a version of {series} ({}), found {version}", versions.join(", "))
}

fn fetch_images(manifest: &Manifest, cache: &Cache, set: Option<Set>) -> ExitCode {
    let mut advice = BTreeSet::new();
    let mut failed = |what: &dyn core::fmt::Display, error: &FetchError| {
        eprintln!("  failed: {what}: {error}");
        advice.extend(error.advice());
    };
    let mut report = |event: Event<'_>| match event {
        Event::Package { package, number, of } => {
            let (source, name, version) = (package.source, &package.name, &package.version);
            eprintln!("[{number}/{of}] {source}: {name} {version}");
        }
        Event::PackageFailed { package, error } => failed(&package.file, error),
        Event::ImageFailed { image, error } => failed(image, error),
        _ => {}
    };
    let wanted = manifest.images_in(set);
    let summary = fetch(manifest, &wanted, cache, &mut Clients::default(), &mut report);
    for advice in advice {
        eprintln!("advice: {advice}");
    }
    println!(
        "{} present, {} fetched, {} failed in {}",
        summary.present,
        summary.fetched,
        summary.failed,
        cache.directory().display()
    );
    exit_code(summary.failed == 0)
}

fn verify(images: &[Arc<Image>], cache: &Cache) -> ExitCode {
    let errors: Vec<_> = images.iter().filter_map(|image| cache.image(image).err()).collect();
    for error in &errors {
        eprintln!("{error}");
    }
    let good = images.len() - errors.len();
    println!("{good} good, {} missing or corrupt in {}", errors.len(), cache.directory().display());
    exit_code(errors.is_empty())
}

fn exit_code(success: bool) -> ExitCode {
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cached(cache: &Cache, images: &[&Image]) -> &'static str {
    if images.iter().all(|image| cache.image(image).is_ok()) { "yes" } else { "no" }
}

fn list_pairs(
    manifest: &Manifest,
    cache: &Cache,
    set: Option<Set>,
    out: &mut io::StdoutLock<'_>,
) -> io::Result<()> {
    writeln!(
        out,
        "set\tsplit\tclass\tcore\tbase_series\tbase\ttarget_series\ttarget\tbase_bytes\ttarget_bytes\tsmallest_peer\tcached"
    )?;
    for pair in manifest.pairs().filter(|pair| set.is_none_or(|set| set == pair.set)) {
        let (base, target) = (&pair.base, &pair.target);
        writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            pair.set,
            pair.split,
            pair.class,
            target.core,
            base.series,
            base.version,
            target.series,
            target.version,
            base.size_bytes,
            target.size_bytes,
            pair.peers.smallest_bytes(),
            cached(cache, &[base, target]),
        )?;
    }
    Ok(())
}

/// Prints a manifest of the pairs whose images are in the cache. Whether that is all of them, and there are any.
fn bench_manifest(
    pairs: &[&Pair],
    cache: &Cache,
    out: &mut io::StdoutLock<'_>,
) -> io::Result<bool> {
    writeln!(out, "name\tbase\ttarget\tclass")?;
    let mut left_out = 0;
    for pair in pairs {
        let images = [&pair.base, &pair.target];
        if let Some(error) = images.iter().find_map(|image| cache.image(image).err()) {
            eprintln!("left out: {pair}: {error}");
            left_out += 1;
            continue;
        }
        let [base, target] = images.map(|image| cache.path(image));
        writeln!(out, "{pair}\t{}\t{}\t{}", base.display(), target.display(), pair.class)?;
    }
    if pairs.is_empty() {
        eprintln!("expected pairs of that set, split and name, found none");
    }
    Ok(left_out == 0 && !pairs.is_empty())
}

fn list_images(
    manifest: &Manifest,
    cache: &Cache,
    set: Option<Set>,
    out: &mut io::StdoutLock<'_>,
) -> io::Result<()> {
    writeln!(out, "series\tversion\tsplit\tcore\tbytes\tsha256\tsource\tpackage\tlicence\tcached")?;
    for image in manifest.images_in(set) {
        let package = &image.package;
        writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{} {}\t{}\t{}",
            image.series,
            image.version,
            manifest.split_of_series(&image.series),
            image.core,
            image.size_bytes,
            image.sha256,
            package.source,
            package.name,
            package.version,
            package.licence,
            cached(cache, &[&image]),
        )?;
    }
    Ok(())
}
