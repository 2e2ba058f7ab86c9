//! The real decoder beside the oracle.
#![allow(dead_code, reason = "each test uses a part of it")]

use core::convert::Infallible;

use oracle::Observed;
use patcher_core::container::region::{Region, Regions};
use patcher_core::container::self_digest::SelfDigests;
use patcher_core::container::writer;
use patcher_core::encode::{self, Plan};
use patcher_core::error::Error;
use patcher_core::{Decoder, Event, Header, Images, Kind, reference};

/// Both images in memory.
struct Memory<'a> {
    base: &'a [u8],
    target: Vec<u8>,
}

impl Images for Memory<'_> {
    type Error = Infallible;

    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        let start = usize::try_from(offset).unwrap();
        bytes.copy_from_slice(&self.base[start..start + bytes.len()]);
        Ok(())
    }

    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        let start = usize::try_from(offset).unwrap();
        bytes.copy_from_slice(&self.target[start..start + bytes.len()]);
        Ok(())
    }

    fn write_target(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.target.extend(bytes);
        Ok(())
    }
}

/// Image and states of the real decoder, or the code of its reject. The patch comes in chunks of `chunk` bytes.
pub(crate) fn real(
    base: &[u8],
    patch: &[u8],
    chunk: usize,
) -> Result<(Vec<u8>, Vec<Vec<u8>>), u16> {
    let (header, header_len) =
        Header::parse(patch.iter().copied()).map_err(|error| error.code())?;
    let mut workspace = vec![0; header.workspace_words()];
    let mut decoder =
        Decoder::new(header, &reference::ALL, &mut workspace).map_err(|error| error.code())?;
    let mut memory = Memory { base, target: Vec::new() };
    let mut states = Vec::new();
    // An empty last chunk: a decoder may have something to do without input.
    for mut rest in patch[header_len..].chunks(chunk).chain([&[][..]]) {
        loop {
            let event = decoder.push(&mut memory, &mut rest).map_err(|error| match error {
                Error::Patch(error) => error.code(),
                Error::Images(never) => match never {},
            })?;
            if let Event::Mark { .. } = event {
                let mut state = Vec::new();
                decoder.save(|bytes| state.extend(bytes)).map_err(|error| error.code())?;
                states.push(state);
            }
            if rest.is_empty() && matches!(event, Event::NeedInput | Event::Done) {
                break;
            }
        }
    }
    decoder.finish().map_err(|error| error.code())?;
    Ok((memory.target, states))
}

/// Asserts that both decoders make the same of a patch, and answers what.
pub(crate) fn agree(base: &[u8], patch: &[u8]) -> Result<Observed, u16> {
    let ours = oracle::observe(base, patch, 0).map_err(|reject| reject.code().unwrap());
    for chunk in [61, usize::MAX] {
        match (&ours, real(base, patch, chunk)) {
            (Ok(ours), Ok((image, states))) => {
                let same = ours.image.iter().zip(&image).take_while(|(a, b)| a == b).count();
                assert!(ours.image == image, "images differ from {same:#x} on");
                assert_eq!(ours.states.len(), states.len(), "marks");
                for (index, (ours, real)) in ours.states.iter().zip(&states).enumerate() {
                    let same = ours.iter().zip(real).take_while(|(a, b)| a == b).count();
                    assert!(ours == real, "states {index} differ from {same} on");
                }
            }
            (Ok(_), Err(code)) => panic!("only the real decoder rejects: {code}"),
            (Err(code), Ok(_)) => panic!("only the oracle rejects: {code}"),
            (Err(ours), Err(real)) => assert_eq!(*ours, real, "codes of oracle and real decoder"),
        }
    }
    ours
}

/// What a hand-made patch is made of.
pub(crate) struct Recipe<'a> {
    pub(crate) kind: Kind,
    pub(crate) isa: u8,
    pub(crate) memory: u8,
    pub(crate) epoch_log2: u8,
    pub(crate) base: &'a [u8],
    pub(crate) target: &'a [u8],
    pub(crate) base_regions: Regions,
    pub(crate) target_regions: Regions,
    pub(crate) plan: Plan,
}

