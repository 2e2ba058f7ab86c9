//! `patcher info`.

use core::fmt::Write as _;

use host_diff::format::PatchFormat;
use host_diff::image::{self, Format, LoadOptions};
use host_diff::info::{Info, InfoError};
use patcher_core::Header;
use patcher_core::container::region::Regions;
use patcher_core::error::Class;

use crate::args::InfoArguments;
use crate::bundle;
use crate::explain;
use crate::failure::Failure;
use crate::foreign;
use crate::input::Input;
use crate::mcuboot;
use crate::output;
use crate::report::{Report, SignatureReport, grouped};
use crate::usage::Stopwatch;

pub(crate) fn run(args: &InfoArguments, watch: &Stopwatch) -> Result<(), Failure> {
    let content = args.patch.read("patch")?;
    if args.format.is_none() && Info::read(&content) == Err(InfoError::Bundle) {
        return bundle::tell(&content, &args.patch, args.json);
    }
    if let Some(format) = foreign::format(&content, args.format) {
        if args.explain {
            let message =
                format!("expected a native patch with --explain, found one in {format} format");
            return Err(Failure::usage(message));
        }
        let certain = args.format.is_some() || format.has_magic();
        let (details, report) = foreign::info(&content, format, &args.patch, certain)?;
        let table = foreign::table(&details, &report);
        return output::print(&if args.json { report.json(watch)? } else { table });
    }
    if args.format.is_none()
        && let Some(image) = mcuboot::find(&content)
    {
        if args.explain {
            let message = "expected a native patch with --explain, found an MCUboot image";
            return Err(Failure::usage(message));
        }
        return output::print(&mcuboot::info(&image, &args.patch, args.json, watch)?);
    }
    let patch = read(&content, &args.patch, args.format)?;
    let mut report = Report::of(&patch);
    if args.explain {
        report.explanation = Some(explain::explain(args, &patch)?);
    }
    output::print(&if args.json {
        report.json(watch)?
    } else {
        let explanation = report.explanation.as_ref();
        let why = explanation.map(|why| explain::text(why, args.top)).unwrap_or_default();
        table(&patch, &report) + &why
    })
}

/// The patch in `content`, which came from `input`.
pub(crate) fn read<'a>(
    content: &'a [u8],
    input: &Input,
    format: Option<PatchFormat>,
) -> Result<Info<'a>, Failure> {
    let patch = match format {
        Some(PatchFormat::Native) => Info::read_native(content),
        _ => Info::read(content),
    };
    patch.map_err(|error| {
        let failure = Failure::new(error.class().into(), format!("patch {input}: {error}"));
        failure.help(advice(&error, content))
    })
}

fn advice(error: &InfoError, content: &[u8]) -> String {
    match error {
        InfoError::NotAPatch { .. } | InfoError::Foreign { .. } if is_image(content) => {
            "this is a firmware image; the base image comes first, then the patch".to_owned()
        }
        InfoError::Bundle => "take the patch of a device out with `patcher unbundle`".to_owned(),
        InfoError::Foreign { .. } => "use the tool that made it".to_owned(),
        InfoError::NotAPatch { .. } => {
            "check which file is the patch: the base image comes first, then the patch".to_owned()
        }
        InfoError::Header(header) if header.class() == Class::Limit => {
            "use a newer patcher, or make the patch with this one".to_owned()
        }
        _ => "fetch or make the patch again".to_owned(),
    }
}

/// Whether `content` is of an image format that has a magic.
fn is_image(content: &[u8]) -> bool {
    let image = image::load(content, &LoadOptions::default());
    image.is_ok_and(|image| image.source != Format::Bin)
}

fn table(patch: &Info<'_>, report: &Report) -> String {
    let header = &patch.header;
    let mut rows = vec![
        ("format", format!("native, version {}", patcher_core::container::header::VERSION)),
        ("kind", report.kind.to_owned()),
        (
            "patch",
            format!(
                "{} bytes: header {}, body {}",
                grouped(report.patch_bytes),
                grouped(report.header_bytes),
                grouped(patch.payload.len())
            ),
        ),
    ];
    let image = |len: u32, digest: &str| {
        format!("{} bytes, SHA-256 begins with {digest}", grouped(len as usize))
    };
    if let (Some(len), Some(digest)) = (report.base_bytes, &report.base_sha256) {
        rows.push(("base", image(len, digest)));
    }
    let digest = report.target_sha256.as_deref().unwrap_or_default();
    rows.push(("target", image(report.target_bytes, digest)));
    rows.push(("device RAM", format!("{} bytes", grouped(header.ram_bytes()))));
    rows.push(("references", report.references()));
    rows.push(("tables", tables(header)));
    if let Some(marks) = &report.marks {
        rows.push(("restart marks", marks.text()));
    }
    if let Some(slot) = &report.in_place {
        rows.push(("in place", slot.slot()));
        rows.push(("erases", slot.wear()));
        let check = if patch.damaged { "wrong: the patch is damaged" } else { "right" };
        rows.push(("check", check.to_owned()));
    }
    if let Some(signature) = &report.signature {
        signed(&mut rows, signature);
    }
    rows.extend(report.self_digests.iter().map(|digest| ("self digest", digest.text())));
    regions(&mut rows, "base region", &header.base_regions);
    regions(&mut rows, "target region", &header.target_regions);
    let mut text = String::new();
    for (name, value) in rows {
        let _ = writeln!(text, "{name:14} {value}");
    }
    text
}

/// What the patch is signed with: only verify tells whether the signature is right.
fn signed(rows: &mut Vec<(&str, String)>, signature: &SignatureReport) {
    rows.push(("signed", format!("with key {}, not checked here", signature.key_id)));
    rows.push(("counter", signature.security_counter.to_string()));
    let id = &signature.hardware_id;
    rows.push(("hardware id", if id.is_empty() { "none".to_owned() } else { readable(id) }));
    if let Some(certificate) = &signature.certificate {
        let key = certificate.key_id.as_deref().unwrap_or("that is none");
        let last = certificate.last_counter;
        rows.push(("certificate", format!("for key {key}, up to counter {last}")));
    }
    if let Some(bytes) = signature.block_bytes {
        rows.push(("blocks", format!("{} bytes", grouped(bytes as usize))));
    }
}

/// Digits, and the text that they stand for if all of it can be read.
fn readable(digits: &str) -> String {
    let pairs = (0..digits.len()).step_by(2).filter_map(|at| digits.get(at..at + 2));
    let bytes: Vec<u8> = pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    let text = bytes.iter().all(u8::is_ascii_graphic).then(|| String::from_utf8_lossy(&bytes));
    text.map_or_else(|| format!("0x{digits}"), |text| format!("0x{digits} ({text})"))
}

fn tables(header: &Header) -> String {
    let Some(tables) = header.tables() else { return "none".to_owned() };
    format!(
        "{} hit slots, {} byte slots, {} map entries, {} cache entries",
        grouped(tables.hit_slots),
        grouped(tables.byte_slots),
        grouped(header.map_entries as usize),
        grouped(tables.cache_entries)
    )
}

/// One row a region, if there is more than the address tells.
fn regions(rows: &mut Vec<(&str, String)>, name: &'static str, regions: &Regions) {
    if regions.len() == 1 && regions.iter().all(|region| region.code) {
        return;
    }
    let mut offset = 0;
    for region in regions.iter() {
        let kind = if region.code { "code" } else { "data" };
        let end = offset + region.len;
        rows.push((name, format!("{offset:#x}..{end:#x} at {:#010x}, {kind}", region.address)));
        offset = end;
    }
}
