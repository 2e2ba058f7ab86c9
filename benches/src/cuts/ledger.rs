//! What an uncut run did, operation by operation.

use flash_model::{Cut, Log, Operation, Part, Tear};

use super::device::Traffic;
use super::{Device, Update};

/// What was finished, and what had been received, at each operation.
#[derive(Debug)]
pub(super) struct Ledger {
    staging: u32,
    page: u32,
    /// Operation that finishes each page of the target.
    finished_by: Vec<usize>,
    /// Operations done, patch bytes received, after each call.
    calls: Vec<(u64, u32)>,
}

impl Ledger {
    pub(super) fn new<P: Part>(
        device: &Device<P>,
        update: &Update,
        log: &Log<P>,
        traffic: Traffic,
    ) -> Self {
        let page = P::GEOMETRY.erase_bytes();
        let staging = device.staging().start;
        let pages = update.header.target_len.div_ceil(page) as usize;
        let mut finished_by = vec![usize::MAX; pages];
        for (index, operation) in log.operations().iter().enumerate() {
            if let Operation::Program { address, .. } = operation
                && let Some(offset) = address.checked_sub(staging)
                && let Some(slot) = finished_by.get_mut((offset / page) as usize)
            {
                *slot = index;
            }
        }
        Self { staging, page, finished_by, calls: traffic.calls }
    }

    /// Index of the first page of the target that a cut at operation `index` left unfinished.
    pub(super) fn finished(&self, index: usize, cut: Cut) -> usize {
        let done = |by: usize| {
            by < index || by == index && matches!(cut, Cut::After | Cut::Inside(Tear::Finished))
        };
        self.finished_by.iter().take_while(|&&by| done(by)).count()
    }

    /// Patch bytes that the device had taken when operation `index` was cut, those of the call that it was in included.
    pub(super) fn received(&self, index: usize) -> u32 {
        let after = self.calls.partition_point(|&(operations, _)| operations <= index as u64);
        self.calls.get(after).or(self.calls.last()).map_or(0, |&(_, received)| received)
    }

    /// Index of the first page in the device that belongs to the target.
    pub(super) fn first_page(&self) -> usize {
        (self.staging / self.page) as usize
    }

    /// Pages of the target.
    pub(super) fn pages(&self) -> usize {
        self.finished_by.len()
    }
}
