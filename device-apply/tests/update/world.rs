//! Whole updates: application, bootloader and both journals on one flash, with power cut at every operation and once more.

use device_apply::boot::{self, Check, Image, ImageRecord, Record, Reset, Slot, Start};
use device_apply::journal::Journal;
use device_apply::update::{Action, Event, Kind, Machine, Outcome, Phase, Policy, Started, State};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use flash_model::{Cut, FlashError, FlashModel, Part, Stm32L0, Stm32L4, Stm32U5, Tear};

const TEARS: [Tear; 3] = [Tear::Blank, Tear::Mixed(3), Tear::Finished];
const TARGET: [u8; 32] = [2; 32];
const ID: [u8; 8] = [2; 8];

/// What the new image does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Good,
    Unhealthy,
    Hangs,
}

/// A device: flash, and a clock that stands still while there is no power.
struct World<P> {
    flash: FlashModel<P>,
    target: Target,
    now: u32,
}

/// Why the device stopped.
enum Stop {
    /// The update is over.
    Done,
    /// It reset itself, or the watchdog did.
    Reset(Reset),
}

impl<P: Part> World<P> {
    const PAGE: u32 = P::GEOMETRY.erase_bytes();

    /// Slot A is the old image's; two pages of boot metadata, three of the update's state, one as slot B.
    fn new(target: Target) -> Self {
        let world = Self { flash: FlashModel::with_size(6 * Self::PAGE), target, now: 1_000 };
        let image = ImageRecord { len: 1, digest: [1; 32], ..ImageRecord::default() };
        world.boot_journal().append(&Record::factory(Slot::A, image)).unwrap();
        world
    }

    fn fork(&self) -> Self {
        Self { flash: self.flash.snapshot().fork(), ..*self }
    }

