//! One pair through everything that must agree: encoder, decoder, oracle, applier on flash.

use corpora::{Cache, Pair};
use device_apply::{Applier, Stage};
use flash_model::{FlashModel, Part, Slot, Stm32H7, Stm32L4, Stm32U5};
use host_diff::image::FlatImage;
use host_diff::{Options, Patch, create};
use patcher_core::reference;

/// A pair that went through.
#[derive(Debug)]
pub struct Passed {
    /// Base and target, series and version.
    pub name: String,
    /// Bytes of the patch.
    pub patch_bytes: usize,
}

/// What a pair is called.
#[must_use]
pub fn name(pair: &Pair) -> String {
    let (base, target) = (&pair.base, &pair.target);
    format!("{} {} -> {} {}", base.series, base.version, target.series, target.version)
}

/// Makes a patch for `pair` and applies it in every way. The error says which way failed and how.
///
/// # Errors
/// A sentence; also when an image is not in the cache.
pub fn roundtrip(pair: &Pair, cache: &Cache, options: &Options) -> Result<Passed, String> {
    let name = name(pair);
    let (base, target) = cache.pair(pair).map_err(|error| format!("{name}: {error}"))?;
    let patch =
        create(&FlatImage::from_raw(base.clone()), &FlatImage::from_raw(target.clone()), options)
            .map_err(|error| format!("{name}: create: {error}"))?;
    let agree = |way: &str, result: Result<Vec<u8>, String>| match result {
        Ok(bytes) if bytes == target => Ok(()),
        Ok(_) => Err(format!("{name}: {way}: the image differs")),
        Err(error) => Err(format!("{name}: {way}: {error}")),
    };
    let host = host_diff::apply::apply(&base, &patch.bytes).map_err(|error| error.to_string());
    agree("host-diff", host)?;
    let oracle = oracle::decode(&base, &patch.bytes).map_err(|error| format!("{error:?}"));
    agree("oracle", oracle)?;
    agree("STM32L4", on_flash::<Stm32L4>(&base, &patch))?;
    agree("STM32U5", on_flash::<Stm32U5>(&base, &patch))?;
    agree("STM32H7", on_flash::<Stm32H7>(&base, &patch))?;
    Ok(Passed { name, patch_bytes: patch.bytes.len() })
}

/// Erase unit of the largest geometry: slots start on its multiples.
const SLOT_STEP: usize = 128 * 1024;

/// Applies the patch on a part: base in one slot, target in the other, nothing else writable.
fn on_flash<P: Part>(base: &[u8], patch: &Patch) -> Result<Vec<u8>, String>
where
    for<'f> Slot<'f, P>: embedded_storage::nor_flash::NorFlash,
{
    let round = |len: usize| len.max(1).next_multiple_of(SLOT_STEP);
    let target_len = usize::try_from(patch.header.target_len).map_err(|error| error.to_string())?;
    let (base_end, end) = (round(base.len()), round(base.len()) + round(target_len));
    let size = u32::try_from(end).map_err(|error| error.to_string())?;
    let middle = u32::try_from(base_end).map_err(|error| error.to_string())?;
    let flash = FlashModel::<P>::with_size(size);
    flash.slot(0..middle).load(base);
    flash.protect_outside(middle..size);
    // Exactly what the patch declares, not a word more.
    let mut workspace = vec![0u16; patch.header.workspace_words()];
    let (from, to) = (flash.slot(0..middle), flash.slot(middle..size));
    let mut applier = Applier::new(from, to, &mut workspace, &reference::ALL);
    for chunk in patch.bytes.chunks(512) {
        let mut rest = chunk;
        while !rest.is_empty() {
            applier.push(&mut rest).map_err(|error| format!("{error:?}"))?;
        }
    }
    while !matches!(
        applier.finish().map_err(|error| format!("{error:?}"))?.stage,
        Stage::Done { .. }
    ) {}
    drop(applier);
    let length = u32::try_from(target_len).map_err(|error| error.to_string())?;
    flash.dump(middle..middle + length).map_err(|error| format!("{error:?}"))
}
