//! Does what a scenario says.

use core::time::Duration;

use device_apply::boot::Slot;
use emulator::Counters;
use flash_model::{Cut, Stats, Tear};
use layout::{
    Area, BOOT_LOG, BOOTLOADERS, GOLDEN, PAGE_BYTES, SETTINGS, SLOT_A, SLOT_B, UPDATE_LOG, single,
};
use link::{Reply, Request, Settings};

use super::file::{self, Damage, Harm, Place, Scenario, Send, Step};
use super::images::Images;
use super::transcript::{Transcript, single_state, state};
use crate::board::{Board, cells};
use crate::delivery::{Delivery, Outcome};
use crate::host::LinkError;
use crate::image;

/// What a story cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Starts of the device: each is a reset, power on included.
    pub boots: u32,
    /// How often a start ended in the other bank than the one before.
    pub swaps: usize,
    /// Operations of the flash and their time.
    pub flash: Stats,
    /// Bytes to the device, frames and all.
    pub sent_bytes: u64,
    /// Time that the device had power.
    pub time: Duration,
    /// Instructions.
    pub counters: Counters,
    /// Most stack, bytes.
    pub stack_bytes: u32,
}

/// How a scenario went.
#[derive(Debug, Clone)]
pub struct Run {
    /// What happened.
    pub transcript: String,
    /// How it ended, in a few words.
    pub outcome: String,
    /// What that should have been and was not; empty when all is well.
    pub wrong: Vec<String>,
    /// What it cost.
    pub cost: Cost,
}

/// Runs a scenario.
///
/// # Panics
/// If its file makes no sense, or the device does what is not modelled or not specified.
#[must_use]
pub fn run(scenario: &Scenario) -> Run {
    let images = Images::build(scenario);
    let mut board = factory(scenario, &images);
    let before = board.device.flash().stats();
    let mut transcript = Transcript::default();
    transcript.step(&scenario.about);
    transcript.outcome(&board, "");
    let mut wrong = Vec::new();
    for step in &scenario.steps {
        let (worn, kept) = (board.device.flash().wear(), kept(&board, step));
        take(&mut board, &images, step, &mut transcript);
        wrong.extend(kept.iter().filter_map(|area| erased(&board, &worn, area)));
    }
    let (outcome, ends) = compare(&mut board, scenario, &before);
    wrong.extend(ends);
    let swaps: Vec<bool> = board.starts().map(|start| start.swapped).collect();
    let device = &board.device;
    let cost = Cost {
        boots: device.resets(),
        swaps: swaps.windows(2).filter(|pair| pair[0] != pair[1]).count(),
        flash: device.flash().stats().since(&before),
        sent_bytes: board.sent_bytes(),
        time: device.time(),
        counters: device.counters(),
        stack_bytes: device.peak_stack_bytes(),
    };
    Run { transcript: transcript.into_text(), outcome, wrong, cost }
}

/// What a step must not erase: what is never updated, and while the device is asked for something the slot that runs.
fn kept(board: &Board, step: &Step) -> Vec<Area> {
    let running = if board.device.is_swapped() { SLOT_B } else { SLOT_A };
    let never = [single::BOOTLOADER, single::GOLDEN, single::SETTINGS];
    match step {
        Step::Damage(_) => Vec::new(),
        Step::Set(_) if board.is_single() => vec![single::BOOTLOADER, single::GOLDEN, single::SLOT],
        Step::Set(_) => [BOOTLOADERS.as_slice(), &[GOLDEN, running]].concat(),
        Step::Send(_) if board.is_single() => [never.as_slice(), &[single::SLOT]].concat(),
        _ if board.is_single() => never.to_vec(),
        Step::Send(_) => [BOOTLOADERS.as_slice(), &[GOLDEN, SETTINGS, running]].concat(),
        _ => [BOOTLOADERS.as_slice(), &[GOLDEN, SETTINGS]].concat(),
    }
}

/// What is wrong when a page of an area was erased since it was worn like `before`.
fn erased(board: &Board, before: &[u32], area: &Area) -> Option<String> {
    let cells = cells(area);
    let pages = (cells.start / PAGE_BYTES) as usize..(cells.end / PAGE_BYTES) as usize;
    let worn = board.device.flash().wear()[pages.clone()] != before[pages];
    worn.then(|| format!("pages of {area:?} were erased"))
}

