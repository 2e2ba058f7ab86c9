//! From a signed base to a signed target in the secondary slot.

use device_apply::{Applier, ApplyError, Stage};
use flash_model::{Cut, FlashError, FlashModel, Part, Stm32H7, Stm32L4, Stm32U5, Tear};
use mcuboot::state::{Flag, Magic};
use mcuboot::{Layout, Mode, Slot, SlotError};
use patcher_core::reference;

use crate::bench::{Bench, SLOT};

/// Flash of a device of two slots of `slot` bytes.
struct Device<P: Part> {
    flash: FlashModel<P>,
    slot: u32,
    layout: Layout,
}

type Failed = ApplyError<SlotError<FlashError>, SlotError<FlashError>>;

impl<P: Part> Device<P> {
    fn new(primary: &[u8], slot: u32, mode: Mode, align: u32) -> Self {
        let flash = FlashModel::<P>::new();
        flash.slot(0..slot).load(primary);
        // Whoever writes the slot that runs, or anything else, fails the test.
        flash.protect_outside(slot..2 * slot);
        Self { flash, slot, layout: Layout::new(mode, align, 128).expect("a layout") }
    }

    fn primary(&self) -> Slot<flash_model::Slot<'_, P>> {
        Slot::primary(self.flash.slot(0..self.slot), self.layout).expect("a slot")
    }

    fn secondary(&self) -> Slot<flash_model::Slot<'_, P>> {
        Slot::new(self.flash.slot(self.slot..2 * self.slot), self.layout).expect("a slot")
    }

    fn apply(&self, patch: &[u8]) -> Result<(), Failed> {
        let mut workspace = vec![0; 16 << 10];
        let (base, staging) = (self.primary(), self.secondary());
        let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
        for mut chunk in patch.chunks(100) {
            while !chunk.is_empty() {
                applier.push(&mut chunk)?;
            }
        }
        while !matches!(applier.finish()?.stage, Stage::Done { .. }) {}
        Ok(())
    }

    /// The secondary slot, byte for byte.
    fn contents(&self) -> Vec<u8> {
        self.flash.dump(self.slot..2 * self.slot).expect("no torn words")
    }
}

/// The update from 1.0.0 to 1.1.0 on part `P`, and both ways to ask for it.
fn update<P: Part>(slot: u32, mode: Mode, align: u32) {
    let Some(bench) = Bench::new(align, slot) else { return };
    let (old, new) = rig::firmware::pair(11, 300);
    let base = bench.sign(&old, "1.0.0+7", &[], "base.bin");
    let target = bench.sign(&new, "1.1.0", &[], "target.bin");
    // What the tool itself would write into a whole slot.
    let padded = bench.sign(&new, "1.1.0", &["--pad"], "padded.bin");
    let confirmed = bench.sign(&new, "1.1.0", &["--confirm"], "confirmed.bin");
    bench.patcher(["create", "base.bin", "target.bin", "-o", "update.patch"]);
    let patch = bench.read("update.patch");
    assert!(patch.len() < target.len() / 2, "{} of {}", patch.len(), target.len());

    let device = Device::<P>::new(&base, slot, mode, align);
    device.apply(&patch).expect("applied");
    let before = device.contents();
    let start = if mode == Mode::SwapOffset { P::GEOMETRY.erase_bytes() as usize } else { 0 };
    let end = start + target.len();
    assert_eq!(before[start..end], target, "the target, bit for bit");
    assert!(before[..start].iter().chain(&before[end..]).all(|&byte| byte == 0xFF));
    let verified = bench.verify(&before[start..]);
    assert!(verified.contains("Image was correctly validated"), "{verified}");
    assert_eq!(device.secondary().state().map(|state| state.magic), Ok(Magic::Unset));
    let found = device.secondary().image().expect("an image");
    assert_eq!(found.len as usize, target.len());
    assert_eq!(found.header.version.to_string(), "1.1.0");

    for (permanent, swap_info, tool) in [(false, 0x02, &padded), (true, 0x03, &confirmed)] {
        let pending = Device { flash: device.flash.clone(), ..device };
        pending.secondary().set_pending(0, permanent).expect("written");
        let mut expected = before.clone();
        let tail = slot as usize - 96;
        // Magic and, if permanent, image_ok are the tool's; it leaves swap_info to the device.
        expected[tail..].copy_from_slice(&tool[tail..]);
        let align = align as usize;
        let back = 16_usize.next_multiple_of(align) + 3 * align;
        assert_eq!(expected[slot as usize - back], 0xFF);
        expected[slot as usize - back] = swap_info;
        assert_eq!(pending.contents(), expected, "permanent {permanent}");
        assert_eq!(pending.flash.stats().refusals, 0);
    }
}

#[test]
fn a_signed_image_updates_a_signed_image_with_swap_move() {
    update::<Stm32L4>(SLOT, Mode::SwapMove, 8);
}

