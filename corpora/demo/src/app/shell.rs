//! Console: a line editor and a table of commands.

use core::fmt;

use super::{
    events::{self, Event, record},
    forecast, gnss, history, modbus, modem,
    sample::compass,
    sched, sensors, settings, telemetry, wind,
};
use crate::{
    cell::MainOnly,
    chip,
    driver::{
        self, gpio, time,
        uart::{Port, say},
    },
    version,
};

/// Why a command did nothing.
#[derive(Debug)]
enum ShellError {
    Missing { argument: &'static str },
    NotANumber,
    Setting(settings::SettingError),
    Flash(driver::nvm::NvmError),
}

impl fmt::Display for ShellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { argument } => write!(f, "expected {argument}"),
            Self::NotANumber => f.write_str("expected a decimal number"),
            Self::Setting(error) => error.fmt(f),
            Self::Flash(error) => error.fmt(f),
        }
    }
}

type Words<'a> = core::str::SplitWhitespace<'a>;

struct Command {
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    run: fn(&mut Words<'_>) -> Result<(), ShellError>,
}

static COMMANDS: &[Command] = &[
    Command { name: "help", arguments: "", help: "lists the commands", run: help },
    Command { name: "now", arguments: "", help: "shows the latest measurements", run: now },
    Command {
        name: "sensors",
        arguments: "",
        help: "asks every sensor",
        run: |_| done(sensors::print),
    },
    Command {
        name: "history",
        arguments: "[minutes]",
        help: "shows the last six hours",
        run: history,
    },
    Command {
        name: "wind",
        arguments: "",
        help: "shows the spread of wind speeds",
        run: wind_spread,
    },
    Command {
        name: "where",
        arguments: "",
        help: "shows the position",
        run: |_| done(gnss::print),
    },
    Command {
        name: "modem",
        arguments: "",
        help: "shows the connection",
        run: |_| done(modem::print),
    },
    Command {
        name: "registers",
        arguments: "",
        help: "shows the Modbus map",
        run: |_| done(modbus::print),
    },
    Command {
        name: "tasks",
        arguments: "",
        help: "shows what tasks cost",
        run: |_| done(sched::print),
    },
    Command {
        name: "events",
        arguments: "[count]",
        help: "shows the last events",
        run: show_events,
    },
    Command { name: "get", arguments: "", help: "lists the settings", run: get },
    Command { name: "set", arguments: "name value", help: "changes a setting", run: set },
    Command { name: "save", arguments: "", help: "keeps the settings over a restart", run: save },
    Command { name: "report", arguments: "", help: "prints a report in hexadecimal", run: report },
    Command { name: "pins", arguments: "", help: "shows every pin", run: pins },
    Command { name: "version", arguments: "", help: "shows release and chip", run: show_version },
    Command {
        name: "restart",
        arguments: "",
        help: "restarts the station",
        run: |_| driver::restart(),
    },
    #[cfg(feature = "v1_1_0")]
    Command {
        name: "alarms",
        arguments: "",
        help: "shows limits and which are exceeded",
        run: |_| done(super::alarm::print),
    },
];

const LINE: usize = 80;

struct Shell {
    line: [u8; LINE],
    length: usize,
}

static SHELL: MainOnly<Shell> = MainOnly::new(Shell { line: [0; LINE], length: 0 });

pub(super) fn poll() {
    while let Some(byte) = Port::Console.read() {
        let line = SHELL.with(|shell| {
            shell.edit(byte).then(|| (shell.line, core::mem::take(&mut shell.length)))
        });
        if let Some((line, length)) = line {
            execute(core::str::from_utf8(&line[..length]).unwrap_or(""));
        }
    }
}

impl Shell {
    /// Takes a key; true at the end of a line.
    fn edit(&mut self, key: u8) -> bool {
        match key {
            b'\r' | b'\n' => {
                Port::Console.send_all(b"\r\n");
                return true;
            }
            8 | 127 if self.length > 0 => {
                self.length -= 1;
                Port::Console.send_all(b"\x08 \x08");
            }
            b' '..=b'~' => {
                if let Some(slot) = self.line.get_mut(self.length) {
                    *slot = key;
                    self.length += 1;
                    Port::Console.send(key);
                }
            }
            _ => {}
        }
        false
    }
}

fn execute(line: &str) {
    let mut words = line.split_whitespace();
    if let Some(name) = words.next() {
        match COMMANDS.iter().find(|command| command.name == name) {
            Some(command) => {
                if let Err(error) = (command.run)(&mut words) {
                    say!("{name}: {error}");
                }
            }
            None => {
                record(Event::CommandUnknown, i32::try_from(name.len()).unwrap_or(0));
                say!("{name}: there is no such command, 'help' lists them");
            }
        }
    }
    Port::Console.send_all(b"> ");
}

fn done(print: fn()) -> Result<(), ShellError> {
    print();
    Ok(())
}

fn number(words: &mut Words<'_>) -> Result<Option<u32>, ShellError> {
    words.next().map(|word| word.parse().map_err(|_| ShellError::NotANumber)).transpose()
}

fn help(_: &mut Words<'_>) -> Result<(), ShellError> {
    for command in COMMANDS {
        say!("{:<10} {:<12} {}", command.name, command.arguments, command.help);
    }
    Ok(())
}

fn now(_: &mut Words<'_>) -> Result<(), ShellError> {
    let sample = sensors::latest();
    say!("temperature {:.2} C, feels like {:.1} C", sample.celsius(), sample.felt());
    say!("humidity    {:.1} %, dew point {:.1} C", sample.humidity(), sample.dew_point());
    say!("pressure    {:.1} hPa, trend {:?} Pa", sample.hectopascal(), history::pressure_trend());
    say!(
        "wind        {:.1} km/h from {} ({} degrees), gusts {} mm/s",
        sample.wind_km_h(),
        compass(sample.wind_from),
        sample.wind_from,
        sample.gust_mm_s
    );
    say!("rain        {} tips", sample.rain_tips);
    #[cfg(feature = "v1_1_0")]
    say!("battery     {} mV", sample.battery_mv);
    say!("forecast    {}", forecast::text(&sample));
    Ok(())
}

fn history(words: &mut Words<'_>) -> Result<(), ShellError> {
    let step = number(words)?.unwrap_or(30);
    history::print(usize::try_from(step).unwrap_or(30));
    Ok(())
}

fn wind_spread(_: &mut Words<'_>) -> Result<(), ShellError> {
    let (mean, deviation, lowest, highest) = wind::spread();
    say!("mean {mean} deviation {deviation} lowest {lowest} highest {highest} (mm/s)");
    Ok(())
}

fn show_events(words: &mut Words<'_>) -> Result<(), ShellError> {
    events::print(number(words)?.unwrap_or(20));
    Ok(())
}

fn get(_: &mut Words<'_>) -> Result<(), ShellError> {
    settings::each(|name, value, unit| say!("{name:<10} {value:>10} {unit}"));
    Ok(())
}

fn set(words: &mut Words<'_>) -> Result<(), ShellError> {
    let name = words.next().ok_or(ShellError::Missing { argument: "a setting and a value" })?;
    let value = number(words)?.ok_or(ShellError::Missing { argument: "a value" })?;
    settings::change(name, value).map_err(ShellError::Setting)
}

fn save(_: &mut Words<'_>) -> Result<(), ShellError> {
    settings::save().map_err(ShellError::Flash)
}

fn report(_: &mut Words<'_>) -> Result<(), ShellError> {
    let report = telemetry::report(&sensors::latest());
    for line in report.bytes().unwrap_or(&[]).chunks(16) {
        for byte in line {
            Port::Console.print(format_args!("{byte:02x} "));
        }
        say!("");
    }
    Ok(())
}

fn pins(_: &mut Words<'_>) -> Result<(), ShellError> {
    for pin in &gpio::PINS {
        say!("{:<12} {}", pin.name, if pin.is_high() { "high" } else { "low" });
    }
    Ok(())
}

fn show_version(_: &mut Words<'_>) -> Result<(), ShellError> {
    let (hours, minutes, seconds, _) = time::uptime();
    say!("station {} on {}, up {hours}:{minutes:02}:{seconds:02}", version::TEXT, chip::NAME);
    Ok(())
}
