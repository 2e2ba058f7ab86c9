//! What a detools patch says about itself.

use super::read::Sink;
use super::{Header, in_place, sequential};
use crate::codec::{heatshrink, lzma};
use crate::{Error, Limits, codec::Compression};

/// What a detools patch says about itself: all of it is decoded, but no base is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The header.
    pub header: Header,
    /// Length of the header in bytes.
    pub header_len: usize,
    /// Bytes that the codec's decoder has to remember; `None` where the stream does not tell.
    pub window_bytes: Option<u64>,
    /// What the device must be configured for, in words; empty if nothing.
    pub parameters: String,
    /// Number of ops.
    pub ops: u64,
    /// Bytes of the target that are made of base bytes.
    pub diff_bytes: u64,
    /// Those of them that differ from the base.
    pub changed_bytes: u64,
    /// Bytes of the target that are new.
    pub extra_bytes: u64,
}

impl Info {
    /// Reads a patch.
    ///
    /// # Errors
    /// [`Error`], all that [`apply`](super::apply) finds without a base.
    pub fn read(patch: &[u8], limits: &Limits) -> Result<Self, Error> {
        let (header, coded) = Header::read(patch)?;
        let empty = header.target_len() == 0;
        let compression = header.compression();
        let mut info = Self {
            header,
            header_len: patch.len() - coded.len(),
            window_bytes: if empty { Some(0) } else { compression.window(coded)? },
            parameters: if empty { String::new() } else { parameters(compression, coded)? },
            ops: 0,
            diff_bytes: 0,
            changed_bytes: 0,
            extra_bytes: 0,
        };
        match header {
            Header::Sequential { compression, target_len } => {
                sequential::info(compression, target_len, coded, limits, &mut info)?;
            }
            Header::InPlace { compression, place } => {
                in_place::info(compression, &place, coded, limits, &mut info)?;
            }
        }
        Ok(info)
    }
}

fn parameters(compression: Compression, coded: &[u8]) -> Result<String, Error> {
    Ok(match compression {
        Compression::Heatshrink => {
            let (found, _) = heatshrink::Parameters::read(coded)?;
            format!("window {} bits, lookahead {} bits", found.window(), found.lookahead())
        }
        Compression::Lzma => {
            let found = lzma::Parameters::read(coded)?;
            let lzma::Parameters { lc, lp, pb, dictionary } = found;
            format!("lc {lc}, lp {lp}, pb {pb}, dictionary {dictionary} bytes")
        }
        _ => String::new(),
    })
}

impl Sink for Info {
    fn diff(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.changed_bytes += bytes.iter().filter(|&&byte| byte != 0).count() as u64;
        Ok(())
    }

    fn extra(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.extra_bytes += bytes.len() as u64;
        Ok(())
    }

    fn jump(&mut self, _: i64) -> Result<(), Error> {
        Ok(())
    }

    fn op(&mut self, len: u64) -> Result<(), Error> {
        self.ops += 1;
        self.diff_bytes += len;
        Ok(())
    }
}