    fn boot_journal(&self) -> Journal<flash_model::Slot<'_, P>, Record> {
        let region = self.flash.slot(0..2 * Self::PAGE);
        Journal::open(region).unwrap().with_erased_value(P::GEOMETRY.erased_value())
    }

    fn machine(&self) -> Machine<flash_model::Slot<'_, P>> {
        let region = self.flash.slot(2 * Self::PAGE..5 * Self::PAGE);
        let journal = Journal::open(region).unwrap();
        let journal = journal.with_erased_value(P::GEOMETRY.erased_value());
        Machine::new(journal, Policy { attempts: 200, per_day: 200, ..Policy::default() })
    }

    fn slot_b(&self) -> flash_model::Slot<'_, P> {
        self.flash.slot(5 * Self::PAGE..6 * Self::PAGE)
    }

    /// The applier, in small: the slot's first write unit is the image.
    fn apply(&self) -> Result<(), FlashError> {
        let unit = [TARGET[0]; 32];
        self.slot_b().erase(0, Self::PAGE)?;
        self.slot_b().write(0, &unit[..P::GEOMETRY.write_bytes() as usize])
    }

    fn holds_target(&self) -> bool {
        let mut byte = [0];
        self.slot_b().read(0, &mut byte).is_ok() && byte == [TARGET[0]]
    }

    /// The bootloader.
    fn boot(&self, reset: Reset) -> Option<Image> {
        let start = Start { reset, trial_boots: 3 };
        boot::select(&mut self.boot_journal(), &start, |image, _| match image {
            Image::Slot(Slot::A) => Check::Valid { security_counter: 0 },
            Image::Slot(Slot::B) if self.holds_target() => Check::Valid { security_counter: 0 },
            Image::Slot(Slot::B) | Image::Golden => Check::Invalid,
        })
    }

    /// The application in `slot`, until the device stops or a flash operation fails.
    fn run(&mut self, slot: Slot) -> Result<Stop, ()> {
        if slot == Slot::B && self.target == Target::Hangs {
            return Ok(Stop::Reset(Reset::Watchdog));
        }
        let change = |world: &Self, change: &dyn Fn(Record) -> Record| {
            let mut journal = world.boot_journal();
            let next = change(journal.latest().copied().unwrap_or_default());
            journal.append(&next).map_err(drop)
        };
        let record = self.boot_journal().latest().copied().unwrap_or_default();
        let mut event = Event::Started(Started::of(&record, Image::Slot(slot), ID));
        for _ in 0..40 {
            self.now += 1;
            let action = self.machine().handle(self.now, event).map_err(drop)?;
            event = match action {
                Action::None
                    if slot == Slot::A && self.machine().state().outcome() == Outcome::None =>
                {
                    Event::Offer { id: ID, kind: Kind::Delta }
                }
                Action::None | Action::Report(_) => return Ok(Stop::Done),
                Action::Wait { until } => {
                    self.now = until;
                    let trial = self.machine().state().phase() == Phase::Test;
                    if trial { Event::Healthy } else { Event::Tick }
                }
                Action::Fetch { .. } => {
                    change(self, &|record| record.vacate(Slot::B))?;
                    self.apply().map_err(drop)?;
                    Event::Received
                }
                Action::Verify => {
                    assert!(self.holds_target());
                    Event::Verified
                }
                Action::AskForInstall => Event::Install,
                Action::Swap => {
                    let image = ImageRecord { len: 1, digest: TARGET, ..ImageRecord::default() };
                    change(self, &|record| record.request(Slot::B, image))?;
                    return Ok(Stop::Reset(Reset::Other));
                }
                Action::CheckHealth if self.target == Target::Unhealthy => Event::Unhealthy,
                Action::CheckHealth => Event::Healthy,
                Action::Confirm => {
                    change(self, &|record| record.confirm(slot).unwrap())?;
                    Event::Confirmed
                }
                Action::Revert => {
                    change(self, &|record| record.fail(slot).unwrap())?;
                    return Ok(Stop::Reset(Reset::Other));
                }
                Action::Refuse(refusal) => panic!("{event:?} is refused: {refusal:?}"),
            };
        }
        panic!("no end: {:?}", self.machine().state())
    }

    /// Starts until the update is over; `Err` when a flash operation fails, as by a cut.
    fn live(&mut self) -> Result<(), ()> {
        let mut reset = Reset::Other;
        for _ in 0..20 {
            let Some(Image::Slot(slot)) = self.boot(reset) else {
                // Without power nothing is started; with it, the old image always is.
                assert!(!self.flash.is_powered());
                return Err(());
            };
            match self.run(slot)? {
                Stop::Done => return Ok(()),
                Stop::Reset(why) => reset = why,
            }
        }
        panic!("resets for ever: {:?}", self.machine().state())
    }

    /// How it ended: which image runs, and what is told of it.
    fn end(&self) -> (Option<Image>, Phase, Outcome) {
        let state: State = self.machine().state();
        (self.boot(Reset::Other), state.phase(), state.outcome())
    }
}

/// Cuts an update at each operation, and its recovery at each operation; both end as the uncut update does.
fn sweep<P: Part>(target: Target, outcomes: &[Outcome]) {
    let slot = if target == Target::Good { Slot::B } else { Slot::A };
    let check = |world: &World<P>, what: &str| {
        let (image, phase, outcome) = world.end();
        assert_eq!((image, phase), (Some(Image::Slot(slot)), Phase::Idle), "{what}: {outcome:?}");
        assert!(outcomes.contains(&outcome), "{what}: {outcome:?}");
    };
    let new = World::<P>::new(target);
    let mut uncut = new.fork();
    uncut.live().unwrap();
    check(&uncut, "uncut");
    let operations = uncut.flash.stats().since(&new.flash.stats()).operations();
    let cuts = [Cut::Before, Cut::After].into_iter().chain(TEARS.map(Cut::Inside));
    // `DEVICE_APPLY_SWEEP=full` cuts every recovery at each of its operations: minutes instead of seconds.
    let stride =
        if std::env::var("DEVICE_APPLY_SWEEP").is_ok_and(|how| how == "full") { 1 } else { 11 };
    let (mut first, mut second) = (0, 0);
    for (operation, cut) in (0..operations).flat_map(|at| cuts.clone().map(move |cut| (at, cut))) {
        let what = format!("{cut:?} of operation {operation}");
        let mut world = new.fork();
        world.flash.cut_after(operation, cut);
        assert_eq!(world.live(), Err(()), "{what}");
        world.flash.power_on();
        let broken = world.fork();
        world.live().unwrap();
        check(&world, &what);
        first += 1;
        let recovery = world.flash.stats().since(&broken.flash.stats()).operations();
        // Which operations of the recovery are cut differs from cut to cut, so that all are met.
        for again in (first % stride..recovery).step_by(usize::try_from(stride).unwrap()) {
            let tear = TEARS[usize::try_from(first + again).unwrap() % TEARS.len()];
            let mut world = broken.fork();
            world.flash.cut_after(again, Cut::Inside(tear));
            assert_eq!(world.live(), Err(()), "{what}, then {again}");
            world.flash.power_on();
            world.live().unwrap();
            check(&world, &format!("{what}, then {tear:?} of operation {again}"));
            second += 1;
        }
    }
    println!("{} {target:?}: {first} cuts, {second} second cuts", P::GEOMETRY.name());
    assert!(first > 100 && second > 300, "{first} {second}");
}

