//! Which kind of patch a file is.

use core::fmt;

/// A patch format, told by the first bytes of a file.
///
/// Native patches come first: any first byte of 0x80 or more. Then formats with a magic. detools has none and comes
/// last: its first byte holds the patch type and the compression, so that one file of arbitrary bytes in seven looks like
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchFormat {
    /// This project's own.
    Native,
    /// bsdiff 4: three bzip2 streams.
    Bsdiff40,
    /// bsdiff as a library: one interleaved stream.
    Bsdiff43,
    /// HDiffPatch.
    HDiffPatch,
    /// detools behind the 64-byte header of ESP-IDF.
    EspDeltaOta,
    /// detools.
    Detools,
}

const MAGICS: [(&[u8], PatchFormat); 4] = [
    (b"BSDIFF40", PatchFormat::Bsdiff40),
    (b"ENDSLEY/BSDIFF43", PatchFormat::Bsdiff43),
    (b"HDIFF", PatchFormat::HDiffPatch),
    (&0xFCCD_DE10_u32.to_le_bytes(), PatchFormat::EspDeltaOta),
];

/// Highest type and compression that detools 0.53 writes: hdiffpatch, LZ4.
const DETOOLS_TYPE_MAX: u8 = 2;
const DETOOLS_COMPRESSION_MAX: u8 = 6;

impl PatchFormat {
    /// The format of `patch`, or `None` if it looks like nothing known.
    #[must_use]
    pub fn detect(patch: &[u8]) -> Option<Self> {
        let &first = patch.first()?;
        if first >= 0x80 {
            return Some(Self::Native);
        }
        let known = MAGICS.iter().find(|(magic, _)| patch.starts_with(magic));
        if let Some(&(_, format)) = known {
            return Some(format);
        }
        let detools = first >> 4 <= DETOOLS_TYPE_MAX && first & 0xF <= DETOOLS_COMPRESSION_MAX;
        detools.then_some(Self::Detools)
    }

    /// Whether a magic number proves the format.
    #[must_use]
    pub fn has_magic(self) -> bool {
        MAGICS.iter().any(|&(_, format)| format == self)
    }
}

impl fmt::Display for PatchFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Bsdiff40 => "BSDIFF40",
            Self::Bsdiff43 => "ENDSLEY/BSDIFF43",
            Self::HDiffPatch => "HDiffPatch",
            Self::EspDeltaOta => "esp_delta_ota",
            Self::Detools => "detools",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_comes_before_magics_and_detools_last() {
        assert_eq!(PatchFormat::detect(&[]), None);
        assert_eq!(PatchFormat::detect(&[0x80]), Some(PatchFormat::Native));
        assert_eq!(PatchFormat::detect(b"BSDIFF40"), Some(PatchFormat::Bsdiff40));
        assert_eq!(PatchFormat::detect(b"BSDIFF4"), None);
        assert_eq!(PatchFormat::detect(b"ENDSLEY/BSDIFF43"), Some(PatchFormat::Bsdiff43));
        assert_eq!(PatchFormat::detect(b"HDIFF13&"), Some(PatchFormat::HDiffPatch));
        assert_eq!(PatchFormat::detect(b"\x10\xDE\xCD\xFC"), Some(PatchFormat::EspDeltaOta));
        assert_eq!(PatchFormat::detect(b"\x10\xDE\xCD"), Some(PatchFormat::Detools));
    }

    #[test]
    fn detools_is_any_defined_type_and_compression() {
        for (first, expected) in [(0x00, true), (0x26, true), (0x07, false), (0x30, false)] {
            let found = PatchFormat::detect(&[first]);
            assert_eq!(found == Some(PatchFormat::Detools), expected, "{first:#04x}");
        }
    }
}