#[test]
fn and_with_swap_offset_and_swap_scratch() {
    update::<Stm32L4>(SLOT, Mode::SwapOffset, 8);
    update::<Stm32L4>(SLOT, Mode::SwapScratch, 8);
}

#[test]
fn and_with_larger_write_units() {
    update::<Stm32U5>(0x8_0000, Mode::SwapMove, 16);
    update::<Stm32H7>(0xC_0000, Mode::SwapMove, 32);
}

#[test]
fn a_build_for_the_other_slot_updates_one_that_runs_in_place() {
    let Some(bench) = Bench::new(8, SLOT) else { return };
    // Two slots of 256 KiB; the payload begins behind a header of 0x200 bytes.
    let slots = [0x0802_0000, 0x0802_0000 + SLOT];
    let (old, new) = rig::firmware::pair_at(16, 300, slots.map(|slot| slot + 0x200));
    let fixed = slots.map(|slot| format!("{slot:#x}"));
    let base = bench.sign(&old, "1.0.0", &["--rom-fixed", &fixed[0]], "base.bin");
    let target = bench.sign(&new, "1.1.0", &["--rom-fixed", &fixed[1]], "target.bin");
    bench.patcher(["create", "base.bin", "target.bin", "-o", "update.patch"]);
    let patch = bench.read("update.patch");
    // All calls and pointers have moved by a slot: who does not know of addresses pays for each.
    bench.patcher(["create", "base.bin", "target.bin", "-o", "bytes.patch", "--isa", "none"]);
    let bytes = bench.read("bytes.patch").len();
    assert!(patch.len() < bytes * 2 / 3, "{} and {bytes} bytes", patch.len());

    let device = Device::<Stm32L4>::new(&base, SLOT, Mode::DirectXip, 8);
    device.apply(&patch).expect("applied");
    let before = device.contents();
    assert_eq!(before[..target.len()], target);
    assert!(before[target.len()..].iter().all(|&byte| byte == 0xFF));
    assert!(bench.verify(&before).contains("Image was correctly validated"));
    let found = device.secondary().image().expect("an image");
    assert_eq!((found.len as usize, found.header.load_address), (target.len(), slots[1]));

    // With revert, MCUboot tries an image that has the magic; without, the higher version runs and nothing is written.
    device.secondary().set_pending(0, false).expect("written");
    let padded = bench.sign(&new, "1.1.0", &["--pad"], "padded.bin");
    let mut expected = before.clone();
    let tail = SLOT as usize - 16;
    expected[tail..].copy_from_slice(&padded[tail..]);
    assert_eq!(device.contents(), expected, "the magic and nothing else");
    // It runs from there, and confirms itself in the slot where it is: what the tool writes, and copy_done besides.
    let confirmed = bench.sign(&new, "1.1.0", &["--confirm"], "confirmed.bin");
    device.secondary().set_confirmed().expect("written");
    let (copy_done, image_ok) = (SLOT as usize - 32, SLOT as usize - 24);
    expected[copy_done] = 0x01;
    expected[image_ok] = confirmed[image_ok];
    assert_eq!(device.contents(), expected);
    assert_eq!((confirmed[image_ok], device.flash.stats().refusals), (0x01, 0));
}

#[test]
fn fill_and_trailer_of_the_base_do_not_count() {
    let Some(bench) = Bench::new(8, SLOT) else { return };
    let (old, new) = rig::firmware::pair(12, 200);
    let whole = bench.sign(&old, "1.0.0", &["--confirm"], "whole.bin");
    bench.sign(&new, "1.0.1", &[], "target.bin");
    let mut slot = whole.clone();
    let device = Device::<Stm32L4>::new(&whole, SLOT, Mode::SwapMove, 8);
    let image = device.primary().image().expect("an image");
    let base = &whole[..image.len as usize];
    bench.write("base.bin", base);
    // A patch from the image, from the padded file, and from a slot with MCUboot's notes in it.
    let notes = SLOT as usize - 400;
    slot[notes..notes + 8].fill(0x01);
    bench.write("slot.bin", &slot);
    for file in ["base.bin", "whole.bin", "slot.bin"] {
        let told = bench.patcher(["create", file, "target.bin", "-o", &format!("{file}.patch")]);
        let padded = file != "base.bin";
        assert_eq!(told.contains("fill and trailer belong to the slot"), padded, "{told}");
        bench.patcher(["apply", file, "base.bin.patch", "-o", "rebuilt.bin"]);
        assert_eq!(bench.read("rebuilt.bin"), bench.read("target.bin"));
    }
    let patch = bench.read("base.bin.patch");
    assert_eq!(bench.read("whole.bin.patch"), patch);
    assert_eq!(bench.read("slot.bin.patch"), patch);

    // The slot is longer than the image, and what is behind the image changes when the device confirms it.
    for primary in [&whole[..], base, &slot] {
        let device = Device::<Stm32L4>::new(primary, SLOT, Mode::SwapMove, 8);
        device.apply(&patch).expect("applied");
        assert_eq!(device.contents()[..bench.read("target.bin").len()], bench.read("target.bin"));
    }
    // One bit of the image itself does count, in its last TLV too.
    let mut other = base.to_vec();
    let last = other.len() - 1;
    other[last] ^= 1;
    let device = Device::<Stm32L4>::new(&other, SLOT, Mode::SwapMove, 8);
    assert!(matches!(device.apply(&patch), Err(ApplyError::WrongBase { .. })));
    assert_eq!(device.flash.stats().operations(), 0);
}

