//! Cellular modem: a state machine over AT commands, with retries and back-off.

use super::{
    events::{Event, record},
    gnss, settings,
    telemetry::Cbor,
};
use crate::{
    cell::MainOnly,
    driver::{
        gpio, time,
        uart::{Port, say},
    },
};

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Off,
    Booting,
    Probing,
    Configuring,
    Registering,
    Attaching,
    Connecting,
    Online,
    Sending,
    Cooling,
}

/// A line of the modem, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Ok,
    Error,
    Prompt,
    Registered,
    Denied,
    Connected,
    Closed,
    Sent,
    Noise,
}

/// What each state sends when it is entered, how long it waits and what it makes of an answer.
struct Row {
    state: State,
    command: &'static str,
    timeout_ms: u32,
    tries: u8,
    next: fn(Line) -> Option<State>,
}

static ROWS: [Row; 10] = [
    Row { state: State::Off, command: "", timeout_ms: 1_000, tries: 0, next: |_| None },
    Row { state: State::Booting, command: "", timeout_ms: 8_000, tries: 0, next: |_| None },
    Row { state: State::Probing, command: "AT", timeout_ms: 500, tries: 10, next: on_probe },
    Row {
        state: State::Configuring,
        command: "ATE0;+CMEE=2;+CGNSPWR=1;+CGNSTST=1",
        timeout_ms: 2_000,
        tries: 3,
        next: on_configure,
    },
    Row {
        state: State::Registering,
        command: "AT+CEREG?",
        timeout_ms: 3_000,
        tries: 60,
        next: on_register,
    },
    Row {
        state: State::Attaching,
        command: "AT+CGATT=1",
        timeout_ms: 30_000,
        tries: 3,
        next: on_attach,
    },
    Row {
        state: State::Connecting,
        command: "AT+CIPSTART=\"UDP\",\"reports.station.example\",5683",
        timeout_ms: 20_000,
        tries: 5,
        next: on_connect,
    },
    Row { state: State::Online, command: "", timeout_ms: 60_000, tries: 0, next: on_line },
    Row { state: State::Sending, command: "", timeout_ms: 10_000, tries: 2, next: on_send },
    Row { state: State::Cooling, command: "", timeout_ms: 60_000, tries: 0, next: |_| None },
];

/// The first words of the lines that matter.
static LINES: [(&str, Line); 10] = [
    ("OK", Line::Ok),
    ("ERROR", Line::Error),
    ("+CME ERROR", Line::Error),
    ("> ", Line::Prompt),
    ("+CEREG: 0,1", Line::Registered),
    ("+CEREG: 0,5", Line::Registered),
    ("+CEREG: 0,3", Line::Denied),
    ("CONNECT OK", Line::Connected),
    ("CLOSED", Line::Closed),
    ("SEND OK", Line::Sent),
];

const TEXT: usize = 80;

struct Modem {
    state: State,
    entered_ms: u32,
    tries: u8,
    failures: u8,
    text: [u8; TEXT],
    length: usize,
    outgoing: Option<Cbor>,
    sent: u32,
    lost: u32,
}

static MODEM: MainOnly<Modem> = MainOnly::new(Modem {
    state: State::Off,
    entered_ms: 0,
    tries: 0,
    failures: 0,
    text: [0; TEXT],
    length: 0,
    outgoing: None,
    sent: 0,
    lost: 0,
});

pub(super) fn poll() {
    while let Some(byte) = Port::Modem.read() {
        gnss::feed(byte);
        if let Some(line) = MODEM.with(|modem| modem.take(byte)) {
            MODEM.with(|modem| modem.answer(line));
        }
    }
    MODEM.with(Modem::tick);
}

/// Hands a report over. It replaces one that still waits.
pub(super) fn send(report: Cbor) {
    MODEM.with(|modem| {
        if modem.outgoing.replace(report).is_some() {
            modem.lost = modem.lost.wrapping_add(1);
            record(Event::ReportFailed, 0);
        }
    });
}

pub(super) fn is_online() -> bool {
    MODEM.with(|modem| matches!(modem.state, State::Online | State::Sending))
}

pub(super) fn state_number() -> u16 {
    MODEM.with(|modem| modem.state as u16)
}

pub(super) fn print() {
    MODEM.with(|modem| {
        say!(
            "{:?} for {} ms, try {}, {} failures, {} reports sent, {} lost, waiting: {}",
            modem.state,
            time::now_ms().wrapping_sub(modem.entered_ms),
            modem.tries,
            modem.failures,
            modem.sent,
            modem.lost,
            modem.outgoing.is_some()
        );
    });
}

