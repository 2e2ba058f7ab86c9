//! A short run of every fuzz target.

use super::Outcome;
use crate::{failure::Failure, fuzz};

const SECONDS: u32 = 10;

pub(super) fn smoke() -> Result<Outcome, Failure> {
    if let Some(reason) = fuzz::lacks() {
        return Ok(Outcome::Skipped(reason));
    }
    fuzz::all(SECONDS, fuzz::processors(), &[])?;
    Ok(Outcome::Done)
}
