//! Numbers and classes of errors, which telemetry and the C API rely on.

use device_apply::{ApplyError, Class};
use patcher_core::error::{DecodeError, HeaderError, SetupError};

type Failure = ApplyError<&'static str, &'static str>;

/// Every variant of this crate's own, with its number and class: append only.
const GOLDEN: [(Failure, u16, Class); 17] = [
    (ApplyError::BaseTooLong { expected: 2, got: 1 }, 64, Class::Mismatch),
    (ApplyError::WrongBase { expected: [1; 4], got: [2; 4] }, 65, Class::Mismatch),
    (ApplyError::TargetTooLong { expected: 2, got: 1 }, 66, Class::Limit),
    (ApplyError::WrongTarget { expected: [1; 8], got: [2; 8] }, 67, Class::Malformed),
    (ApplyError::BaseRead { offset: 16, error: "ecc" }, 68, Class::Flash),
    (ApplyError::StagingRead { offset: 16, error: "ecc" }, 69, Class::Flash),
    (ApplyError::StagingErase { offset: 16, error: "protected" }, 70, Class::Flash),
    (ApplyError::StagingWrite { offset: 16, error: "not erased" }, 71, Class::Flash),
    (ApplyError::Poisoned { first: 65 }, 72, Class::Bug),
    (ApplyError::Internal, 73, Class::Bug),
    (ApplyError::BlockTooLong { expected: 2, got: 1 }, 74, Class::Limit),
    (ApplyError::Swapped, 75, Class::Untrusted),
    (ApplyError::Journal { offset: 16, error: "ecc" }, 76, Class::Flash),
    (ApplyError::JournalTooShort { expected: 2, got: 1 }, 77, Class::Limit),
    (ApplyError::LogTooShort { expected: 2, got: 1 }, 78, Class::Limit),
    (ApplyError::Gap { expected: 1, got: 2 }, 79, Class::Bug),
    (ApplyError::InPlace, 80, Class::Mismatch),
];

#[test]
fn numbers_and_classes_do_not_change() {
    for (error, code, class) in GOLDEN {
        assert_eq!((error.code(), error.class()), (code, class), "{error:?}");
    }
}

#[test]
fn errors_of_the_core_keep_their_numbers_and_classes() {
    let header = HeaderError::Version { got: 3 };
    let setup = SetupError::Workspace { expected: 2, got: 1 };
    let (header_failure, setup_failure) = (Failure::from(header), Failure::from(setup));
    assert_eq!((header_failure.code(), header_failure.class()), (header.code(), Class::Limit));
    assert_eq!((setup_failure.code(), setup_failure.class()), (setup.code(), Class::Limit));
    assert_eq!(Failure::from(DecodeError::Overrun).class(), Class::Malformed);
    assert_eq!(Failure::from(DecodeError::Poisoned).class(), Class::Bug);
}

#[test]
fn messages_say_what_was_expected_and_what_was_found() {
    let message = |error: Failure| error.to_string();
    assert_eq!(
        message(ApplyError::WrongBase { expected: [0xAB; 4], got: [0x01; 4] }),
        "the patch is for the base with SHA-256 abababab…, the base slot holds \
         01010101…"
    );
    assert_eq!(
        message(ApplyError::TargetTooLong { expected: 4096, got: 2048 }),
        "the target takes 4096 bytes, the staging slot has 2048"
    );
    assert_eq!(
        message(ApplyError::StagingErase { offset: 0x800, error: "protected" }),
        "erasing the staging slot at 0x800 failed: \"protected\""
    );
    assert_eq!(
        message(ApplyError::Journal { offset: 0x40, error: "protected" }),
        "the region for restart marks failed at 0x40: \"protected\""
    );
    assert_eq!(
        message(ApplyError::Gap { expected: 700, got: 701 }),
        "byte 700 of the patch is missing, sought was 701"
    );
}
