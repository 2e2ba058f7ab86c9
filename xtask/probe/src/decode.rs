//! A decoder over memory-mapped slots.

use crate::memory::{BASE, PATCH, TARGET};
use patcher_core::reference::Isa;
use patcher_core::{Decoder, Event, Header, Images};

struct Slots {
    written: u32,
}

impl Images for Slots {
    type Error = ();

    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), ()> {
        BASE.read(offset, bytes).then_some(()).ok_or(())
    }

    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), ()> {
        TARGET.read(offset, bytes).then_some(()).ok_or(())
    }

    fn write_target(&mut self, bytes: &[u8]) -> Result<(), ()> {
        let done = TARGET.write(self.written, bytes).then_some(()).ok_or(());
        self.written = self.written.wrapping_add(u32::try_from(bytes.len()).unwrap_or(0));
        done
    }
}

/// Decodes with some instruction sets; `None` when the patch is refused.
pub fn decode(isas: &[&'static dyn Isa], workspace: &mut [u16]) -> Option<()> {
    let mut offset = 0;
    let mut bytes = core::iter::from_fn(|| {
        let mut byte = [0];
        let there = PATCH.read(offset, &mut byte);
        offset += 1;
        there.then_some(byte[0])
    });
    let (header, length) = Header::parse(&mut bytes).ok()?;
    let workspace = workspace.get_mut(..header.workspace_words())?;
    let mut decoder = Decoder::new(header, isas, workspace).ok()?;
    let mut slots = Slots { written: 0 };
    let mut position = u32::try_from(length).ok()?;
    // One by one: bytes behind the body would be refused.
    loop {
        let mut byte = [0; 1];
        if !PATCH.read(position, &mut byte) {
            return None;
        }
        position = position.wrapping_add(1);
        let mut rest = byte.as_slice();
        loop {
            match decoder.push(&mut slots, &mut rest).ok()? {
                Event::NeedInput => break,
                Event::Mark { .. } | Event::Yield => {}
                Event::Done => return decoder.finish().ok(),
            }
        }
    }
}
