//! Patches of other tools.

use core::fmt::Write as _;
use core::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use host_diff::digest::{Hex, sha256};
use host_diff::foreign::formats::codec::{heatshrink, lzma};
use host_diff::foreign::formats::{Class, Error, Limits, bsdiff, detools};
use host_diff::foreign::{self, Codec, Details, Effort, Written};
use host_diff::format::PatchFormat;

use crate::args::{CreateArguments, CreateFormat, IsaArgument, Source};
use crate::failure::{self, Failure};
use crate::input::Input;
use crate::report::{Report, grouped};
use crate::value;

/// Value of `--compression`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompressionArgument {
    /// The codec with parameters.
    Codec(Codec),
    /// heatshrink with whatever is best for the device's memory.
    HeatshrinkAuto,
}

impl FromStr for CompressionArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, parameters) = match text.split_once(':') {
            Some((name, parameters)) => (name, Some(parameters)),
            None => (text, None),
        };
        let codec = match (name, parameters) {
            ("none", None) => Codec::None,
            ("crle", None) => Codec::Crle,
            ("heatshrink", None) => Codec::Heatshrink(heatshrink::Parameters::DEPLOYED),
            ("heatshrink", Some("auto")) => return Ok(Self::HeatshrinkAuto),
            ("heatshrink", Some(parameters)) => {
                let [window, lookahead] = numbers(parameters).ok_or(EXPECTED)?;
                let bits = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
                let parameters = heatshrink::Parameters::new(bits(window), bits(lookahead));
                Codec::Heatshrink(parameters.map_err(|error| error.to_string())?)
            }
            ("lzma", None) => Codec::Lzma(lzma::Parameters::default()),
            ("lzma", Some("auto")) => Codec::LzmaAuto,
            ("lzma", Some(parameters)) => {
                let [lc, lp, pb, dictionary] = numbers(parameters).ok_or(EXPECTED)?;
                let bits = |number: u32| u8::try_from(number.min(99)).unwrap_or(99);
                let parameters =
                    lzma::Parameters { lc: bits(lc), lp: bits(lp), pb: bits(pb), dictionary };
                Codec::Lzma(parameters.check().map_err(|error| error.to_string())?)
            }
            _ => return Err(EXPECTED.to_owned()),
        };
        Ok(Self::Codec(codec))
    }
}

const EXPECTED: &str =
    "expected none, crle, heatshrink[:WINDOW,LOOKAHEAD|:auto] or lzma[:LC,LP,PB,DICT|:auto]";

/// As many sizes divided by commas.
fn numbers<const N: usize>(text: &str) -> Option<[u32; N]> {
    let numbers: Option<Vec<u32>> = text.split(',').map(|part| value::size(part).ok()).collect();
    numbers?.try_into().ok()
}

/// Formats that are read: name on the command line and in JSON, and what it is.
const FORMATS: [(PatchFormat, &str, &str); 5] = [
    (PatchFormat::Native, "native", "patcher's own"),
    (PatchFormat::Detools, "detools", "detools, sequential or in place; its patches have no magic"),
    (PatchFormat::EspDeltaOta, "esp-delta-ota", "esp_delta_ota of ESP-IDF"),
    (PatchFormat::Bsdiff40, "bsdiff40", "bsdiff 4"),
    (PatchFormat::Bsdiff43, "bsdiff43", "bsdiff as a library, ENDSLEY/BSDIFF43"),
];

/// Reads `--format` of a patch.
pub(crate) fn formats() -> impl TypedValueParser<Value = PatchFormat> {
    let values = FORMATS.map(|(_, name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).map(|given| {
        let found = FORMATS.iter().find(|(_, name, _)| *name == given);
        found.map_or(PatchFormat::Native, |&(format, ..)| format)
    })
}

/// The format of a patch of another tool that is read here, by `--format` or its first bytes.
pub(crate) fn format(content: &[u8], forced: Option<PatchFormat>) -> Option<PatchFormat> {
    let format = forced.or_else(|| PatchFormat::detect(content))?;
    foreign::reads(format).then_some(format)
}

/// What a patch says about itself, and the report of it.
pub(crate) fn info(
    content: &[u8],
    format: PatchFormat,
    input: &Input,
    certain: bool,
) -> Result<(Details, Report), Failure> {
    let limits = Limits { target_len: u64::from(u32::MAX), window: u64::from(u32::MAX) };
    let details = foreign::details(format, content, &limits)
        .map_err(|error| refuse_patch(&error, content, format, input, certain))?;
    let report = report(&details, content.len());
    Ok((details, report))
}

fn report(details: &Details, patch_bytes: usize) -> Report {
    let number = |len: u64| u32::try_from(len).unwrap_or(u32::MAX);
    Report {
        format: name(details.format),
        kind: details.kind,
        patch_bytes,
        header_bytes: details.header_len,
        base_bytes: details.base_len.map(number),
        target_bytes: number(details.target_len),
        ram_bytes: details.window_bytes.and_then(|bytes| usize::try_from(bytes).ok()),
        isa: None,
        base_address: None,
        target_address: None,
        base_sha256: None,
        target_sha256: None,
        signature: None,
        marks: None,
        in_place: None,
        self_digests: Vec::new(),
        explanation: None,
        notes: Vec::new(),
        seconds: 0.0,
        peak_rss_bytes: None,
    }
}

/// The name in JSON and on the command line.
fn name(format: PatchFormat) -> &'static str {
    let found = FORMATS.iter().find(|(known, ..)| *known == format);
    found.map_or("unknown", |&(_, name, _)| name)
}

