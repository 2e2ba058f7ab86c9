//! Instruction sets and what code of theirs refers to (§5).

use crate::Reject;

/// What decoding needs to know of an instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    None,
    Pointers { big: bool },
    Thumb,
    A32 { big: bool },
    AArch64,
    RiscV { bits: u32 },
    Xtensa { big: bool },
    Avr,
}

/// Eight bytes of an image.
pub(crate) type Eight = [u8; 8];

/// The bytes of an image before those.
pub(crate) type Before = [u8; 24];

/// A reference in code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    /// The address it leads to.
    pub(crate) to: u32,
    /// Its bytes.
    pub(crate) length: usize,
    /// Whether it says so by a distance, not by an address.
    pub(crate) by_distance: bool,
}

impl Isa {
    pub(crate) fn numbered(number: u8) -> Result<Self, Reject> {
        Ok(match number {
            0 => Self::None,
            1 => Self::Pointers { big: false },
            2 => Self::Thumb,
            3 => Self::A32 { big: false },
            4 => Self::AArch64,
            5 => Self::RiscV { bits: 32 },
            6 => Self::Xtensa { big: false },
            7 => Self::Pointers { big: true },
            8 => Self::A32 { big: true },
            9 => Self::Xtensa { big: true },
            10 => Self::RiscV { bits: 64 },
            11 => Self::Avr,
            _ => return Err(Reject::Isa),
        })
    }

    /// Bytes that instructions are aligned to.
    pub(crate) fn unit(self) -> u32 {
        match self {
            Self::None | Self::Pointers { .. } | Self::Xtensa { .. } => 1,
            Self::Thumb | Self::RiscV { .. } | Self::Avr => 2,
            Self::A32 { .. } | Self::AArch64 => 4,
        }
    }

    /// Bytes of code that are one unit.
    pub(crate) fn length(self, bytes: Eight) -> usize {
        match self {
            Self::None | Self::Pointers { .. } => 1,
            Self::Thumb => 2,
            Self::Avr => match Form::of(self, bytes) {
                Some(Form::AvrWord | Form::AvrData) => 4,
                _ => 2,
            },
            Self::A32 { .. } | Self::AArch64 => 4,
            Self::RiscV { .. } => {
                if bytes[0] % 4 == 3 {
                    4
                } else {
                    2
                }
            }
            Self::Xtensa { big } => {
                let op0 = if big { bytes[0] >> 4 } else { bytes[0] & 15 };
                if bytes[0] == 0 {
                    1
                } else if (8..=13).contains(&op0) {
                    2
                } else {
                    3
                }
            }
        }
    }

    /// How many bytes an instruction in an extra takes that begins with `first`, and its opcode (§8).
    pub(crate) fn begins(self, first: u8) -> Option<(u32, u8)> {
        let opcode = match self {
            Self::RiscV { .. } => first,
            Self::Xtensa { big: false } => first & 15,
            Self::Xtensa { big: true } => first >> 4,
            _ => return None,
        };
        let length = self.length([first, 0, 0, 0, 0, 0, 0, 0]);
        Some((u32::try_from(length).expect("small"), opcode | 0x80))
    }

    /// What the index of a byte of code is combined with, in the order of coding.
    pub(crate) fn order(self) -> usize {
        match self {
            Self::Thumb | Self::Avr => 1,
            Self::A32 { .. } | Self::AArch64 => 3,
            _ => 0,
        }
    }

    pub(crate) fn is_big(self) -> bool {
        matches!(
            self,
            Self::Pointers { big: true } | Self::A32 { big: true } | Self::Xtensa { big: true }
        )
    }

