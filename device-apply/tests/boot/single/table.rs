//! The second table of docs/boot-decision.md as a program, compared with the code.

use device_apply::boot::single::{
    Change, Evidence, Found, Image, Patch, Record, State, Step, Way, decide,
};
use device_apply::boot::{ImageRecord, Reason, Reset};

use super::space;

const DOCS: &str = include_str!("../../../../docs/boot-decision.md");
const ROWS: usize = 24;

/// A row of the table, cell by cell.
struct Row {
    state: &'static str,
    case: &'static str,
    metadata: &'static str,
    patch: &'static str,
    slot: &'static str,
    then: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = DOCS.lines().skip_while(|line| !line.starts_with("| turn | row |")).skip(2);
    let rows: Vec<Row> = lines
        .take_while(|line| line.starts_with('|'))
        .enumerate()
        .map(|(at, line)| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [_, number, state, case, metadata, patch, slot, then] = cells[..] else {
                panic!("a row has 8 cells: {line}")
            };
            assert_eq!(number, (at + 1).to_string(), "rows are numbered: {line}");
            Row { state, case, metadata, patch, slot, then }
        })
        .collect();
    assert_eq!(rows.len(), ROWS);
    rows
}

fn lists(cell: &str, word: &str) -> bool {
    cell == "-" || cell.split(", ").any(|listed| listed == word)
}

fn state_word(record: &Record) -> &'static str {
    match record.state() {
        State::Unrecorded => "unrecorded",
        State::Idle => "idle",
        State::Pending => "pending",
        State::Trial { .. } => "trial",
        State::Reverting => "reverting",
    }
}

fn patch_word(record: &Record, evidence: &Evidence) -> &'static str {
    let patch = match record.state() {
        State::Reverting => evidence.reverse,
        _ => evidence.forward,
    };
    match patch {
        Patch::Unknown => "unknown",
        Patch::Refused { .. } => "refused",
        Patch::Failed => "failed",
        Patch::Applied => "applied",
    }
}

fn slot_word(record: &Record, evidence: &Evidence) -> &'static str {
    let on_trial = matches!(record.state(), State::Trial { .. });
    match evidence.slot {
        Found::Unknown => "unknown",
        Found::Invalid => "invalid",
        Found::Valid(image) if image.security_counter < record.security_counter() => "older",
        Found::Valid(image) if on_trial && image.digest == record.target().digest => "target",
        Found::Valid(image) if image.digest == record.image().digest => "proved",
        Found::Valid(_) => "new",
    }
}

fn holds(row: &Row, record: &Record, evidence: &Evidence) -> bool {
    let case = match row.case {
        "-" => true,
        "watchdog" => evidence.reset == Reset::Watchdog,
        "spent" => {
            matches!(record.state(), State::Trial { boots } if boots >= evidence.trial_boots.max(1))
        }
        "no reverse patch" => !record.has_reverse(),
        "golden unknown" => evidence.golden == Found::Unknown,
        "golden valid" => matches!(evidence.golden, Found::Valid(_)),
        word => panic!("no case is called {word}"),
    };
    let metadata = if evidence.writable { "writable" } else { "not writable" };
    case && lists(row.state, state_word(record))
        && lists(row.metadata, metadata)
        && lists(row.patch, patch_word(record, evidence))
        && lists(row.slot, slot_word(record, evidence))
}

fn action(then: &str, evidence: &Evidence) -> Step {
    let image = || match evidence.slot {
        Found::Valid(image) => image,
        Found::Unknown | Found::Invalid => panic!("not verified"),
    };
    let code = || match evidence.forward {
        Patch::Refused { code } => code,
        _ => panic!("not refused"),
    };
    let give_up = |reason| Step::Persist(Change::GiveUp(reason));
    match then {
        "apply" => Step::Apply(Way::Forward),
        "apply reverse" => Step::Apply(Way::Reverse),
        "refuse" => Step::Persist(Change::Refuse { code: code() }),
        "verify" => Step::Verify(Image::Slot),
        "verify golden" => Step::Verify(Image::Golden),
        "give up, invalid" => give_up(Reason::Invalid),
        "give up, downgrade" => give_up(Reason::Downgrade),
        "give up, watchdog" => give_up(Reason::Watchdog),
        "give up, unconfirmed" => give_up(Reason::Unconfirmed),
        "try" => Step::Boot { image: Image::Slot, first: Some(Change::Try(image())) },
        "settle" => Step::Persist(Change::Settle),
        "start" => Step::Boot { image: Image::Slot, first: None },
        "start golden" => Step::Boot { image: Image::Golden, first: None },
        "halt" => Step::Halt,
        then => panic!("no action is called {then}"),
    }
}

#[test]
fn the_table_in_the_docs_is_the_table_in_the_code() {
    let rows = rows();
    let all = space::evidence();
    let mut decided = [0_u32; ROWS];
    for record in space::records() {
        for evidence in &all {
            let first = rows.iter().position(|row| holds(row, &record, evidence));
            let row = first.unwrap_or_else(|| panic!("no row holds: {record:?} {evidence:?}"));
            let expected = action(rows[row].then, evidence);
            let step = decide(&record, evidence);
            assert_eq!(step, expected, "row {}: {record:?} {evidence:?}", row + 1);
            decided[row] += 1;
        }
    }
    assert_eq!(decided.iter().sum::<u32>(), 23 * 9 * 3 * 16 * 2 * 6);
    let unused: Vec<usize> =
        (0..ROWS).filter(|row| decided[*row] == 0).map(|row| row + 1).collect();
    assert_eq!(unused, [0; 0], "rows that never decide");
}

#[test]
fn the_count_of_trials_stays_at_its_end() {
    let mut record = Record::factory(space::PROVED).request(false);
    for _ in 0..300 {
        record = record.with(Change::Try(ImageRecord::default()));
    }
    assert_eq!(record.state(), State::Trial { boots: u8::MAX });
}
