//! Every narrow encoding and many wide ones, each in random states.

use std::collections::BTreeSet;

use emulator::cpu::{Cpu, Flags};
use emulator::decode::decode;
use emulator::instruction::{Instruction, Register};
use emulator::{Fault, Machine, Memory, Reason, Stop};

use crate::peer::{FLAGS, Peer, State};
use crate::random::Random;

const RAM_BYTES: u32 = 0x800;
/// Where the instruction is.
const CODE: u32 = 0x100;
/// Registers that are to be addresses lie here, far enough from both ends for short offsets.
const DATA: u32 = 0x200;

/// Kinds of instructions, as [`name`] tells them apart, with an encoding of each width.
const NARROW_KINDS: usize = 36;
const WIDE_KINDS: usize = 116;

/// How the cases of a test ended.
#[derive(Debug, Default)]
struct Tally {
    equal: u32,
    faults: u32,
    not_compared: u32,
    /// What was equal at least once: names of instructions, with kinds where there are any.
    seen: BTreeSet<String>,
}

struct Pair {
    random: Random,
    peer: Peer,
    ours: Machine<Memory>,
    image: Vec<u8>,
    tally: Tally,
}

impl Pair {
    fn new(seed: u64) -> Self {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        // Odd words, so that what is loaded into the PC leads to Thumb code.
        let image: Vec<u8> =
            (0..RAM_BYTES / 4).flat_map(|_| (random.word() | 1).to_le_bytes()).collect();
        let mut memory = Memory::new();
        memory.map_ram(0, image.len()).unwrap();
        let ours = Machine::new(memory, CODE, DATA);
        Self { random, peer: Peer::new(&[(0, RAM_BYTES)]), ours, image, tally: Tally::default() }
    }

    /// Registers that are addresses of data, or anything.
    fn state(&mut self, addresses: bool) -> State {
        let random = &mut self.random;
        let mut registers = [(); 15].map(|()| {
            let edges = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x8000];
            match random.below(8) {
                _ if addresses => DATA + random.below(0x80) * 4,
                0 => edges[random.below(6) as usize],
                1 => random.below(64),
                _ => random.word(),
            }
        });
        registers[13] = DATA + 0x80 + random.below(0x40) * 4;
        registers[14] = random.below(RAM_BYTES) | 1;
        State { registers, next: CODE, apsr: random.word() & FLAGS }
    }

    /// One instruction from a random state.
    fn case(&mut self, first: u32, second: u32, addresses: bool) {
        let state = self.start(&[first, second], addresses);
        let what = |fault: &str| format!("{first:04x} {second:04x} from {state:x?} {fault}");
        match self.ours.run(1) {
            Ok(Stop::Budget) => {
                let theirs = self.peer.step();
                // The peer refuses tables of halfwords at odd addresses, which DDI 0403 A3.2.1 allows.
                if theirs.is_none() && table_of_halves(first, second) {
                    self.tally.not_compared += 1;
                    return;
                }
                assert_eq!(Some(reached(&self.ours)), theirs, "{}", what(""));
                let mut theirs = vec![0; self.image.len()];
                self.peer.read(0, &mut theirs);
                let ours = self.ours.bus().slice(0, theirs.len()).unwrap();
                assert!(ours == theirs, "memory after {}", what(""));
                self.tally.equal += 1;
                self.tally.seen.insert(name(&decode(first, second).unwrap()));
            }
            Err(fault) if comparable(&fault, first, second) => {
                assert_eq!(self.peer.step(), None, "{}", what(&fault.to_string()));
                self.tally.faults += 1;
            }
            Ok(_) | Err(_) => self.tally.not_compared += 1,
        }
    }

    /// Puts both engines into a random state, about to run `program`.
    fn start(&mut self, program: &[u32], addresses: bool) -> State {
        let state = self.state(addresses);
        for (at, half) in (CODE as usize..).step_by(2).zip(program) {
            let [a, b, ..] = half.to_le_bytes();
            self.image[at..at + 2].copy_from_slice(&[a, b]);
        }
        self.peer.write(0, &self.image);
        self.peer.set(&state);
        self.ours.bus_mut().load(0, &self.image).unwrap();
        let cpu = self.ours.cpu_mut();
        *cpu = Cpu::new(state.next, state.registers[13]);
        for (number, &value) in (0..).zip(&state.registers) {
            cpu.set(Register::new(number), value);
        }
        cpu.flags = Flags::from_word(state.apsr);
        state
    }
}

