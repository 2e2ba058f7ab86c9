//! LZMA in the "alone" container: what detools calls `lzma`.
//!
//! ```text
//! 0 (pb * 5 + lp) * 9 + lc   1 dictionary, u32   5 length, u64: all ones if unknown   13 coded bytes, end mark
//! ```
//! Numbers are little-endian.
//!
//! **Reference**: I. Pavlov, LZMA specification; liblzma, `lzma/lzma12.h`.

use core::fmt;

use liblzma::bufread::{XzDecoder, XzEncoder};
use liblzma::stream::{LzmaOptions, MatchFinder, Mode, Stream};
use std::io::Read as _;

use crate::{Error, Limits};

const HEADER_LEN: usize = 13;

/// What the device must have memory for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Bits of the byte before that choose how a literal is coded.
    pub lc: u8,
    /// Bits of the position that choose how a literal is coded.
    pub lp: u8,
    /// Bits of the position that choose how all else is coded.
    pub pb: u8,
    /// Length of the window in bytes.
    pub dictionary: u32,
}

impl Default for Parameters {
    /// Those of detools: 3, 0, 2 and 8 MiB.
    fn default() -> Self {
        Self { lc: 3, lp: 0, pb: 2, dictionary: 8 << 20 }
    }
}

impl Parameters {
    /// Checks that liblzma decodes streams of these parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `lc` + `lp` ≤ 4, `pb` ≤ 4, and `dictionary` is 2^n or 2^n + 2^(n-1) bytes from 4 KiB
    /// to 1 GiB: other headers are not recognised by liblzma's automatic decoder, which detools uses.
    pub fn check(self) -> Result<Self, Error> {
        let round = self.dictionary.is_power_of_two()
            || self.dictionary.is_multiple_of(3) && (self.dictionary / 3).is_power_of_two();
        let possible = (4 << 10..=1 << 30).contains(&self.dictionary) && round;
        if self.lc + self.lp <= 4 && self.pb <= 4 && possible {
            return Ok(self);
        }
        Err(Error::Parameter {
            expected: "LZMA parameters lc,lp,pb,dict with lc + lp of 0 to 4, pb of 0 to 4, and a \
                       dictionary of 2^n or 3 * 2^n bytes from 4K to 1024M"
                .to_owned(),
            found: self.to_string(),
        })
    }

    /// Memory of a decoder in bytes: the window, and two bytes for each probability.
    #[must_use]
    pub fn memory_bytes(self) -> u64 {
        u64::from(self.dictionary) + self.model_bytes()
    }

    /// Memory of a decoder beside its window in bytes.
    #[must_use]
    pub fn model_bytes(self) -> u64 {
        2 * (1846 + (768 << (self.lc + self.lp)))
    }

    /// The parameters in the header at the begin of `bytes`.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let &[first, a, b, c, d, ..] = bytes.get(..HEADER_LEN).unwrap_or(&[]) else {
            return Err(Error::Truncated { expected: "the LZMA header of 13 bytes" });
        };
        if first >= 9 * 5 * 5 {
            let found = i64::from(first);
            return Err(Error::Number { expected: "LZMA parameters below 225", found });
        }
        let dictionary = u32::from_le_bytes([a, b, c, d]);
        Ok(Self { lc: first % 9, lp: first / 9 % 5, pb: first / 45, dictionary })
    }

    /// The smallest dictionary that [`check`](Self::check) takes and that holds `len` bytes.
    #[must_use]
    pub fn dictionary_for(len: u64) -> u32 {
        let sizes = (12..30).flat_map(|log2| [1u32 << log2, 3 << (log2 - 1)]);
        sizes.filter(|&size| u64::from(size) >= len).min().unwrap_or(1 << 30)
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.lc, self.lp, self.pb, self.dictionary)
    }
}

/// How the encoder searches; no decoder needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// Copies of this length are taken without looking for better ones, 5 to 273.
    pub nice_len: u32,
    /// Binary trees over 2, 3 or 4 bytes.
    pub finder: u8,
}

impl Search {
    /// The one that is good on most deltas.
    pub const GOOD: Self = Self { nice_len: 273, finder: 4 };
    /// That of liblzma's sixth preset, which detools takes.
    pub const USUAL: Self = Self { nice_len: 64, finder: 4 };
    /// Those worth trying.
    pub const ALL: [Self; 9] = [
        Self::GOOD,
        Self { nice_len: 273, finder: 3 },
        Self { nice_len: 273, finder: 2 },
        Self { nice_len: 128, finder: 4 },
        Self { nice_len: 128, finder: 2 },
        Self::USUAL,
        Self { nice_len: 64, finder: 2 },
        Self { nice_len: 32, finder: 4 },
        Self { nice_len: 32, finder: 2 },
    ];
}

