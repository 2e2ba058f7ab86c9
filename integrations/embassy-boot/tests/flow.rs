//! The example's flow, with embassy-boot's own bootloader, on the flash of real parts.

#[path = "../example/src/flow.rs"]
mod flow;

use device_apply::ApplyError;
use embassy_boot::{BootLoader, BootLoaderConfig, FirmwareUpdaterConfig, State};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use flash_model::{Cut, FlashError, FlashModel, Nrf52, Part, Slot, Stm32L4, Stm32U5, Tear};
use flow::{Failed, confirm, update};
use patcher_core::reference;
use patcher_embassy_boot::{Updater, UpdaterError};
use rig::firmware::ADDRESS;
use rig::plan::Recipe;

/// A device: eight sectors and more for the state, then both partitions.
struct Device<P: Part> {
    flash: FlashModel<P>,
    active_len: u32,
}

impl<P: Part> Device<P> {
    const SECTOR: u32 = P::GEOMETRY.erase_bytes();
    const STATE: u32 = 8 * Self::SECTOR;

    fn new(base: &[u8]) -> Self {
        let active_len = u32::try_from(base.len()).expect("small").next_multiple_of(Self::SECTOR);
        let active_len = active_len + 2 * Self::SECTOR;
        let flash = FlashModel::<P>::new();
        let device = Self { flash, active_len };
        device.active().load(base);
        device
    }

    fn state(&self) -> Slot<'_, P> {
        self.flash.slot(0..Self::STATE)
    }

    fn active(&self) -> Slot<'_, P> {
        self.flash.slot(Self::STATE..Self::STATE + self.active_len)
    }

    fn dfu(&self) -> Slot<'_, P> {
        let start = Self::STATE + self.active_len;
        self.flash.slot(start..start + self.active_len + Self::SECTOR)
    }

    /// Runs `act` as the application does.
    fn application<T>(
        &self,
        act: impl FnOnce(&mut Updater<'_, Slot<'_, P>, Slot<'_, P>>) -> T,
    ) -> T {
        let mut aligned = vec![0; P::GEOMETRY.write_bytes() as usize];
        let config = FirmwareUpdaterConfig { dfu: self.dfu(), state: self.state() };
        act(&mut Updater::new(config, &mut aligned))
    }

    fn update(&self, patch: &[u8]) -> Result<(), Failed<FlashError, FlashError>> {
        let mut workspace = vec![0; 8 << 10];
        let mut rest = patch;
        self.application(|updater| {
            update(self.active(), updater, &mut workspace, |buffer| {
                let count = rest.len().min(37).min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                rest = &rest[count..];
                count
            })
        })
    }

    /// A reset: the bootloader runs.
    fn reset(&self) -> State {
        let config =
            BootLoaderConfig { active: self.active(), dfu: self.dfu(), state: self.state() };
        let mut page = vec![0; Self::SECTOR as usize];
        BootLoader::new(config).prepare_boot(&mut page).expect("boots")
    }

    fn runs(&self, image: &[u8]) -> bool {
        self.active().dump(image.len()).expect("no torn words") == image
    }
}

/// Two releases, and the patch from the one to the other.
fn release(seed: u64) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let (base, target) = rig::firmware::pair(seed, 120);
    let thumb = reference::Isa::id(&reference::thumb::Thumb);
    let recipe = Recipe::plain().addressed(thumb, (base.len(), ADDRESS), (target.len(), ADDRESS));
    let patch = recipe.encode(&base, &target).bytes();
    assert!(patch.len() < target.len() / 2);
    (base, target, patch)
}

fn a_patch_goes_all_the_way<P: Part>() {
    let (base, target, patch) = release(21);
    let device = Device::<P>::new(&base);
    assert_eq!(device.reset(), State::Boot);
    device.update(&patch).expect("applied");
    assert!(device.runs(&base));
    assert_eq!(device.reset(), State::Swap);
    assert!(device.runs(&target));
    // On trial: the old image is in the DFU partition, and nobody may write there.
    let refused = device.application(|updater| updater.erase(0, Device::<P>::SECTOR));
    assert!(matches!(refused, Err(UpdaterError::NotFree)));
    device.application(|updater| confirm(updater, || true)).expect("confirmed");
    assert_eq!(device.reset(), State::Boot);
    assert!(device.runs(&target));
    // The same patch again is for another base, and the DFU partition stays as it is.
    let before = device.flash.stats().operations();
    let again = device.update(&patch);
    assert!(matches!(again, Err(Failed::Apply(ApplyError::WrongBase { .. }))), "{again:?}");
    assert_eq!(device.flash.stats().operations(), before);
    assert_eq!(device.flash.stats().refusals, 0);
}

#[test]
fn a_patch_goes_into_the_partition_and_the_bootloader_swaps_it_in() {
    a_patch_goes_all_the_way::<Nrf52>();
    a_patch_goes_all_the_way::<Stm32L4>();
    a_patch_goes_all_the_way::<Stm32U5>();
}

#[test]
fn an_image_that_does_not_confirm_is_taken_back_and_may_be_tried_again() {
    let (base, target, patch) = release(22);
    let device = Device::<Stm32L4>::new(&base);
    device.update(&patch).expect("applied");
    assert_eq!(device.reset(), State::Swap);
    device.application(|updater| confirm(updater, || false)).expect("read");
    device.reset();
    assert!(device.runs(&base));
    assert_eq!(device.reset(), State::Revert);
    device.update(&patch).expect("applied");
    assert_eq!(device.reset(), State::Swap);
    assert!(device.runs(&target));
}

#[test]
fn no_more_than_an_image_fits_the_partition() {
    let (base, ..) = release(23);
    let device = Device::<Stm32L4>::new(&base);
    device.application(|updater| {
        let room = device.active_len;
        assert_eq!(updater.capacity(), room as usize);
        assert!(matches!(updater.write(room - 4, &[0; 8]), Err(UpdaterError::OutOfBounds)));
        assert!(matches!(updater.erase(room, room + 2048), Err(UpdaterError::OutOfBounds)));
        assert!(matches!(updater.read(u32::MAX, &mut [0; 8]), Err(UpdaterError::OutOfBounds)));
        updater.mark_updated().expect("marked");
        assert!(matches!(updater.mark_updated(), Err(UpdaterError::NotFree)));
        assert!(matches!(updater.write(0, &[0; 8]), Err(UpdaterError::NotFree)));
    });
}

#[test]
fn a_cut_while_the_patch_is_applied_leaves_the_old_image_and_room_to_try_again() {
    let (base, target, patch) = release(24);
    let device = Device::<Stm32L4>::new(&base);
    let start = device.flash.snapshot();
    device.update(&patch).expect("applied");
    // The last operations are those of the state partition: that is embassy-boot's own business.
    let state = u64::from(Device::<Stm32L4>::STATE / Device::<Stm32L4>::SECTOR) + 2;
    let operations = device.flash.stats().operations() - state;
    for count in (0..operations).step_by(97) {
        device.flash.restore(&start);
        device.flash.cut_after(count, Cut::Inside(Tear::Seeded(count)));
        assert!(device.update(&patch).is_err());
        device.flash.power_on();
        assert_eq!(device.reset(), State::Boot, "after {count} operations");
        assert!(device.runs(&base));
        device.update(&patch).expect("applied");
        assert_eq!(device.reset(), State::Swap);
        assert!(device.runs(&target));
    }
}