/// The name of an instruction's variant, with its operation.
fn name(instruction: &Instruction) -> String {
    let text = format!("{instruction:?}");
    let kind = match instruction {
        Instruction::Data { op, .. } => format!("{op:?}"),
        Instruction::Multiply { kind, .. } => format!("{kind:?}"),
        Instruction::MultiplyLong { kind, .. } => format!("{kind:?}"),
        Instruction::Parallel { op, lanes, signed, .. } => format!("{op:?} {lanes:?} {signed}"),
        Instruction::Permute { kind, .. } => format!("{kind:?}"),
        Instruction::Load { width, signed, .. } => format!("{width:?} {signed}"),
        Instruction::Store { width, .. } => format!("{width:?}"),
        _ => String::new(),
    };
    format!("{} {kind}", text.split([' ', '(']).next().unwrap_or_default())
}

/// Whether it is `TBH`.
fn table_of_halves(first: u32, second: u32) -> bool {
    first & 0xFFF0 == 0xE8D0 && second & 0xFFF0 == 0xF010
}

/// Whether the peer must raise an exception too.
fn comparable(fault: &Fault, first: u32, second: u32) -> bool {
    match fault.reason {
        // The peer has a system control space.
        Reason::Access { address, .. } => address >> 20 != 0xE00,
        // It loads the PC from anywhere.
        Reason::Unaligned { .. } => {
            let loads_pc = |i| matches!(i, Instruction::Load { rt: Register::PC, .. });
            !decode(first, second).is_ok_and(loads_pc)
        }
        // It takes encodings whose should-be-zero bits are not zero, and branches before it faults.
        _ => false,
    }
}

fn reached(machine: &Machine<Memory>) -> State {
    let mut number = 0..;
    let registers = [(); 15].map(|()| machine.register(number.next().unwrap()));
    State { registers, next: machine.cpu().next(), apsr: machine.cpu().flags.to_word() }
}

#[test]
fn every_narrow_encoding_agrees() {
    let mut pair = Pair::new(1);
    for first in 0..0xE800 {
        for addresses in [false, true, true] {
            pair.case(first, 0xBF00, addresses);
        }
    }
    println!("{:?}", pair.tally);
    assert!(pair.tally.equal > 120_000, "{:?}", pair.tally);
    assert_eq!(pair.tally.seen.len(), NARROW_KINDS);
}

/// A wide encoding, likely to be one that exists: fields that are mostly ones or zeros are set so every other time.
fn wide(random: &mut Random) -> (u32, u32) {
    let first = 0xE800 + random.below(0x1800);
    let mut second = random.word() & 0xFFFF;
    match random.below(16) {
        0 | 1 => second |= 0xF000,
        2 | 3 => second &= 0x0FFF,
        4 | 5 => second &= 0xF0FF,
        6 | 7 => second |= 0xF0F0,
        8 | 9 => second = second & 0x0F0F | 0xF080,
        // Rare ones: table branches, MRS of the flags, REV16.
        10 => match second & 3 {
            0 => return (first & 0xF | 0xE8D0, second & 0x1F | 0xF000),
            1 => return (0xF3EF, second & 0xF00 | 0x8000),
            _ => return (first & 0xF | 0xFA90, first & 0xF | second & 0xF00 | 0xF090),
        },
        _ => {}
    }
    (first, second)
}

#[test]
fn wide_encodings_agree() {
    let cases = 1_000_000;
    let mut pair = Pair::new(2);
    for case in 0..cases {
        let (first, second) = wide(&mut pair.random);
        pair.case(first, second, case % 2 == 0);
    }
    println!("{:?}", pair.tally);
    assert!(pair.tally.equal > cases / 4, "{:?}", pair.tally);
    assert_eq!(pair.tally.seen.len(), WIDE_KINDS);
}

#[test]
fn conditional_blocks_agree() {
    let mut pair = Pair::new(3);
    let mut blocks = 0;
    while blocks < 20_000 {
        let it = 0xBF00 + pair.random.below(0xE0);
        // WFI is in the range too.
        if decode(it, 0).is_err() || it == 0xBF30 {
            continue;
        }
        // Narrow data processing, with a comparison now and then, which changes what the rest of the block does.
        let mut program = [it, 0, 0, 0, 0, 0];
        for half in &mut program[1..] {
            *half = pair.random.below(0x4400);
        }
        let state = pair.start(&program, false);
        for step in 0..program.len() {
            assert_eq!(pair.ours.run(1), Ok(Stop::Budget));
            let theirs = pair.peer.step();
            assert_eq!(Some(reached(&pair.ours)), theirs, "{step} of {program:x?} from {state:x?}");
        }
        blocks += 1;
    }
}
