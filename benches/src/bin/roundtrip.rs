//! Every pair of the corpus through encoder, decoder, oracle and the applier on flash.

use benches::roundtrip::roundtrip;
use corpora::{Cache, Manifest, Pair};
use host_diff::Options;
use std::process::ExitCode;
use std::sync::Mutex;

fn run() -> Result<(), String> {
    let manifest = Manifest::load().map_err(|error| error.to_string())?;
    let cache = Cache::locate().map_err(|error| error.to_string())?;
    let only = std::env::args().nth(1).unwrap_or_default();
    let pairs: Vec<&Pair> =
        manifest.pairs().filter(|pair| pair.base.series.contains(&only)).collect();
    let queue = Mutex::new(pairs.iter());
    let failures = Mutex::new(Vec::new());
    let jobs = std::thread::available_parallelism().map_or(1, core::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let next = || queue.lock().ok().and_then(|mut queue| queue.next().copied());
                while let Some(pair) = next() {
                    match roundtrip(pair, &cache, &Options::default()) {
                        Ok(passed) => println!("ok {:8} {}", passed.patch_bytes, passed.name),
                        Err(error) => {
                            println!("FAILED {error}");
                            if let Ok(mut failures) = failures.lock() {
                                failures.push(error);
                            }
                        }
                    }
                }
            });
        }
    });
    let failed = failures.into_inner().map_err(|error| error.to_string())?.len();
    println!("{} pairs passed, {failed} failed", pairs.len() - failed);
    if failed == 0 { Ok(()) } else { Err(format!("{failed} pairs failed")) }
}

fn main() -> ExitCode {
    benches::outcome(run())
}
