//! A whole program, step by step in both engines: the ELF file that `EMULATOR_ELF` names, `EMULATOR_STEPS` steps at most.

use std::{env, fs, path::Path};

use emulator::{Machine, Memory, Program, Stop};

use crate::peer::{Peer, State};

/// Where the stack is, apart from everything else.
const STACK: (u32, u32) = (0x3000_0000, 0x1_0000);

#[test]
fn a_whole_program_agrees_step_by_step() {
    match env::var_os("EMULATOR_ELF") {
        Some(path) => {
            let budget = env::var("EMULATOR_STEPS").map(|steps| steps.parse().expect("a number"));
            let steps = run(Path::new(&path), budget.unwrap_or(u64::MAX));
            println!("{steps} steps, all equal");
        }
        None => {
            println!("SKIPPED: EMULATOR_ELF names no program; `cargo xtask ci emulator` builds one")
        }
    }
}

/// Runs to a breakpoint, `budget` steps at most, and returns the steps. Panics where the engines part.
fn run(path: &Path, budget: u64) -> u64 {
    let program = Program::parse(&fs::read(path).expect("the file")).expect("a program");
    let mut memory = Memory::new();
    program.load(&mut memory).expect("its segments");
    memory.map_ram(STACK.0, STACK.1 as usize).expect("free addresses");
    let segments = program.segments.iter();
    let mut ranges: Vec<(u32, u32)> =
        segments.map(|segment| (segment.address, segment.len_bytes.next_multiple_of(4))).collect();
    ranges.push(STACK);

    let mut peer = Peer::new(&ranges);
    for segment in &program.segments {
        peer.write(segment.address, &segment.bytes);
    }
    let mut ours = Machine::new(memory, program.entry, STACK.0 + STACK.1);
    peer.set(&state(&ours));
    let mut steps = 0;
    while steps < budget {
        let before = ours.cpu().next();
        if ours.run(1).expect("no fault") != Stop::Budget {
            break;
        }
        assert_eq!(peer.step(), Some(state(&ours)), "step {steps}, from {before:#x}");
        steps += 1;
    }
    for (start, len_bytes) in ranges {
        let mut theirs = vec![0; len_bytes as usize];
        peer.read(start, &mut theirs);
        let ours = ours.bus().slice(start, theirs.len());
        // What fills the last word of a segment differs.
        let end = theirs.len() - 3;
        assert!(ours.map(|ours| &ours[..end]) == Some(&theirs[..end]), "memory at {start:#x}");
    }
    steps
}

fn state(machine: &Machine<Memory>) -> State {
    let mut number = 0..;
    let registers = [(); 15].map(|()| machine.register(number.next().unwrap_or(0)));
    State { registers, next: machine.cpu().next(), apsr: machine.cpu().flags.to_word() }
}
