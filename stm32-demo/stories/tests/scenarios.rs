//! Every story in `scenarios/`: how it ends, and what happened on the way.
//!
//! `BLESS=1` writes what happened as the golden transcripts. How a story must end is in its file, and is not blessed.
//! `STORY=TEXT` runs those whose names contain it.

use std::env;

use stories::scenario::{self, run_all};

#[test]
fn stories_go_as_they_are_written() {
    let mut scenarios = scenario::all();
    assert!(scenarios.len() >= 20, "{} scenarios", scenarios.len());
    let wanted = env::var("STORY").unwrap_or_default();
    scenarios.retain(|(name, _)| name.contains(&wanted));
    let mut wrong = Vec::new();
    for ((name, _), run) in scenarios.iter().zip(run_all(&scenarios)) {
        let golden = scenario::golden(name);
        wrong.extend(run.wrong.iter().map(|what| format!("{name}: {what}")));
        if env::var_os("BLESS").is_some() {
            scenario::bless(name, &run.transcript);
        } else if run.transcript != golden {
            wrong.push(format!("{name}: expected\n{golden}\nfound\n{}", run.transcript));
        }
    }
    assert!(wrong.is_empty(), "{}\nBLESS=1 accepts transcripts", wrong.join("\n"));
}
