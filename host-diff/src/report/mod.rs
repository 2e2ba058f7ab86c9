//! Where the bytes of a patch went: by kind of decision, by place in the target image, by stretch of new bytes.
//!
//! [`Account::of`] runs the decoder over a patch and keeps the price of every decision; `patcher info --explain`,
//! `patcher bench` and the programs of `benches` all report from it.
//!
//! | module | knows |
//! | --- | --- |
//! | `kind` | which decisions a reader would call literals, references, flags … |
//! | `account` | what each kind cost, and each target offset |
//! | `extra` | stretches of the target that no diff covers |
//! | `names` | sections and symbols, as ranges of target offsets |
//! | `explanation` | all of it as one object that can be written as JSON |

mod account;
mod explanation;
mod extra;
mod kind;
mod names;

pub use account::{Account, AccountError, Share};
pub use explanation::{Area, Explanation, Part, Place, STRIP};
pub use extra::Extra;
pub use kind::Kind;
pub use names::{Names, NamesError, Range};

/// `bytes` of a count or length, for arithmetic with fractions of bytes.
///
/// Exact below 2⁵³, which no patch reaches.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "lengths of files are far below 2^53")]
pub fn float(bytes: u64) -> f64 {
    bytes as f64
}

/// A price of the coder, which counts 1/65536 bit, in bytes.
pub(crate) fn price_bytes(cost: u64) -> f64 {
    float(cost) / (8.0 * 65_536.0)
}

/// `number` with a comma between thousands.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