    /// A data word.
    pub(crate) fn word(self, four: [u8; 4]) -> u32 {
        if self.is_big() { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    }

    pub(crate) fn bytes_of(self, word: u32) -> [u8; 4] {
        if self.is_big() { word.to_be_bytes() } else { word.to_le_bytes() }
    }

    pub(crate) fn in_ram(self, a: u32) -> bool {
        match self {
            Self::Thumb => {
                (0x1000_0000..0x1010_0000).contains(&a) || (0x2000_0000..0x2010_0000).contains(&a)
            }
            Self::A32 { .. } => {
                (0x0020_0000..0x0030_0000).contains(&a) || (0x4000_0000..0x4010_0000).contains(&a)
            }
            Self::RiscV { .. } => {
                (0x2000_0000..0x2010_0000).contains(&a)
                    || (0x3FC0_0000..0x3FF0_0000).contains(&a)
                    || (0x4080_0000..0x4090_0000).contains(&a)
                    || (0x4200_8000..0x4204_0000).contains(&a)
                    || (0x4FF0_0000..0x5000_0000).contains(&a)
                    || (0x8000_0000..0x8100_0000).contains(&a)
            }
            Self::Xtensa { big: false } => {
                (0x3FC0_0000..0x3FF0_0000).contains(&a) || (0x3FF8_0000..0x4000_0000).contains(&a)
            }
            Self::Avr => (0x0080_0100..0x0080_4000).contains(&a),
            Self::None | Self::Pointers { .. } | Self::AArch64 | Self::Xtensa { big: true } => {
                false
            }
        }
    }

    /// Whether a reference of code may lead to an address outside the image.
    pub(crate) fn reaches(self, address: u32) -> bool {
        match self {
            Self::AArch64 => true,
            Self::RiscV { .. } => {
                self.in_ram(address) || (0xEFFF_F800..0xF000_0800).contains(&address)
            }
            _ => self.in_ram(address),
        }
    }

    /// Whether a function of an Xtensa core starts here.
    pub(crate) fn is_function(self, bytes: Eight) -> bool {
        match self {
            Self::Xtensa { big: false } => {
                bytes[0] == 0x36 && bytes[1] & 15 == 1
                    || bytes[0] == 0x12 && bytes[1] == 0xC1 && bytes[2] >= 0x80
            }
            Self::Xtensa { big: true } => {
                bytes[0] == 0x6C && bytes[1] >> 4 == 1
                    || bytes[0] == 0x21 && bytes[1] == 0x1C && bytes[2] >= 0x80
            }
            _ => false,
        }
    }

    /// The reference that starts with these bytes at an address, by themselves.
    pub(crate) fn branch(self, address: u32, bytes: Eight) -> Option<Reference> {
        let form = Form::of(self, bytes)?;
        let w = self.instruction(bytes);
        let d = take(w, form.fields());
        let to = match form {
            Form::ThumbBranch => {
                let s = w >> 10 & 1;
                let i1 = 1 ^ (w >> 29 & 1) ^ s;
                let i2 = 1 ^ (w >> 27 & 1) ^ s;
                let d = sign_extend(d | i1 << 23 | i2 << 22, 25);
                form.origin(address).wrapping_add(d)
            }
            Form::A32Literal if w >> 23 & 1 == 0 => form.origin(address).wrapping_sub(low32(d)),
            Form::ThumbMove | Form::A32Move | Form::AvrWord => low32(d),
            Form::AvrData => 0x0080_0000 + low32(d),
            Form::AvrNegative => 0x0080_0000 + 0_u32.wrapping_sub(low32(d)) % 0x1_0000,
            Form::A64Page { scale } => {
                let offset = w >> 42 & 0xFFF;
                (address & !0xFFF).wrapping_add(low32(d)).wrapping_add(low32(offset << scale))
            }
            Form::PcPair { .. } => address.wrapping_add(pair(d)),
            Form::ConstantPair { .. } => pair(d),
            Form::GlobalUser { .. } => sign_extend(d, 12).wrapping_add(0xF000_0000),
            Form::XtensaLiteral { .. } => {
                form.origin(address).wrapping_add(low32(d)).wrapping_sub(0x4_0000)
            }
            _ => {
                let distance = match form.sign_bits() {
                    Some(bits) => sign_extend(d, bits),
                    None => low32(d),
                };
                form.origin(address).wrapping_add(distance)
            }
        };
        Some(Reference { to, length: form.length(), by_distance: form.is_by_distance() })
    }

    /// The reference of an instruction at an address that adds to a register set shortly before it.
    pub(crate) fn user(self, address: u32, before: Before, bytes: Eight) -> Option<Reference> {
        let form = Form::user(self, bytes)?;
        let w = self.instruction(bytes);
        let d = take(w, form.fields());
        let to = match form {
            Form::A64User { scale } => {
                let register = w >> 5 & 31;
                let (page, back) = (4..=24).step_by(4).find_map(|back| {
                    let word = u64::from(word_back(before, back));
                    (word & 31 == register).then_some((word, back))
                })?;
                if page >> 31 == 0 || page >> 24 & 31 != 16 {
                    return None;
                }
                let at = address.wrapping_sub(u32::try_from(back).expect("at most 24"));
                let pages = take(page, Form::A64Page { scale }.fields());
                (at & !0xFFF).wrapping_add(low32(pages)).wrapping_add(low32(d << scale))
            }
            _ => {
                let register = w >> 15 & 31;
                let setter = (2..=24).step_by(2).find_map(|back| {
                    let word = u64::from(word_back(before, back));
                    let sets = word >> 7 & 31 == register;
                    let loads = word & 127 == 0x37;
                    let adds =
                        word & 127 == 0x13 && word >> 12 & 7 == 0 && word >> 15 & 31 == register;
                    (sets && (loads || adds)).then_some((word, loads))
                });
                let (constant, true) = setter? else { return None };
                pair(constant & 0xFFFF_F000 | d)
            }
        };
        Some(Reference { to, length: form.length(), by_distance: false })
    }

    /// The reference in these bytes, made to lead from `address` to `t`.
    pub(crate) fn retarget(self, bytes: Eight, address: u32, t: u32) -> Eight {
        let Some(form) = Form::of(self, bytes).or_else(|| Form::user(self, bytes)) else {
            return bytes;
        };
        let mut w = self.instruction(bytes);
        let d = if form.is_by_distance() { t.wrapping_sub(form.origin(address)) } else { t };
        let mut d = u64::from(d);
        match form {
            Form::A64Page { scale } => {
                let pages = i64::from(t >> 12) - i64::from(address >> 12);
                d = pages.cast_unsigned() << 12;
                w = w & !(0xFFF << 42) | u64::from(t & 0xFFF) >> scale << 42;
            }
            Form::A64User { scale } => d = (d & 0xFFF) >> scale,
            Form::AvrNegative => d = u64::from(0_u32.wrapping_sub(t)),
            Form::A32Literal => {
                let down = d >> 31 & 1;
                w = w & !(1 << 23) | (1 - down) << 23;
                if down == 1 {
                    d = (1 << 32) - d;
                }
            }
            // What the signed low part takes away, the high part has more.
            Form::PcPair { .. } | Form::ConstantPair { .. } if d & 0x800 != 0 => d += 0x1000,
            _ => {}
        }
        w = put(w, form.fields(), d);
        if form == Form::ThumbBranch {
            let s = d >> 24 & 1;
            let j1 = 1 ^ (d >> 23 & 1) ^ s;
            let j2 = 1 ^ (d >> 22 & 1) ^ s;
            w = w & !(1 << 29 | 1 << 27) | j1 << 29 | j2 << 27;
        }
        self.as_bytes(bytes, w)
    }

    /// Whether four bytes of code that look like a pointer are an instruction (§5), behind the byte `before`.
    pub(crate) fn is_instruction(self, before: u8, bytes: Eight) -> bool {
        match self {
            Self::Thumb => {
                let data_may_follow = [0x00, 0x20, 0x47, 0xBD, 0xBF, 0xE7, 0xFF];
                bytes[1] >= 0xE8 && bytes[3] == 0 && !data_may_follow.contains(&before)
            }
            Self::RiscV { .. } => bytes[0] % 4 == 3 || bytes[2..4] == [0x82, 0x80],
            Self::Avr => true,
            _ => false,
        }
    }

    /// Whether the bytes are a call, and where in them the bits of its distance are (§5.3).
    fn call(self, bytes: [u8; 4]) -> Option<&'static [(u32, u32, u32)]> {
        let w = u32::from_le_bytes(bytes);
        let (is_call, fields): (_, &[_]) = match self {
            Self::Thumb => (
                w >> 11 & 31 == 0b11110 && matches!(w >> 27, 0b11111 | 0b10111),
                &[(0, 12, 11), (16, 1, 11)],
            ),
            Self::A32 { .. } => (w >> 24 & 15 == 0b1011 && w >> 28 != 15, &[(0, 2, 24)]),
            Self::AArch64 => (w >> 26 == 0b10_0101, &[(0, 2, 26)]),
            Self::RiscV { .. } => {
                let begins = |half: u32| matches!(half & 0xFFF, 0xEF | 0x97) || half == 0x80E7;
                let is_call = begins(w & 0xFFFF) && !begins(w >> 16);
                match w & 0x7F {
                    0x17 => (is_call, &[(12, 12, 20)]),
                    0x67 => (is_call && w >> 16 & 15 == 0, &[(20, 0, 12)]),
                    _ => (is_call, Form::Jal.fields()),
                }
            }
            _ => (false, &[]),
        };
        is_call.then_some(fields)
    }

