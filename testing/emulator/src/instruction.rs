//! What an instruction does, as data: no encodings, no state.

use core::fmt;

use crate::bus::Width;

/// A core register, 0..=15.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Register(u8);

impl Register {
    /// The stack pointer, R13.
    pub const SP: Self = Self(13);
    /// The link register, R14.
    pub const LR: Self = Self(14);
    /// The program counter, R15.
    pub const PC: Self = Self(15);

    /// The register whose number is the low four bits of `number`.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number.to_le_bytes()[0] & 15)
    }

    /// Its number.
    #[must_use]
    pub const fn index(self) -> usize {
        (self.0 & 15) as usize
    }

    /// A mask with the bit of this register set.
    #[must_use]
    pub const fn mask(self) -> u16 {
        1 << (self.0 & 15)
    }
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SP => f.write_str("sp"),
            Self::LR => f.write_str("lr"),
            Self::PC => f.write_str("pc"),
            Self(number) => write!(f, "r{number}"),
        }
    }
}

/// When an instruction runs, by the flags; DDI 0403 A7.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition(u8);

impl Condition {
    /// Always.
    pub const ALWAYS: Self = Self(14);

    /// The condition with the number `code`, 0..=14.
    #[must_use]
    pub const fn new(code: u32) -> Self {
        Self(code.to_le_bytes()[0] & 15)
    }

    /// Its number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }
}

/// Operations of two operands. The last four compare: they write flags only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "mnemonics of the architecture")]
pub enum DataOp {
    Adc,
    Add,
    And,
    Bic,
    Eor,
    /// Ignores the first operand.
    Mov,
    /// Ignores the first operand.
    Mvn,
    Orn,
    Orr,
    Rsb,
    Sbc,
    Sub,
    Cmn,
    Cmp,
    Teq,
    Tst,
}

impl DataOp {
    /// Whether only flags are written.
    #[must_use]
    pub const fn compares(self) -> bool {
        matches!(self, Self::Cmn | Self::Cmp | Self::Teq | Self::Tst)
    }

    /// Whether the first operand counts.
    #[must_use]
    pub const fn uses_first(self) -> bool {
        !matches!(self, Self::Mov | Self::Mvn)
    }
}

/// Whether an instruction writes flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetFlags {
    /// No.
    Never,
    /// Yes.
    Always,
    /// Not in an IT block: most narrow instructions.
    OutsideIt,
}

/// Kinds of shifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShiftKind {
    /// Left.
    Lsl,
    /// Right, zeros in.
    Lsr,
    /// Right, sign in.
    Asr,
    /// Rotation right.
    Ror,
    /// Rotation right by one through the carry; its amount is 1.
    Rrx,
}

/// A shift by a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Its kind.
    pub kind: ShiftKind,
    /// Bits, 0..=32.
    pub amount: u8,
}

impl Shift {
    /// None.
    pub const NONE: Self = Self { kind: ShiftKind::Lsl, amount: 0 };
}

/// The second operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// A constant, and the carry that forming it gives, if it gives one.
    Constant(u32, Option<bool>),
    /// A register, shifted by a constant.
    Shifted(Register, Shift),
    /// A register, shifted by the low byte of another.
    ShiftedBy(Register, ShiftKind, Register),
}

/// What is added to a base register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// A constant.
    Constant(i32),
    /// A register shifted left by 0..=3.
    Register(Register, u8),
}

/// What becomes of the base register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexing {
    /// Base and offset are the address, the base stays.
    Offset,
    /// The base becomes the address.
    Before,
    /// The old base is the address, then the offset is added.
    After,
}

/// The address of a load or store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The register it counts from; for the PC, its value aligned down to four.
    pub base: Register,
    /// What is added.
    pub offset: Offset,
    /// What becomes of the base.
    pub indexing: Indexing,
}

/// Which half of a register is multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// The low half.
    Bottom,
    /// The high half.
    Top,
}