/// The table of `patcher info`.
pub(crate) fn table(details: &Details, report: &Report) -> String {
    let mut rows = vec![
        ("format", details.format.to_string()),
        ("kind", details.kind.to_owned()),
        (
            "patch",
            format!(
                "{} bytes: header {}, rest {}",
                grouped(report.patch_bytes),
                grouped(report.header_bytes),
                grouped(report.patch_bytes - report.header_bytes.min(report.patch_bytes))
            ),
        ),
    ];
    let bytes = |len: u64| format!("{} bytes", grouped(usize::try_from(len).unwrap_or(usize::MAX)));
    match (&details.base_digest, details.base_len) {
        (Some(digest), _) => rows.push(("base", format!("digest {}", Hex(digest)))),
        (None, Some(len)) => rows.push(("base", bytes(len))),
        (None, None) => rows.push(("base", "not named".to_owned())),
    }
    rows.push(("target", bytes(details.target_len)));
    if let Some(window) = details.window_bytes {
        rows.push(("decoder", format!("{} of memory", bytes(window))));
    }
    rows.extend(details.rows.iter().cloned());
    let mut text = String::new();
    for (name, value) in rows {
        let _ = writeln!(text, "{name:14} {value}");
    }
    text
}

/// The target that a patch makes of `base`, and the report of it.
pub(crate) fn apply(
    content: &[u8],
    format: PatchFormat,
    base: &[u8],
    source: &Source,
) -> Result<(Vec<u8>, Report), Failure> {
    let limits = Limits {
        target_len: source.max_size.into(),
        window: source.ram.map_or(Limits::default().window, u64::from),
    };
    let certain = source.format.is_some() || format.has_magic();
    let refuse = |error: &Error| match error.class() {
        Class::Mismatch | Class::Usage => {
            let failure = Failure::new(class(error), format!("{}: {error}", source.base));
            failure.help("give the image that the patch was made for")
        }
        _ => refuse_patch(error, content, format, &source.patch, certain),
    };
    let target = foreign::apply(format, base, content, &limits).map_err(|error| refuse(&error))?;
    let details = foreign::details(format, content, &limits).map_err(|error| refuse(&error))?;
    let mut report = report(&details, content.len());
    report.base_sha256 = Some(Hex(&sha256(base)).to_string());
    report.target_sha256 = Some(Hex(&sha256(&target)).to_string());
    if format != PatchFormat::EspDeltaOta {
        report.notes.push(format!(
            "{format} patches carry no digest: whether this is the right base and target is not known"
        ));
    }
    Ok((target, report))
}

fn class(error: &Error) -> failure::Class {
    match error.class() {
        Class::Mismatch => failure::Class::WrongBase,
        Class::Limit => failure::Class::Limit,
        Class::Usage => failure::Class::Usage,
        Class::Bug => failure::Class::Other,
        Class::Malformed => failure::Class::MalformedPatch,
    }
}

fn refuse_patch(
    error: &Error,
    content: &[u8],
    format: PatchFormat,
    input: &Input,
    certain: bool,
) -> Failure {
    if !certain && error.class() == Class::Malformed {
        let first = content.first().copied().unwrap_or(0);
        let message = format!(
            "patch {input}: expected a native patch, whose first byte is 0x80 or more, found {first:#04x} \
             (perhaps one in {format} format: {error})"
        );
        let help = "check which file is the patch: the base image comes first, then the patch";
        return Failure::new(failure::Class::MalformedPatch, message).help(help);
    }
    let failure = Failure::new(class(error), format!("patch {input}: {error}"));
    match error {
        Error::DataFormat { .. } => failure.help("make the patch without --data-format"),
        Error::HdiffPatch => failure.help("make the patch with --patch-type sequential"),
        Error::Window { .. } => {
            failure.help("make the patch with a smaller window, or allow more with --ram")
        }
        Error::TargetLength { .. } => failure.help("allow more with --max-size"),
        Error::Magic { .. } => {
            failure.help("leave out --format, or give the one that the patch has")
        }
        _ => failure.help("fetch or make the patch again"),
    }
}

/// The format that is read again of one that is written.
pub(crate) fn written(format: CreateFormat) -> PatchFormat {
    match format {
        CreateFormat::Bsdiff40 => PatchFormat::Bsdiff40,
        CreateFormat::Bsdiff43 => PatchFormat::Bsdiff43,
        CreateFormat::EspDeltaOta => PatchFormat::EspDeltaOta,
        _ => PatchFormat::Detools,
    }
}