    /// A call with `by` more in its distance, or with as many times `by` as make it a call again; `None` if these bytes are no
    /// call (§5.3).
    pub(crate) fn lengthened_call(self, bytes: [u8; 4], by: u32) -> Option<[u8; 4]> {
        let fields = self.call(bytes)?;
        let w = u64::from(u32::from_le_bytes(bytes));
        let by = match fields {
            // The pages of it, towards zero.
            [(12, 12, 20)] => u64::from((by.cast_signed() / 4096 * 4096).cast_unsigned()),
            _ => u64::from(by / self.unit() * self.unit()),
        };
        (1..).map(|times| take(w, fields) + times * by).find_map(|distance| {
            let longer = low32(put(w, fields, distance)).to_le_bytes();
            self.call(longer).map(|_| longer)
        })
    }

    /// The bytes as a number: little endian, or the first three of a big-endian Xtensa core.
    fn instruction(self, bytes: Eight) -> u64 {
        if self == (Self::Xtensa { big: true }) {
            u64::from(u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]))
        } else {
            u64::from_le_bytes(bytes)
        }
    }

    fn as_bytes(self, bytes: Eight, w: u64) -> Eight {
        if self == (Self::Xtensa { big: true }) {
            let mut out = bytes;
            out[..3].copy_from_slice(&w.to_be_bytes()[5..]);
            out
        } else {
            w.to_le_bytes()
        }
    }
}

