//! docs/boot-decision.md as a program: an interpreter of its table, compared with the code.

use device_apply::boot::{Change, Check, Evidence, Image, Reason, Record, Reset, Slot, State};
use device_apply::boot::{Step, decide};

use crate::space;

const DOCS: &str = include_str!("../../../docs/boot-decision.md");

/// A row of the table, cell by cell.
#[derive(Clone, Copy)]
struct Row {
    number: usize,
    turn: &'static str,
    image: &'static str,
    state: &'static str,
    case: &'static str,
    metadata: &'static str,
    check: &'static str,
    then: &'static str,
}

fn rows() -> Vec<Row> {
    let cells = |line: &'static str| -> Vec<&'static str> {
        line.trim_matches('|').split('|').map(str::trim).collect()
    };
    let lines = DOCS.lines().skip_while(|line| !line.starts_with("| turn |")).skip(2);
    let lines = lines.take_while(|line| line.starts_with('|'));
    let rows: Vec<Row> = lines
        .enumerate()
        .map(|(at, line)| {
            let [turn, image, shown, state, case, metadata, check, then] = cells(line)[..] else {
                panic!("a row has 8 cells: {line}")
            };
            let number = at + 1;
            assert_eq!(shown, number.to_string(), "rows are numbered: {line}");
            Row { number, turn, image, state, case, metadata, check, then }
        })
        .collect();
    assert_eq!(rows.len(), 15);
    for turn in rows.chunk_by(|one, next| one.turn == next.turn) {
        assert!(turn.iter().all(|row| row.image == turn[0].image), "{}", turn[0].turn);
    }
    rows
}

fn lists(cell: &str, word: &str) -> bool {
    cell == "-" || cell.split(", ").any(|listed| listed == word)
}

/// The words of a check, of any image.
fn verdict(check: Check, reached: u32) -> &'static str {
    match check {
        Check::Unknown => "unknown",
        Check::Invalid => "invalid",
        Check::Valid { security_counter } if security_counter < reached => "older",
        Check::Valid { .. } => "good",
    }
}

fn counter(check: Check) -> u32 {
    match check {
        Check::Valid { security_counter } => security_counter,
        Check::Unknown | Check::Invalid => panic!("not verified"),
    }
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Unrecorded => "unrecorded",
        State::Empty => "empty",
        State::Pending => "pending",
        State::Trial { .. } => "trial",
        State::Confirmed => "confirmed",
        State::Rejected(_) => "rejected",
    }
}

struct Case<'a> {
    record: &'a Record,
    evidence: &'a Evidence,
}

impl Case<'_> {
    /// The slot that a word of the image column names here.
    fn slot(&self, word: &str) -> Slot {
        let (active, other) = (self.record.active(), self.record.active().other());
        match word {
            "active" => active,
            "other" => other,
            "newest" => {
                let counter = |slot| match space::check(self.evidence, slot) {
                    check @ Check::Valid { .. }
                        if self.record.state(slot) == State::Unrecorded
                            && verdict(check, self.record.security_counter()) == "good" =>
                    {
                        Some(counter(check))
                    }
                    Check::Unknown | Check::Invalid | Check::Valid { .. } => None,
                };
                match (counter(active), counter(other)) {
                    (Some(ours), Some(theirs)) if theirs > ours => other,
                    _ => active,
                }
            }
            word => panic!("no image is called {word}"),
        }
    }

    /// What the row says about one image, if it holds.
    fn row(&self, row: Row, word: &str) -> Option<Step> {
        if word == "none" {
            assert_eq!(row.then, "halt");
            return Some(Step::Halt);
        }
        let Evidence { reset, writable, trial_boots, golden, .. } = *self.evidence;
        let reached = self.record.security_counter();
        let metadata = if writable { "writable" } else { "not writable" };
        let (image, check, holds) = if word == "golden" {
            (Image::Golden, golden, true)
        } else {
            let slot = self.slot(word);
            let state = self.record.state(slot);
            let case = match row.case {
                "-" => true,
                "watchdog" => reset == Reset::Watchdog,
                "spent" => {
                    matches!(state, State::Trial { boots } if boots >= trial_boots.max(1))
                }
                word => panic!("no case is called {word}"),
            };
            let check = space::check(self.evidence, slot);
            (Image::Slot(slot), check, case && lists(row.state, state_word(state)))
        };
        let holds =
            holds && lists(row.metadata, metadata) && lists(row.check, verdict(check, reached));
        holds.then(|| self.action(row.then, image, check))
    }

    fn action(&self, then: &str, image: Image, check: Check) -> Step {
        let slot = || match image {
            Image::Slot(slot) => slot,
            Image::Golden => panic!("nothing is recorded of the golden image"),
        };
        let reject = |reason| {
            let state = State::Rejected(reason);
            Step::Persist(Change { slot: slot(), state, security_counter: None })
        };
        match then {
            "verify" => Step::Verify(image),
            "start" => Step::Boot { image, first: None },
            "try" => {
                let boots = match self.record.state(slot()) {
                    State::Trial { boots } => boots,
                    _ => 0,
                };
                let state = State::Trial { boots: boots + 1 };
                let security_counter = Some(counter(check));
                let first = Some(Change { slot: slot(), state, security_counter });
                Step::Boot { image, first }
            }
            "reject, watchdog" => reject(Reason::Watchdog),
            "reject, unconfirmed" => reject(Reason::Unconfirmed),
            "reject, invalid" => reject(Reason::Invalid),
            "reject, downgrade" => reject(Reason::Downgrade),
            then => panic!("no action is called {then}"),
        }
    }

    /// Turn by turn, image by image, row by row: the first row that holds, and what it says.
    fn first(&self, rows: &[Row]) -> (usize, Step) {
        for turn in rows.chunk_by(|one, next| one.turn == next.turn) {
            for word in turn[0].image.split(", ") {
                for row in turn {
                    if let Some(step) = self.row(*row, word) {
                        return (row.number, step);
                    }
                }
            }
        }
        panic!("no row holds: {:?} {:?}", self.record, self.evidence)
    }
}

#[test]
fn the_table_in_the_docs_is_the_table_in_the_code() {
    let rows = rows();
    let all = space::evidence();
    let mut decided = [0_u32; 16];
    for record in space::records() {
        for evidence in &all {
            let (row, step) = Case { record: &record, evidence }.first(&rows);
            assert_eq!(decide(&record, evidence), step, "row {row}: {record:?} {evidence:?}");
            decided[row] += 1;
        }
    }
    assert_eq!(decided.iter().sum::<u32>(), 2 * 14 * 14 * 6 * 6 * 3 * 2 * 2 * 3);
    let unused: Vec<usize> = (1..16).filter(|row| decided[*row] == 0).collect();
    assert_eq!(unused, [0; 0], "rows that never decide");
}
