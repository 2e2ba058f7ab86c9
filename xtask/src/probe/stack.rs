//! Worst stack of the probes that apply patches or check signatures, by running them in the emulator.
//!
//! Of patches, each runs over every vector that decodes in its memory, signed for it where it wants that, and over an update of the demo firmware; what it
//! leaves in flash is compared with the target. The addresses are those of `xtask/probe/src/memory.rs`.

use std::fs;

use emulator::elf::Segment;
use emulator::instruction::Register;
use emulator::{Machine, Memory, Program, Stop};
use patcher_core::Header;
use patcher_core::container::in_place::{Form, InPlace};
use rig::plan::Recipe;
use rig::seal::{Key, Terms, signed};
use rig::vectors::{Index, folder};
use sha2::{Digest, Sha256};

use crate::{failure::Failure, process};

const BASE: u32 = 0x0810_0000;
const TARGET: u32 = 0x0804_0000;
const PATCH: u32 = 0x0808_0000;
const PATCH_LEN: u32 = 0x080A_0000;
const JOURNAL: u32 = 0x080E_0000;
const KEYS: u32 = 0x080F_0000;
const EVENTS: u32 = 0x2000_8000;
const SLOT_BYTES: usize = 0x4_0000;
const REGION_BYTES: usize = 0x1_0000;

const STACK: u32 = 0x3000_0000;
const STACK_BYTES: u16 = 0x8000;

/// What the probes have for the decoder.
const WORKSPACE_WORDS: usize = 8192;

/// Where a probe returns to: a breakpoint.
const END: u32 = 0x0F00_0000;
const BREAKPOINT: [u8; 4] = [0x00, 0xBE, 0x00, 0xBE];

/// Far more instructions than any of the updates takes.
const BUDGET: u64 = 2_000_000_000;

/// Releases of the demo firmware.
const DEMO: [&str; 2] = ["1.0.1", "1.1.0"];

/// An update, and where its target ends up.
struct Case {
    name: String,
    base: Vec<u8>,
    target: Vec<u8>,
    patch: Vec<u8>,
    at: u32,
    keys: Vec<u8>,
    /// Whether the target holds digests of itself.
    reckons: bool,
}

/// Most bytes of stack that `probe` took; `None` of one that is only linked.
pub(super) fn worst(probe: &str, elf: &[u8]) -> Result<Option<u32>, Failure> {
    let cases = match probe {
        "decode" | "decode-thumb" => updates()?.into_iter().filter(|case| !case.reckons).collect(),
        "apply" => updates()?,
        "resume" => resumed()?,
        "verify" | "update" => updates()?.into_iter().map(sealed).collect(),
        "in-place" => in_place()?,
        "signature" => vec![signature()],
        _ => return Ok(None),
    };
    let failed = |error: &dyn core::fmt::Display| Failure::new(format!("{probe}: {error}"));
    let mut program = Program::parse(elf).map_err(|error| failed(&error))?;
    program.segments.iter_mut().for_each(align);
    let mut worst = 0;
    for case in &cases {
        let name = &case.name;
        match run(&program, case).map_err(|error| failed(&format!("{name}: {error}")))? {
            Some(stack) => worst = worst.max(stack),
            // One instruction set is all that it has.
            None if probe == "decode-thumb" => {}
            None => return Err(failed(&format!("{name}: refused, or another target"))),
        }
    }
    Ok(Some(worst))
}

/// Makes whole words of RAM: without a linker script, data begin where their own alignment lets them.
fn align(segment: &mut Segment) {
    let skew = segment.address % 4;
    if segment.writable && skew > 0 {
        segment.address -= skew;
        segment.load_address -= skew;
        segment.bytes.splice(0..0, vec![0; skew as usize]);
        segment.len_bytes = (segment.len_bytes + skew).next_multiple_of(4);
    }
}

/// Stack that `case` took; `None` if it did not end with the target.
fn run(program: &Program, case: &Case) -> Result<Option<u32>, String> {
    let mut memory = Memory::new();
    program.load(&mut memory).map_err(|error| error.to_string())?;
    let len = u32::try_from(case.patch.len()).map_err(|error| error.to_string())?;
    let mut ram = |address, len, bytes: &[u8]| {
        memory.map_ram(address, len).map_err(|error| error.to_string())?;
        memory.load(address, bytes).ok_or_else(|| "too long".to_owned())
    };
    ram(BASE, SLOT_BYTES, &case.base)?;
    ram(TARGET, SLOT_BYTES, &[])?;
    ram(PATCH, REGION_BYTES, &case.patch)?;
    ram(PATCH_LEN, 4, &len.to_le_bytes())?;
    ram(JOURNAL, REGION_BYTES, &[])?;
    ram(KEYS, 0x1000, &case.keys)?;
    ram(EVENTS, 0x100, &events())?;
    ram(STACK, STACK_BYTES.into(), &[])?;
    memory.map_rom(END, &BREAKPOINT).map_err(|error| error.to_string())?;

    let mut machine = Machine::new(memory, program.entry, STACK + u32::from(STACK_BYTES));
    machine.cpu_mut().set(Register::LR, END | 1);
    match machine.run(BUDGET).map_err(|fault| fault.to_string())? {
        Stop::Breakpoint { .. } => {}
        stop => return Err(format!("it did not end: {stop:?}")),
    }
    let found = machine.bus().slice(case.at, case.target.len());
    Ok((found == Some(&case.target)).then(|| machine.peak_stack_bytes()))
}

