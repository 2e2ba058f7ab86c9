//! Intel HEX to flat bytes.

use ihex::{Reader, Record};

use super::ConvertError;

/// Longest image that is made; parts with flash this size do not use Intel HEX.
const SPAN_LIMIT_BYTES: u64 = 64 << 20;

/// Bytes from the lowest to the highest address that `hex` gives, within `range` if there is one; gaps are 0xFF. Where
/// records overlap the later one wins.
pub(super) fn flatten(hex: &str, range: Option<(u32, u32)>) -> Result<Vec<u8>, ConvertError> {
    let (low, high) = match range {
        Some((low, high)) => (u64::from(low), u64::from(high)),
        None => (0, u64::MAX),
    };
    let runs: Vec<Run> = runs(hex)?.into_iter().filter_map(|run| run.clip(low, high)).collect();
    let start = runs.iter().map(|run| run.address).min();
    let end = runs.iter().map(Run::end).max();
    let (Some(start), Some(end)) = (start, end) else { return Err(ConvertError::IntelHexEmpty) };
    let span = end - start;
    let too_long = || ConvertError::IntelHexSpan { limit: SPAN_LIMIT_BYTES, found: span };
    if span > SPAN_LIMIT_BYTES {
        return Err(too_long());
    }
    let mut image = vec![0xFF; usize::try_from(span).map_err(|_| too_long())?];
    for run in &runs {
        let offset = usize::try_from(run.address - start).map_err(|_| too_long())?;
        image[offset..offset + run.bytes.len()].copy_from_slice(&run.bytes);
    }
    Ok(image)
}

/// The payload of one record.
struct Run {
    address: u64,
    bytes: Vec<u8>,
}

impl Run {
    fn end(&self) -> u64 {
        self.address + self.bytes.len() as u64
    }

    /// What lies in `low..high`; `None` if nothing does.
    fn clip(mut self, low: u64, high: u64) -> Option<Self> {
        let kept = self.end().min(high).checked_sub(self.address)?;
        self.bytes.truncate(usize::try_from(kept).ok()?);
        let skipped = low.saturating_sub(self.address);
        self.bytes.drain(..usize::try_from(skipped).ok()?.min(self.bytes.len()));
        self.address += skipped;
        (!self.bytes.is_empty()).then_some(self)
    }
}

fn runs(hex: &str) -> Result<Vec<Run>, ConvertError> {
    let mut base = 0;
    let mut runs = Vec::new();
    let mut ended = false;
    for record in Reader::new(hex) {
        match record.map_err(|error| ConvertError::IntelHex { found: error.to_string() })? {
            Record::Data { offset, value } => {
                runs.push(Run { address: base + u64::from(offset), bytes: value });
            }
            Record::ExtendedSegmentAddress(segment) => base = u64::from(segment) << 4,
            Record::ExtendedLinearAddress(upper) => base = u64::from(upper) << 16,
            Record::EndOfFile => ended = true,
            Record::StartSegmentAddress { .. } | Record::StartLinearAddress(_) => {}
        }
    }
    if !ended {
        return Err(ConvertError::IntelHex { found: "the end of the text first".to_owned() });
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: &str = ":00000001FF\n";
    /// 0xAA, 0xBB at 0x0000; 0x11, 0x22 at 0x0004.
    const GAP: &str = ":02000000AABB99\n:020004001122C7\n:00000001FF\n";

    #[test]
    fn gaps_are_erased_flash() {
        assert_eq!(flatten(GAP, None), Ok(vec![0xAA, 0xBB, 0xFF, 0xFF, 0x11, 0x22]));
    }

    #[test]
    fn a_range_keeps_what_lies_in_it_and_starts_at_the_first_byte_there() {
        let kept = |low, high| flatten(GAP, Some((low, high)));
        assert_eq!(kept(0, 6), flatten(GAP, None));
        assert_eq!(kept(1, 5), Ok(vec![0xBB, 0xFF, 0xFF, 0x11]));
        assert_eq!(kept(1, 2), Ok(vec![0xBB]));
        assert_eq!(kept(2, 100), Ok(vec![0x11, 0x22]));
        assert_eq!(kept(2, 4), Err(ConvertError::IntelHexEmpty));
        assert_eq!(kept(6, 100), Err(ConvertError::IntelHexEmpty));
        assert_eq!(kept(5, 1), Err(ConvertError::IntelHexEmpty));
    }

    #[test]
    fn linear_and_segment_addresses_move_the_base() {
        // One byte at 0x0800_0000, one at 0x0800_0002.
        let linear = ":020000040800F2\n:0100000001FE\n:0100020002FB\n:00000001FF\n";
        assert_eq!(flatten(linear, None), Ok(vec![1, 0xFF, 2]));
        assert_eq!(flatten(linear, Some((0x0800_0001, 0x0900_0000))), Ok(vec![2]));
        // Segment 0x1000 is address 0x1_0000.
        let segment = ":020000021000EC\n:0100000001FE\n:00000001FF\n";
        assert_eq!(flatten(segment, Some((0x1_0000, 0x1_0001))), Ok(vec![1]));
    }

    #[test]
    fn records_may_come_in_any_order_and_with_either_line_end() {
        let swapped = ":020004001122C7\r\n:02000000AABB99\r\n:00000001FF\r\n";
        assert_eq!(flatten(swapped, None), flatten(GAP, None));
    }

    #[test]
    fn data_far_apart_is_refused_before_memory_is_asked_for() {
        let far = ":0100000001FE\n:020000041000EA\n:0100000001FE\n:00000001FF\n";
        let error = ConvertError::IntelHexSpan { limit: SPAN_LIMIT_BYTES, found: 0x1000_0001 };
        assert_eq!(flatten(far, None), Err(error));
        assert_eq!(flatten(far, Some((0, 0x1000_0000))), Ok(vec![1]));
    }

    #[test]
    fn malformed_and_cut_off_text_is_refused() {
        let found = |hex| match flatten(hex, None) {
            Err(ConvertError::IntelHex { found }) => found,
            other => panic!("{other:?}"),
        };
        assert_eq!(found(""), "the end of the text first");
        assert_eq!(found(":02000000AABB99\n"), "the end of the text first");
        assert!(found(":02000000AABB98\n:00000001FF\n").contains("checksum"));
        assert!(found("hello").contains("start code"));
        assert_eq!(flatten(END, None), Err(ConvertError::IntelHexEmpty));
    }
}
