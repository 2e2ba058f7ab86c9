//! What decisions are about, for reports.

use super::{Question, UnitKind};

/// What a decision of the stream is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// An entry of the address map.
    Map,
    /// Where an op starts and how long its parts are.
    Op,
    /// Whether a token of an extra is a copy or a literal.
    Token,
    /// The value of a literal.
    Literal,
    /// Where a copy reads.
    CopySource,
    /// How long a copy is.
    CopyLength,
    /// Whether the prediction of a unit is right.
    Hit(UnitKind),
    /// Whether a mispredicted reference stayed as it is in the base.
    Unchanged(UnitKind),
    /// The bytes of a unit whose prediction failed.
    Miss(UnitKind),
    /// What happens at a restart mark.
    Mark,
}

impl Question<'_> {
    /// What the answer is about.
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Question::MapBase { .. } | Question::MapShift { .. } => Topic::Map,
            Question::FollowsMap { .. }
            | Question::ExtraLength { .. }
            | Question::BaseJump { .. }
            | Question::DiffLength => Topic::Op,
            Question::IsCopy => Topic::Token,
            Question::IsRepeat(_)
            | Question::RepeatIndex(_)
            | Question::FromBase
            | Question::BaseDistance { .. }
            | Question::TargetDistance => Topic::CopySource,
            Question::CopyLength => Topic::CopyLength,
            Question::Reset => Topic::Mark,
        }
    }
}
