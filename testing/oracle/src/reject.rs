//! Why a patch is refused (§11).

/// The rejects of §11 under their names there, and the two that are about digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// The patch ends inside its header.
    Incomplete,
    /// First byte below 0x80.
    NotAPatch,
    /// Unknown version.
    Version,
    /// A reserved bit or value.
    Reserved,
    /// An integer too large or not in its shortest form.
    Varint,
    /// Regions contradict the image.
    Regions,
    /// Epoch out of range.
    Epoch,
    /// Header longer than 512 bytes.
    TooLong,
    /// Unknown critical extension.
    Extension,
    /// Malformed extension of §2.1.
    Trust,
    /// A slot that cannot hold the images (§2.2).
    InPlace,
    /// The patch ends before the target is complete.
    Truncated,
    /// The target is complete, but the patch goes on.
    TrailingData,
    /// The body is shorter than its content.
    Overrun,
    /// An op leads outside the base.
    BaseRange,
    /// An op is longer than the target or crosses a mark.
    TargetRange,
    /// A copy of target bytes that do not exist.
    CopyRange,
    /// The address map is not sorted.
    MapOrder,
    /// Unknown instruction set.
    Isa,
    /// An op reads base bytes that are gone.
    BaseGone,
    /// The check is not that of the patch.
    Check,
    /// A signature is wanted.
    Unsigned,
    /// Signed with a key that is not held.
    Key,
    /// The certificate is not the root key's, or not for a key.
    Certificate,
    /// The certificate ends before the security counter.
    Expired,
    /// The signature is not the key's.
    Signature,
    /// A signature whose s is in the upper half.
    HighS,
    /// For another hardware id.
    Hardware,
    /// The security counter is too low.
    Counter,
    /// A body, or block, that was not signed.
    Body,
    /// The base is not the one that the patch was made for. Not a reject of the format.
    WrongBase,
    /// The decoded target is not the one that the patch was made for. Not a reject of the format.
    WrongTarget,
}

impl Reject {
    /// The number of §11; none for a wrong base or target.
    #[must_use]
    pub const fn code(self) -> Option<u16> {
        Some(match self {
            Self::Incomplete => 1,
            Self::NotAPatch => 2,
            Self::Version => 3,
            Self::Reserved => 4,
            Self::Varint => 5,
            Self::Regions => 6,
            Self::Epoch => 7,
            Self::TooLong => 8,
            Self::Extension => 9,
            Self::Trust => 10,
            Self::InPlace => 11,
            Self::Truncated => 32,
            Self::TrailingData => 33,
            Self::Overrun => 34,
            Self::BaseRange => 35,
            Self::TargetRange => 36,
            Self::CopyRange => 37,
            Self::MapOrder => 38,
            Self::Isa => 40,
            Self::BaseGone => 43,
            Self::Check => 44,
            Self::Unsigned => 96,
            Self::Key => 97,
            Self::Certificate => 98,
            Self::Expired => 99,
            Self::Signature => 100,
            Self::HighS => 101,
            Self::Hardware => 102,
            Self::Counter => 103,
            Self::Body => 104,
            Self::WrongBase | Self::WrongTarget => return None,
        })
    }
}

impl core::fmt::Display for Reject {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.code() {
            Some(code) => write!(f, "reject {code}: {self:?}"),
            None => write!(f, "{self:?}"),
        }
    }
}

impl core::error::Error for Reject {}
