//! `device`: what a whole update costs a device, beside one by a plain image.
//!
//! The programs of `stm32-demo/meter` run on the emulator's STM32L496 at 80 MHz, with the flash's times of the datasheet. A
//! patch is signed, stored in the bank of the base, checked, and applied to the other bank by `device-apply`; a plain copy
//! writes the target as it comes, by the same flash driver, and checks its signature. Links cost nothing in either.

mod board;
mod programs;
mod sheet;

use emulator::Profile;
use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer},
    elliptic_curve::sec1::ToSec1Point,
    pkcs8::{EncodePrivateKey, LineEnding},
};
use std::{fs, path::Path, path::PathBuf};

use crate::{
    cycles::{
        self,
        programs::Programs as Decoders,
        update::{self, Pair, Update},
    },
    failure::Failure,
    process::{self, Build},
};
use board::{Board, Images, Run};
use programs::{Built, Programs};
use sheet::Column;

/// Times of a plain copy that an update may take.
const MOST: f64 = 1.5;
/// Declared RAM that may be left over: the decoder's state is declared for the largest of its forms.
const SPARE_BYTES: u32 = 128;

/// What to run.
struct Options {
    set: String,
    only: String,
    ram: Vec<String>,
    /// Whether to tell where the cycles of decoding go.
    profile: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self {
            set: "benchmark".to_owned(),
            only: "pybv11 v1.10 → 1f5d945af".to_owned(),
            ram: vec!["16K".to_owned(), "4K".to_owned()],
            profile: false,
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let mut value =
                || rest.next().ok_or_else(|| Failure::new(format!("{name} needs a value")));
            match name.as_str() {
                "--set" => (options.set, options.only) = (value()?.clone(), String::new()),
                "--only" => options.only.clone_from(value()?),
                "--ram" => options.ram = value()?.split(',').map(str::to_owned).collect(),
                "--profile" => options.profile = true,
                _ => {
                    let known = "expected --set, --only, --ram or --profile";
                    return Err(Failure::new(format!("{known}, got {name}")));
                }
            }
        }
        Ok(options)
    }
}

/// The task.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let options = Options::parse(arguments)?;
    println!("# {}", format!("cargo xtask device {}", arguments.join(" ")).trim_end());
    let patcher = process::program("patcher", Build::Release)?;
    tell(&options, &patcher)
}

/// The same for the demo firmware's first update, in some seconds.
pub(crate) fn check() -> Result<(), Failure> {
    let words = ["--set", "demo", "--only", "1.0.0", "--ram", "16K,4K"].map(str::to_owned);
    tell(&Options::parse(&words)?, &process::program("patcher", Build::Tested)?)
}

fn tell(options: &Options, patcher: &Path) -> Result<(), Failure> {
    let pairs = update::pairs(&options.set)?;
    let (programs, decoders) =
        (Programs::build(options.profile)?, Decoders::build(options.profile)?);
    println!("# commit {}; {}", process::commit(), programs.version);
    println!("# thumbv7em-none-eabi, opt-level s; emulated STM32L496 at 80 MHz, no wait states");
    let signer = Vendor::new()?;
    let mut told = 0;
    for pair in pairs.iter().filter(|pair| pair.name.contains(&options.only)) {
        if !board::fits(&pair.base) || !board::fits(&pair.target) {
            println!("\n{}: too long for a bank beside the program", pair.name);
            continue;
        }
        measure(pair, options, patcher, (&programs, &decoders), &signer)
            .map_err(|error| Failure::new(format!("{}: {error}", pair.name)))?;
        told += 1;
    }
    if told == 0 {
        return Err(Failure::new(format!("no pair of {} is named {}", options.set, options.only)));
    }
    Ok(())
}

/// Prints the figures of a pair; fails where RAM is not what was declared, or time more than it may be.
fn measure(
    pair: &Pair,
    options: &Options,
    patcher: &Path,
    (programs, decoders): (&Programs, &Decoders),
    signer: &Vendor,
) -> Result<(), Failure> {
    println!("\n{}: {} bytes\n", pair.name, pair.target.len());
    let image = signer.signed(&pair.target);
    let images = Images { base: &image, patch: &[], expected: &image, workspace_words: 0 };
    let copy = run_on(&programs.copy, &images, signer, None)?;
    let mut columns = vec![Column::new("plain copy", &programs.copy, copy, None)];
    let mut profiles = Vec::new();
    for ram in &options.ram {
        let update =
            Update::create(patcher, pair, ram, &["--sign-key".as_ref(), signer.pem.as_ref()])?;
        let images = Images {
            base: &pair.base,
            patch: &update.patch,
            expected: &pair.target,
            workspace_words: update.workspace_len()? / 2,
        };
        let mut profile = options.profile.then(|| Profile::new(programs.update.program.code()));
        let run = run_on(&programs.update, &images, signer, profile.as_mut())?;
        agree(&update, &run)?;
        let decoder = cycles::alone(decoders, pair, &update)?;
        profiles.extend(profile.map(|profile| (ram, profile)));
        columns.push(Column::new(ram, &programs.update, run, Some((update, decoder))));
    }
    println!("{}", sheet::text(&columns, pair.target.len()));
    for (ram, profile) in profiles {
        let text = cycles::profile::text(&programs.update.program, &profile).unwrap_or_default();
        println!("## decoding and driving the flash, --ram {ram}\n\n{text}");
    }
    match columns.iter().map(|column| column.times(&columns[0])).fold(0.0, f64::max) {
        worst if worst <= MOST => Ok(()),
        worst => {
            Err(Failure::new(format!("expected at most {MOST} times a plain copy, got {worst}")))
        }
    }
}

fn run_on(
    program: &Built,
    images: &Images<'_>,
    signer: &Vendor,
    profile: Option<&mut Profile>,
) -> Result<Run, Failure> {
    Board::new(&program.program, images)?.run(images, &signer.public, profile)
}

/// Whether the RAM that was used is the RAM that was declared.
fn agree(update: &Update, run: &Run) -> Result<(), Failure> {
    let (declared, used) = (update.ram_bytes, u64::from(run.ram_bytes()));
    if used <= declared && declared - used <= u64::from(SPARE_BYTES) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "expected {declared} bytes of RAM, as the patch declares, got {used}"
    )))
}

/// Who signs: nobody's key, the same each time.
struct Vendor {
    key: SigningKey,
    /// The private key in a file.
    pem: PathBuf,
    /// The public key, compressed.
    public: Vec<u8>,
}

impl Vendor {
    fn new() -> Result<Self, Failure> {
        let failed = |error: &dyn core::fmt::Display| Failure::new(format!("key: {error}"));
        let key = SigningKey::from_slice(&[7; 32]).map_err(|error| failed(&error))?;
        let folder = process::target_dir().join("device");
        fs::create_dir_all(&folder).map_err(Failure::io(&folder))?;
        let pem = folder.join("key.pem");
        let text = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed(&error))?;
        fs::write(&pem, text.as_bytes()).map_err(Failure::io(&pem))?;
        let public = key.verifying_key().as_affine().to_sec1_point(true).as_bytes().to_vec();
        Ok(Self { key, pem, public })
    }

    /// The image with its signature behind it.
    fn signed(&self, image: &[u8]) -> Vec<u8> {
        let signature: Signature = self.key.sign(image);
        [image, signature.to_bytes().as_slice()].concat()
    }
}
