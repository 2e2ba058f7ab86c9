//! Reject codes never change.

use patcher_core::error::Class::{self, Bug, Limit, Malformed, Untrusted};
use patcher_core::error::TrustError;
use patcher_core::{DecodeError, HeaderError, SetupError};

#[test]
fn header_errors_keep_their_codes() {
    let golden: [(HeaderError, u16, Class); 11] = [
        (HeaderError::Incomplete, 1, Malformed),
        (HeaderError::NotAPatch { got: 0 }, 2, Malformed),
        (HeaderError::Version { got: 1 }, 3, Limit),
        (HeaderError::Reserved, 4, Malformed),
        (HeaderError::Varint, 5, Malformed),
        (HeaderError::Regions, 6, Malformed),
        (HeaderError::Epoch, 7, Malformed),
        (HeaderError::TooLong, 8, Malformed),
        (HeaderError::Extension { got: 0x80 }, 9, Limit),
        (HeaderError::Trust, 10, Malformed),
        (HeaderError::InPlace, 11, Malformed),
    ];
    for (error, code, class) in golden {
        assert_eq!((error.code(), error.class()), (code, class), "{error:?}");
    }
}

#[test]
fn decode_errors_keep_their_codes() {
    let golden: [(DecodeError, u16, Class); 11] = [
        (DecodeError::Truncated, 32, Malformed),
        (DecodeError::TrailingData, 33, Malformed),
        (DecodeError::Overrun, 34, Malformed),
        (DecodeError::BaseRange, 35, Malformed),
        (DecodeError::TargetRange, 36, Malformed),
        (DecodeError::CopyRange, 37, Malformed),
        (DecodeError::MapOrder, 38, Malformed),
        (DecodeError::State, 41, Malformed),
        (DecodeError::Poisoned, 42, Bug),
        (DecodeError::BaseGone, 43, Malformed),
        (DecodeError::Check, 44, Malformed),
    ];
    for (error, code, class) in golden {
        assert_eq!((error.code(), error.class()), (code, class), "{error:?}");
    }
}

#[test]
fn setup_errors_keep_their_codes() {
    let golden = [
        (SetupError::Workspace { expected: 2, got: 1 }, 39, Limit),
        (SetupError::Isa { got: 15 }, 40, Limit),
    ];
    for (error, code, class) in golden {
        assert_eq!((error.code(), error.class()), (code, class), "{error:?}");
    }
}

#[test]
fn trust_errors_keep_their_codes() {
    let golden: [(TrustError, u16, Class); 9] = [
        (TrustError::Unsigned, 96, Untrusted),
        (TrustError::Key { got: [1; 4] }, 97, Untrusted),
        (TrustError::Certificate, 98, Untrusted),
        (TrustError::Expired { expected: 1, got: 2 }, 99, Untrusted),
        (TrustError::Signature, 100, Untrusted),
        (TrustError::HighS, 101, Untrusted),
        (TrustError::Hardware, 102, Untrusted),
        (TrustError::Counter { expected: 2, got: 1 }, 103, Untrusted),
        (TrustError::Body { block_at: 0 }, 104, Malformed),
    ];
    for (error, code, class) in golden {
        assert_eq!((error.code(), error.class()), (code, class), "{error:?}");
    }
}
