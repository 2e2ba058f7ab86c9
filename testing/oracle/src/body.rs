//! The body: the address map, then ops (§6).

use crate::header::Header;
use crate::isa::Isa;
use crate::range::{Decision, RangeDecoder};
use crate::units::Site;
use crate::values::{Number, Switch, unzigzag};
use crate::workspace::{Registers, Workspace};
use crate::{Observed, Reject, crc32, sha256};

/// One value of the body as it was decoded, for whoever wants to look on.
#[derive(Clone, Debug)]
pub struct Step {
    /// What the value is, in the words of §7.
    pub name: String,
    /// The value; a switch or hit is 0 or 1.
    pub value: u32,
    /// The decisions that it was decoded by.
    pub decisions: Vec<Decision>,
}

/// Everything that a body is decoded with.
#[derive(Debug)]
pub(crate) struct Body<'a> {
    pub(crate) header: &'a Header,
    /// The base as it is in this epoch: zeros where it is gone.
    pub(crate) base_image: Vec<u8>,
    pub(crate) isa: Isa,
    pub(crate) coder: RangeDecoder<'a>,
    pub(crate) workspace: Workspace,
    pub(crate) registers: Registers,
    pub(crate) target: Vec<u8>,
    /// From here on `target` is as the extra made it; before, as it will be.
    pub(crate) settled: usize,
    /// Up to here `target` holds its own digests (§2.3): all that is settled.
    pub(crate) filled: usize,
    pub(crate) states: Vec<Vec<u8>>,
    pub(crate) steps: Vec<Step>,
    pub(crate) steps_wanted: usize,
    pub(crate) decisions: Vec<Decision>,
}

impl<'a> Body<'a> {
    pub(crate) fn new(
        header: &'a Header,
        base_image: &'a [u8],
        body: &'a [u8],
        steps_wanted: usize,
    ) -> Result<Self, Reject> {
        let body_len = usize::try_from(header.body_len).expect("32 bits");
        Ok(Self {
            header,
            base_image: base_image.to_vec(),
            isa: Isa::numbered(header.isa)?,
            coder: RangeDecoder::new(&body[..body_len.min(body.len())], body_len),
            workspace: Workspace::new(header),
            registers: Registers::default(),
            target: Vec::new(),
            settled: 0,
            filled: 0,
            states: Vec::new(),
            steps: Vec::new(),
            steps_wanted,
            decisions: Vec::new(),
        })
    }

    pub(crate) fn decode(mut self) -> Result<Observed, Reject> {
        self.address_map()?;
        while self.position() < self.header.target_len {
            self.op()?;
            if self.is_mark() {
                self.mark()?;
            }
        }
        self.coder.check_overrun()?;
        if !self.coder.is_finished() {
            return Err(Reject::TrailingData);
        }
        self.settled = self.target.len();
        self.fill();
        Ok(Observed { image: self.target, states: self.states, steps: self.steps })
    }

    /// Puts digests of the target where they belong (§2.3), as far as the target is settled.
    pub(crate) fn fill(&mut self) {
        let size = |value: u32| usize::try_from(value).expect("32 bits");
        for digest in &self.header.self_digests {
            let start = size(digest.at);
            let end = start + size(digest.len_bytes());
            let due = start.max(self.filled)..end.min(self.settled);
            if due.is_empty() {
                continue;
            }
            let covered = &self.target[..size(digest.covered)];
            let value = match digest.kind {
                0 => sha256(covered),
                1 => crc32(covered.iter()).to_le_bytes().to_vec(),
                _ => crc32(covered.iter()).to_be_bytes().to_vec(),
            };
            self.target[due.clone()].copy_from_slice(&value[due.start - start..due.end - start]);
        }
        self.filled = self.settled;
    }

    /// Target bytes produced.
    pub(crate) fn position(&self) -> u32 {
        u32::try_from(self.target.len()).expect("at most target_len")
    }

    pub(crate) fn produce(&mut self, byte: u8) {
        self.target.push(byte);
        self.registers.last = self.registers.last << 8 | u32::from(byte);
    }

