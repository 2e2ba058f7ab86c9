//! Cooperative scheduler: a table of tasks with periods, and what they cost.

use super::{display, gnss, history, modbus, modem, sensors, shell, telemetry, wind};
use crate::{
    cell::MainOnly,
    driver::{gpio, time, uart::say},
};

/// One task: called every `period_ms`.
struct Task {
    name: &'static str,
    period_ms: u32,
    run: fn(),
}

static TASKS: &[Task] = &[
    Task { name: "shell", period_ms: 10, run: shell::poll },
    Task { name: "modbus", period_ms: 5, run: modbus::poll },
    Task { name: "modem", period_ms: 50, run: modem::poll },
    Task { name: "gnss", period_ms: 100, run: gnss::poll },
    Task { name: "wind", period_ms: 20, run: wind::poll },
    Task { name: "sensors", period_ms: 1000, run: sensors::poll },
    #[cfg(feature = "v1_1_0")]
    Task { name: "alarm", period_ms: 1000, run: super::alarm::poll },
    Task { name: "history", period_ms: 60_000, run: history::poll },
    Task { name: "display", period_ms: 500, run: display::poll },
    Task { name: "telemetry", period_ms: 300_000, run: telemetry::poll },
    Task { name: "heartbeat", period_ms: 500, run: heartbeat },
];

/// What a task has cost so far.
#[derive(Clone, Copy)]
struct Cost {
    last_ms: u32,
    runs: u32,
    total_ms: u32,
    worst_ms: u32,
}

static COSTS: MainOnly<[Cost; 16]> =
    MainOnly::new([Cost { last_ms: 0, runs: 0, total_ms: 0, worst_ms: 0 }; 16]);

/// Runs every task that is due.
pub(super) fn turn() {
    for (index, task) in TASKS.iter().enumerate() {
        let last_ms = COSTS.with(|costs| costs[index].last_ms);
        if !time::elapsed(last_ms, task.period_ms) {
            continue;
        }
        let begin = time::now_ms();
        (task.run)();
        let spent = time::now_ms().wrapping_sub(begin);
        COSTS.with(|costs| {
            let cost = &mut costs[index];
            cost.last_ms = begin;
            cost.runs = cost.runs.wrapping_add(1);
            cost.total_ms = cost.total_ms.wrapping_add(spent);
            cost.worst_ms = cost.worst_ms.max(spent);
        });
    }
    #[cfg(feature = "v1_1_0")]
    crate::driver::watchdog::feed();
}

/// Prints the table of tasks.
pub(super) fn print() {
    say!("{:<10} {:>8} {:>8} {:>8} {:>6}", "task", "period", "runs", "total", "worst");
    for (index, task) in TASKS.iter().enumerate() {
        let cost = COSTS.with(|costs| costs[index]);
        say!(
            "{:<10} {:>8} {:>8} {:>8} {:>6}",
            task.name,
            task.period_ms,
            cost.runs,
            cost.total_ms,
            cost.worst_ms
        );
    }
}

fn heartbeat() {
    let (_, _, seconds, ms) = time::uptime();
    gpio::LED_STATUS.set(ms < 500);
    gpio::LED_LINK.set(modem::is_online() && seconds % 2 == 0);
}
