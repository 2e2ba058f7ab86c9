//! Reading patches of other tools.

use formats::{Error, Limits, bsdiff, detools, esp};

use crate::format::PatchFormat;

/// What a patch of another tool says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Its format.
    pub format: PatchFormat,
    /// How it is applied: `sequential`, `in-place` or `delta`.
    pub kind: &'static str,
    /// Length of its header in bytes.
    pub header_len: usize,
    /// Length of the base in bytes, if it says so.
    pub base_len: Option<u64>,
    /// Length of the target in bytes.
    pub target_len: u64,
    /// Digest that names the base, if there is one.
    pub base_digest: Option<[u8; 32]>,
    /// Bytes that the codec's decoder has to remember, if the patch tells.
    pub window_bytes: Option<u64>,
    /// More of it, by name.
    pub rows: Vec<(&'static str, String)>,
}

/// Whether patches of `format` are read by [`apply`] and [`details`].
#[must_use]
pub fn reads(format: PatchFormat) -> bool {
    use PatchFormat::{Bsdiff40, Bsdiff43, Detools, EspDeltaOta};
    matches!(format, Detools | EspDeltaOta | Bsdiff40 | Bsdiff43)
}

/// The target that `patch` makes of `base`; its format is taken for granted.
///
/// # Errors
/// [`Error`]; its [`class`](Error::class) tells whether another patch or base is needed, or larger limits.
pub fn apply(
    format: PatchFormat,
    base: &[u8],
    patch: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    match format {
        PatchFormat::EspDeltaOta => esp::apply(base, patch, limits),
        PatchFormat::Bsdiff40 | PatchFormat::Bsdiff43 => bsdiff::apply(base, patch, limits),
        _ => detools::apply(base, patch, limits),
    }
}

/// What `patch` says about itself; its format is taken for granted.
///
/// # Errors
/// [`Error`], as far as no base is needed to find it.
pub fn details(format: PatchFormat, patch: &[u8], limits: &Limits) -> Result<Details, Error> {
    match format {
        PatchFormat::EspDeltaOta => {
            let (header, rest) = esp::Header::read(patch)?;
            let inner = of_detools(&detools::Info::read(rest, limits)?);
            let header_len = inner.header_len + esp::HEADER_LEN;
            Ok(Details { format, header_len, base_digest: Some(header.base_digest), ..inner })
        }
        PatchFormat::Bsdiff40 | PatchFormat::Bsdiff43 => {
            let info = bsdiff::Info::read(patch)?;
            Ok(Details {
                format,
                kind: "delta",
                header_len: info.header_len,
                base_len: None,
                target_len: info.target_len,
                base_digest: None,
                window_bytes: None,
                rows: vec![("compression", "bz2".to_owned())],
            })
        }
        _ => Ok(of_detools(&detools::Info::read(patch, limits)?)),
    }
}

fn of_detools(info: &detools::Info) -> Details {
    let compression = info.header.compression().name();
    let separator = if info.parameters.is_empty() { "" } else { ": " };
    let mut rows = vec![("compression", format!("{compression}{separator}{}", info.parameters))];
    let mut base_len = None;
    let mut kind = "sequential";
    if let detools::Header::InPlace { place, .. } = info.header {
        kind = "in-place";
        base_len = Some(place.base_len);
        rows.push((
            "memory",
            format!(
                "{} bytes, segments of {}, base moved up by {}",
                place.memory_size, place.segment_size, place.shift_size
            ),
        ));
    }
    rows.push((
        "delta",
        format!(
            "{} ops: {} bytes of the base, {} of them changed, {} new bytes",
            info.ops, info.diff_bytes, info.changed_bytes, info.extra_bytes
        ),
    ));
    Details {
        format: PatchFormat::Detools,
        kind,
        header_len: info.header_len,
        base_len,
        target_len: info.header.target_len(),
        base_digest: None,
        window_bytes: info.window_bytes,
        rows,
    }
}
