//! The command line: what may be said, and the text of `--help`.

use core::ops::RangeInclusive;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use host_diff::create::IsaChoice;
use host_diff::format::PatchFormat;
use host_diff::image;
use host_diff::resume::Epoch;

use crate::bundle_args::{BundleArguments, UnbundleArguments};
use crate::foreign::{self, CompressionArgument};
use crate::in_place::InPlaceArguments;
use crate::input::Input;
use crate::output::Output;
use crate::region::RegionArgument;
use crate::trust_args::{
    CertifyArguments, KeygenArguments, SignArguments, TermsArguments, TrustArguments,
};
use crate::value;

const AFTER_HELP: &str = "\
Images may be raw binary, Intel HEX, ELF or UF2 files, told apart by their content.
- stands for standard input or standard output. Output files appear whole or not at all.
SIZE is in bytes: 4096, 0x1000, 4K (4,096) or 1M. ADDRESS is 0x08000000 or decimal.

Exit codes:
  0  done
  1  anything else: malformed image, bug
  2  usage
  3  wrong base image
  4  malformed patch: damaged, cut off, or no patch
  5  limit: RAM, size, instruction set, or a version or format that is not supported
  6  input or output
  7  untrusted: signature, key, hardware id or security counter is not the one wanted

After the arguments were understood, a command with --json prints one object, also if it fails:
then it has one member, \"error\", with class, exit_code, message and help.";

/// Makes, applies and checks delta updates of firmware.
///
/// `create` turns two firmware images into a patch, `apply` turns the first image and the patch into the second.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    #[command(after_help = AFTER_HELP)]
    Create(CreateArguments),
    #[command(after_help = AFTER_HELP)]
    Apply(ApplyArguments),
    #[command(after_help = AFTER_HELP)]
    Verify(VerifyArguments),
    #[command(after_help = AFTER_HELP)]
    Info(InfoArguments),
    #[command(after_help = AFTER_HELP)]
    Keygen(KeygenArguments),
    #[command(after_help = AFTER_HELP)]
    Sign(SignArguments),
    #[command(after_help = AFTER_HELP)]
    Certify(CertifyArguments),
    #[command(after_help = AFTER_HELP)]
    Bundle(BundleArguments),
    #[command(after_help = AFTER_HELP)]
    Unbundle(UnbundleArguments),
    #[command(after_help = AFTER_HELP)]
    Bench(BenchArguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
}

impl Task {
    /// Whether the result goes to a machine.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Create(args) => args.json,
            Self::Apply(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Info(args) => args.json,
            Self::Keygen(args) => args.json,
            Self::Sign(args) => args.json,
            Self::Certify(args) => args.json,
            Self::Bundle(args) => args.json,
            Self::Unbundle(args) => args.json,
            Self::Bench(args) => args.json,
            Self::Completions { .. } => false,
        }
    }
}

/// Make a patch that turns one firmware image into another
///
/// The patch is checked with the real decoder before it is written. If the target image alone makes a smaller patch
/// than its difference to the base image, that is what is written.
#[derive(Debug, Args)]
#[command(
    override_usage = "patcher create [OPTIONS] BASE TARGET -o PATCH\n       patcher create [OPTIONS] --full TARGET -o PATCH"
)]
pub(crate) struct CreateArguments {
    /// Image that the device has; with --full, the target image
    #[arg(value_name = "BASE", value_parser = input())]
    pub(crate) first: Input,

    /// Image that the device should have
    #[arg(value_name = "TARGET", value_parser = input(), required_unless_present = "full")]
    pub(crate) target: Option<Input>,

    /// Make a full image that needs no base: BASE is left out
    #[arg(long, conflicts_with_all = ["target", "base_address", "base_format", "base_range"])]
    pub(crate) full: bool,

    /// File to write the patch to
    #[arg(short, long, value_name = "PATCH", value_parser = output())]
    pub(crate) output: Output,

    /// Memory that the device has for applying the patch, without stack
    #[arg(long, value_name = "SIZE", default_value = "16K", value_parser = value::size)]
    pub(crate) ram: u32,

    /// Effort, from 1 (fast) to 9 (small)
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(crate) level: u8,

    /// Instruction set whose references are predicted
    #[arg(long, value_enum, default_value_t)]
    pub(crate) isa: IsaArgument,

    /// Address at which the base image is loaded [default: what its file says, else detected]
    #[arg(long, value_name = "ADDRESS", value_parser = value::address)]
    pub(crate) base_address: Option<u32>,

    /// Address at which the target image is loaded [default: what its file says, else detected]
    #[arg(long, value_name = "ADDRESS", value_parser = value::address)]
    pub(crate) target_address: Option<u32>,