/// Codes `bytes`.
///
/// # Errors
/// [`Error::Parameter`] as [`Parameters::check`].
pub fn encode(bytes: &[u8], parameters: Parameters, search: Search) -> Result<Vec<u8>, Error> {
    let parameters = parameters.check()?;
    let refused = |detail: String| Error::Codec { compression: super::Compression::Lzma, detail };
    let mut options = LzmaOptions::new_preset(9).map_err(|error| refused(error.to_string()))?;
    // The encoder's tables grow with its dictionary: no longer than the input. The header gets what was asked for.
    let dictionary = Parameters::dictionary_for(bytes.len() as u64).min(parameters.dictionary);
    options
        .dict_size(dictionary)
        .literal_context_bits(parameters.lc.into())
        .literal_position_bits(parameters.lp.into())
        .position_bits(parameters.pb.into())
        .mode(Mode::Normal)
        .nice_len(search.nice_len)
        .match_finder(match search.finder {
            2 => MatchFinder::BinaryTree2,
            3 => MatchFinder::BinaryTree3,
            _ => MatchFinder::BinaryTree4,
        })
        .depth(if search == Search::USUAL { 0 } else { 1 << 10 });
    let stream = Stream::new_lzma_encoder(&options).map_err(|error| refused(error.to_string()))?;
    let mut coded = Vec::new();
    let done = XzEncoder::new_stream(bytes, stream).read_to_end(&mut coded);
    done.map_err(|error| refused(error.to_string()))?;
    if let Some(field) = coded.get_mut(1..5) {
        field.copy_from_slice(&parameters.dictionary.to_le_bytes());
    }
    Ok(coded)
}

/// A decoder whose memory is bounded.
pub(crate) fn decoder<'a>(
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<XzDecoder<&'a [u8]>, liblzma::stream::Error> {
    /// What liblzma takes beside window and probabilities.
    const FIXED: u64 = 1 << 20;
    let stream = Stream::new_lzma_decoder(limits.window.saturating_add(FIXED))?;
    Ok(XzDecoder::new_stream(bytes, stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(coded: &[u8]) -> Vec<u8> {
        let mut decoded = Vec::new();
        let mut decoder = decoder(coded, &Limits::default()).expect("a decoder");
        decoder.read_to_end(&mut decoded).expect("decodes");
        decoded
    }

    #[test]
    fn the_header_is_that_of_detools() {
        let coded = encode(b"some bytes", Parameters::default(), Search::GOOD).expect("codes");
        assert_eq!(coded[..5], [0x5D, 0, 0, 0x80, 0]);
        assert_eq!(coded[5..13], [0xFF; 8]);
        assert_eq!(Parameters::read(&coded), Ok(Parameters::default()));
        assert_eq!(decode(&coded), b"some bytes");
    }

    #[test]
    fn all_parameters_and_searches_come_back() {
        let bytes: Vec<u8> = (0..3_000u32).map(|i| ((i * i) >> 7).to_le_bytes()[0]).collect();
        for (lc, lp, pb) in [(0, 0, 0), (4, 0, 4), (0, 4, 0), (2, 2, 1)] {
            let parameters = Parameters { lc, lp, pb, dictionary: 4 << 10 };
            for search in Search::ALL {
                let coded = encode(&bytes, parameters, search).expect("codes");
                assert_eq!(Parameters::read(&coded), Ok(parameters));
                assert_eq!(decode(&coded), bytes);
            }
        }
    }

    #[test]
    fn what_liblzma_does_not_decode_is_refused() {
        let good = Parameters::default();
        for wrong in [
            Parameters { lc: 4, lp: 1, ..good },
            Parameters { pb: 5, ..good },
            Parameters { dictionary: 2 << 10, ..good },
            Parameters { dictionary: 5 << 12, ..good },
            Parameters { dictionary: 3 << 29, ..good },
        ] {
            assert!(matches!(wrong.check(), Err(Error::Parameter { .. })), "{wrong}");
        }
        assert_eq!(Parameters { dictionary: 3 << 12, ..good }.check().map(|p| p.lc), Ok(3));
        let expected = Error::Number { expected: "LZMA parameters below 225", found: 225 };
        assert_eq!(Parameters::read(&[225; 13]), Err(expected));
        let expected = Error::Truncated { expected: "the LZMA header of 13 bytes" };
        assert_eq!(Parameters::read(&[0x5D; 12]), Err(expected));
    }

    #[test]
    fn dictionaries_are_no_larger_than_needed() {
        for (len, expected) in
            [(0, 4096), (4097, 6144), (6145, 8192), (1 << 20, 1 << 20), (1 << 40, 1 << 30)]
        {
            assert_eq!(Parameters::dictionary_for(len), expected);
        }
    }
}
