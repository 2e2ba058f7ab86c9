//! The data archive of a Debian package.
//!
//! ```text
//! "!<arch>\n"  then per member:  name 16 · mtime 12 · uid 6 · gid 6 · mode 8 · size 10 · "`\n"  data  (pad to even)
//! ```
//!
//! Reference: ar(5), deb(5).

use std::io::Read;

use flate2::read::GzDecoder;
use lzma_rust2::XzReader;

use super::UnpackError;

const MAGIC: &[u8] = b"!<arch>\n";
const HEADER_BYTES: usize = 60;

/// The decompressed tar of the files that the package installs.
pub(super) fn data_tar(deb: &[u8]) -> Result<Box<dyn Read + '_>, UnpackError> {
    let error = |found: &str| UnpackError::Deb { found: found.to_owned() };
    let mut rest = deb.strip_prefix(MAGIC).ok_or_else(|| error("no ar archive"))?;
    while !rest.is_empty() {
        let (header, after) =
            rest.split_at_checked(HEADER_BYTES).ok_or_else(|| error("a cut-off member header"))?;
        let field = |range| core::str::from_utf8(&header[range]).unwrap_or_default().trim_end();
        let size: usize = field(48..58).parse().map_err(|_| error("a member without a size"))?;
        let (data, after) =
            after.split_at_checked(size).ok_or_else(|| error("a cut-off member"))?;
        match field(0..16).trim_end_matches('/') {
            "data.tar" => return Ok(Box::new(data)),
            "data.tar.gz" => return Ok(Box::new(GzDecoder::new(data))),
            "data.tar.xz" => return Ok(Box::new(XzReader::new(data, true))),
            name if name.starts_with("data.tar") => return Err(error(name)),
            _ => rest = after.get(size % 2..).unwrap_or_default(),
        }
    }
    Err(error("no data archive"))
}
