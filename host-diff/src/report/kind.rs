//! What a reader of reports wants told apart.

use core::fmt;

use patcher_core::stream::{Topic, UnitKind};
use serde::{Serialize, Serializer};

/// A kind of patch bytes, in the order in which reports list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The header: lengths, digests, table sizes, regions.
    Header,
    /// The address map: where parts of the base moved.
    Map,
    /// Where ops start and how long their parts are; restart marks.
    Ops,
    /// Values of new bytes.
    Literals,
    /// Copies within new bytes: whether, from where, how long.
    Copies,
    /// Whether predictions are right.
    Flags,
    /// Bytes of plain code and data whose prediction failed.
    Changes,
    /// References whose prediction failed.
    References,
    /// Decisions that this report does not know.
    Other,
    /// What the range coder adds to the information in its decisions, or saves by ending early; may be negative.
    Coder,
}

impl Kind {
    /// All kinds, in order.
    pub const ALL: [Self; 10] = [
        Self::Header,
        Self::Map,
        Self::Ops,
        Self::Literals,
        Self::Copies,
        Self::Flags,
        Self::Changes,
        Self::References,
        Self::Other,
        Self::Coder,
    ];

    /// The kind of a decision about `topic`.
    #[must_use]
    pub fn of(topic: Topic) -> Self {
        match topic {
            Topic::Map => Self::Map,
            Topic::Op | Topic::Mark => Self::Ops,
            Topic::Literal => Self::Literals,
            Topic::Token | Topic::CopySource | Topic::CopyLength => Self::Copies,
            Topic::Hit(_) => Self::Flags,
            Topic::Unchanged(_) => Self::References,
            Topic::Miss(unit) if UnitKind::is_reference(unit) => Self::References,
            Topic::Miss(_) => Self::Changes,
            _ => Self::Other,
        }
    }

    /// Its name in tables, JSON and charts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Map => "map",
            Self::Ops => "ops",
            Self::Literals => "literals",
            Self::Copies => "copies",
            Self::Flags => "flags",
            Self::Changes => "changes",
            Self::References => "references",
            Self::Other => "other",
            Self::Coder => "coder",
        }
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Header => "lengths, digests, table sizes, regions",
            Self::Map => "where parts of the base moved",
            Self::Ops => "where ops start and how long they are",
            Self::Literals => "values of new bytes",
            Self::Copies => "copies within new bytes",
            Self::Flags => "whether predictions are right",
            Self::Changes => "code and data that changed in place",
            Self::References => "branches and pointers predicted wrong",
            Self::Other => "decisions without a name",
            Self::Coder => "ends of the range coder, rounding",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_reference_is_no_changed_byte() {
        assert_eq!(Kind::of(Topic::Miss(UnitKind::Branch)), Kind::References);
        assert_eq!(Kind::of(Topic::Miss(UnitKind::RamPointer)), Kind::References);
        assert_eq!(Kind::of(Topic::Unchanged(UnitKind::Pointer)), Kind::References);
        assert_eq!(Kind::of(Topic::Miss(UnitKind::Code)), Kind::Changes);
        assert_eq!(Kind::of(Topic::Hit(UnitKind::Branch)), Kind::Flags);
    }

    #[test]
    fn all_kinds_are_listed_in_order() {
        assert!(Kind::ALL.is_sorted());
        assert_eq!(Kind::ALL.last(), Some(&Kind::Coder));
    }
}
