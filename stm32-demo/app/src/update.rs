//! The update: events into the state machine, its actions carried out. docs/state-machine.md.

use core::marker::PhantomData;

use bsp::flash::FlashArea;
use bsp::reset;
use device_apply::Class;
use device_apply::journal::{Journal, JournalError};
use device_apply::update::{Action, Event, Failure, ID_BYTES, Kind, Machine, Phase, Policy};
use link::{Reply, Request, Settings, Why};

use crate::Behaviour;
use crate::scheme::{Download, Scheme, Sizes};
use crate::station::{Input, Station};
use crate::{health, report, settings};

/// Milliseconds without a word of the host after which the connection is taken to be broken. They count from the first word
/// of an attempt on: a host that has not come yet has broken nothing. Longer than a host waits before it asks again.
const PATIENCE_MS: u32 = 12_000;

/// The update, as far as this device is concerned.
pub(crate) struct Update<S> {
    scheme: PhantomData<S>,
    machine: Machine<FlashArea>,
    behaviour: Behaviour,
    /// Whether the running image has proved itself, now or earlier.
    confirmed: bool,
    /// When time is to be told to the machine.
    due: Option<u32>,
    /// An event that could not be written down: given again.
    undone: Option<Event>,
    /// What the host said that it sends.
    sizes: Option<Sizes>,
}

/// How often and how fast it is tried again: fast, for a demo that is watched.
fn policy(settings: &Settings) -> Policy {
    Policy {
        attempts: settings.attempts,
        delta_failures: 2,
        per_day: 24,
        first_wait: 1,
        longest_wait: 60,
        health_window: settings.health_window_s.into(),
        swaps: 3,
    }
}

impl<S: Scheme> Update<S> {
    /// From where the log says that it is.
    pub(crate) fn open(behaviour: Behaviour) -> Option<Self> {
        let journal = Journal::open(FlashArea::new(S::UPDATE_LOG)).ok()?;
        let machine = Machine::new(journal, policy(&settings::load(S::SETTINGS)));
        let confirmed = S::confirmed();
        let scheme = PhantomData;
        Some(Self { scheme, machine, behaviour, confirmed, due: None, undone: None, sizes: None })
    }

    /// The device has started.
    pub(crate) fn start(&mut self, station: &mut Station) {
        let started = S::started(self.id());
        self.drive(Event::Started(started), station);
    }

    fn id(&self) -> [u8; ID_BYTES] {
        self.machine.state().id()
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, station: &mut Station) {
        if self.due.is_none_or(|due| station.now() < due) {
            return;
        }
        self.due = None;
        let event = self.undone.take().unwrap_or(match self.machine.state().phase() {
            Phase::Test => self.health(),
            _ => Event::Tick,
        });
        self.drive(event, station);
    }

    /// The host asks for something while no patch is under way.
    pub(crate) fn serve(&mut self, request: Request<'_>, station: &mut Station) {
        match request {
            Request::Offer { .. } | Request::OfferInPlace { .. } if !S::takes_updates() => {
                station.answer(&Reply::NotConfirmed);
            }
            Request::Offer { id, .. } | Request::OfferInPlace { id, .. } if S::runs(id) => {
                station.answer(&Reply::Declined(Why::Runs));
            }
            Request::OfferInPlace { id, patch, reverse } => {
                self.sizes = Some(Sizes { id, patch, reverse });
                self.drive(Event::Offer { id, kind: Kind::Delta }, station);
            }
            Request::Offer { id, full } => {
                let kind = if full { Kind::Full } else { Kind::Delta };
                self.drive(Event::Offer { id, kind }, station);
            }
            Request::Install => self.drive(Event::Install, station),
            Request::Cancel => self.drive(Event::Cancel, station),
            // A block of an attempt that is over: the answer says what to do.
            Request::Block { .. } | Request::Where => self.report(None, station),
            Request::Status | Request::Settings | Request::Set(_) => self.tell(request, station),
        }
    }

    /// What has nothing to do with the phase.
    fn tell(&self, request: Request<'_>, station: &mut Station) {
        if let Request::Set(new) = request {
            // What could not be kept is not what is answered.
            let _ = settings::store(S::SETTINGS, new);
        }
        station.answer(&match request {
            Request::Set(_) | Request::Settings => Reply::Settings(settings::load(S::SETTINGS)),
            _ => report::status::<S>(self.confirmed),
        });
    }

    fn report(&self, download: Option<&dyn Download>, station: &mut Station) {
        let progress = download.map(|download| download.progress());
        let update = report::update::<S>(&self.machine.state(), self.due, station.now(), progress);
        station.answer(&Reply::Update(update));
    }