    /// A part of an image that is loaded at an address of its own; may be repeated
    ///
    /// `IMAGE:OFFSET:ADDRESS[:data]` with IMAGE one of base, target, both. The region goes from OFFSET bytes after the
    /// begin of the image to the next region's OFFSET, or to the end of the image; the first one is at 0. With :data,
    /// no branches are looked for in it. At most 8 regions an image. [default: what the image says, else one region]
    #[arg(
        long = "region",
        value_name = "REGION",
        conflicts_with_all = ["base_address", "target_address"]
    )]
    pub(crate) regions: Vec<RegionArgument>,

    /// How the base file is read [default: told by its content]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) base_format: Option<ImageFormat>,

    /// How the target file is read [default: told by its content]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) target_format: Option<ImageFormat>,

    /// Addresses FIRST-LAST to keep of the base file, if it has addresses [default: all]
    #[arg(long, value_name = "RANGE", value_parser = value::address_range)]
    pub(crate) base_range: Option<RangeInclusive<u32>>,

    /// Addresses FIRST-LAST to keep of the target file, if it has addresses [default: all]
    #[arg(long, value_name = "RANGE", value_parser = value::address_range)]
    pub(crate) target_range: Option<RangeInclusive<u32>>,

    /// Family to keep of UF2 files, as 0xe48bff59 or decimal [default: the only large one]
    #[arg(long, value_name = "ID", value_parser = value::address)]
    pub(crate) uf2_family: Option<u32>,

    /// Format of the patch
    ///
    /// Other formats than native are for devices that have an applier of that kind already; such patches are larger, and
    /// most say nothing about the base image that they need.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: CreateFormat,

    /// Codec of a detools patch: none, crle, heatshrink[:WINDOW,LOOKAHEAD|:auto], lzma[:LC,LP,PB,DICT|:auto]
    ///
    /// The device must be configured for it; heatshrink alone means 8,7, which deployed appliers are compiled for, lzma
    /// alone means 3,0,2,8M as detools has it. With :auto the parameters are searched and told, for heatshrink those
    /// whose window is within --ram. [default: heatshrink]
    #[arg(long, value_name = "CODEC", value_parser = clap::value_parser!(CompressionArgument))]
    pub(crate) compression: Option<CompressionArgument>,

    /// Memory that holds both images of an in-place patch
    #[arg(long, value_name = "SIZE", value_parser = value::size)]
    pub(crate) memory_size: Option<u32>,

    /// Bytes that an in-place applier erases and writes together
    #[arg(long, value_name = "SIZE", value_parser = value::size)]
    pub(crate) segment_size: Option<u32>,

    /// Least distance that an in-place applier moves the base image [default: two segments]
    #[arg(long, value_name = "SIZE", value_parser = value::size)]
    pub(crate) minimum_shift_size: Option<u32>,

    /// How the device goes on after a power loss [default: redecode]
    ///
    /// What a restart takes is a matter of the device; docs/adr/0008-resume.md tells what each costs.
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) resume: Option<ResumeArgument>,

    /// Bytes of the target between restart marks: a power of two, a multiple of the device's page [default: 64K]
    #[arg(long, value_name = "SIZE", value_parser = value::epoch)]
    pub(crate) epoch: Option<Epoch>,

    /// Bring digests that the target holds of itself
    ///
    /// A patch leaves them out by default (SHA-256 at the end of ESP-IDF's images and in MCUboot's, SHA-256 and CRC-32 of
    /// Particle's): the applier reckons them. One that is built without the feature `self-digests` cannot.
    #[arg(long)]
    pub(crate) no_self_digests: bool,

    /// Private key to sign the patch with, as PEM
    #[arg(long, value_name = "KEY", value_parser = input())]
    pub(crate) sign_key: Option<Input>,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) slot: InPlaceArguments,

    #[command(flatten)]
    pub(crate) terms: TermsArguments,
}

/// Rebuild the target image from base image and patch
///
/// Writes raw binary, whatever the format of BASE, and only if its SHA-256 is the one that the patch names. Patches of
/// detools, esp_delta_ota and bsdiff are recognised; most of them name none.
#[derive(Debug, Args)]
#[command(override_usage = "patcher apply [OPTIONS] BASE PATCH -o OUT")]
pub(crate) struct ApplyArguments {
    #[command(flatten)]
    pub(crate) source: Source,

    /// File to write the target image to, as raw binary
    #[arg(short, long, value_name = "OUT", value_parser = output())]
    pub(crate) output: Output,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) trust: TrustArguments,
}

/// Check that a patch fits a base image and decodes to what it promises
///
/// Everything that apply does, except writing the result. With --key, also that this key signed it: without, whoever made
/// it may have.
#[derive(Debug, Args)]
#[command(override_usage = "patcher verify [OPTIONS] BASE PATCH")]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) source: Source,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) trust: TrustArguments,
}