/// Makes a patch of `args.format`.
pub(crate) fn create(
    args: &CreateArguments,
    base: &[u8],
    target: &[u8],
) -> Result<Written, Failure> {
    let effort = Effort { level: args.level, threads: None };
    let codec = match args.compression {
        None => Codec::Heatshrink(heatshrink::Parameters::DEPLOYED),
        Some(CompressionArgument::Codec(codec)) => codec,
        Some(CompressionArgument::HeatshrinkAuto) => {
            Codec::HeatshrinkAuto { window: args.ram.into() }
        }
    };
    let written = match args.format {
        CreateFormat::Bsdiff40 => foreign::bsdiff(base, target, bsdiff::Format::Bsdiff40, effort),
        CreateFormat::Bsdiff43 => foreign::bsdiff(base, target, bsdiff::Format::Bsdiff43, effort),
        CreateFormat::EspDeltaOta => foreign::esp(base, target, effort),
        CreateFormat::DetoolsInPlace => in_place(args, base, target, codec, effort),
        CreateFormat::DetoolsSequential | CreateFormat::Native => {
            foreign::sequential(base, target, codec, effort)
        }
    };
    written.map_err(|error| {
        let failure = Failure::new(class(&error), error.to_string());
        match error {
            Error::NotEspImage { .. } => failure.help(
                "give the images that the build makes, as build/PROJECT.bin, without bootloader and partition table",
            ),
            _ => failure,
        }
    })
}

fn in_place(
    args: &CreateArguments,
    base: &[u8],
    target: &[u8],
    codec: Codec,
    effort: Effort,
) -> Result<Written, Error> {
    // clap has seen to it that both sizes are there.
    let size = |size: Option<u32>| u64::from(size.unwrap_or(0));
    let place = detools::InPlace::plan(
        size(args.memory_size),
        size(args.segment_size),
        args.minimum_shift_size.map(u64::from),
        base.len() as u64,
        target.len() as u64,
    )?;
    foreign::in_place(base, target, &place, codec, effort)
}

/// Refuses options that say nothing about a patch of this format.
pub(crate) fn check(args: &CreateArguments) -> Result<(), Failure> {
    let native = args.format == CreateFormat::Native;
    let detools =
        matches!(args.format, CreateFormat::DetoolsSequential | CreateFormat::DetoolsInPlace);
    let in_place = args.format == CreateFormat::DetoolsInPlace;
    let sizes = args.memory_size.or(args.segment_size).or(args.minimum_shift_size);
    let addresses = args.base_address.or(args.target_address).is_some() || !args.regions.is_empty();
    let wrong = [
        (!native && args.full, "--full", "native"),
        (!native && addresses, "addresses", "native"),
        (!native && args.isa != IsaArgument::Auto, "--isa", "native"),
        (!native && args.resume.is_some(), "--resume", "native"),
        (!native && args.slot.in_place, "--in-place", "native"),
        (!native && args.sign_key.is_some(), "--sign-key", "native"),
        (!native && args.epoch.is_some(), "--epoch", "native"),
        (!native && args.no_self_digests, "--no-self-digests", "native"),
        (!detools && args.compression.is_some(), "--compression", "detools:…"),
        (!in_place && sizes.is_some(), "sizes of memory, segment or shift", "detools:in-place"),
    ];
    if let Some((_, option, format)) = wrong.into_iter().find(|(wrong, ..)| *wrong) {
        let message = format!("expected --format {format} with {option}, found another format");
        return Err(Failure::usage(message));
    }
    if in_place && (args.memory_size.is_none() || args.segment_size.is_none()) {
        let message = "expected --memory-size and --segment-size with --format detools:in-place";
        return Err(Failure::usage(message).help("give those that the device is configured for"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressions_have_parameters() {
        let heatshrink = |window, lookahead| {
            let parameters = heatshrink::Parameters::new(window, lookahead).expect("legal");
            CompressionArgument::Codec(Codec::Heatshrink(parameters))
        };
        assert_eq!("heatshrink".parse(), Ok(heatshrink(8, 7)));
        assert_eq!("heatshrink:11,4".parse(), Ok(heatshrink(11, 4)));
        assert_eq!("heatshrink:auto".parse(), Ok(CompressionArgument::HeatshrinkAuto));
        let parameters = lzma::Parameters { lc: 0, lp: 2, pb: 2, dictionary: 64 << 10 };
        let lzma = CompressionArgument::Codec(Codec::Lzma(parameters));
        assert_eq!("lzma:0,2,2,64K".parse(), Ok(lzma));
        for wrong in
            ["", "zip", "none:1", "heatshrink:", "heatshrink:8", "heatshrink:8,8", "lzma:3,0,2"]
        {
            assert!(wrong.parse::<CompressionArgument>().is_err(), "{wrong}");
        }
    }
}
