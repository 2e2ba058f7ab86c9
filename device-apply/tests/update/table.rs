//! docs/state-machine.md as a program: an interpreter of its table, compared with the code.

use device_apply::Class;
use device_apply::update::{Action, Event, Failure, Phase, Refusal, Started, State, step};

use crate::raw::{self, POLICY, Raw};

const DOCS: &str = include_str!("../../../docs/state-machine.md");
const DAY: u32 = 86_400;

struct Row {
    phase: &'static str,
    event: &'static str,
    case: &'static str,
    next: &'static str,
    then: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = DOCS.lines().skip_while(|line| !line.starts_with("| row |")).skip(2);
    let lines = lines.take_while(|line| line.starts_with('|'));
    let rows: Vec<Row> = lines
        .enumerate()
        .map(|(at, line)| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [number, phase, event, case, next, then] = cells[..] else {
                panic!("a row has 6 cells: {line}")
            };
            assert_eq!(number, (at + 1).to_string(), "rows are numbered: {line}");
            Row { phase, event, case, next, then }
        })
        .collect();
    assert_eq!(rows.len(), 38);
    rows
}

fn lists(cell: &str, word: &str) -> bool {
    cell == "-" || cell.split(", ").any(|listed| listed == word)
}

fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "Idle",
        Phase::Download => "Download",
        Phase::Verify => "Verify",
        Phase::SwapPending => "SwapPending",
        Phase::Test => "Test",
        Phase::Confirm => "Confirm",
        Phase::Rollback => "Rollback",
    }
}

fn event_word(event: Event) -> &'static str {
    match event {
        Event::Offer { .. } => "offer",
        Event::Started(Started::Old) => "started old",
        Event::Started(Started::Trial) => "started trial",
        Event::Started(Started::Confirmed) => "started confirmed",
        Event::Started(Started::Rejected(_)) => "started rejected",
        Event::Received => "received",
        Event::Verified => "verified",
        Event::Failed(Failure::Link) => "failed link",
        Event::Failed(Failure::Patch { .. }) => "failed patch",
        Event::Install => "install",
        Event::Healthy => "healthy",
        Event::Unhealthy => "unhealthy",
        Event::Confirmed => "confirmed",
        Event::Cancel => "cancel",
        Event::Tick => "tick",
    }
}

fn action_word(action: Action) -> &'static str {
    match action {
        Action::None => "nothing",
        Action::Wait { .. } => "wait",
        Action::Fetch { .. } => "fetch",
        Action::Verify => "verify",
        Action::AskForInstall => "ask for install",
        Action::Swap => "swap",
        Action::CheckHealth => "check health",
        Action::Confirm => "confirm",
        Action::Revert => "revert",
        Action::Report(_) => "report",
        Action::Refuse(Refusal::Busy) => "refuse, busy",
        Action::Refuse(Refusal::Spent) => "refuse, spent",
        Action::Refuse(Refusal::TooLate) => "refuse, too late",
        Action::Refuse(Refusal::Unexpected) => "refuse, unexpected",
    }
}

/// Whether a case of the docs holds.
fn holds(case: &str, raw: &Raw, now: u32, event: Event) -> bool {
    // Times after a jump back count from the jump.
    let (since, day) = (raw.since.min(now), raw.day.min(now));
    let day_spent = raw.today >= POLICY.per_day && now - day < DAY && day.saturating_add(DAY) > now;
    let over = since.saturating_add(raw.wait.min(POLICY.longest_wait));
    let class = match event {
        Event::Failed(Failure::Patch { class, .. }) => Some(class),
        _ => None,
    };
    let unfit = matches!(class, Some(Class::Mismatch | Class::Limit));
    match case {
        "-" => true,
        "spent" => {
            let known = matches!(event, Event::Offer { id, .. } if id == raw.id);
            known && raw.attempts >= POLICY.attempts
        }
        "day spent" => day_spent,
        "blocked" => day_spent || raw.waiting && over > now,
        "waiting" => raw.waiting,
        "under way" => !raw.waiting,
        "final" => matches!(class, Some(Class::Untrusted | Class::Bug)) || unfit && raw.full,
        "used up" => raw.attempts >= POLICY.attempts,
        "at once" => unfit && !raw.full && !day_spent,
        "not asked" => raw.swaps == 0,
        "swaps left" => raw.swaps < POLICY.swaps,
        "early" => since.saturating_add(POLICY.health_window) > now,
        case => panic!("no case is called {case}"),
    }
}

/// States whose every field is at, below and above what matters; with the times at which they are met.
fn all(mut visit: impl FnMut(&Raw, u32)) {
    let bits = [false, true];
    for now in [0, 200_000, u32::MAX - 100_000] {
        let before = |seconds: u32| now.saturating_sub(seconds);
        for since in [before(50), before(300), now.saturating_add(1_000)] {
            for day in [before(DAY - 1), before(DAY), u32::MAX] {
                for wait in [0, 100, u32::MAX] {
                    for today in [0, POLICY.per_day - 1, POLICY.per_day, u8::MAX] {
                        for (full, waiting) in bits.into_iter().flat_map(|f| bits.map(|w| (f, w))) {
                            for attempts in [0, POLICY.attempts - 1, POLICY.attempts, u8::MAX] {
                                for swaps in [0, 1, POLICY.swaps, u8::MAX] {
                                    let raw = Raw {
                                        full,
                                        waiting,
                                        id: raw::ID,
                                        attempts,
                                        swaps,
                                        since,
                                        wait,
                                        day,
                                        today,
                                        ..Raw::default()
                                    };
                                    visit(&raw, now);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_table_in_the_docs_is_the_table_in_the_code() {
    let rows = rows();
    let events = raw::events();
    let mut decided = vec![0_u32; rows.len()];
    // Rows are found by phase and event once, by their cases for each state.
    let mut candidates = Vec::new();
    for phase in Phase::ALL {
        for event in &events {
            let fits = |row: &&(usize, &Row)| {
                lists(row.1.phase, phase_word(phase)) && lists(row.1.event, event_word(*event))
            };
            let fitting: Vec<(usize, &Row)> =
                rows.iter().enumerate().filter(|row| fits(&row)).collect();
            candidates.push((phase, *event, fitting));
        }
    }
    all(|raw, now| {
        for (phase, event, rows) in &candidates {
            let raw = Raw { phase: phase.number(), ..*raw };
            let (number, row) =
                rows.iter().find(|(_, row)| holds(row.case, &raw, now, *event)).unwrap();
            let state = raw.state();
            let (next, action) = step(&state, &POLICY, now, *event);
            let expected = if row.next == "same" { phase_word(*phase) } else { row.next };
            let found = (phase_word(next.phase()), action_word(action));
            assert_eq!(found, (expected, row.then), "{raw:?} at {now}, {event:?}");
            if let Action::Refuse(_) = action {
                assert_eq!(unclocked(&next, &state), Raw::of(&state), "refused: {event:?}");
            }
            decided[*number] += 1;
        }
    });
    let unused: Vec<usize> = (0..rows.len()).filter(|row| decided[*row] == 0).collect();
    assert_eq!(unused, [0; 0], "rows (from 0) that never decide");
    println!("{} combinations", decided.iter().sum::<u32>());
}

/// `next` with the times of `state`, which a clock that jumped changes even if nothing else does.
fn unclocked(next: &State, state: &State) -> Raw {
    let before = Raw::of(state);
    Raw { since: before.since, day: before.day, today: before.today, ..Raw::of(next) }
}