impl<'a> Recipe<'a> {
    /// A delta without references, marks or anything planned.
    pub(crate) fn delta(base: &'a [u8], target: &'a [u8]) -> Self {
        Self {
            kind: Kind::Delta,
            isa: reference::NO_ISA,
            memory: 16,
            epoch_log2: 0,
            base,
            target,
            base_regions: Regions::default(),
            target_regions: Regions::default(),
            plan: Plan::default(),
        }
    }

    /// The patch.
    pub(crate) fn patch(&self) -> Vec<u8> {
        let delta = self.kind == Kind::Delta;
        let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap();
        let mut header = Header {
            kind: self.kind,
            isa: self.isa,
            memory: self.memory,
            map_entries: u32::try_from(self.plan.map.len()).unwrap(),
            base_len: if delta { len(self.base) } else { 0 },
            target_len: len(self.target),
            body_len: 0,
            epoch_log2: self.epoch_log2,
            in_place: None,
            base_regions: self.base_regions,
            target_regions: self.target_regions,
            base_digest: [0; 4],
            target_digest: oracle::sha256(self.target)[..8].try_into().unwrap(),
            self_digests: SelfDigests::default(),
        };
        if delta {
            header.base_digest = oracle::sha256(self.base)[..4].try_into().unwrap();
        }
        let base = if delta { self.base } else { &[] };
        let body = encode::encode(&header, &reference::ALL, base, self.target, &self.plan).unwrap();
        header.body_len = len(&body);
        let mut patch = writer::write(&header);
        patch.extend(body);
        patch
    }

    /// Makes the patch, asserts that both decoders and both digests agree, and answers patch and observation.
    pub(crate) fn check(&self) -> (Vec<u8>, Observed) {
        let patch = self.patch();
        let base = if self.kind == Kind::Delta { self.base } else { &[] };
        let observed = agree(base, &patch).unwrap();
        assert!(observed.image == self.target);
        assert_eq!(oracle::decode(self.base, &patch).as_deref(), Ok(self.target));
        (patch, observed)
    }
}

/// A list of regions.
pub(crate) fn regions(list: &[(u32, u32, bool)]) -> Regions {
    let mut regions = Regions::default();
    for &(len, address, code) in list {
        assert!(regions.push(Region { len, address, code }));
    }
    regions
}

/// xorshift: reproducible bytes.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }
}

/// Bytes that look a little like Thumb code loaded at `address`: halfwords of few kinds, branches, words into flash and RAM.
pub(crate) fn made_up_code(random: &mut Random, address: u32, len: usize) -> Vec<u8> {
    let mut code = Vec::new();
    while code.len() < len {
        let reach = u32::try_from(random.below(len)).unwrap();
        match random.below(8) {
            0 => {
                // BL forward or backward within the image.
                let here = address + u32::try_from(code.len()).unwrap();
                let d = (address + (reach & !1)).wrapping_sub(here + 4);
                let s = d >> 24 & 1;
                let first = 0xF000 | s << 10 | (d >> 12 & 0x3FF);
                let second = 0xD000
                    | (1 ^ (d >> 23 & 1) ^ s) << 13
                    | (1 ^ (d >> 22 & 1) ^ s) << 11
                    | (d >> 1 & 0x7FF);
                code.extend((second << 16 | first).to_le_bytes());
            }
            1 if code.len().is_multiple_of(4) => code.extend((address + reach).to_le_bytes()),
            2 if code.len().is_multiple_of(4) => {
                code.extend((0x2000_0000 + (reach & 0xFFC)).to_le_bytes());
            }
            kind => {
                let high = [0x20, 0x68, 0x46, 0xB5, 0xD0, 0x1C, 0xE7, 0x21][kind];
                code.extend([random.byte() & 0x1F, high]);
            }
        }
    }
    code.truncate(len);
    code
}