const UPDATED: [Outcome; 1] = [Outcome::Updated];

/// Where a cut hides why the bootloader went back, no reason is known.
const REVERTED: [Outcome; 3] = [
    Outcome::Reverted { reason: 1 },
    Outcome::Reverted { reason: 2 },
    Outcome::Reverted { reason: 5 },
];

#[test]
fn a_good_update_ends_confirmed_whatever_power_does_on_an_stm32l4() {
    sweep::<Stm32L4>(Target::Good, &UPDATED);
}

#[test]
fn a_good_update_ends_confirmed_whatever_power_does_on_an_stm32u5() {
    sweep::<Stm32U5>(Target::Good, &UPDATED);
}

#[test]
fn a_good_update_ends_confirmed_whatever_power_does_on_an_stm32l0() {
    sweep::<Stm32L0>(Target::Good, &UPDATED);
}

#[test]
fn an_image_that_hangs_ends_in_the_old_one_whatever_power_does() {
    sweep::<Stm32L4>(Target::Hangs, &REVERTED);
    sweep::<Stm32U5>(Target::Hangs, &REVERTED);
}

#[test]
fn an_image_that_is_unhealthy_ends_in_the_old_one_whatever_power_does() {
    sweep::<Stm32L4>(Target::Unhealthy, &REVERTED);
    sweep::<Stm32L0>(Target::Unhealthy, &REVERTED);
}

#[test]
fn the_history_tells_what_happened() {
    let mut world = World::<Stm32L4>::new(Target::Good);
    world.live().unwrap();
    let mut told = Vec::new();
    world.machine().history(|_, state| {
        let (at, event) = state.reached();
        told.push((at, event, state.phase()));
    });
    let phases: Vec<(u8, Phase)> = told.iter().map(|(_, event, phase)| (*event, *phase)).collect();
    let expected = [
        (1, Phase::Download),
        (6, Phase::Verify),
        (7, Phase::SwapPending),
        (10, Phase::SwapPending),
        (3, Phase::Test),
        (11, Phase::Confirm),
        (13, Phase::Idle),
    ];
    assert_eq!(phases, expected);
    assert!(told.is_sorted_by_key(|(at, ..)| *at), "{told:?}");
}

#[test]
fn a_state_that_cannot_be_written_is_not_acted_on() {
    let world = World::<Stm32L4>::new(Target::Good);
    world.flash.protect(0..world.flash.size());
    let mut machine = world.machine();
    let offer = Event::Offer { id: ID, kind: Kind::Delta };
    assert!(machine.handle(1, offer).is_err());
    assert_eq!(machine.state(), State::default());
    assert_eq!(
        machine.handle(1, Event::Tick),
        Ok(Action::None),
        "what changes nothing is not written"
    );
    world.flash.unprotect();
    assert_eq!(machine.handle(1, offer), Ok(Action::Fetch { kind: Kind::Delta }));
}
