//! How a command fails: what the user is told, and the exit code.

use core::fmt;
use std::process::ExitCode;

use patcher_core::error::Class as PatchClass;

/// The reason as a number; scripts rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Other = 1,
    Usage = 2,
    WrongBase = 3,
    MalformedPatch = 4,
    Limit = 5,
    Io = 6,
    Untrusted = 7,
}

impl Class {
    /// Name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Usage => "usage",
            Self::WrongBase => "wrong_base",
            Self::MalformedPatch => "malformed_patch",
            Self::Limit => "limit",
            Self::Io => "io",
            Self::Untrusted => "untrusted",
        }
    }

    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

impl From<Class> for ExitCode {
    fn from(class: Class) -> Self {
        class.code().into()
    }
}

impl From<PatchClass> for Class {
    fn from(class: PatchClass) -> Self {
        match class {
            PatchClass::Malformed => Self::MalformedPatch,
            PatchClass::Mismatch => Self::WrongBase,
            PatchClass::Limit => Self::Limit,
            PatchClass::Bug => Self::Other,
            PatchClass::Untrusted => Self::Untrusted,
        }
    }
}

/// An error with what to do about it; shown as one line each.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) class: Class,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Failure {
    pub(crate) fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), help: None }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Class::Usage, message)
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "\nhelp: {help}"))
    }
}