/// The references there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    ThumbBranch,
    ThumbLiteral,
    ThumbCondition,
    ThumbJump,
    ThumbMove,
    A32Branch,
    A32Exchange,
    A32Literal,
    A32Move,
    A64Branch,
    A64Test,
    /// A branch under a condition, or a load of a literal.
    A64Near,
    A64Page {
        scale: u32,
    },
    A64User {
        scale: u32,
    },
    Jal,
    Condition,
    ShortJump,
    ShortZero,
    PcPair {
        store: bool,
    },
    ConstantPair {
        store: bool,
    },
    ConstantUser {
        store: bool,
    },
    GlobalUser {
        store: bool,
    },
    XtensaCall {
        big: bool,
    },
    XtensaJump {
        big: bool,
    },
    XtensaZero {
        big: bool,
    },
    XtensaCompare {
        big: bool,
    },
    XtensaLiteral {
        big: bool,
    },
    AvrWord,
    AvrDistance,
    AvrCondition,
    AvrData,
    AvrNegative,
}

impl Form {
    fn of(isa: Isa, bytes: Eight) -> Option<Self> {
        let w = isa.instruction(bytes);
        let next = w >> 32;
        match isa {
            Isa::None | Isa::Pointers { .. } => None,
            Isa::Thumb => {
                let halves = |at: u32| (w >> at & 0xFFFF, w >> (at + 16) & 0xFFFF);
                let ((a, b), (c, d)) = (halves(0), halves(32));
                if a & 0xF800 == 0xF000 && b & 0x9000 == 0x9000 {
                    return Some(Self::ThumbBranch);
                }
                match (a >> 12, a >> 8 & 15) {
                    (4, 8..) => return Some(Self::ThumbLiteral),
                    (13, ..=13) => return Some(Self::ThumbCondition),
                    (14, ..=7) => return Some(Self::ThumbJump),
                    _ => {}
                }
                let pair = a & 0xFBF0 == 0xF240 && c & 0xFBF0 == 0xF2C0;
                let fits = b < 0x8000 && d < 0x8000 && b >> 8 & 15 == d >> 8 & 15;
                (pair && fits).then_some(Self::ThumbMove)
            }
            Isa::A32 { .. } => {
                let condition = w >> 28 & 15;
                if w >> 25 & 7 == 5 {
                    return Some(if condition == 15 { Self::A32Exchange } else { Self::A32Branch });
                }
                let one_place = w >> 24 & 15 == 5 && w >> 20 & 3 == 1 && w >> 16 & 15 == 15;
                if one_place && condition != 15 {
                    return Some(Self::A32Literal);
                }
                let pair = w >> 20 & 0xFF == 0x30 && next >> 20 & 0xFF == 0x34;
                let fits =
                    condition != 15 && condition == next >> 28 && w >> 12 & 15 == next >> 12 & 15;
                (pair && fits).then_some(Self::A32Move)
            }
            Isa::AArch64 => {
                if w >> 26 & 31 == 5 {
                    return Some(Self::A64Branch);
                }
                if w >> 25 & 63 == 27 {
                    return Some(Self::A64Test);
                }
                let zero = w >> 25 & 63 == 26;
                let condition = w >> 24 & 0xFF == 0x54 && w >> 4 & 1 == 0;
                let literal = w >> 27 & 7 == 3 && w >> 24 & 3 == 0;
                if zero || condition || literal {
                    return Some(Self::A64Near);
                }
                if w >> 31 & 1 == 0 || w >> 24 & 31 != 16 || w & 31 != next >> 5 & 31 {
                    return None;
                }
                page_scale(next).map(|scale| Self::A64Page { scale })
            }
            Isa::RiscV { bits } => {
                let rd = w >> 7 & 31;
                let user = store_user(next).filter(|_| rd != 0 && next >> 15 & 31 == rd);
                match (w & 127, w & 3, w >> 13 & 7) {
                    (0x6F, _, _) => Some(Self::Jal),
                    (0x63, _, _) => (w >> 13 & 3 != 1).then_some(Self::Condition),
                    (0x17, _, _) => user.map(|store| Self::PcPair { store }),
                    (0x37, _, _) => user.map(|store| Self::ConstantPair { store }),
                    (_, 1, 5) => Some(Self::ShortJump),
                    (_, 1, 1) if bits == 32 => Some(Self::ShortJump),
                    (_, 1, 6 | 7) => Some(Self::ShortZero),
                    _ if w >> 15 & 31 == 3 => {
                        store_user(w & 0xFFFF_FFFF).map(|store| Self::GlobalUser { store })
                    }
                    _ => None,
                }
            }
            Isa::Avr => {
                let (opcode, next) = (w & 0xFFFF, w >> 16 & 0xFFFF);
                let (register, following) = (w >> 4 & 15, w >> 20 & 15);
                match (opcode >> 12, opcode >> 9 & 7, opcode & 15) {
                    (9, 2, 12..) => Some(Self::AvrWord),
                    (9, 0 | 1, 0) => Some(Self::AvrData),
                    (12 | 13, _, _) => Some(Self::AvrDistance),
                    (15, 0..=3, _) => Some(Self::AvrCondition),
                    (5, _, _) if next >> 12 == 4 && register % 2 == 0 => {
                        (following == register + 1).then_some(Self::AvrNegative)
                    }
                    _ => None,
                }
            }
            Isa::Xtensa { big } => {
                let (op0, n, m) = if big {
                    (w >> 20, w >> 18 & 3, w >> 16 & 3)
                } else {
                    (w & 15, w >> 4 & 3, w >> 6 & 3)
                };
                match (op0, n, m) {
                    (5, _, _) => Some(Self::XtensaCall { big }),
                    (6, 0, _) => Some(Self::XtensaJump { big }),
                    (6, 1, _) => Some(Self::XtensaZero { big }),
                    (6, 2, _) | (6, 3, 2 | 3) | (7, _, _) => Some(Self::XtensaCompare { big }),
                    (1, _, _) => Some(Self::XtensaLiteral { big }),
                    _ => None,
                }
            }
        }
    }