    /// Gives the machine an event, does what it says, tells it how that went, and so on until nothing is left to do. Each round
    /// goes through a phase or uses an attempt up.
    fn drive(&mut self, event: Event, station: &mut Station) {
        let mut next = Some(event);
        while let Some(event) = next {
            next = match self.machine.handle(station.now(), event) {
                Ok(action) => self.act(action, station),
                // Nothing happened, so nothing is done.
                Err(_) => {
                    self.undone = Some(event);
                    self.due = Some(station.now().saturating_add(1));
                    None
                }
            };
        }
        if station.owes() {
            self.report(None, station);
        }
    }

    /// Carries an action out; what it led to.
    fn act(&mut self, action: Action, station: &mut Station) -> Option<Event> {
        match action {
            // The host asks how it is, and gives the word.
            Action::None | Action::AskForInstall | Action::Report(_) => self.due = None,
            Action::Wait { until } => {
                // An image on trial is looked at each second.
                let soon = station.now().saturating_add(1);
                let on_trial = self.machine.state().phase() == Phase::Test;
                self.due = Some(if on_trial { until.min(soon) } else { until });
            }
            Action::Fetch { .. } => return Some(self.fetch(station)),
            // Comes while a patch is fetched, which is where it is done.
            Action::Verify => {}
            Action::Swap => return Some(Event::Failed(swap::<S>(station))),
            Action::CheckHealth if self.behaviour == Behaviour::Silent => {}
            Action::CheckHealth => return Some(self.health()),
            Action::Confirm => {
                let done = S::confirm();
                self.confirmed = done.is_ok();
                return Some(done.map_or_else(Event::Failed, |()| Event::Confirmed));
            }
            Action::Revert => match S::fail() {
                Ok(()) => reset::now(),
                Err(failure) => return Some(Event::Failed(failure)),
            },
            Action::Refuse(refusal) => station.answer(&Reply::Declined(report::why(refusal))),
        }
        None
    }

    fn health(&self) -> Event {
        if health::works::<S>(self.behaviour) { Event::Healthy } else { Event::Unhealthy }
    }

    /// Fetches the patch and verifies what came of it.
    fn fetch(&mut self, station: &mut Station) -> Event {
        // An offer that was refused is not the one that is fetched.
        let sizes = self.sizes.filter(|sizes| sizes.id == self.id());
        S::download(sizes, |download| self.fetch_into(download, station))
            .unwrap_or_else(Event::Failed)
    }

    fn fetch_into(&mut self, download: &mut dyn Download, station: &mut Station) -> Event {
        if let Err(event) = self.receive(download, station) {
            return event;
        }
        if let Err(error) = self.machine.handle(station.now(), Event::Received) {
            return Event::Failed(unwritten(error));
        }
        match download.verify(self.id()) {
            Ok(()) => Event::Verified,
            Err(failure) => Event::Failed(failure),
        }
    }

    /// Takes blocks to the end of the patch; the event that comes before it otherwise.
    fn receive(&self, download: &mut dyn Download, station: &mut Station) -> Result<(), Event> {
        self.report(Some(download), station);
        let mut silence_ms = None;
        while !download.is_complete() {
            match station.next() {
                Input::Nothing => continue,
                Input::Millisecond => {
                    silence_ms = silence_ms.map(|silence: u32| silence.saturating_add(1));
                    if silence_ms > Some(PATIENCE_MS) {
                        return Err(Event::Failed(Failure::Link));
                    }
                    continue;
                }
                Input::Request(Request::Block { offset, data }) => {
                    download.take(offset, data).map_err(Event::Failed)?;
                    if !download.is_complete() {
                        let offset = download.progress().offset;
                        station.answer(&Reply::Ready { offset });
                    }
                }
                Input::Request(Request::Cancel) => return Err(Event::Cancel),
                Input::Request(Request::Where) => self.report(Some(download), station),
                // After a restart the device has to be told again.
                Input::Request(Request::OfferInPlace { id, patch, reverse }) if id == self.id() => {
                    download.expect(Sizes { id, patch, reverse });
                    self.report(Some(download), station);
                }
                Input::Request(Request::Offer { .. } | Request::OfferInPlace { .. }) => {
                    station.answer(&Reply::Declined(Why::Busy));
                }
                Input::Request(Request::Install) => {
                    station.answer(&Reply::Declined(Why::Unexpected));
                }
                Input::Request(
                    request @ (Request::Status | Request::Settings | Request::Set(_)),
                ) => {
                    let request = request.without_data();
                    self.tell(request, station);
                }
            }
            silence_ms = Some(0);
        }
        Ok(())
    }
}

/// Asks the bootloader for the target and restarts; comes back only when that cannot be written down.
fn swap<S: Scheme>(station: &mut Station) -> Failure {
    match S::request() {
        Ok(()) => {
            station.answer(&Reply::Installed);
            station.drain();
            reset::now()
        }
        Err(failure) => failure,
    }
}

fn unwritten<E>(error: JournalError<E>) -> Failure {
    Failure::Patch { class: Class::Flash, code: error.code() }
}
