//! Deltas, and how they are coded.

use crate::codec::{Compression, crle, heatshrink, lzma};
use crate::stretch::{differences, ops};
use crate::{Error, Stretch, varint};

/// The codec of a patch to be written, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// No codec.
    None,
    /// Conditional run length encoding.
    Crle,
    /// heatshrink.
    Heatshrink(heatshrink::Parameters),
    /// LZMA, and how its encoder searches.
    Lzma(lzma::Parameters, lzma::Search),
}

impl Encoding {
    /// The codec.
    #[must_use]
    pub fn compression(&self) -> Compression {
        match self {
            Self::None => Compression::None,
            Self::Crle => Compression::Crle,
            Self::Heatshrink(_) => Compression::Heatshrink,
            Self::Lzma(..) => Compression::Lzma,
        }
    }

    /// Codes a delta.
    ///
    /// # Errors
    /// [`Error::Parameter`] for parameters that no decoder takes.
    pub fn encode(&self, delta: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(match *self {
            Self::None => delta.to_vec(),
            Self::Crle => crle::encode(delta),
            Self::Heatshrink(parameters) => heatshrink::encode(delta, parameters),
            Self::Lzma(parameters, search) => lzma::encode(delta, parameters, search)?,
        })
    }
}

/// The delta of `stretches`: no data-format block, then ops. The base cursor begins at `cursor`.
#[must_use]
pub fn delta(base: &[u8], target: &[u8], stretches: &[Stretch], cursor: usize) -> Vec<u8> {
    let length = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
    let mut bytes = Vec::with_capacity(target.len() + 64);
    if target.is_empty() {
        return bytes;
    }
    varint::put_signed(&mut bytes, 0);
    for op in ops(stretches, target.len(), cursor) {
        varint::put_signed(&mut bytes, length(op.at.len));
        bytes.extend(differences(base, target, op.at));
        varint::put_signed(&mut bytes, length(op.extra));
        bytes.extend(&target[op.at.target + op.at.len..][..op.extra]);
        varint::put_signed(&mut bytes, op.jump);
    }
    bytes
}
