//! Diffs: blocks and units (§10).

use crate::Reject;
use crate::body::Body;
use crate::hash::context;
use crate::units::{Diff, Kind, Unit, Window};

impl Body<'_> {
    /// Decodes a diff of `length` bytes at the base register.
    pub(crate) fn diff(&mut self, length: u32) -> Result<(), Reject> {
        let mut diff = Diff { behind: 0, left: length };
        // Bytes of a failed block.
        let mut block_left = 0_u32;
        while diff.left > 0 {
            if block_left == 0 && self.registers.run >= 8 {
                let (bytes, moves) = self.block(diff);
                let length = u32::try_from(bytes.len()).expect("small");
                if self.block_hit(moves)? {
                    self.produce_diff(&bytes);
                    self.registers.history = 0;
                    self.registers.run = self.registers.run.saturating_add(length);
                    diff = diff.after(length);
                    continue;
                }
                block_left = length;
            }
            let (length, hit) = self.unit(diff, block_left)?;
            block_left = if hit { block_left.saturating_sub(length) } else { 0 };
            diff = diff.after(length);
        }
        Ok(())
    }

    fn produce_diff(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.produce(*byte);
            self.registers.base += 1;
        }
    }

    /// The bytes of a block as predicted, and whether they are not those of the base (§10.2).
    fn block(&self, diff: Diff) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        let mut moves = false;
        while bytes.len() < 32 && bytes.len() < usize::try_from(diff.left).expect("32 bits") {
            let done = u32::try_from(bytes.len()).expect("small");
            let (base, target) = (self.registers.base + done, self.position() + done);
            let unit = self.unit_at(base, target, diff.after(done));
            moves |= unit.predicted != unit.original;
            bytes.extend(unit.predicted);
        }
        (bytes, moves)
    }

    /// Decodes one unit and answers its length, and whether it hit (§10.3).
    fn unit(&mut self, diff: Diff, block_left: u32) -> Result<(u32, bool), Reject> {
        let unit = self.unit_at(self.registers.base, self.position(), diff);
        let window = Window::new(&self.base_image, self.registers.base);
        let length = u32::try_from(unit.predicted.len()).expect("small");

        let hunting = block_left > 0;
        let kind = unit.kind.number() | u32::from(hunting) << 3;
        let here = if length == 1 { window.b(0) } else { window.h(0) };
        let history = self.registers.history;
        let lr = self.run_bits();
        let contexts = [
            context(0, history & 0xFF, kind),
            context(1, here >> 8 | (history & 15) << 8 | (self.position() & 3) << 12, kind),
            context(2, lr | (here >> 11) << 4, kind),
        ];
        let kind = unit.kind as usize;
        let set = [0, 0, 0, 2, 4, 4][kind] + usize::from(history & 1 == 1);
        // The miss of a failed block cannot come later.
        let certain_miss = hunting && block_left <= length;
        if !certain_miss && self.hit(unit.kind.name(), set, contexts)? {
            self.produce_diff(&unit.predicted);
            self.registers.remember(false);
            self.registers.run = self.registers.run.saturating_add(length);
            return Ok((length, true));
        }
        let mut stays = false;
        if unit.kind.is_reference() && unit.predicted != unit.original {
            let contexts = contexts.map(|context| context ^ 0x5555_5555);
            stays = self.hit("an unchanged reference", 6, contexts)?;
        }
        let bytes = if stays { unit.original.clone() } else { self.miss(&unit)? };
        self.learn(&unit, &bytes);
        self.registers.remember(true);
        self.registers.run = 0;
        self.produce_diff(&bytes);
        Ok((length, false))
    }

    fn miss(&mut self, unit: &Unit) -> Result<Vec<u8>, Reject> {
        let mut bytes = vec![0; unit.predicted.len()];
        let first = 4 + [0, 0, 1, 5, 13, 17][unit.kind as usize];
        for (group, d) in (first..).zip(0..bytes.len()) {
            let index = d ^ unit.order;
            bytes[index] = self.missed_byte(unit.predicted[index], group)?;
        }
        Ok(bytes)
    }

    /// What a reference that did not become what was predicted teaches the cache.
    fn learn(&mut self, unit: &Unit, bytes: &[u8]) {
        let word = |bytes: &[u8]| self.isa.word(bytes.try_into().expect("a pointer"));
        let leads_to_now = match unit.kind {
            Kind::Byte | Kind::Code => None,
            Kind::Branch => {
                let mut eight = [0; 8];
                eight[..bytes.len()].copy_from_slice(bytes);
                self.isa.branch(unit.target_address, eight).map(|now| now.to)
            }
            Kind::Pointer => {
                Some(word(bytes)).filter(|&word| self.header.target_regions.contains(word))
            }
            Kind::RamPointer => Some(word(bytes)).filter(|&word| self.isa.in_ram(word)),
        };
        if let Some(leads_to_now) = leads_to_now {
            self.workspace.cache.insert(unit.leads_to, leads_to_now);
        }
    }
}