    /// Of an instruction that may use a register set before it.
    fn user(isa: Isa, bytes: Eight) -> Option<Self> {
        let w = isa.instruction(bytes) & 0xFFFF_FFFF;
        match isa {
            Isa::AArch64 => page_scale(w).map(|scale| Self::A64User { scale }),
            Isa::RiscV { .. } if w >> 15 & 31 != 0 => {
                store_user(w).map(|store| Self::ConstantUser { store })
            }
            _ => None,
        }
    }

    fn is_by_distance(self) -> bool {
        !matches!(
            self,
            Self::ThumbMove
                | Self::A32Move
                | Self::A64Page { .. }
                | Self::A64User { .. }
                | Self::ConstantPair { .. }
                | Self::ConstantUser { .. }
                | Self::GlobalUser { .. }
                | Self::AvrWord
                | Self::AvrData
                | Self::AvrNegative
        )
    }

    /// What the distance of a reference at an address counts from.
    fn origin(self, address: u32) -> u32 {
        match self {
            Self::ThumbBranch
            | Self::ThumbCondition
            | Self::ThumbJump
            | Self::XtensaJump { .. }
            | Self::XtensaZero { .. }
            | Self::XtensaCompare { .. } => address.wrapping_add(4),
            Self::AvrDistance | Self::AvrCondition => address.wrapping_add(2),
            Self::ThumbLiteral => address.wrapping_add(4) / 4 * 4,
            Self::A32Branch | Self::A32Exchange | Self::A32Literal => address.wrapping_add(8),
            Self::XtensaCall { .. } => (address / 4 * 4).wrapping_add(4),
            Self::XtensaLiteral { .. } => address.wrapping_add(3) / 4 * 4,
            _ => address,
        }
    }

