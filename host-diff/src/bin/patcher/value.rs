//! Numbers on the command line.

use core::ops::RangeInclusive;

use host_diff::resume::Epoch;

/// A number of bytes: plain, hexadecimal, or with K or M for 1,024 and 1,048,576.
pub(crate) fn size(text: &str) -> Result<u32, String> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (&text[..text.len() - 1], 1 << 10),
        Some(b'M' | b'm') => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    let number = number(digits).ok_or("expected a size in bytes, such as 16384 or 16K")?;
    number
        .checked_mul(unit)
        .and_then(|size| u32::try_from(size).ok())
        .ok_or_else(|| "expected a size below 4096M".to_owned())
}

/// Distance of restart marks.
pub(crate) fn epoch(text: &str) -> Result<Epoch, String> {
    let expected = "expected a power of two from 256 to 2048M, such as 4096 or 64K";
    Epoch::of_bytes(size(text)?).ok_or_else(|| expected.to_owned())
}

/// An address of 32 bits.
pub(crate) fn address(text: &str) -> Result<u32, String> {
    let number = number(text).ok_or("expected a number, such as 0x08000000")?;
    u32::try_from(number).map_err(|_| "expected a number of 32 bits".to_owned())
}

/// The first and the last of consecutive addresses.
pub(crate) fn address_range(text: &str) -> Result<RangeInclusive<u32>, String> {
    let (first, last) =
        text.split_once('-').ok_or("expected FIRST-LAST, such as 0x08000000-0x0803ffff")?;
    let range = address(first)?..=address(last)?;
    if range.is_empty() { Err("expected FIRST up to LAST".to_owned()) } else { Ok(range) }
}

/// A hardware id: a type of its own, because clap takes a `Vec` for a list of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HardwareId(pub(crate) Vec<u8>);

/// Text as it is, or bytes as hexadecimal digits after 0x; at most 32 bytes.
pub(crate) fn hardware_id(text: &str) -> Result<HardwareId, String> {
    let bytes = match text.strip_prefix("0x") {
        None => text.as_bytes().to_vec(),
        Some(digits) => {
            hexadecimal(digits).ok_or("expected pairs of hexadecimal digits after 0x")?
        }
    };
    let most = patcher_core::container::trust::MAX_HARDWARE_ID_BYTES;
    if bytes.is_empty() || bytes.len() > most {
        return Err(format!("expected 1 to {most} bytes, found {}", bytes.len()));
    }
    Ok(HardwareId(bytes))
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

/// Decimal, or hexadecimal after 0x; underscores may group digits.
fn number(text: &str) -> Option<u64> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = hexadecimal.map_or((text, 10), |digits| (digits, 16));
    let digits = digits.replace('_', "");
    // `from_str_radix` would take a sign.
    let plain = digits.chars().all(|digit| digit.is_digit(radix));
    if plain { u64::from_str_radix(&digits, radix).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("16K"), Ok(16_384));
        assert_eq!(size("16k"), Ok(16_384));
        assert_eq!(size("1M"), Ok(1_048_576));
        assert_eq!(size("0x400"), Ok(1_024));
        assert_eq!(size("4095M"), Ok(4_095 << 20));
        for wrong in ["", "K", "16KB", "-1", "+1", "1.5K", "4096M", "99999999999999999999", "0x"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn epochs_are_powers_of_two() {
        assert_eq!(epoch("4K").map(Epoch::bytes), Ok(4_096));
        assert_eq!(epoch("2048M").map(Epoch::bytes), Ok(1 << 31));
        for wrong in ["", "0", "128", "3000", "4095M", "4 K"] {
            assert!(epoch(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_have_32_bits() {
        assert_eq!(address("0x0800_0000"), Ok(0x0800_0000));
        assert_eq!(address("4096"), Ok(4_096));
        assert_eq!(address("0xffffffff"), Ok(u32::MAX));
        for wrong in ["", "0x", "0x100000000", "08000000h", "-4", "0x+4", "16K"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hardware_ids_are_text_or_digits() {
        assert_eq!(hardware_id("meter-2"), Ok(HardwareId(b"meter-2".to_vec())));
        assert_eq!(hardware_id("0xDEADbeef"), Ok(HardwareId(vec![0xDE, 0xAD, 0xBE, 0xEF])));
        assert_eq!(hardware_id(&"x".repeat(32)).map(|id| id.0.len()), Ok(32));
        for wrong in ["", "0x", "0x1", "0xgg", "0x+1", &"x".repeat(33)] {
            assert!(hardware_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_name_their_last_address() {
        assert_eq!(address_range("0x1000-0x1fff"), Ok(0x1000..=0x1FFF));
        assert_eq!(address_range("5-5"), Ok(5..=5));
        for wrong in ["", "1", "2-1", "1-", "-1", "1-2-3"] {
            assert!(address_range(wrong).is_err(), "{wrong}");
        }
    }
}
