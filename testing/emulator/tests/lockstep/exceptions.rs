//! Exceptions in random order and nesting: supervisor calls, faults, PendSV, SysTick and NMI asked for by software, masks
//! and priorities that change on the way.

use emulator::exception::system::{END, START};
use emulator::exception::{Exception, SystemControl};
use emulator::{Bus, BusError, Machine, Memory, Stop, Width};

use crate::peer::{FLAGS, Peer, State};
use crate::random::Random;

const RAM_BYTES: u32 = 0x4000;
const CODE: u32 = 0x200;
const HANDLERS: u32 = 0x1000;
const HANDLER_BYTES: u32 = 0x80;
const STACK: u32 = 0x4000;

/// RAM, and the system control space of a core.
struct Core {
    memory: Memory,
    system: SystemControl,
}

impl Bus for Core {
    fn read(&mut self, address: u32, width: Width) -> Result<u32, BusError> {
        match address {
            START..END => self.system.read(address, width),
            _ => self.memory.read(address, width),
        }
    }

    fn write(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError> {
        match address {
            START..END => self.system.write(address, width, value),
            _ => self.memory.write(address, width, value),
        }
    }

    fn exceptions(&mut self) -> Option<&mut SystemControl> {
        Some(&mut self.system)
    }
}

/// What programs are made of, with R4 to R11 as in [`registers`].
const PIECES: [&[u16]; 17] = [
    &[0x6026],                 // str r6, [r4]: PendSV
    &[0x6027],                 // str r7, [r4]: SysTick
    &[0xF8C4, 0x8000],         // str.w r8, [r4]: NMI
    &[0xDF00],                 // svc #0
    &[0xDE00],                 // udf #0
    &[0xB672],                 // cpsid i
    &[0xB662],                 // cpsie i
    &[0xF389, 0x8811],         // msr basepri, r9
    &[0xF38A, 0x8811],         // msr basepri, r10
    &[0xF389, 0x8812],         // msr basepri_max, r9
    &[0xF3EF, 0x8005],         // mrs r0, ipsr
    &[0xF3EF, 0x8111],         // mrs r1, basepri
    &[0xB081, 0x4408, 0xB001], // sub sp, #4; add r0, r1; add sp, #4
    &[0xB081, 0xDF00, 0xB001], // the same around a call: a frame that is aligned down
    &[0xBF18, 0x3001],         // it ne; addne r0, #1
    &[0xBF04, 0x3101, 0xDF00], // itt eq; addeq r1, #1; svceq: last, as the peer forgets the block in a call
    &[0x1840, 0x4048],         // adds r0, r0, r1; eors r0, r1
];

/// What a handler of faults ends with: it skips the instruction, if that is the one which is never defined.
const SKIP: &[u16] = &[
    0x9806, // ldr r0, [sp, #24]
    0x8801, // ldrh r1, [r0]
    0x0A09, // lsrs r1, r1, #8
    0x29DE, // cmp r1, #0xDE
    0xBF08, // it eq
    0x3002, // addeq r0, #2
    0x9006, // str r0, [sp, #24]
    0x4770, // bx lr
];

fn registers() -> [u32; 15] {
    let mut registers = [0; 15];
    registers[4] = 0xE000_ED04;
    registers[6] = 1 << 28;
    registers[7] = 1 << 26;
    registers[8] = 1 << 31;
    registers[9] = 0x60;
    registers[13] = STACK;
    registers[14] = 0xFFFF_FFFF;
    registers
}

fn put(image: &mut [u8], at: u32, halves: impl IntoIterator<Item = u16>) {
    let at = at as usize;
    for (to, half) in image[at..].chunks_exact_mut(2).zip(halves) {
        to.copy_from_slice(&half.to_le_bytes());
    }
}

/// Pieces one after the other; `calm` leaves out what locks up in the handlers of NMI and HardFault, or never ends there.
fn program(random: &mut Random, pieces: u32, calm: bool) -> Vec<u16> {
    let mut program = Vec::new();
    for _ in 0..pieces {
        let piece = PIECES[random.below(17) as usize];
        let disturbs = piece.iter().any(|half| matches!(half, 0xDF00 | 0xDE00 | 0xF8C4));
        if !(calm && disturbs) {
            program.extend(piece);
        }
    }
    program
}

fn image(random: &mut Random) -> Vec<u8> {
    let mut image = vec![0; RAM_BYTES as usize];
    for number in 2..16 {
        let handler = HANDLERS + number * HANDLER_BYTES;
        let at = number as usize * 4;
        image[at..at + 4].copy_from_slice(&(handler | 1).to_le_bytes());
        // NMI and HardFault must not fault: the core would lock up.
        let mut code = program(random, 4, number < 4);
        code.extend_from_slice(if number == 3 { SKIP } else { &[0x4770] });
        put(&mut image, handler, code);
    }
    let mut code = program(random, 40, false);
    code.push(0xBE00);
    put(&mut image, CODE, code);
    image
}

/// A write of the priorities of SVC, PendSV and SysTick.
fn priorities(random: &mut Random) -> [(u32, u32); 3] {
    // No subpriorities, which the peer leaves out where two exceptions are pending (B1.5.4 does not).
    let levels = |random: &mut Random| random.word() & 0xC0C0_C0C0;
    [(0xE000_ED1C, levels(random)), (0xE000_ED20, levels(random)), (0xE000_ED0C, 0x05FA_0500)]
}

fn reached(machine: &Machine<Core>) -> State {
    let mut number = 0..;
    let registers = [(); 15].map(|()| machine.register(number.next().unwrap()));
    State { registers, next: machine.cpu().next(), apsr: machine.cpu().xpsr() & WHOLE }
}

fn raised(machine: &Machine<Core>) -> bool {
    let controller = &machine.bus().system.controller;
    controller.is_pending(Exception::SV_CALL) || controller.is_pending(Exception::HARD_FAULT)
}

/// Flags and the number of the exception.
const WHOLE: u32 = FLAGS | 0x1FF;

#[test]
fn exceptions_in_random_order_agree() {
    let (mut random, mut steps, mut seen) = (Random::new(4), 0u32, [0u32; 16]);
    for _ in 0..2000 {
        let image = image(&mut random);
        let mut memory = Memory::new();
        memory.map_ram(0, image.len()).unwrap();
        memory.load(0, &image).unwrap();
        let mut system = SystemControl::new(0);
        let mut peer = Peer::new(&[(0, RAM_BYTES)]);
        peer.write(0, &image);
        for (address, value) in priorities(&mut random) {
            system.write(address, Width::Word, value).unwrap();
            peer.write_system(address, value);
        }
        let mut ours = Machine::new(Core { memory, system }, CODE, STACK);
        let mut number = 0..;
        for value in registers() {
            let number = number.next().unwrap();
            ours.cpu_mut().set(emulator::instruction::Register::new(number), value);
        }
        peer.set(&State { registers: registers(), next: CODE, apsr: 0 });
        for _ in 0..2000 {
            let before = reached(&ours);
            let mut done = ours.run(1);
            // The peer takes what an instruction raises with it, this core before the next one.
            if done == Ok(Stop::Budget) && raised(&ours) {
                done = ours.run(1);
            }
            match done {
                Ok(Stop::Budget) => {}
                Ok(Stop::Breakpoint { .. }) => break,
                Err(fault) => panic!("{fault}, from {before:x?}"),
                Ok(stop) => panic!("{stop:?}"),
            }
            peer.step_any();
            let theirs = peer.reached(WHOLE);
            assert_eq!(reached(&ours), theirs, "from {before:x?}");
            seen[(theirs.apsr & 15) as usize] += 1;
            steps += 1;
        }
        let mut theirs = vec![0; image.len()];
        peer.read(0, &mut theirs);
        assert!(ours.bus().memory.slice(0, theirs.len()) == Some(&theirs), "memory");
    }
    println!("{steps} steps, by exception {seen:?}");
    for number in [0, 2, 3, 11, 14, 15] {
        assert!(seen[number] > 1000, "exception {number}: {seen:?}");
    }
}