    /// Bits of a distance with a sign, the last one; of others `None`.
    fn sign_bits(self) -> Option<u32> {
        match self {
            Self::XtensaCompare { .. } | Self::AvrCondition => Some(8),
            Self::ThumbCondition | Self::ShortZero => Some(9),
            Self::ThumbJump | Self::ShortJump | Self::XtensaZero { .. } => Some(12),
            Self::Condition | Self::AvrDistance => Some(13),
            Self::A64Test => Some(16),
            Self::XtensaJump { .. } => Some(18),
            Self::XtensaCall { .. } => Some(20),
            Self::A64Near | Self::Jal => Some(21),
            Self::ThumbBranch => Some(25),
            Self::A32Branch | Self::A32Exchange => Some(26),
            Self::A64Branch => Some(28),
            _ => None,
        }
    }

    fn length(self) -> usize {
        match self {
            Self::ThumbLiteral
            | Self::ThumbCondition
            | Self::ThumbJump
            | Self::ShortJump
            | Self::ShortZero
            | Self::AvrDistance
            | Self::AvrCondition => 2,
            Self::XtensaCall { .. }
            | Self::XtensaJump { .. }
            | Self::XtensaZero { .. }
            | Self::XtensaCompare { .. }
            | Self::XtensaLiteral { .. } => 3,
            Self::ThumbBranch
            | Self::A32Branch
            | Self::A32Exchange
            | Self::A32Literal
            | Self::A64Branch
            | Self::A64Test
            | Self::A64Near
            | Self::A64User { .. }
            | Self::Jal
            | Self::Condition
            | Self::ConstantUser { .. }
            | Self::GlobalUser { .. }
            | Self::AvrWord
            | Self::AvrData
            | Self::AvrNegative => 4,
            Self::ThumbMove
            | Self::A32Move
            | Self::A64Page { .. }
            | Self::PcPair { .. }
            | Self::ConstantPair { .. } => 8,
        }
    }

