//! One record as bytes: sequence number, what it says, CRC.

use super::{Reader, Record, Writer};
use patcher_core::crc::Crc32;

/// Bytes of the longest record, filled up to a write unit; fits the smallest page (128 bytes, STM32L0).
pub(super) const MAX_BYTES: usize = 128;

/// Bytes of sequence number and CRC.
pub(super) const OVERHEAD: usize = 8;

/// A record ready to be written.
pub(super) type Frame = [u8; MAX_BYTES];

/// Sequence numbers start at 1: flash that is erased to zeroes has no record.
pub(super) const FIRST: u32 = 1;

/// The last sequence number; the one after it is what erased flash reads as.
pub(super) const LAST: u32 = u32::MAX - 1;

/// Writes a record into an empty frame.
pub(super) fn encode<R: Record>(frame: &mut Frame, sequence: u32, record: &R) {
    let mut rest = Writer(frame.as_mut_slice());
    rest.put(&sequence.to_le_bytes());
    let bytes = rest.0.get_mut(..R::BYTES).unwrap_or_default();
    record.encode(bytes);
    let sum = crc(R::KIND, sequence, bytes);
    if let Some(end) = rest.0.get_mut(R::BYTES..) {
        Writer(end).put(&sum.to_le_bytes());
    }
}

/// Reads a record; `None` if there is none.
pub(super) fn decode<R: Record>(frame: &[u8]) -> Option<(u32, R)> {
    let mut fields = Reader(frame);
    let sequence = fields.u32()?;
    let (bytes, rest) = fields.0.split_at_checked(R::BYTES)?;
    let sum = Reader(rest).u32()?;
    let whole = (FIRST..=LAST).contains(&sequence) && sum == crc(R::KIND, sequence, bytes);
    if !whole {
        return None;
    }
    Some((sequence, R::decode(bytes)?))
}

/// CRC-32 over kind, sequence number and record.
fn crc(kind: u8, sequence: u32, bytes: &[u8]) -> u32 {
    let mut sum = Crc32::new();
    for part in [&[kind][..], &sequence.to_le_bytes(), bytes] {
        sum.update(part);
    }
    sum.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Digits;

    impl Record for Digits {
        const KIND: u8 = b'1';
        const BYTES: usize = 4;

        fn encode(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(b"6789");
        }

        fn decode(bytes: &[u8]) -> Option<Self> {
            (bytes == b"6789").then_some(Self)
        }
    }

    #[test]
    fn the_crc_is_that_of_ethernet() {
        // The check value of CRC-32/ISO-HDLC: that of "123456789".
        let sequence = u32::from_le_bytes(*b"2345");
        assert_eq!(crc(b'1', sequence, b"6789"), 0xCBF4_3926);
    }

    #[test]
    fn each_changed_bit_makes_it_no_record() {
        let mut frame = [0xFF; MAX_BYTES];
        encode(&mut frame, 7, &Digits);
        assert_eq!(decode::<Digits>(&frame).map(|(sequence, _)| sequence), Some(7));
        for bit in 0..8 * 12 {
            let mut changed = frame;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(decode::<Digits>(&changed).is_none(), "bit {bit}");
        }
        for len in 0..12 {
            assert!(decode::<Digits>(&frame[..len]).is_none(), "{len} bytes");
        }
    }

    #[test]
    fn erased_flash_is_no_record() {
        for erased in [0x00, 0xFF] {
            assert!(decode::<Digits>(&[erased; MAX_BYTES]).is_none());
        }
    }
}