/// Multiplications with a 32-bit result, two of them with a third operand added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiply {
    /// `MUL`, `MLA`: low 32 bits.
    Low,
    /// `MLS`: low 32 bits, subtracted from the third operand.
    LowSubtract,
    /// `SMULxy`, `SMLAxy`: halves.
    Halves(Half, Half),
    /// `SMULWy`, `SMLAWy`: word by half, bits 47 to 16.
    WordHalf(Half),
    /// `SMUAD`, `SMLAD`, `SMUSD`, `SMLSD`: two products of halves, added or subtracted; with the second operand's halves
    /// swapped if `swap`.
    Dual {
        /// Whether the second operand's halves are swapped.
        swap: bool,
        /// Whether the second product is subtracted.
        subtract: bool,
    },
    /// `SMMUL`, `SMMLA`, `SMMLS`: high 32 bits.
    High {
        /// Whether 2³¹ is added first.
        round: bool,
        /// Whether the product is subtracted from the third operand.
        subtract: bool,
    },
    /// `USAD8`, `USADA8`: sum of the absolute differences of bytes.
    Differences,
}

/// Multiplications with a 64-bit result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MultiplyLong {
    /// `SMULL`.
    Signed,
    /// `SMLAL`.
    SignedAdd,
    /// `UMULL`.
    Unsigned,
    /// `UMLAL`.
    UnsignedAdd,
    /// `UMAAL`: both words of the result are added as words.
    UnsignedAddTwo,
    /// `SMLALxy`.
    HalvesAdd(Half, Half),
    /// `SMLALD`, `SMLSLD`.
    Dual {
        /// Whether the second operand's halves are swapped.
        swap: bool,
        /// Whether the second product is subtracted.
        subtract: bool,
    },
}

/// How lanes of a parallel addition end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lanes {
    /// Wrapping, `GE` flags set.
    Wrapping,
    /// Saturating.
    Saturating,
    /// Halved.
    Halving,
}

/// What is done to the lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneOp {
    /// Four bytes added.
    Add8,
    /// Two halves added.
    Add16,
    /// Two halves: high added, low subtracted, the second operand's halves swapped.
    AddSub,
    /// Two halves: high subtracted, low added, the second operand's halves swapped.
    SubAdd,
    /// Four bytes subtracted.
    Sub8,
    /// Two halves subtracted.
    Sub16,
}

/// Operations on the order of bits or bytes, and counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "mnemonics of the architecture")]
pub enum Permute {
    Clz,
    Rbit,
    Rev,
    Rev16,
    Revsh,
}

/// What an extension takes from the rotated operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The low byte.
    Byte,
    /// Bytes 0 and 2, each to a half.
    Bytes,
    /// The low half.
    Half,
}

/// Special registers that are modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// The application's flags.
    Apsr,
    /// The number of the exception that is being served; writing does nothing.
    Ipsr,
    /// The main stack pointer.
    Msp,
    /// The mask of interrupts.
    Primask,
    /// The priority from which on exceptions are masked.
    Basepri,
    /// The same, only ever masking more.
    BasepriMax,
}

/// Instructions that do nothing here but take time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// `NOP`, `YIELD`, `SEV`, `DBG`, preloads.
    Nop,
    /// `DMB`, `DSB`.
    Barrier,
    /// `ISB`: also refills the pipeline.
    InstructionBarrier,
}

