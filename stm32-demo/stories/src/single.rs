//! A device with one slot: out of the factory, its boot metadata, updates in place.

use device_apply::boot::single::Record;
use device_apply::journal::Journal;
use emulator::stm32l4::Device;
use flash_model::{Snapshot, Stm32L4};
use host_diff::image::FlatImage;
use host_diff::in_place::Slot;
use host_diff::trust::{PublicKey, Terms, Unsigned};
use host_diff::{IsaChoice, Options, create};
use layout::single::{BOOT_LOG, BOOTLOADER, PATCH, REVERSE, SLOT};
use layout::{FLASH, PAGE_BYTES};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};

use crate::board::{Board, Release, cells};
use crate::image::{self, HARDWARE_ID, Signing, demo_key};

/// Memory that the bootloader has for the decoder.
pub const DECODER_BYTES: u32 = 8 * 1024;

impl Release {
    /// The image of the same release for the one slot, signed as version `version`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn single_image(self, version: u32) -> Vec<u8> {
        let program = image::program(&format!("single-{}", self.program()));
        Signing::demo(version).image(&program, SLOT)
    }
}

/// What an update in place takes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patches {
    /// The way there.
    pub forward: Vec<u8>,
    /// The way back, if it is to be possible.
    pub reverse: Option<Vec<u8>>,
}

/// Who signs patches and for which counter.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The key.
    pub key: SigningKey,
    /// Devices whose counter is higher refuse the patch.
    pub security_counter: u32,
}

impl Signer {
    /// The demo's key.
    #[must_use]
    pub fn demo(security_counter: u32) -> Self {
        Self { key: demo_key(), security_counter }
    }

    /// A signed patch that overwrites `base` with `target`, as `patcher create --in-place --sign-key` makes it.
    ///
    /// # Panics
    /// If there is none for the slot.
    #[must_use]
    pub fn patch(&self, base: &[u8], target: &[u8]) -> Vec<u8> {
        let address = Some(FLASH + SLOT.start());
        let slot_bytes = SLOT.len();
        let slot = Slot { slot_bytes, page_bytes: PAGE_BYTES, scratch_bytes: None };
        let options = Options {
            ram: DECODER_BYTES,
            // A story is about the device, and not about the last byte.
            level: 2,
            base_address: address,
            target_address: address,
            isa: Some(IsaChoice::Thumb),
            in_place: Some(slot),
            ..Options::default()
        };
        let image = |bytes: &[u8]| FlatImage::from_raw(bytes.to_vec());
        let patch = create(&image(base), &image(target), &options).expect("a patch").bytes;
        self.sign(&patch)
    }

    fn sign(&self, patch: &[u8]) -> Vec<u8> {
        let id: Vec<u8> = HARDWARE_ID.into_iter().take_while(|&byte| byte != 0).collect();
        let security_counter = self.security_counter;
        let terms = Terms { hardware_id: id, security_counter, ..Terms::default() };
        let point = self.key.verifying_key().to_sec1_point(true);
        let point = point.as_bytes().try_into().expect("compressed");
        let key = PublicKey::from_compressed(point).expect("a point");
        let unsigned = Unsigned::patch(patch, &key, &terms).expect("a patch");
        let signature: Signature = self.key.sign_prehash(&unsigned.digest()).expect("32 bytes");
        unsigned.attach(&signature.to_bytes()).expect("the key's own")
    }
}

impl Patches {
    /// From `base` to `target`, by the demo's key; with the way back if that is wanted.
    #[must_use]
    pub fn demo(base: &[u8], target: &[u8], security_counter: u32, with_reverse: bool) -> Self {
        let signer = Signer::demo(security_counter);
        let reverse = with_reverse.then(|| signer.patch(target, base));
        Self { forward: signer.patch(base, target), reverse }
    }
}

/// Devices with one slot.
impl Board {
    /// A device whose one slot holds `image`, confirmed. No power yet.
    ///
    /// # Panics
    /// If the image does not fit.
    #[must_use]
    pub fn single_factory(image: &[u8]) -> Self {
        let mut board = Self::single_blank();
        board.put(&SLOT, image);
        board.write_single_record(&Record::factory(image::record(image)));
        board
    }

    /// A device with nothing but the bootloader for one slot.
    ///
    /// # Panics
    /// If there is no bootloader that fits.
    #[must_use]
    pub fn single_blank() -> Self {
        let mut device = Device::new();
        device.load_program(&image::program("bootloader-single")).expect("flash");
        let behind = device.flash().dump(BOOTLOADER.len()..device.flash().size());
        let blank = behind.expect("whole").iter().all(|&byte| byte == 0xFF);
        assert!(blank, "the bootloader is too long");
        let mut board = Self::of(device);
        board.single = true;
        board
    }

    /// Whether it is such a device.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.single
    }

    /// A device with one slot whose flash is `flash`. No power yet; counters and time start anew.
    #[must_use]
    pub fn single_with_flash(flash: &Snapshot<Stm32L4>) -> Self {
        let mut board = Self::with_flash(flash);
        board.single = true;
        board
    }

    /// The boot metadata of one slot.
    ///
    /// # Panics
    /// If the log cannot be read.
    #[must_use]
    pub fn single_record(&self) -> Option<Record> {
        // A copy: reading may be refused while power is off.
        let flash = self.device.flash().snapshot().fork();
        flash.power_on();
        let log = Journal::<_, Record>::open(flash.slot(cells(&BOOT_LOG))).expect("a log");
        log.latest().copied()
    }

    /// Writes boot metadata with the hand of the factory. It counts from the next [`power_on`](Self::power_on).
    ///
    /// # Panics
    /// If the log cannot be written.
    pub fn write_single_record(&mut self, record: &Record) {
        self.device.flash().power_on();
        let slot: flash_model::Slot<'_, Stm32L4> = self.device.flash().slot(cells(&BOOT_LOG));
        let mut log = Journal::open(slot).expect("a log");
        log.append(record).expect("room");
    }

    /// Puts patches to where they wait and asks for the update, as the application does.
    ///
    /// # Panics
    /// If they do not fit.
    pub fn stage_patches(&mut self, patches: &Patches) {
        self.put(&PATCH, &patches.forward);
        if let Some(reverse) = &patches.reverse {
            self.put(&REVERSE, reverse);
        }
        let record = self.single_record().unwrap_or_default();
        self.write_single_record(&record.vacate().request(patches.reverse.is_some()));
    }
}