impl Modem {
    fn row(&self) -> &'static Row {
        ROWS.iter().find(|row| row.state == self.state).unwrap_or(&ROWS[0])
    }

    /// Collects bytes into lines. The prompt has no line end.
    fn take(&mut self, byte: u8) -> Option<Line> {
        if let Some(slot) = self.text.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
        let text = &self.text[..self.length];
        if byte != b'\n' && text != b"> " {
            return None;
        }
        let found = LINES.iter().find(|(words, _)| text.starts_with(words.as_bytes()));
        self.length = 0;
        Some(found.map_or(Line::Noise, |(_, line)| *line))
    }

    fn answer(&mut self, line: Line) {
        if self.state == State::Sending && line == Line::Prompt {
            self.send_payload();
        }
        if let Some(next) = (self.row().next)(line) {
            self.enter(next);
        }
    }

    fn tick(&mut self) {
        if self.state == State::Online && self.outgoing.is_some() {
            self.enter(State::Sending);
        }
        let row = self.row();
        if !time::elapsed(self.entered_ms, row.timeout_ms << self.failures.min(4)) {
            return;
        }
        match self.state {
            State::Off => self.enter(State::Booting),
            State::Booting => self.enter(State::Probing),
            State::Online => self.entered_ms = time::now_ms(),
            State::Cooling => self.enter(State::Off),
            _ if self.tries < row.tries => self.retry(),
            _ => self.fail(),
        }
    }

    fn retry(&mut self) {
        self.tries += 1;
        self.entered_ms = time::now_ms();
        self.send_command();
    }

    fn fail(&mut self) {
        record(Event::ModemNoAnswer, self.state as i32);
        self.failures = self.failures.saturating_add(1);
        self.enter(State::Cooling);
    }

    fn enter(&mut self, state: State) {
        match (self.state, state) {
            (_, State::Booting) => record(Event::ModemOn, 0),
            (State::Registering, State::Attaching) => {
                record(Event::ModemRegistered, self.tries.into())
            }
            (State::Registering, State::Cooling) => record(Event::ModemDenied, 0),
            (State::Connecting, State::Online) => {
                self.failures = 0;
                record(Event::ModemConnected, 0);
            }
            (State::Sending, State::Online) => {
                self.sent = self.sent.wrapping_add(1);
                self.outgoing = None;
                record(Event::ReportSent, 0);
            }
            (State::Online | State::Sending, State::Connecting) => record(Event::ModemDropped, 0),
            _ => {}
        }
        gpio::MODEM_POWER.set(!matches!(state, State::Off | State::Cooling));
        self.state = state;
        self.tries = 0;
        self.entered_ms = time::now_ms();
        self.send_command();
    }

    fn send_command(&self) {
        if self.state == State::Sending {
            let length = self.outgoing.as_ref().and_then(Cbor::bytes).map_or(0, <[u8]>::len);
            Port::Modem.print(format_args!("AT+CIPSEND={length}\r"));
        } else if !self.row().command.is_empty() {
            Port::Modem.print(format_args!("{}\r", self.row().command));
        }
    }

    fn send_payload(&self) {
        if let Some(bytes) = self.outgoing.as_ref().and_then(Cbor::bytes) {
            Port::Modem.send_all(bytes);
        }
    }
}

fn on_probe(line: Line) -> Option<State> {
    (line == Line::Ok).then_some(State::Configuring)
}

fn on_configure(line: Line) -> Option<State> {
    match line {
        Line::Ok | Line::Error => Some(State::Registering),
        _ => None,
    }
}

fn on_register(line: Line) -> Option<State> {
    match line {
        Line::Registered => Some(State::Attaching),
        Line::Denied => Some(State::Cooling),
        _ => None,
    }
}

fn on_attach(line: Line) -> Option<State> {
    match line {
        Line::Ok => Some(State::Connecting),
        Line::Error => Some(State::Registering),
        _ => None,
    }
}

fn on_connect(line: Line) -> Option<State> {
    match line {
        Line::Connected => Some(State::Online),
        Line::Error | Line::Closed => Some(State::Attaching),
        _ => None,
    }
}

fn on_line(line: Line) -> Option<State> {
    (line == Line::Closed && settings::current().report_s > 0).then_some(State::Connecting)
}

fn on_send(line: Line) -> Option<State> {
    match line {
        Line::Sent => Some(State::Online),
        Line::Error | Line::Closed => Some(State::Connecting),
        _ => None,
    }
}