/// One instruction.
///
/// Its condition is not part of it: only [`Branch`](Self::Branch) has one of its own, all others run under `IT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are named as in the architecture's syntax")]
pub enum Instruction {
    /// Two operands to one result: `op rd, rn, operand`.
    Data { op: DataOp, flags: SetFlags, rd: Register, rn: Register, operand: Operand },
    /// `ADR rd`: an address relative to the PC.
    Adr { rd: Register, offset: i32 },
    /// `MOVT rd`: the high half.
    MoveTop { rd: Register, value: u16 },
    /// `MUL` and its kin: `rd = ra + rn × rm`.
    Multiply {
        kind: Multiply,
        flags: SetFlags,
        rd: Register,
        rn: Register,
        rm: Register,
        ra: Option<Register>,
    },
    /// `UMULL` and its kin.
    MultiplyLong { kind: MultiplyLong, low: Register, high: Register, rn: Register, rm: Register },
    /// `SDIV`, `UDIV`; by zero gives zero.
    Divide { signed: bool, rd: Register, rn: Register, rm: Register },
    /// `SBFX`, `UBFX`.
    Extract { signed: bool, rd: Register, rn: Register, low: u8, width: u8 },
    /// `BFI`, and `BFC` without `rn`.
    Insert { rd: Register, rn: Option<Register>, low: u8, width: u8 },
    /// `SXTB`, `UXTAH` and their kin: `rd = rn + extended(rm ror rotation)`.
    Extend {
        lane: Lane,
        signed: bool,
        rd: Register,
        rn: Option<Register>,
        rm: Register,
        rotation: u8,
    },
    /// `REV`, `CLZ` and their kin.
    Permute { kind: Permute, rd: Register, rm: Register },
    /// `SSAT`, `USAT`: to `bits` bits.
    Saturate { signed: bool, rd: Register, rn: Register, bits: u8, shift: Shift },
    /// `SSAT16`, `USAT16`.
    SaturateHalves { signed: bool, rd: Register, rn: Register, bits: u8 },
    /// `QADD`, `QDADD`, `QSUB`, `QDSUB`: `rd = rm ± rn`, `rn` doubled if `double`.
    SaturatingAdd { subtract: bool, double: bool, rd: Register, rn: Register, rm: Register },
    /// `UADD8` and its kin.
    Parallel { op: LaneOp, lanes: Lanes, signed: bool, rd: Register, rn: Register, rm: Register },
    /// `SEL`: bytes of `rn` or `rm` by the `GE` flags.
    Select { rd: Register, rn: Register, rm: Register },
    /// `PKHBT`, `PKHTB`: one half of each operand, the second shifted.
    Pack { rd: Register, rn: Register, rm: Register, shift: Shift, top: bool },
    /// A load of one register.
    Load { width: Width, signed: bool, rt: Register, address: Address },
    /// A store of one register.
    Store { width: Width, rt: Register, address: Address },
    /// `LDRD`.
    LoadPair { first: Register, second: Register, address: Address },
    /// `STRD`.
    StorePair { first: Register, second: Register, address: Address },
    /// `LDM`, `LDMDB`, `POP`.
    LoadMultiple { base: Register, list: u16, write_back: bool, before: bool },
    /// `STM`, `STMDB`, `PUSH`.
    StoreMultiple { base: Register, list: u16, write_back: bool, before: bool },
    /// `B`.
    Branch { condition: Condition, offset: i32 },
    /// `BL`.
    BranchLink { offset: i32 },
    /// `BX`, and `BLX` with `link`.
    BranchExchange { rm: Register, link: bool },
    /// `CBZ`, `CBNZ`.
    CompareBranch { rn: Register, nonzero: bool, offset: i32 },
    /// `TBB`, and `TBH` with `half`.
    TableBranch { rn: Register, rm: Register, half: bool },
    /// `IT`: what follows is conditional.
    IfThen { state: u8 },
    /// `MRS`.
    ReadSpecial { rd: Register, special: Special },
    /// `MSR`.
    WriteSpecial { rn: Register, special: Special, mask: u8 },
    /// `CPSIE i`, `CPSID i`.
    MaskInterrupts { mask: bool },
    /// `SVC`: asks for an exception.
    SupervisorCall,
    /// `WFI`: sleeps until an exception is pending.
    WaitForInterrupt,
    /// Takes time only.
    Hint(Hint),
    /// `BKPT`: the program is done.
    Breakpoint { code: u8 },
}