fn factory(scenario: &Scenario, images: &Images) -> Board {
    let start = &scenario.device;
    let mut board = match (&start.slot_a, &start.slot) {
        (_, Some(image)) => Board::single_factory(images.get(image)),
        (Some(image), None) => Board::factory(images.get(image)),
        (None, None) => Board::blank(),
    };
    let (golden, settings) =
        if board.is_single() { (single::GOLDEN, single::SETTINGS) } else { (GOLDEN, SETTINGS) };
    if let Some(image) = &start.golden {
        board.put(&golden, images.get(image));
    }
    if let Some(text) = &start.settings {
        board.put(&settings, text.as_bytes());
    }
    board
}

fn take(board: &mut Board, images: &Images, step: &Step, transcript: &mut Transcript) {
    match step {
        Step::PowerOn => {
            transcript.step("power on");
            board.power_on();
        }
        Step::PowerOff => {
            transcript.step("power off");
            board.device.power_off();
            transcript.outcome(board, "");
        }
        Step::Confirm => {
            transcript.step("wait for a confirmed image");
            let confirmed = board.wait_confirmed();
            let text = confirmed.map_or_else(gone, |running| runs(board, running));
            transcript.outcome(board, &text);
        }
        Step::NothingWritten => {
            transcript.step("look for what was written since power came");
            let operations = board.operations_since_power_on();
            transcript
                .outcome(board, if operations == 0 { "nothing was" } else { "something was" });
        }
        Step::Status => {
            transcript.step("ask what runs");
            let reply = board.insist(&Request::Status);
            let text = reply.map_or_else(gone, |reply| answer(board, reply));
            transcript.outcome(board, &text);
        }
        Step::Wait(seconds) => {
            transcript.step(&format!("let {seconds} s pass"));
            board.run_for(Duration::from_secs_f64(*seconds));
            transcript.outcome(board, "");
        }
        Step::Stage(image) => {
            transcript.step(&format!("put {image} into the inactive slot, and ask for it"));
            board.stage(images.get(image));
            transcript.outcome(board, "");
        }
        Step::Send(send) => {
            transcript.step(&title(send));
            let outcome = deliver(board, images, send);
            transcript.outcome(board, &outcome.map_or_else(gone, told));
        }
        Step::Cut(cut) => {
            let how = if cut.torn.is_some() { "torn" } else { "not begun" };
            transcript
                .step(&format!("power will fail, {} operations on, the next {how}", cut.behind));
            let tear = |seed| Cut::Inside(Tear::Seeded(seed));
            board.device.cut_after(cut.behind, cut.torn.map_or(Cut::Before, tear));
        }
        Step::Damage(damage) => {
            let Damage { place, at, harm, .. } = damage;
            transcript.step(&format!("damage {place:?} at {at}: {harm:?}"));
            harm_at(board, images, damage);
            transcript.outcome(board, "");
        }
        Step::Set(settings) => {
            transcript.step(&format!("set the name {}", settings.name));
            let found = board.insist(&Request::Set(encoded(settings)));
            transcript.outcome(board, &found.map_or_else(gone, |reply| kept_settings(&reply)));
        }
        Step::Settings => {
            transcript.step("ask for the settings");
            let found = board.insist(&Request::Settings);
            transcript.outcome(board, &found.map_or_else(gone, |reply| kept_settings(&reply)));
        }
    }
}

fn encoded(settings: &file::Settings) -> Settings {
    let mut name = [0; 16];
    name[..settings.name.len()].copy_from_slice(settings.name.as_bytes());
    let health_window_s = settings.health_window;
    Settings { name, health_window_s, ..Settings::default() }
}

fn kept_settings(reply: &Reply) -> String {
    match reply {
        Reply::Settings(settings) if *settings == Settings::default() => {
            "the usual settings".to_owned()
        }
        Reply::Settings(Settings { name, health_window_s, .. }) => {
            let name = String::from_utf8_lossy(name);
            format!("name {}, health window {health_window_s} s", name.trim_end_matches('\0'))
        }
        other => unreachable!("no answer to a question for settings: {other:?}"),
    }
}

fn title(send: &Send) -> String {
    let mut text = match &send.base {
        Some(base) if send.with_reverse => {
            format!("send the patch {base} → {}, and the way back", send.target)
        }
        Some(base) => format!("send the patch {base} → {}", send.target),
        None => format!("send {} as a full image", send.target),
    };
    if let Some(part) = send.damage_at {
        text += &format!(", a bit of it wrong at {part}");
    }
    if let Some(frames) = send.lose_one_of {
        text += &format!(", one frame of {frames} lost");
    }
    if send.stranger {
        text += ", signed by a stranger";
    }
    if let Some(counter) = send.counter {
        text += &format!(", for the security counter {counter}");
    }
    if let Some(image) = &send.back_to {
        text += &format!(", which leads to {image}");
    }
    if send.or_full {
        text += ", and the full image if that is wanted";
    }
    if let Some(part) = send.hang_up_at {
        text += &format!(", up to {part} of it");
    }
    text
}

