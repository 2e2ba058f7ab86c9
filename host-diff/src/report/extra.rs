//! Stretches of the target that no diff covers: literals and copies.

use core::mem;

use patcher_core::explain::Spent;
use patcher_core::stream::Topic;
use serde::{Deserialize, Serialize};

use super::{Kind, price_bytes};

/// The new bytes of one op.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Extra {
    /// Target offset of the first byte.
    pub offset: u32,
    /// Target bytes.
    pub len: u32,
    /// How many of them are literals; the others are copied.
    pub literals: u32,
    /// Patch bytes that they take.
    pub bytes: f64,
}

/// Finds extras, and counts ops, in the order of decoding.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    open: Option<Extra>,
    /// Decisions about an op came last: what follows tells which of its parts they introduce.
    at_op: bool,
    pub(super) extras: Vec<Extra>,
    pub(super) diffs: u32,
    pub(super) copies: u32,
}

impl Tracker {
    pub(super) fn see(&mut self, spent: &Spent) {
        match Kind::of(spent.topic) {
            Kind::Literals | Kind::Copies => {
                let extra = self.open.get_or_insert(Extra {
                    offset: spent.position,
                    len: 0,
                    literals: 0,
                    bytes: 0.0,
                });
                extra.len += spent.produced;
                extra.bytes += price_bytes(spent.cost);
                if spent.topic == Topic::Literal {
                    extra.literals += spent.produced;
                }
                self.copies += u32::from(spent.topic == Topic::CopyLength && spent.decisions > 0);
                self.at_op = false;
            }
            Kind::Ops | Kind::Map => {
                self.close();
                self.at_op = true;
            }
            _ => {
                self.diffs += u32::from(mem::take(&mut self.at_op));
                self.close();
            }
        }
    }

    /// Ends the stretch that is open, if any.
    pub(super) fn close(&mut self) {
        self.extras.extend(self.open.take());
    }
}
