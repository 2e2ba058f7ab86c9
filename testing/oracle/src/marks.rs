//! Restart marks and the persisted state (§9).

use crate::Reject;
use crate::body::Body;
use crate::values::Switch;
use crate::workspace::{Registers, Workspace};

impl Body<'_> {
    /// Where the op at the position has to end at the latest (§6).
    pub(crate) fn epoch_end(&self) -> u32 {
        let target_len = self.header.target_len;
        let Some(epoch) = self.header.epoch else { return target_len };
        let next = ((u64::from(self.position()) >> epoch) + 1) << epoch;
        u32::try_from(next).map_or(target_len, |next| next.min(target_len))
    }

    /// The position is a mark.
    pub(crate) fn is_mark(&self) -> bool {
        let position = self.position();
        self.header.epoch.is_some_and(|epoch| {
            position > 0 && position < self.header.target_len && position.is_multiple_of(1 << epoch)
        })
    }

    /// Decodes KEEP or RESET, obeys, and notes the state.
    pub(crate) fn mark(&mut self) -> Result<(), Reject> {
        if self.switch(Switch::Reset, 0)? {
            let map = core::mem::take(&mut self.workspace.map);
            self.workspace = Workspace { map, ..Workspace::new(self.header) };
            self.registers = Registers { base: self.registers.base, ..Registers::default() };
            self.coder.started = false;
        }
        self.states.push(self.state());
        Ok(())
    }

    /// The state as it is persisted right after a mark.
    fn state(&self) -> Vec<u8> {
        let r = &self.registers;
        let read = u32::try_from(self.coder.read).expect("32 bits");
        let mut words = vec![
            self.position(),
            r.base,
            read,
            self.coder.range,
            self.coder.code,
            r.last,
            r.history,
            r.run,
        ];
        words.extend(r.repeats.map(|source| source.delta));
        let mut state: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();

        let [first, second, third] = r.repeats.map(|source| source.from_base);
        let bits = [first, second, third, r.followed, r.repeated, r.read_base, self.coder.started];
        state.push(bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit)));
        state.push(u8::try_from(r.tokens & 7).expect("masked"));
        state.extend(self.workspace.words());
        state
    }
}