fn deliver(board: &mut Board, images: &Images, send: &Send) -> Result<Outcome, LinkError> {
    if board.is_single() {
        return deliver_in_place(board, images, send);
    }
    let mut patch = images.patch(send);
    if let Some(part) = send.damage_at {
        let at = share(patch.len(), part);
        patch[at] ^= 0x10;
    }
    let end = send.hang_up_at.map_or(patch.len(), |part| share(patch.len(), part));
    board.lose_one_of(send.lose_one_of);
    let outcome = if send.or_full {
        board.serve(&patch, &image::full(images.get(&send.target)))
    } else {
        board.deliver(&patch, &Delivery { end })
    };
    board.lose_one_of(None);
    outcome
}

fn deliver_in_place(board: &mut Board, images: &Images, send: &Send) -> Result<Outcome, LinkError> {
    let mut patches = images.patches(send);
    if let Some(part) = send.damage_at {
        let at = share(patches.forward.len(), part);
        patches.forward[at] ^= 0x10;
    }
    let len = patches.forward.len() + patches.reverse.as_ref().map_or(0, Vec::len);
    let end = send.hang_up_at.map_or(len, |part| share(len, part));
    board.lose_one_of(send.lose_one_of);
    let outcome = board.deliver_in_place(&patches, &Delivery { end });
    board.lose_one_of(None);
    outcome
}

/// Part of a length.
fn share(len: usize, part: f64) -> usize {
    let thousandths = (0..1000).take_while(|&number| f64::from(number) < part * 1000.0).count();
    len * thousandths / 1000
}

/// Damages a double word of a device without power.
fn harm_at(board: &Board, images: &Images, damage: &Damage) {
    let (area, image) = match damage.place {
        Place::SlotA => (SLOT_A, board.record().map(|record| record.image(Slot::A).len)),
        Place::PatchLog => (SLOT_B, None),
        Place::SlotB => (SLOT_B, board.record().map(|record| record.image(Slot::B).len)),
        Place::BootLog => (BOOT_LOG, None),
        Place::UpdateLog => (UPDATE_LOG, None),
        Place::Settings => (SETTINGS, None),
        Place::Slot => (single::SLOT, board.single_record().map(|record| record.image().len)),
        Place::Patch => (single::PATCH, None),
        Place::Reverse => (single::REVERSE, None),
    };
    let end = i64::from(image.unwrap_or(area.len())) / 8 * 8;
    let at = if damage.at < 0 { end + damage.at } else { damage.at };
    let mut at = u32::try_from(at).expect("in the area");
    if damage.place == Place::PatchLog {
        // Behind the target and a spare page: docs/flash-layout.md.
        let target = images.get(damage.of.as_deref().expect("a log is of a patch"));
        let pages = u32::try_from(target.len()).expect("images are short").div_ceil(PAGE_BYTES);
        at += (pages + 1) * PAGE_BYTES;
    }
    assert!(at.is_multiple_of(8) && at < area.len(), "a double word in the area");
    harm_cells(board, &area, at, damage.harm);
}

fn harm_cells(board: &Board, area: &Area, at: u32, harm: Harm) {
    let (flash, address) = (board.device.flash(), cells(area).start + at);
    flash.power_on();
    let page = flash.page_at(address);
    if harm == Harm::Erased {
        flash.erase(page.start..page.start + page.bytes).expect("not protected");
        return;
    }
    // The page again, but for the double word that is damaged.
    let mut bytes = flash.dump(page.start..page.start + page.bytes).expect("whole");
    flash.erase(page.start..page.start + page.bytes).expect("not protected");
    for (offset, unit) in (page.start..).step_by(8).zip(bytes.chunks_mut(8)) {
        if offset == address && harm == Harm::Flipped {
            unit[0] ^= 1;
        } else if offset == address {
            continue;
        }
        if unit.iter().any(|&byte| byte != 0xFF) {
            flash.program(offset, unit).expect("erased");
        }
    }
    if harm == Harm::Torn {
        flash.cut_after(0, Cut::Inside(Tear::Mixed(5)));
        flash.program(address, &[0; 8]).expect_err("a cut");
    }
}

fn gone(error: LinkError) -> String {
    match error {
        LinkError::Timeout => "no answer",
        LinkError::PowerLost => "power is lost",
        LinkError::Asleep => "the device sleeps for ever",
    }
    .to_owned()
}

