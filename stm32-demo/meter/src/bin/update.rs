//! An update by a signed patch that is stored in flash, as an integrator writes it with `device-apply`.
//!
//! All of the patch is checked before its first byte is decoded, then the base's digest; the target is read back at the end.
#![no_std]
#![no_main]

use core::mem::discriminant;

use bsp::flash::FlashArea;
use cortex_m_rt::entry;
use device_apply::trust::{Authenticator, Policy, PublicKey, Verify};
use device_apply::{Applier, Progress, Stage};
use embedded_storage::nor_flash::ReadNorFlash;
use meter::{Answer, CHUNK, FAILED, Order, fail, mark, serve};
use patcher_core::reference::Isa;
use patcher_core::reference::thumb::Thumb;

/// Most memory of the decoder: 16 KiB.
const WORKSPACE_WORDS: usize = 8192;
/// What the workspace holds before: a word that differs was written.
const UNTOUCHED: u16 = 0xA5C3;

type Update<'a> = Applier<'a, FlashArea, FlashArea, Verify<'a>>;

#[entry]
fn main() -> ! {
    static mut WORKSPACE: [u16; WORKSPACE_WORDS] = [0; WORKSPACE_WORDS];
    serve(|order| {
        WORKSPACE.fill(UNTOUCHED);
        mark();
        update(order, WORKSPACE)?;
        mark();
        let last = WORKSPACE.iter().rposition(|&word| word != UNTOUCHED);
        Ok(Answer {
            workspace_words: last.map_or(0, |last| last + 1),
            state_bytes: Update::STATE_BYTES,
        })
    })
}

/// The patch's bytes from `offset` on.
fn chunk<'b>(order: &Order, offset: u32, bytes: &'b mut [u8; CHUNK]) -> Result<&'b [u8], u16> {
    let len = order.len.saturating_sub(offset).min(CHUNK as u32);
    let bytes = bytes.get_mut(..len as usize).ok_or(FAILED)?;
    FlashArea::new(order.patch).read(offset, bytes).map_err(|_| FAILED)?;
    Ok(bytes)
}

fn update(order: &Order, workspace: &mut [u16]) -> Result<(), u16> {
    let workspace = workspace.get_mut(..order.workspace_words).ok_or(FAILED)?;
    let signers = [PublicKey(order.key)];
    let mut bytes = [0; CHUNK];
    let mut authenticator = Authenticator::new(Policy::new(&signers, &[], 0), workspace);
    for offset in (0..order.len).step_by(CHUNK) {
        let mut rest = chunk(order, offset, &mut bytes)?;
        while !rest.is_empty() {
            authenticator.push(&mut rest).map_err(|error| error.code())?;
        }
    }
    let authentic = authenticator.finish().map_err(|error| error.code())?;
    mark();

    let (base, target) = (FlashArea::new(order.base), FlashArea::new(order.target).posting());
    let isas: [&'static dyn Isa; 1] = [&Thumb];
    let mut update: Update<'_> = Applier::authenticated(base, target, &isas, authentic);
    let mut stage = Stage::Base { checked: 0, total: 0 };
    for offset in (0..order.len).step_by(CHUNK) {
        let mut rest = chunk(order, offset, &mut bytes)?;
        while !rest.is_empty() {
            let progress = update.push(&mut rest).map_err(|error| error.code())?;
            mark_stage(&mut stage, &progress);
        }
    }
    loop {
        let progress = update.finish().map_err(|error| error.code())?;
        mark_stage(&mut stage, &progress);
        if let Stage::Done { .. } = progress.stage {
            return Ok(());
        }
    }
}

/// Tells the host when the base is known to be right, and when the target is written.
fn mark_stage(stage: &mut Stage, progress: &Progress) {
    let begins = discriminant(&progress.stage) != discriminant(stage);
    *stage = match progress.stage {
        // The header is read once more, for nothing.
        Stage::Header => return,
        Stage::Failed { .. } => fail(),
        now => now,
    };
    if begins && matches!(stage, Stage::Body | Stage::Target { .. }) {
        mark();
    }
}
