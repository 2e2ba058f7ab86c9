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

/// What an update can meet, and the stories that show it. Power cuts at every operation are in `tests/update.rs` and `power-cuts`.
const ASKED_FOR: [(&str, &[&str]); 16] = [
    ("a good update", &["good-update", "single-good-update"]),
    (
        "a power cut in download and apply",
        &[
            "power-cut-at-the-first-operation",
            "power-cut-in-the-middle",
            "single-power-cut-in-the-slide",
            "single-power-cut-in-the-body",
        ],
    ),
    (
        "a power cut in the swap and in the trial",
        &["power-cut-in-the-swap", "power-cut-in-the-trial", "single-power-cut-on-the-way-back"],
    ),
    (
        "a connection that breaks, and a transfer that goes on",
        &[
            "host-goes-away",
            "line-loses-frames",
            "single-host-goes-away",
            "single-power-cut-in-the-download",
        ],
    ),
    ("a wrong base, then the full image", &["wrong-base", "single-wrong-base"]),
    ("a bad signature", &["bad-signature", "single-bad-signature"]),
    ("a downgrade", &["downgrade", "single-downgrade"]),
    ("a crash, and the way back", &["release-that-crashes"]),
    ("a hang, and the way back", &["release-that-hangs", "single-release-that-hangs"]),
    (
        "a failed health check, and the way back",
        &["release-that-is-unhealthy", "single-release-that-is-unhealthy"],
    ),
    ("both slots bad, then the golden image", &["both-slots-bad", "single-no-way-back"]),
    ("an update after the way back", &["release-that-hangs", "single-settings-survive"]),
    ("ten updates in a row, the swap alternating", &["ten-updates"]),
    (
        "a patch that is damaged in staging",
        &["patch-damaged-in-staging", "single-patch-damaged-in-staging"],
    ),
    ("a budget of attempts that is spent", &["retry-budget-spent"]),
    (
        "settings that survive, and settings that are torn",
        &[
            "settings-survive",
            "single-settings-survive",
            "torn-word-in-the-settings",
            "damaged-settings",
        ],
    ),
];

#[test]
fn there_is_a_story_for_each_thing_that_an_update_can_meet() {
    let scenarios = scenario::all();
    for (what, names) in ASKED_FOR {
        for wanted in names {
            assert!(scenarios.iter().any(|(name, _)| name == wanted), "{what}: {wanted}");
        }
    }
}