/// A start, an offer of a delta, and what leads to a confirmed update; then ticks.
fn events() -> Vec<u8> {
    let numbers = [2, 0, 4, 5, 7].into_iter().chain(core::iter::repeat(12));
    (0u32..)
        .zip(numbers)
        .take(0x20)
        .flat_map(|(time, number)| {
            let [a, b, c, d] = time.to_le_bytes();
            [number, 1, 0, 0, a, b, c, d]
        })
        .collect()
}

/// The vectors that decode, and an update of the demo firmware.
fn updates() -> Result<Vec<Case>, Failure> {
    let folder = folder();
    let read = |path: &str| fs::read(folder.join(path)).map_err(Failure::io(&folder.join(path)));
    let mut cases = vec![demo(Recipe::plain(), TARGET)?];
    for vector in Index::load(&folder).map_err(Failure::io(&folder))?.valid {
        let base = vector.base.as_deref().map(&read).transpose()?.unwrap_or_default();
        let patch = read(&vector.patch)?;
        let header = Header::parse(patch.iter().copied()).map(|(header, _)| header);
        let fits = |header: &Header| {
            header.in_place.is_none() && header.workspace_words() <= WORKSPACE_WORDS
        };
        let Some(header) = header.ok().filter(fits) else { continue };
        let reckons = !header.self_digests.is_empty();
        let name = vector.name;
        let target = oracle::decode(&base, &patch)
            .map_err(|reject| Failure::new(format!("{name}: {reject:?}")))?;
        cases.push(Case { name, base, target, patch, at: TARGET, keys: Vec::new(), reckons });
    }
    Ok(cases)
}

/// The update of the demo firmware, made to `recipe`.
fn demo(recipe: Recipe, at: u32) -> Result<Case, Failure> {
    let images = process::root().join("corpora/demo/images");
    let path = |release| images.join(format!("thumbv7em-none-eabi-{release}.bin"));
    let [base, target] = DEMO.map(|release| {
        let path = path(release);
        fs::read(&path).map_err(Failure::io(&path))
    });
    let (base, target) = (base?, target?);
    let address = rig::firmware::ADDRESS;
    let recipe = recipe.addressed(2, (base.len(), address), (target.len(), address));
    let patch = recipe.encode(&base, &target).bytes();
    let form = recipe.in_place.map(|slot| slot.form);
    let name = format!("demo firmware, marks {}, in place {form:?}", recipe.epoch_log2);
    Ok(Case { name, base, target, patch, at, keys: Vec::new(), reckons: false })
}

/// The demo's update for each policy of going on.
fn resumed() -> Result<Vec<Case>, Failure> {
    let marks = |reset| Recipe::plain().with_marks(12, reset);
    let recipes = [Recipe::plain(), Recipe::plain(), marks(false), marks(true)];
    (0u8..)
        .zip(recipes)
        .map(|(policy, recipe)| Ok(Case { keys: vec![policy], ..demo(recipe, TARGET)? }))
        .collect()
}

/// The same, signed for the probe.
fn sealed(case: Case) -> Case {
    let key = Key::new(1);
    let terms = Terms {
        counter: 1,
        hardware_id: b"probe".to_vec(),
        block_log2: Some(8),
        root: Some((key.clone(), 1)),
    };
    let mut keys = key.public().to_vec();
    keys.resize(64, 0);
    keys.push(1);
    Case { patch: signed(&case.patch, &key, &terms), keys, ..case }
}

/// A signature that is right, of which the probe says so where targets go.
fn signature() -> Case {
    let key = Key::new(1);
    let mut keys = vec![0; 256];
    for (at, bytes) in [
        (0, key.uncompressed().as_slice()),
        (128, &Sha256::digest(b"message")),
        (192, &key.sign(b"", b"message")),
    ] {
        keys[at..at + bytes.len()].copy_from_slice(bytes);
    }
    let (base, patch) = (Vec::new(), Vec::new());
    let (name, target) = ("a signature".to_owned(), vec![1]);
    Case { name, base, target, patch, at: TARGET, keys, reckons: false }
}

/// The demo's update in a slot of the probe's size, in both forms.
fn in_place() -> Result<Vec<Case>, Failure> {
    let slot = |form| InPlace {
        page_log2: 11,
        slot_pages: 128,
        form,
        reserve_pages: 8,
        resets: false,
        check: 0,
    };
    [Form::Slide, Form::Scratch]
        .into_iter()
        .map(|form| demo(Recipe::plain().with_marks(12, false).in_place(slot(form)), BASE))
        .collect()
}