    /// Where a reference at a place of a diff leads after the update (§5).
    pub(crate) fn lead(&self, a: u32, site: Site) -> u32 {
        let mapped =
            || self.workspace.map.map(a, &self.header.base_regions, &self.header.target_regions);
        self.workspace.cache.find(a).or_else(|| site.along(a)).unwrap_or_else(mapped)
    }

    /// The address map, entry by entry.
    fn address_map(&mut self) -> Result<(), Reject> {
        let mut base = self.header.base_regions.0.first().map_or(0, |region| region.address);
        let mut shift = 0_u32;
        for index in 0..self.header.map_entries {
            let distance = self.number(Number::MapBase)?;
            let before = base;
            base = base.wrapping_add(distance);
            shift = shift.wrapping_add(unzigzag(self.number(Number::MapShift)?));
            if index > 0 && base <= before {
                return Err(Reject::MapOrder);
            }
            self.workspace.map.0.push((base, base.wrapping_add(shift)));
        }
        Ok(())
    }

    /// Target offset and base offset of the op that the map announces, if any.
    fn announced(&self, epoch_end: u32) -> Option<(u32, u32)> {
        let mut found: Option<(u32, u32)> = None;
        for &(base_address, target_address) in &self.workspace.map.0 {
            let Some(base) = self.header.base_regions.offset_of(base_address) else { continue };
            // Where regions overlap an address has several offsets.
            for region in &self.header.target_regions.0 {
                let inside = target_address.wrapping_sub(region.address);
                let target = region.start.saturating_add(inside);
                if inside < region.len
                    && (self.position()..epoch_end).contains(&target)
                    && found.is_none_or(|(least, _)| target < least)
                {
                    found = Some((target, base));
                }
            }
        }
        found
    }

    /// Overwrites what the target may have overwritten when this epoch is done (§2.2).
    fn lose_base(&mut self, epoch_end: u32) {
        let gone = self.header.in_place.as_ref().map_or(0, |slot| slot.gone(epoch_end));
        let gone = usize::try_from(gone).expect("below 2 GiB").min(self.base_image.len());
        self.base_image[..gone].fill(0);
    }

    /// Whether the base offset is one of those that are gone.
    pub(crate) fn is_gone(&self, base: u32) -> bool {
        let end = self.epoch_end();
        self.header.in_place.as_ref().is_some_and(|slot| u64::from(base) < slot.gone(end))
    }

    /// One op, step by step.
    fn op(&mut self) -> Result<(), Reject> {
        let epoch_end = self.epoch_end();
        self.lose_base(epoch_end);
        let announced = self.announced(epoch_end);
        let mut follows = false;
        if announced.is_some() {
            follows = self.switch(Switch::FromMap, u32::from(self.registers.followed))?;
            self.registers.followed = follows;
        }
        let announced = announced.filter(|_| follows);

        let left = match announced {
            Some((target, _)) => target - self.position(),
            None => self.number(Number::ExtraLength)?,
        };
        if left > epoch_end - self.position() {
            return Err(Reject::TargetRange);
        }
        self.registers.base = self.registers.base.wrapping_add(left);
        self.extra(left)?;
        if self.position() == epoch_end {
            return Ok(());
        }

        self.registers.base = match announced {
            Some((_, base)) => base,
            None => self.registers.base.wrapping_add(unzigzag(self.number(Number::BaseJump)?)),
        };
        if self.registers.base >= self.header.base_len {
            return Err(Reject::BaseRange);
        }
        let left = self.number(Number::DiffLength)?.checked_add(1).ok_or(Reject::TargetRange)?;
        if left > epoch_end - self.position() {
            return Err(Reject::TargetRange);
        }
        if left > self.header.base_len - self.registers.base {
            return Err(Reject::BaseRange);
        }
        if self.is_gone(self.registers.base) {
            return Err(Reject::BaseGone);
        }
        self.diff(left)
    }
}
