//! Every story in `scenarios/`: how it ends, and what happened on the way.
//!
//! `BLESS=1` writes what happened as the golden transcripts. How a story must end is in its file, and is not blessed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use stories::scenario::{self, run};

#[test]
fn stories_go_as_they_are_written() {
    let scenarios = scenario::all();
    assert!(scenarios.len() >= 20, "{} scenarios", scenarios.len());
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some((name, scenario)) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
            let run = run(scenario);
            let mut found = run.wrong;
            if env::var_os("BLESS").is_some() {
                scenario::bless(name, &run.transcript);
            } else if run.transcript != scenario::golden(name) {
                let golden = scenario::golden(name);
                found.push(format!("expected\n{golden}\nfound\n{}", run.transcript));
            }
            let found = found.into_iter().map(|what| format!("{name}: {what}"));
            wrong.lock().unwrap().extend(found);
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        (0..workers).for_each(|_| drop(scope.spawn(worker)));
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}\nBLESS=1 accepts transcripts", wrong.join("\n"));
}
