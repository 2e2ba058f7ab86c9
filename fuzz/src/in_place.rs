//! Updates that overwrite their base: planned by the host, applied on the flash model, cut, and made hostile.

use core::convert::Infallible;

use device_apply::in_place::{InPlace, InPlaceError, Parts, Stage};
use flash_model::{Cut, FlashError, FlashModel, Part, Stm32L0, Stored, Tear};
use host_diff::image::FlatImage;
use host_diff::in_place::{Slot, Wear};
use host_diff::{Epoch, IsaChoice, Options, Resume, create};
use patcher_core::container::in_place::Form;
use patcher_core::container::writer;
use patcher_core::{Header, reference};
use rig::firmware::ADDRESS;
use rig::trial::Trial;

/// Two related images and a patch for one slot: it makes the target, also after a cut; with bytes of its body exchanged it ends with
/// an error or a target, and leaves all but its regions alone.
///
/// The first four bytes pick the slot and the cut.
///
/// # Panics
/// When it does not.
pub fn update(bytes: &[u8]) {
    let Some((&[slack, pick, low, high], rest)) = bytes.split_first_chunk() else { return };
    let Trial { options, base, target } = Trial::of(rest);
    let Some(patch) = patch(slack, pick, options, &base, &target) else { return };
    let (header, len) = Header::parse(patch.iter().copied()).expect("a patch");
    let device = Device::new(&header, &base);
    device.flash.cut_after(u16::from_le_bytes([low, high]).into(), Cut::Inside(Tear::Mixed(1)));
    let first = device.run(&header, &patch);
    device.flash.power_on();
    if let Err(error) = first {
        assert!(
            !device.flash.is_powered() || error.class() == device_apply::Class::Flash,
            "{error}"
        );
    }
    device.run(&header, &patch).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(device.flash.dump(0..header.target_len).as_deref(), Ok(&target[..]));

    // Signed by its maker, and hostile: some bytes of the body are others.
    let mut body = patch[len..].to_vec();
    let count = body.len().max(1);
    for (at, change) in
        rest.chunks_exact(3).take(4).map(|c| (usize::from(c[0]) << 8 | usize::from(c[1]), c[2]))
    {
        if let Some(byte) = body.get_mut(at % count) {
            *byte ^= change;
        }
    }
    let hostile = writer::join(&header, &body);
    let device = Device::new(&header, &base);
    let end = device.run(&header, &hostile);
    if let Err(error) = end {
        // After an error of the patch the same patch ends in the same way.
        assert_ne!(error.class(), device_apply::Class::Bug, "{error}");
        let again = device.run(&header, &hostile);
        assert!(again.is_err(), "{error}, then {again:?}");
    }
    assert_eq!(device.flash.stats().refusals, 0);
    assert_eq!(device.flash.dump(device.end..device.flash.size()), Ok(vec![0x5A; 256]));
}

/// A patch for a slot that the bytes pick; `None` if `create` refuses that.
fn patch(slack: u8, pick: u8, options: u8, base: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    let page = Stm32L0::GEOMETRY.erase_bytes();
    let longer = u32::try_from(base.len().max(target.len())).ok()?.next_multiple_of(page).max(page);
    let reserve = page * (u32::from(slack % 32) + 1);
    let scratch = slack & 0x80 != 0;
    let slot = Slot {
        slot_bytes: if scratch { longer } else { longer + reserve },
        page_bytes: page,
        scratch_bytes: scratch.then_some(reserve),
    };
    let epoch = Epoch::of_bytes(256 << (pick >> 2 & 3))?;
    let isa = [None, Some(IsaChoice::Thumb), Some(IsaChoice::Pointers)][usize::from(options) % 3];
    let options = Options {
        level: [1, 4][usize::from(pick >> 7)],
        ram: 2048,
        isa: isa.or(Some(IsaChoice::None)),
        base_address: isa.map(|_| ADDRESS),
        target_address: isa.map(|_| ADDRESS),
        resume: match pick & 3 {
            0 => Resume::Snapshot(epoch),
            1 => Resume::Reset(epoch),
            _ => Resume::Redecode,
        },
        in_place: Some(slot),
        ..Options::default()
    };
    let [base, target] = [base, target].map(|bytes| FlatImage::from_raw(bytes.to_vec()));
    match create(&base, &target, &options) {
        Ok(patch) => Some(patch.bytes),
        Err(host_diff::CreateError::Slot(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Slot, scratch and journals, and bytes behind them that nobody may touch.
struct Device {
    flash: FlashModel<Stm32L0>,
    slot: u32,
    scratch: u32,
    steps: u32,
    end: u32,
}

impl Device {
    fn new(header: &Header, base: &[u8]) -> Self {
        let slot = header.in_place.expect("in place");
        let wear = Wear::of(header).expect("in place");
        let scratch = slot.slot_bytes()
            + match slot.form {
                Form::Slide => 0,
                Form::Scratch => slot.reserve_bytes(),
            };
        let steps = scratch + wear.steps_bytes;
        let end = steps + wear.marks_bytes;
        let flash = FlashModel::with_size(end + 256);
        flash.load(0, &vec![0x5A; end as usize + 256]);
        flash.load(0, base);
        Self { flash, slot: slot.slot_bytes(), scratch, steps, end }
    }

    fn run(
        &self,
        header: &Header,
        patch: &[u8],
    ) -> Result<(), InPlaceError<Infallible, FlashError>> {
        let some =
            |range: core::ops::Range<u32>| (!range.is_empty()).then(|| self.flash.slot(range));
        let parts = Parts {
            slot: self.flash.slot(0..self.slot),
            scratch: some(self.slot..self.scratch),
            steps: self.flash.slot(self.scratch..self.steps),
            marks: some(self.steps..self.end),
        };
        let mut workspace = vec![0; header.workspace_words()];
        let mut update = InPlace::new(Stored(patch), parts, &mut workspace, &reference::ALL)?
            .with_erased_value(Stm32L0::GEOMETRY.erased_value());
        while !matches!(update.step()?.stage, Stage::Done { .. }) {}
        Ok(())
    }
}
