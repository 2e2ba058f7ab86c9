//! Why a patch of another tool is refused.

use crate::codec::Compression;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The patch is damaged, cut off, or no patch of this format.
    Malformed,
    /// The patch was made for another base image.
    Mismatch,
    /// The patch asks for more than is supported or allowed.
    Limit,
    /// What was asked of the writer makes no sense.
    Usage,
    /// A bug of the writer.
    Bug,
}

/// Why a patch was not read, applied or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No bytes at all.
    #[error("expected a patch, found an empty file")]
    Empty,
    /// The patch ends within something.
    #[error("expected {expected}, found the end of the patch: it is cut off")]
    Truncated {
        /// What should have come.
        expected: &'static str,
    },
    /// Something follows the last op.
    #[error("expected the end of the patch after its last op, found more")]
    TrailingData,
    /// The first bytes are wrong.
    #[error("expected a patch that begins with {expected}, found {found}")]
    Magic {
        /// The magic of the format.
        expected: &'static str,
        /// What is there, printable.
        found: String,
    },
    /// A detools patch type that does not exist.
    #[error(
        "expected detools patch type 0 (sequential), 1 (in-place) or 2 (hdiffpatch), found {found}"
    )]
    PatchType {
        /// The type.
        found: u8,
    },
    /// A detools patch type that is known but not supported.
    #[error(
        "expected a detools patch of type sequential or in-place, found one of type hdiffpatch, which is not supported"
    )]
    HdiffPatch,
    /// A detools compression that does not exist.
    #[error("expected detools compression 0 to 6, found {found}")]
    Compression {
        /// Its number.
        found: u8,
    },
    /// A detools patch with a data-format block, which moves references before the delta is applied.
    #[error(
        "expected a detools patch without data-format block, found one for {}, which is not supported",
        data_format(*.found)
    )]
    DataFormat {
        /// Its number.
        found: i64,
    },
    /// A number that cannot be.
    #[error("expected {expected}, found {found}")]
    Number {
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: i64,
    },
    /// A number of more than 64 bits.
    #[error("expected a number of at most 64 bits as {field}, found a longer one")]
    Overlong {
        /// Which number.
        field: &'static str,
    },
    /// A compressed stream is refused by its decoder.
    #[error("expected {compression} data, found something else: {detail}")]
    Codec {
        /// The codec.
        compression: Compression,
        /// What its decoder says.
        detail: String,
    },
    /// A stretch is longer than what is left of the target.
    #[error("expected at most {expected} bytes of {what} data, found {found}")]
    TooLong {
        /// Diff or extra.
        what: &'static str,
        /// Bytes that are left.
        expected: u64,
        /// Bytes announced.
        found: u64,
    },
    /// A diff reads where the base image is not: another base, or a damaged patch.
    #[error(
        "expected to read the base image within its {base_len} bytes, found {len} bytes at {offset}"
    )]
    OutOfBase {
        /// Where.
        offset: i64,
        /// How much.
        len: u64,
        /// Length of the base image.
        base_len: u64,
    },
    /// The base image has another length than the patch says.
    #[error("wrong base image: expected {expected} bytes, found {found}")]
    BaseLength {
        /// Length of the right one.
        expected: u64,
        /// Length of the one given.
        found: u64,
    },
    /// The base image has another digest than the patch says.
    #[error("wrong base image: expected the digest {}..., found {}...", hex(.expected), hex(.found))]
    BaseDigest {
        /// First bytes of the right one.
        expected: [u8; 8],
        /// First bytes of the one given.
        found: [u8; 8],
    },
    /// The target image is longer than allowed.
    #[error("expected images and memory of at most {expected} bytes, found {found}")]
    TargetLength {
        /// Most bytes allowed.
        expected: u64,
        /// Bytes asked for.
        found: u64,
    },
    /// The codec's window is larger than allowed.
    #[error(
        "expected a patch whose window is at most {expected} bytes, found one that needs {found}"
    )]
    Window {
        /// Most bytes allowed.
        expected: u64,
        /// Bytes that the decoder must remember.
        found: u64,
    },
    /// The ops of a patch go on and on.
    #[error("expected ops of at most {expected} bytes altogether, found more: they make nothing")]
    Endless {
        /// Most bytes of ops for a target of this length.
        expected: u64,
    },
    /// Not an application image of ESP-IDF.
    #[error("expected an ESP-IDF application image as {role}, found {found}")]
    NotEspImage {
        /// Which image.
        role: &'static str,
        /// What is wrong with it.
        found: &'static str,
    },
    /// A patch that was just written does not give the target: nothing is handed out.
    #[error(
        "self-check failed: the patch does not give the target; please report this with both images"
    )]
    SelfCheck,
    /// Parameters that no decoder takes, or that do not fit each other.
    #[error("expected {expected}, found {found}")]
    Parameter {
        /// What is possible.
        expected: String,
        /// What was asked for.
        found: String,
    },
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::OutOfBase { .. } | Self::BaseLength { .. } | Self::BaseDigest { .. } => {
                Class::Mismatch
            }
            Self::HdiffPatch
            | Self::DataFormat { .. }
            | Self::TargetLength { .. }
            | Self::Window { .. } => Class::Limit,
            Self::SelfCheck => Class::Bug,
            Self::Parameter { .. } | Self::NotEspImage { .. } => Class::Usage,
            _ => Class::Malformed,
        }
    }
}

fn data_format(number: i64) -> String {
    match number {
        0 => "arm-cortex-m4".to_owned(),
        1 => "aarch64".to_owned(),
        2 => "xtensa-lx106".to_owned(),
        number => format!("the unknown data format {number}"),
    }
}

fn hex(digest: &[u8; 8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
