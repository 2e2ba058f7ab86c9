use super::system::START;
use super::*;
use crate::bus::{Bus, BusError, Width};
use crate::{Fault, Machine, Memory, Reason, Stop};

struct Core {
    memory: Memory,
    system: SystemControl,
}

impl Bus for Core {
    fn read(&mut self, address: u32, width: Width) -> Result<u32, BusError> {
        match address {
            START.. => self.system.read(address, width),
            _ => self.memory.read(address, width),
        }
    }

    fn write(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError> {
        match address {
            START.. => self.system.write(address, width, value),
            _ => self.memory.write(address, width, value),
        }
    }

    fn exceptions(&mut self) -> Option<&mut SystemControl> {
        Some(&mut self.system)
    }

    fn pass(&mut self, cycles: u32) {
        if self.system.systick.pass(cycles) {
            self.system.controller.pend(Exception::SYS_TICK, true);
        }
    }

    fn sleep(&mut self) -> bool {
        let left = self.system.systick.cycles_left();
        self.pass(left.unwrap_or(0));
        left.is_some()
    }
}

/// `program` at 0x200, every handler a `bkpt` with the exception's number.
fn machine(program: &[u16]) -> Machine<Core> {
    let mut memory = Memory::new();
    memory.map_ram(0, 0x1000).unwrap();
    for number in 2..32u32 {
        let handler = 0x100 + number * 2;
        memory.write(number * 4, Width::Word, handler | 1).unwrap();
        memory.write(handler, Width::Half, 0xBE00 | number).unwrap();
    }
    for (at, &half) in (0x200..).step_by(2).zip(program) {
        memory.write(at, Width::Half, u32::from(half)).unwrap();
    }
    let mut machine = Machine::new(Core { memory, system: SystemControl::new(16) }, 0x200, 0x1000);
    machine.cpu_mut().set(crate::instruction::Register::new(4), START);
    machine
}

fn write(machine: &mut Machine<Core>, offset: u32, value: u32) {
    machine.bus_mut().write(START + offset, Width::Word, value).unwrap();
}

fn read(machine: &mut Machine<Core>, offset: u32) -> u32 {
    machine.bus_mut().read(START + offset, Width::Word).unwrap()
}

#[test]
fn a_fault_says_why_and_where() {
    // movs r0, #0; mvns r0, r0; ldr r1, [r0, #1]: at address 0 + ... of a bus that has nothing there
    let mut unmapped = machine(&[0x2040, 0x0600, 0x6801]);
    assert_eq!(unmapped.run(10), Ok(Stop::Breakpoint { code: 3 }));
    assert_eq!(read(&mut unmapped, 0xD28), 1 << 9 | 1 << 15);
    assert_eq!(read(&mut unmapped, 0xD2C), 1 << 30);
    assert_eq!(read(&mut unmapped, 0xD38), 0x4000_0000);
    let reason = Reason::Access { address: 0x4000_0000, error: BusError::Unmapped };
    assert_eq!(unmapped.last_fault(), Some(Fault { pc: 0x204, reason }));
    // The frame returns to what faulted.
    assert_eq!(unmapped.bus_mut().memory.read(0x1000 - 8, Width::Word), Ok(0x204));

    let mut undefined = machine(&[0xDE00]);
    assert_eq!(undefined.run(10), Ok(Stop::Breakpoint { code: 3 }));
    assert_eq!(read(&mut undefined, 0xD28), 1 << 16);
    // Written ones clear it.
    write(&mut undefined, 0xD28, 1 << 16);
    assert_eq!(read(&mut undefined, 0xD28), 0);
}

#[test]
fn a_fault_in_a_handler_of_faults_stops_the_machine() {
    let mut machine = machine(&[0xDE00]);
    // The handler of HardFault is undefined itself.
    machine.bus_mut().memory.write(0x106, Width::Half, 0xDE00).unwrap();
    let fault = machine.run(10).unwrap_err();
    assert_eq!(fault.pc, 0x106);
    assert!(matches!(fault.reason, Reason::Encoding { .. }));
}

#[test]
fn what_is_not_modelled_is_no_fault_of_the_programs() {
    // ldr r0, [r4] at START: ICTR is not modelled. ldrex.
    for program in [[0x6820, 0xBF00], [0xE851, 0x0F00]] {
        let fault = machine(&program).run(10).unwrap_err();
        assert_eq!(fault.pc, 0x200);
    }
}

#[test]
fn a_level_comes_again_until_it_is_let_down() {
    // The handler returns at once, the program counts: adds r0, #1; b .-2
    let mut machine = machine(&[0x3001, 0xE7FD]);
    let interrupt = Exception::interrupt(3).unwrap();
    assert_eq!(interrupt.number(), 19);
    machine.bus_mut().memory.write(0x100 + 38, Width::Half, 0x4770).unwrap();
    write(&mut machine, 0x100, 1 << 3);
    assert_eq!(read(&mut machine, 0x180), 1 << 3);
    machine.bus_mut().system.controller.set_line(interrupt, true);
    machine.run(30).unwrap();
    assert_eq!(machine.register(0), 0, "served over and over");
    machine.bus_mut().system.controller.set_line(interrupt, false);
    machine.run(30).unwrap();
    assert!(machine.register(0) > 10);
    // Disabled, it is pending and not taken.
    write(&mut machine, 0x180, 1 << 3);
    write(&mut machine, 0x200, 1 << 3);
    machine.run(30).unwrap();
    assert_eq!(read(&mut machine, 0x280), 1 << 3);
    assert_eq!(machine.cpu().exception(), None);
}

#[test]
fn the_state_register_names_what_is_served_and_what_waits() {
    let mut machine = machine(&[0xDF00]);
    write(&mut machine, 0xD1C, 0x40 << 24);
    assert_eq!(machine.run(10), Ok(Stop::Breakpoint { code: 11 }));
    write(&mut machine, 0xD04, 1 << 26 | 1 << 28);
    // SVC is served, alone; PendSV is first of what waits, though SysTick waits too.
    write(&mut machine, 0xD20, 0x50 << 24 | 0x50 << 16);
    assert_eq!(read(&mut machine, 0xD04), 11 | 1 << 11 | 14 << 12 | 1 << 26 | 1 << 28);
    write(&mut machine, 0xD04, 1 << 27);
    assert_eq!(read(&mut machine, 0xD04), 11 | 1 << 11 | 15 << 12 | 1 << 26);
}

#[test]
fn subpriorities_order_what_waits_and_preempt_nothing() {
    let mut controller = Controller::default();
    controller.group = 5;
    let [one, two] = [17, 18].map(|number| Exception::new(number).unwrap());
    for (exception, priority) in [(one, 0x70), (two, 0x40)] {
        controller.enable(exception, true);
        controller.set_priority(exception, priority);
        controller.pend(exception, true);
    }
    let masks = Masks::default();
    assert_eq!(controller.next(masks), Some(two));
    controller.enter(two);
    assert_eq!(controller.next(masks), None);
    controller.leave(two);
    controller.enter(one);
    controller.pend(two, true);
    assert_eq!(controller.next(masks), None);
    assert_eq!(controller.execution_priority(masks), 0x40);
}

#[test]
fn masks_hold_back_all_but_nmi_and_faults() {
    let mut controller = Controller::default();
    controller.set_priority(Exception::PEND_SV, 0x80);
    controller.pend(Exception::PEND_SV, true);
    let mask = |primask, basepri| Masks { primask, basepri };
    assert_eq!(controller.next(mask(true, 0)), None);
    assert_eq!(controller.next(mask(false, 0x80)), None);
    assert_eq!(controller.next(mask(false, 0x90)), Some(Exception::PEND_SV));
    assert_eq!(controller.next(mask(false, 0)), Some(Exception::PEND_SV));
    controller.pend(Exception::NMI, true);
    assert_eq!(controller.next(mask(true, 0x10)), Some(Exception::NMI));
}

#[test]
fn systick_counts_to_zero_and_asks_once_a_period() {
    let mut timer = SysTick::default();
    timer.write(4, 9).unwrap();
    timer.write(8, 1).unwrap();
    timer.write(0, 7).unwrap();
    // A cycle to load, nine to zero.
    assert_eq!(timer.cycles_left(), Some(10));
    assert!(!timer.pass(9));
    assert!(timer.pass(1));
    assert_eq!(timer.read(8), Ok(0));
    assert_eq!(timer.read(0), Ok(7 | 1 << 16));
    assert_eq!(timer.read(0), Ok(7));
    assert!(!timer.pass(9));
    assert!(timer.pass(21));
    // Without its exception, and with the clock that is not modelled.
    timer.write(0, 5).unwrap();
    assert!(!timer.pass(100));
    assert_eq!(timer.write(0, 3), Err(BusError::NotModelled));
}

#[test]
fn a_sleep_ends_with_the_timer_and_without_one_is_a_fault() {
    // wfi; bkpt #99
    let mut machine = machine(&[0xBF30, 0xBE63]);
    write(&mut machine, 0x14, 999);
    write(&mut machine, 0x10, 7);
    assert_eq!(machine.run(10), Ok(Stop::Breakpoint { code: 15 }));
    assert_eq!(machine.counters().instructions, 2);
    let mut endless = super::tests::machine(&[0xBF30]);
    assert_eq!(endless.run(10).unwrap_err().reason, Reason::Asleep);
}

#[test]
fn a_reset_needs_its_key() {
    let mut machine = machine(&[]);
    write(&mut machine, 0xD0C, 4);
    assert!(!machine.bus().system.reset_requested());
    write(&mut machine, 0xD0C, 0x05FA_0004);
    assert!(machine.bus().system.reset_requested());
    assert_eq!(read(&mut machine, 0xD0C) >> 16, 0xFA05);
}
