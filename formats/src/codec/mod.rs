//! Byte codecs that the formats are wrapped in.
//!
//! | codec | reading | writing |
//! | --- | --- | --- |
//! | none, [`crle`], [`heatshrink`] | own | own, by cost |
//! | [`lzma`] | liblzma | liblzma, over a search of its settings |
//! | bzip2 | libbz2-rs | libbz2-rs (bsdiff formats) |
//! | zstd, LZ4 | ruzstd, lz4_flex | – |

pub mod crle;
pub mod heatshrink;
pub mod lzma;
mod stream;

use core::fmt;
use std::io::Read;

use crate::{Error, Limits};
pub(crate) use stream::Stream;

/// A codec, by its number in detools patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Bytes as they are.
    None,
    /// LZMA in the "alone" container: 13 bytes of header, an end mark.
    Lzma,
    /// Conditional run length encoding, of detools.
    Crle,
    /// bzip2.
    Bz2,
    /// heatshrink after one byte of parameters.
    Heatshrink,
    /// Zstandard.
    Zstd,
    /// LZ4 frames.
    Lz4,
}

impl Compression {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Lzma, Self::Crle, Self::Bz2, Self::Heatshrink, Self::Zstd, Self::Lz4];

    /// The number in detools patches.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Lzma => 1,
            Self::Crle => 2,
            Self::Bz2 => 3,
            Self::Heatshrink => 4,
            Self::Zstd => 5,
            Self::Lz4 => 6,
        }
    }

    /// The codec of a number.
    ///
    /// # Errors
    /// [`Error::Compression`] if there is none.
    pub fn of_id(id: u8) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|codec| codec.id() == id).ok_or(Error::Compression { found: id })
    }

    /// The name that detools uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lzma => "lzma",
            Self::Crle => "crle",
            Self::Bz2 => "bz2",
            Self::Heatshrink => "heatshrink",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        }
    }

    /// Opens `bytes` for reading.
    ///
    /// # Errors
    /// [`Error::Window`] for a larger window than `limits` allow, [`Error::Truncated`] or [`Error::Codec`] for a
    /// damaged header.
    pub(crate) fn open<'a>(
        self,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<Box<dyn Decoder + 'a>, Error> {
        let refused = |error: &dyn fmt::Display| Error::Codec {
            compression: self,
            detail: error.to_string(),
        };
        Ok(match self {
            Self::None => Box::new(bytes),
            Self::Lzma => {
                limits.window(lzma::Parameters::read(bytes)?.memory_bytes())?;
                Box::new(lzma::decoder(bytes, limits).map_err(|error| refused(&error))?)
            }
            Self::Crle => Box::new(crle::Decoder::new(bytes)),
            Self::Bz2 => Box::new(bzip2::bufread::BzDecoder::new(bytes)),
            Self::Heatshrink => {
                let (parameters, rest) = heatshrink::Parameters::read(bytes)?;
                limits.window(parameters.window_bytes())?;
                Box::new(heatshrink::Decoder::new(rest, parameters))
            }
            Self::Zstd => Box::new(
                ruzstd::decoding::StreamingDecoder::new(bytes).map_err(|error| refused(&error))?,
            ),
            Self::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(bytes)),
        })
    }

    /// What the decoder has to remember of `bytes`, as far as their header tells, in bytes.
    pub(crate) fn window(self, bytes: &[u8]) -> Result<Option<u64>, Error> {
        Ok(match self {
            Self::None | Self::Crle => Some(0),
            Self::Lzma => Some(lzma::Parameters::read(bytes)?.memory_bytes()),
            Self::Heatshrink => Some(heatshrink::Parameters::read(bytes)?.0.window_bytes()),
            Self::Bz2 | Self::Zstd | Self::Lz4 => None,
        })
    }
}

/// A decoder that reads from memory.
pub(crate) trait Decoder: Read {
    /// Bytes that it has not looked at, once nothing comes out of it any more.
    fn unread(&self) -> usize;
}

impl Decoder for &[u8] {
    fn unread(&self) -> usize {
        self.len()
    }
}

impl Decoder for liblzma::bufread::XzDecoder<&[u8]> {
    fn unread(&self) -> usize {
        self.get_ref().len()
    }
}

impl Decoder for crle::Decoder<'_> {
    fn unread(&self) -> usize {
        0
    }
}

impl Decoder for bzip2::bufread::BzDecoder<&[u8]> {
    fn unread(&self) -> usize {
        self.get_ref().len()
    }
}

impl Decoder for heatshrink::Decoder<'_> {
    fn unread(&self) -> usize {
        0
    }
}

impl Decoder for ruzstd::decoding::StreamingDecoder<&[u8], ruzstd::decoding::FrameDecoder> {
    fn unread(&self) -> usize {
        self.get_ref().len()
    }
}

impl Decoder for lz4_flex::frame::FrameDecoder<&[u8]> {
    fn unread(&self) -> usize {
        self.get_ref().len()
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