fn runs(board: &Board, (version, in_b): (u64, bool)) -> String {
    if board.is_single() {
        return format!("version {version} runs, confirmed");
    }
    format!("version {version} runs from slot {}, confirmed", if in_b { 'B' } else { 'A' })
}

fn answer(board: &Board, reply: Reply) -> String {
    match reply {
        Reply::Status { version, in_b, confirmed: true } => runs(board, (version, in_b)),
        Reply::Status { version, confirmed: false, .. } if board.is_single() => {
            format!("version {version} runs")
        }
        Reply::Status { version, in_b, confirmed: false } => {
            format!("version {version} runs from slot {}", if in_b { 'B' } else { 'A' })
        }
        other => unreachable!("no answer to Status: {other:?}"),
    }
}

fn told(outcome: Outcome) -> String {
    match outcome {
        Outcome::Installed => "the device has it, and restarts".to_owned(),
        Outcome::NotConfirmed => "not now: the running image is on trial".to_owned(),
        // Rejects of a body, or the wrong digest of what it made: which of them a wrong bit leads to is up to the image.
        Outcome::Refused { code: 32..=38 | 67 } => "refused as damaged".to_owned(),
        Outcome::Refused { code } => format!("refused with {code:#06x}"),
        Outcome::HungUp => "the host is gone".to_owned(),
        Outcome::Declined(why) => format!("declined: {why:?}"),
        Outcome::Later { seconds } => format!("not before {seconds} s"),
    }
}

/// How it ended, and what of that is wrong.
fn compare(board: &mut Board, scenario: &Scenario, before: &Stats) -> (String, Vec<String>) {
    let ends = &scenario.ends;
    let mut wrong = Vec::new();
    let mut check = |what: &str, expected: String, found: String| {
        if expected != found {
            wrong.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    let expected = ends.runs.as_ref().map_or_else(
        || "nothing".to_owned(),
        |running| {
            let version = scenario.images.get(&running.image).map_or(0, |image| image.version);
            runs(board, (version.into(), running.slot == Some('B')))
        },
    );
    let operations = board.device.flash().stats().since(before).operations();
    if let Some(expected) = ends.flash_operations {
        check("flash operations", expected.to_string(), operations.to_string());
    }
    let found = match board.ask(&Request::Status) {
        Ok(Reply::Status { version, in_b, confirmed: true }) => runs(board, (version, in_b)),
        _ => "nothing".to_owned(),
    };
    check("what runs", expected, found.clone());
    let (states, counter, settings_area) = if board.is_single() {
        let record = board.single_record().unwrap_or_default();
        let states = vec![("slot", &ends.slot, single_state(&record))];
        (states, record.security_counter(), single::SETTINGS)
    } else {
        let [a, b] = [Slot::A, Slot::B].map(|slot| state(board.state(slot)));
        let record = board.record().unwrap_or_default();
        (vec![("slot A", &ends.a, a), ("slot B", &ends.b, b)], record.security_counter(), SETTINGS)
    };
    for (what, expected, found) in &states {
        check(what, expected.as_deref().unwrap_or_default().to_owned(), found.clone());
    }
    if let Some(expected) = ends.counter {
        check("security counter", expected.to_string(), counter.to_string());
    }
    if ends.slot_untouched {
        let cells = cells(&single::SLOT);
        let pages = (cells.start / PAGE_BYTES) as usize..(cells.end / PAGE_BYTES) as usize;
        let erases: u32 = board.device.flash().wear()[pages].iter().sum();
        check("erases in the slot", "0".to_owned(), erases.to_string());
    }
    if let Some(settings) = &scenario.device.settings {
        let start = cells(&settings_area).start;
        let len = u32::try_from(settings.len()).unwrap_or(0);
        let found = board.device.flash().dump(start..start + len).unwrap_or_default();
        check("settings", settings.clone(), String::from_utf8_lossy(&found).into_owned());
    }
    // What a cut or damage has left is found out by trying.
    let harmed = |step: &Step| matches!(step, Step::Cut(_) | Step::Damage(_));
    if !scenario.steps.iter().any(harmed) {
        let refusals = board.device.flash().stats().since(before).refusals;
        check("operations that the flash refuses", "0".to_owned(), refusals.to_string());
    }
    let other = states.iter().map(|(_, _, state)| state);
    let other = other.filter(|state| state.contains("rejected") || state.contains("up as"));
    let other = other.map(|state| format!("; other {state}")).next().unwrap_or_default();
    (found.replace(", confirmed", "") + &other, wrong)
}