/// What a target image is rebuilt from.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// Image that the patch was made for; not read if the patch is a full image
    #[arg(value_parser = input())]
    pub(crate) base: Input,

    /// The patch
    #[arg(value_parser = input())]
    pub(crate) patch: Input,

    /// Refuse a patch that takes more memory of the device than this [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = value::size)]
    pub(crate) ram: Option<u32>,

    /// Refuse a patch whose target image is longer than this
    #[arg(long, value_name = "SIZE", default_value = "256M", value_parser = value::size)]
    pub(crate) max_size: u32,

    /// How the base file is read [default: told by its content]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) base_format: Option<ImageFormat>,

    /// Addresses FIRST-LAST to keep of the base file, if it has addresses [default: all]
    #[arg(long, value_name = "RANGE", value_parser = value::address_range)]
    pub(crate) base_range: Option<RangeInclusive<u32>>,

    /// Family to keep of a UF2 base file, as 0xe48bff59 or decimal [default: the only large one]
    #[arg(long, value_name = "ID", value_parser = value::address)]
    pub(crate) uf2_family: Option<u32>,

    /// Format of the patch [default: told by its content]
    #[arg(long, value_parser = foreign::formats())]
    pub(crate) format: Option<PatchFormat>,
}

/// Print what a patch says about itself
///
/// Reads its header and checks its length; only verify tells whether it is sound. Of a base or target image the patch
/// knows the first bytes of the SHA-256.
///
/// With --explain, the patch is decoded, and each of its bytes is told by kind of decision, by section and symbol of the
/// target image, and by stretch of new bytes: why is it as big as it is?
#[derive(Debug, Args)]
#[command(
    override_usage = "patcher info [OPTIONS] PATCH\n       patcher info [OPTIONS] --explain --base BASE PATCH"
)]
pub(crate) struct InfoArguments {
    /// The patch, or an MCUboot image
    #[arg(value_parser = input())]
    pub(crate) patch: Input,

    /// Tell where the bytes of the patch went; of a delta, --base is needed
    #[arg(long)]
    pub(crate) explain: bool,

    /// Image that the patch was made for
    #[arg(long, value_parser = input(), requires = "explain")]
    pub(crate) base: Option<Input>,

    /// How the base file is read [default: told by its content]
    #[arg(long, value_enum, value_name = "FORMAT", requires = "base")]
    pub(crate) base_format: Option<ImageFormat>,

    /// Addresses FIRST-LAST to keep of the base file, if it has addresses [default: all]
    #[arg(long, value_name = "RANGE", value_parser = value::address_range, requires = "base")]
    pub(crate) base_range: Option<RangeInclusive<u32>>,

    /// ELF file of the target image, for names of sections and symbols
    #[arg(long, value_parser = input(), requires = "explain")]
    pub(crate) elf: Option<Input>,

    /// Rows of each list of places, largest first
    #[arg(long, value_name = "N", default_value_t = 12, requires = "explain")]
    pub(crate) top: usize,

    /// Format of the patch [default: told by its content]
    #[arg(long, value_parser = foreign::formats())]
    pub(crate) format: Option<PatchFormat>,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Compare patch sizes, time and memory with other delta coders
///
/// Takes each pair of images through this coder and all others that are installed, applies every patch, compares the result
/// with the target image, and tells sizes, seconds and peak memory. Whatever fails or is not installed is told too.
///
/// DIR holds a pair per folder, with files old.EXT and new.EXT (or base.EXT and target.EXT), or pairs of files
/// NAME.old.EXT and NAME.new.EXT; an ELF file beside another image gives names of sections and symbols. MANIFEST is a
/// table divided by tabs whose first row names the columns, or a JSON array of objects: base, target, and where known
/// name, elf, isa, address, class. Its paths start at its folder.
#[derive(Debug, Args)]
#[command(override_usage = "patcher bench [OPTIONS] DIR|MANIFEST")]
pub(crate) struct BenchArguments {
    /// Pairs of images
    #[arg(value_name = "DIR|MANIFEST", required_unless_present = "replay")]
    pub(crate) input: Option<PathBuf>,

    /// Memory of the decoder; the first is what peers are compared with
    #[arg(
        long,
        value_name = "SIZE,...",
        value_delimiter = ',',
        default_value = "16K,4K,8K,32K",
        value_parser = value::size
    )]
    pub(crate) ram: Vec<u32>,

    /// Effort of this coder, from 1 (fast) to 9 (small)
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "6", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(crate) level: Vec<u8>,

    /// Peers to run, by name, or none [default: all that are installed]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) peers: Option<Vec<String>>,

    /// TOML file with more peers, or other commands for known ones
    ///
    /// `[[peer]]` tables with name, encode and decode, which are lists of words with placeholders `{base}`, `{target}`,
    /// `{patch}`, `{out}` and `{dir}`, and if wanted probe, install, ram_bytes and full. A command without `{patch}` or
    /// `{out}` writes to standard output. The file is as good as a program: its commands are run.
    #[arg(long, value_name = "FILE")]
    pub(crate) peers_file: Option<PathBuf>,

    /// Seconds after which a command is ended and counts as failed
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) timeout: u64,

    /// Runs of each command, of which the fastest counts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repeat: u32,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,

    /// File to write one row for each pair and coder to
    #[arg(long, value_name = "FILE", value_parser = output())]
    pub(crate) csv: Option<Output>,

    /// File to write a report with charts to: one page that loads nothing else
    #[arg(long, value_name = "FILE", value_parser = output())]
    pub(crate) html: Option<Output>,

    /// Report what --json printed before, instead of measuring
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    pub(crate) replay: Option<PathBuf>,
}