#[test]
fn until_it_is_whole_and_asked_for_a_cut_leaves_the_old_image_in_charge() {
    let Some(bench) = Bench::new(8, SLOT) else { return };
    let (old, new) = rig::firmware::pair(13, 60);
    let base = bench.sign(&old, "1.0.0", &[], "base.bin");
    let target = bench.sign(&new, "1.0.1", &[], "target.bin");
    bench.patcher(["create", "base.bin", "target.bin", "-o", "update.patch"]);
    let patch = bench.read("update.patch");
    let device = Device::<Stm32L4>::new(&base, SLOT, Mode::SwapMove, 8);
    // An update before, asked for and never done: the next one must take that back first.
    device.secondary().set_pending(0, true).expect("written");
    let start = device.flash.snapshot();
    device.apply(&patch).expect("applied");
    let operations = device.flash.stats().operations() - 3;
    for count in (0..operations).step_by(29) {
        device.flash.restore(&start);
        device.flash.cut_after(count, Cut::Inside(Tear::Seeded(count)));
        assert!(device.apply(&patch).is_err());
        device.flash.power_on();
        // The trailer goes first, the image after it.
        let asked = device.secondary().state().is_ok_and(|state| state.magic == Magic::Good);
        let touched = device.secondary().image().is_ok();
        assert!(!(asked && touched), "after {count} operations");
        device.apply(&patch).expect("applied");
        assert_eq!(device.contents()[..target.len()], target);
        let state = device.secondary().state().expect("readable");
        assert_eq!((state.magic, state.image_ok), (Magic::Unset, Flag::Unset));
        assert_eq!(device.flash.stats().refusals, 0);
    }
}

#[test]
fn info_tells_what_imgtool_wrote() {
    let Some(bench) = Bench::new(8, SLOT) else { return };
    let (old, _) = rig::firmware::pair(14, 100);
    bench.sign(&old, "1.2.3+4", &["-d", "(1, 2.0.0)"], "signed.bin");
    let text = bench.patcher(["info", "signed.bin"]);
    for row in [
        "format         MCUboot image, in a bin file",
        "version        1.2.3+4",
        "counter        16908291",
        "hash           right",
        "TLV            dependency, protected, 12 bytes: 0100000002000000",
        "TLV            security counter, protected, 4 bytes: 03000201",
        "TLV            ECDSA signature, 7",
    ] {
        assert!(text.lines().any(|line| line.starts_with(row)), "'{row}' in {text}");
    }
    bench.sign(&old, "1.2.3+4", &["--confirm"], "confirmed.bin");
    let json: serde_json::Value =
        serde_json::from_str(&bench.patcher(["info", "confirmed.bin", "--json"])).expect("JSON");
    assert_eq!(json["format"], "mcuboot");
    assert_eq!(json["header_bytes"], 0x200);
    assert_eq!(json["payload_bytes"], old.len());
    assert_eq!(json["trailer"]["image_ok"], true);
    assert_eq!(json["trailer"]["align"], 8);
    let image_bytes = json["image_bytes"].as_u64().expect("a number");
    assert_eq!(json["rest_bytes"], u64::from(SLOT) - image_bytes);
    let hex = bench.sign(&old, "1.2.3+4", &["--hex-addr", "0x08000000"], "signed.hex");
    assert!(hex.starts_with(b":"));
    let json: serde_json::Value =
        serde_json::from_str(&bench.patcher(["info", "signed.hex", "--json"])).expect("JSON");
    assert_eq!(json["source"], "hex");
    assert_eq!(json["address"], 0x0800_0000);
    assert_eq!(json["version"], "1.2.3+4");
    // The signature is DER: of 70 to 72 bytes.
    let found = json["image_bytes"].as_u64().expect("a number");
    assert!(found.abs_diff(image_bytes) <= 2, "{found} and {image_bytes}");
}

#[test]
fn the_commands_of_the_integration_page_sign_what_the_page_says() {
    let Some(bench) = Bench::new(8, SLOT) else { return };
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/integration.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (firmware, _) = rig::firmware::pair(15, 60);
    bench.write("app.bin", &firmware);
    let commands: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("imgtool ")).collect();
    assert!(!commands.is_empty());
    for command in commands {
        bench.imgtool(command.split_whitespace());
    }
    let text = bench.patcher(["info", "target.signed.bin"]);
    assert!(text.contains("version        1.1.0") && text.contains("header 512"), "{text}");
}