    /// (bit of the instruction, bit of the distance, how many).
    fn fields(self) -> &'static [(u32, u32, u32)] {
        match self {
            // Without J1 and J2, which depend on S.
            Self::ThumbBranch => &[(10, 24, 1), (0, 12, 10), (16, 1, 11)],
            Self::ThumbLiteral => &[(0, 2, 8)],
            Self::ThumbCondition => &[(0, 1, 8)],
            Self::ThumbJump => &[(0, 1, 11)],
            Self::ThumbMove => &[
                (0, 12, 4),
                (10, 11, 1),
                (28, 8, 3),
                (16, 0, 8),
                (32, 28, 4),
                (42, 27, 1),
                (60, 24, 3),
                (48, 16, 8),
            ],
            Self::A32Branch => &[(0, 2, 24)],
            Self::A32Exchange => &[(0, 2, 24), (24, 1, 1)],
            // Without what tells up from down.
            Self::A32Literal => &[(0, 0, 12)],
            Self::A32Move => &[(16, 12, 4), (0, 0, 12), (48, 28, 4), (32, 16, 12)],
            Self::A64Branch => &[(0, 2, 26)],
            Self::A64Test => &[(5, 2, 14)],
            Self::A64Near => &[(5, 2, 19)],
            // Without the offset within the page.
            Self::A64Page { .. } => &[(29, 12, 2), (5, 14, 19)],
            Self::A64User { .. } => &[(10, 0, 12)],
            Self::Jal => &[(31, 20, 1), (21, 1, 10), (20, 11, 1), (12, 12, 8)],
            Self::Condition => &[(31, 12, 1), (7, 11, 1), (25, 5, 6), (8, 1, 4)],
            Self::ShortZero => &[(12, 8, 1), (5, 6, 2), (2, 5, 1), (10, 3, 2), (3, 1, 2)],
            Self::ShortJump => &[
                (12, 11, 1),
                (11, 4, 1),
                (9, 8, 2),
                (8, 10, 1),
                (7, 6, 1),
                (6, 7, 1),
                (3, 1, 3),
                (2, 5, 1),
            ],
            Self::PcPair { store: false } | Self::ConstantPair { store: false } => {
                &[(12, 12, 20), (52, 0, 12)]
            }
            Self::PcPair { store: true } | Self::ConstantPair { store: true } => {
                &[(12, 12, 20), (57, 5, 7), (39, 0, 5)]
            }
            Self::ConstantUser { store: false } | Self::GlobalUser { store: false } => {
                &[(20, 0, 12)]
            }
            Self::ConstantUser { store: true } | Self::GlobalUser { store: true } => {
                &[(25, 5, 7), (7, 0, 5)]
            }
            Self::XtensaCall { big: false } => &[(6, 2, 18)],
            Self::XtensaCall { big: true } => &[(0, 2, 18)],
            Self::XtensaJump { big: false } => &[(6, 0, 18)],
            Self::XtensaJump { big: true } => &[(0, 0, 18)],
            Self::XtensaZero { big: false } => &[(12, 0, 12)],
            Self::XtensaZero { big: true } => &[(0, 0, 12)],
            Self::XtensaCompare { big: false } => &[(16, 0, 8)],
            Self::XtensaCompare { big: true } => &[(0, 0, 8)],
            Self::XtensaLiteral { big: false } => &[(8, 2, 16)],
            Self::XtensaLiteral { big: true } => &[(0, 2, 16)],
            Self::AvrWord => &[(4, 18, 5), (0, 17, 1), (16, 1, 16)],
            Self::AvrDistance => &[(0, 1, 12)],
            Self::AvrCondition => &[(3, 1, 7)],
            Self::AvrData => &[(16, 0, 16)],
            Self::AvrNegative => &[(8, 4, 4), (0, 0, 4), (24, 12, 4), (16, 8, 4)],
        }
    }
}

/// By how much the offset of a user of an AArch64 page is shifted; `None` if it is no user.
fn page_scale(user: u64) -> Option<u32> {
    let size = low32(user >> 30);
    if user >> 22 == 0b10_0100_0100 {
        Some(0)
    } else if user >> 27 & 7 == 7 && user >> 24 & 3 == 1 {
        let vector = user >> 26 & 1 == 1 && user >> 23 & 1 == 1 && size == 0;
        Some(if vector { 4 } else { size })
    } else {
        None
    }
}

/// Whether a user of a RISC-V register is a store; `None` if it is no user.
fn store_user(user: u64) -> Option<bool> {
    match (user & 127, user >> 12 & 7) {
        (0x23 | 0x27, _) => Some(true),
        (0x03 | 0x07, _) | (0x13 | 0x67, 0) => Some(false),
        _ => None,
    }
}

/// The four bytes that begin so many before an instruction, with zeros from there on.
fn word_back(before: Before, back: usize) -> u32 {
    let byte = |i: usize| before.get(before.len() - back + i).copied().unwrap_or(0);
    u32::from_le_bytes(core::array::from_fn(byte))
}

/// A high part, and a low one of 12 bits with its sign.
fn pair(d: u64) -> u32 {
    low32(d & 0xFFFF_F000).wrapping_add(sign_extend(d & 0xFFF, 12))
}

fn take(w: u64, fields: &[(u32, u32, u32)]) -> u64 {
    fields.iter().map(|&(from, to, bits)| (w >> from & ((1 << bits) - 1)) << to).sum()
}

fn put(w: u64, fields: &[(u32, u32, u32)], d: u64) -> u64 {
    fields.iter().fold(w, |w, &(at, bit, bits)| {
        let mask = (1 << bits) - 1;
        w & !(mask << at) | (d >> bit & mask) << at
    })
}

fn sign_extend(value: u64, bits: u32) -> u32 {
    let negative = value >> (bits - 1) & 1 == 1;
    low32(if negative { value | u64::MAX << bits } else { value })
}

fn low32(value: u64) -> u32 {
    u32::try_from(value & 0xFFFF_FFFF).expect("masked")
}