/// Values of `--isa`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsaArgument {
    /// Whatever the images look like
    #[default]
    Auto,
    /// Thumb and Thumb-2 code (Cortex-M): branches, MOVW with MOVT, pointers
    Thumb,
    /// 32-bit Arm code (ARM7 and later): branches, MOVW with MOVT, pointers
    A32,
    /// The same with big-endian data
    #[value(name = "a32-be8")]
    A32Big,
    /// 64-bit Arm code: branches, ADRP pairs, pointers
    #[value(name = "aarch64")]
    AArch64,
    /// 32-bit RISC-V code: jumps, AUIPC and LUI pairs, pointers
    #[value(name = "riscv")]
    RiscV,
    /// 64-bit RISC-V code
    #[value(name = "riscv64")]
    RiscV64,
    /// Xtensa code (ESP8266, ESP32, -S2, -S3): calls, jumps, literals, pointers
    Xtensa,
    /// Xtensa code of big-endian cores
    #[value(name = "xtensa-be")]
    XtensaBig,
    /// AVR code: calls, jumps, branches, addresses of data
    Avr,
    /// Pointers only: other 32-bit little-endian cores
    Pointers,
    /// Pointers only: other 32-bit big-endian cores
    #[value(name = "pointers-be")]
    BigPointers,
    /// Nothing is predicted
    None,
}

impl IsaArgument {
    pub(crate) fn choice(self) -> Option<IsaChoice> {
        Some(match self {
            Self::Auto => return None,
            Self::Thumb => IsaChoice::Thumb,
            Self::A32 => IsaChoice::A32,
            Self::A32Big => IsaChoice::A32Big,
            Self::AArch64 => IsaChoice::AArch64,
            Self::RiscV => IsaChoice::RiscV,
            Self::RiscV64 => IsaChoice::RiscV64,
            Self::Xtensa => IsaChoice::Xtensa,
            Self::XtensaBig => IsaChoice::XtensaBig,
            Self::Avr => IsaChoice::Avr,
            Self::Pointers => IsaChoice::Pointers,
            Self::BigPointers => IsaChoice::BigPointers,
            Self::None => IsaChoice::None,
        })
    }
}

/// Values of `create --resume`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResumeArgument {
    /// From the first byte of the patch, which the device has kept; finished pages stay
    #[default]
    Redecode,
    /// From the decoder's state, saved at restart marks; a stream without room to keep it
    Snapshot,
    /// From the last restart mark, where the model begins anew; without room for the state
    Reset,
}

/// Values of `create --format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CreateFormat {
    /// patcher's own
    #[default]
    Native,
    /// detools, from one slot to another
    #[value(name = "detools:sequential")]
    DetoolsSequential,
    /// detools, within one memory
    #[value(name = "detools:in-place")]
    DetoolsInPlace,
    /// esp_delta_ota of ESP-IDF: both images are its application images
    #[value(name = "esp-delta-ota")]
    EspDeltaOta,
    /// bsdiff 4
    #[value(name = "bsdiff40")]
    Bsdiff40,
    /// bsdiff as a library, ENDSLEY/BSDIFF43
    #[value(name = "bsdiff43")]
    Bsdiff43,
}

/// Values of `--base-format` and `--target-format`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ImageFormat {
    /// Raw binary, without address
    Bin,
    /// ELF executable
    Elf,
    /// Intel HEX
    Hex,
    /// USB Flashing Format
    Uf2,
}

impl From<ImageFormat> for image::Format {
    fn from(format: ImageFormat) -> Self {
        match format {
            ImageFormat::Bin => Self::Bin,
            ImageFormat::Elf => Self::Elf,
            ImageFormat::Hex => Self::Hex,
            ImageFormat::Uf2 => Self::Uf2,
        }
    }
}

pub(crate) fn input() -> impl clap::builder::TypedValueParser<Value = Input> {
    OsStringValueParser::new().map(Input::from)
}

pub(crate) fn output() -> impl clap::builder::TypedValueParser<Value = Output> {
    OsStringValueParser::new().map(Output::from)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
