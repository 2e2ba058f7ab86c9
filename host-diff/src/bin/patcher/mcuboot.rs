//! `patcher info` of MCUboot images.

use core::fmt::Write as _;

use ::mcuboot::Tlv;
use ::mcuboot::header::flag;
use host_diff::digest::{Hex, sha256};
use host_diff::image::mcuboot::{Mcuboot, Rest};
use host_diff::image::{self, FlatImage, LoadOptions};
use serde::Serialize;

use crate::failure::{Class, Failure};
use crate::input::Input;
use crate::report::grouped;
use crate::usage::{Stopwatch, peak_rss_bytes};

/// The JSON object; null where a value is unknown or does not apply.
#[derive(Debug, Serialize)]
struct ImageReport {
    format: &'static str,
    kind: &'static str,
    /// How the file holds it: `bin`, `elf`, `hex`, `uf2`.
    source: String,
    address: Option<u32>,
    /// Header, payload and TLVs: what a patch takes for the base.
    image_bytes: u32,
    image_sha256: String,
    header_bytes: u16,
    payload_bytes: u32,
    version: String,
    flags: Vec<&'static str>,
    load_address: Option<u32>,
    security_counter: Option<u32>,
    hash_is_right: Option<bool>,
    tlvs: Vec<TlvReport>,
    /// Bytes after the image.
    rest_bytes: usize,
    trailer: Option<TrailerReport>,
    seconds: f64,
    peak_rss_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct TlvReport {
    kind: u16,
    name: Option<&'static str>,
    bytes: u16,
    protected: bool,
    /// Hexadecimal digits.
    value: String,
}

#[derive(Debug, Serialize)]
struct TrailerReport {
    align: u32,
    image_ok: bool,
}

/// The image in `content`, if it is of a format that images come in and begins as MCUboot's do.
pub(crate) fn find(content: &[u8]) -> Option<FlatImage> {
    let image = image::load(content, &LoadOptions::default()).ok()?;
    Mcuboot::begins(&image.bytes).then_some(image)
}

/// What the image says, as text or JSON.
pub(crate) fn info(
    image: &FlatImage,
    input: &Input,
    json: bool,
    watch: &Stopwatch,
) -> Result<String, Failure> {
    let found = Mcuboot::read(&image.bytes).map_err(|error| {
        let failure = Failure::new(Class::MalformedPatch, format!("image {input}: {error}"));
        failure.help("sign it with imgtool, or fetch it again")
    })?;
    let report = report(image, &found);
    if !json {
        return Ok(table(&found, &report));
    }
    let report =
        ImageReport { seconds: watch.seconds(), peak_rss_bytes: peak_rss_bytes(), ..report };
    match serde_json::to_string(&report) {
        Ok(text) => Ok(text + "\n"),
        Err(error) => Err(Failure::new(Class::Other, format!("cannot write JSON: {error}"))),
    }
}

fn report(image: &FlatImage, found: &Mcuboot<'_>) -> ImageReport {
    let header = &found.image.header;
    let flags = flag::NAMES.iter().filter(|(bit, _)| header.flags & bit != 0);
    let placed = header.flags & (flag::RAM_LOAD | flag::ROM_FIXED) != 0;
    let tlvs = found.tlvs.iter().map(|(tlv, value)| TlvReport {
        kind: tlv.kind,
        name: tlv.name(),
        bytes: tlv.len,
        protected: tlv.protected,
        value: Hex(value).to_string(),
    });
    let (rest_bytes, trailer) = match found.rest {
        Rest::Nothing => (0, None),
        Rest::Fill { len } | Rest::Other { len } => (len, None),
        Rest::Trailer { len, align, image_ok } => (len, Some(TrailerReport { align, image_ok })),
    };
    ImageReport {
        format: "mcuboot",
        kind: "image",
        source: image.source.to_string(),
        address: image.address,
        image_bytes: found.image.len,
        image_sha256: Hex(&sha256(found.bytes)).to_string(),
        header_bytes: header.header_len,
        payload_bytes: header.payload_len,
        version: header.version.to_string(),
        flags: flags.map(|(_, name)| *name).collect(),
        load_address: placed.then_some(header.load_address),
        security_counter: found.security_counter(),
        hash_is_right: found.hash_is_right,
        tlvs: tlvs.collect(),
        rest_bytes,
        trailer,
        seconds: 0.0,
        peak_rss_bytes: None,
    }
}

fn table(found: &Mcuboot<'_>, report: &ImageReport) -> String {
    let mut rows = vec![
        ("format", format!("MCUboot image, in a {} file", report.source)),
        ("version", report.version.clone()),
        (
            "image",
            format!(
                "{} bytes: header {}, payload {}, TLVs {}",
                grouped(report.image_bytes as usize),
                grouped(report.header_bytes.into()),
                grouped(report.payload_bytes as usize),
                grouped(tlv_bytes(report))
            ),
        ),
        ("identity", format!("SHA-256 {}", report.image_sha256)),
    ];
    rows.extend(report.address.map(|address| ("address", format!("{address:#010x}"))));
    rows.extend(report.load_address.map(|address| ("load address", format!("{address:#010x}"))));
    if !report.flags.is_empty() {
        rows.push(("flags", report.flags.join(", ")));
    }
    rows.extend(report.security_counter.map(|counter| ("counter", counter.to_string())));
    let hash = match report.hash_is_right {
        Some(true) => "right; the signature is not checked here",
        Some(false) => "WRONG: the image is damaged",
        None => "none",
    };
    rows.push(("hash", hash.to_owned()));
    rows.extend(found.tlvs.iter().map(|(tlv, value)| ("TLV", line(tlv, value))));
    let after = |len: usize| format!("{} bytes after the image: ", grouped(len));
    match found.rest {
        Rest::Nothing => {}
        Rest::Fill { len } => rows.push(("slot", after(len) + "fill")),
        Rest::Other { len } => rows.push(("slot", after(len) + "unknown")),
        Rest::Trailer { len, align, image_ok } => {
            let confirmed = if image_ok { "image_ok set" } else { "image_ok not set" };
            let text = format!("trailer with magic of alignment {align}, {confirmed}");
            rows.push(("slot", after(len) + &text));
        }
    }
    let mut text = String::new();
    for (name, value) in rows {
        let _ = writeln!(text, "{name:14} {value}");
    }
    text
}

fn tlv_bytes(report: &ImageReport) -> usize {
    let before = u32::from(report.header_bytes).saturating_add(report.payload_bytes);
    report.image_bytes.saturating_sub(before) as usize
}

fn line(tlv: &Tlv, value: &[u8]) -> String {
    /// More would not fit a line.
    const SHOWN: usize = 16;
    let name = tlv.name().map_or_else(|| format!("{:#06x}", tlv.kind), str::to_owned);
    let protected = if tlv.protected { ", protected" } else { "" };
    let dots = if value.len() > SHOWN { "…" } else { "" };
    let shown = value.get(..SHOWN).unwrap_or(value);
    format!("{name}{protected}, {} bytes: {}{dots}", tlv.len, Hex(shown))
}
