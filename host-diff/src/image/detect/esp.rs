//! Flash images of ESP8266 and ESP32 chips: a header that names segments and where they are loaded.
//!
//! ```text
//! 0 magic 0xE9   1 segment count   4 entry   ESP32 and later: 12 chip id, 24 first segment   ESP8266: 8 first segment
//! segment: 0 address   4 length   8 data     after the last: padding, checksum, digest
//! ```
//!
//! Reference: esptool documentation, "Firmware Image Format"; ESP-IDF `esp_app_format.h`.

use super::super::bytes::{u16_at, u32_at};
use super::super::flat::{Isa, Region};

const MAGIC: u8 = 0xe9;
const MAX_SEGMENTS: u8 = 16;
const CHIP_ID_AT: usize = 12;
const SEGMENT_HEADER_LEN: usize = 8;
const ESP8266_HEADER_LEN: usize = 8;
const ESP32_HEADER_LEN: usize = 24;

/// Data and instruction memory, internal and mapped flash, of all these chips.
const MEMORY: core::ops::Range<u32> = 0x3000_0000..0x6000_0000;

/// Chip ids with an Xtensa core (ESP32, S2, S3); all later chips have RISC-V.
const XTENSA_CHIPS: [u16; 3] = [0, 2, 9];

/// Where an ESP8266 maps the start of its flash.
const ESP8266_FLASH: u32 = 0x4020_0000;

/// The segments of an ESP image as regions without gaps, or `None` if it is none.
///
/// Headers belong to the segment behind them, padding and checksums to the segment before. What follows the
/// segments of an ESP8266 image is code that runs from mapped flash, if the image begins at the start of flash.
pub(super) fn regions(image: &[u8]) -> Option<Vec<Region>> {
    if *image.first()? != MAGIC || !(1..=MAX_SEGMENTS).contains(image.get(1)?) {
        return None;
    }
    let chip = u16_at(image, CHIP_ID_AT)?;
    let isa = if XTENSA_CHIPS.contains(&chip) { Isa::Xtensa } else { Isa::RiscV };
    segments(image, ESP32_HEADER_LEN, isa)
        .map(|(regions, _)| regions)
        .or_else(|| esp8266_regions(image))
}

fn esp8266_regions(image: &[u8]) -> Option<Vec<Region>> {
    let (mut regions, end) = segments(image, ESP8266_HEADER_LEN, Isa::Xtensa)?;
    let mapped = u32::try_from(end.next_multiple_of(16)).ok()?;
    let rest = u32::try_from(image.len()).ok()?.checked_sub(mapped).filter(|&len| len > 0);
    if let (Some(len), Some(last)) = (rest, regions.last_mut()) {
        let address = ESP8266_FLASH.checked_add(mapped)?;
        last.len -= len;
        regions.push(Region { offset: mapped, len, address, isa: Isa::Xtensa });
    }
    Some(regions)
}

/// Follows the chain of segments; also tells where the last one ends.
fn segments(image: &[u8], header_len: usize, isa: Isa) -> Option<(Vec<Region>, usize)> {
    let mut regions: Vec<Region> = Vec::new();
    let mut begin = 0;
    let mut at = header_len;
    for _ in 0..*image.get(1)? {
        let address = u32_at(image, at)?;
        let len = usize::try_from(u32_at(image, at + 4)?).ok()?;
        let data = at + SEGMENT_HEADER_LEN;
        let end = data.checked_add(len)?;
        if !MEMORY.contains(&address) || len % 4 != 0 || end > image.len() {
            return None;
        }
        regions.push(Region {
            offset: u32::try_from(begin).ok()?,
            len: u32::try_from(end - begin).ok()?,
            address: address.checked_sub(u32::try_from(data - begin).ok()?)?,
            isa,
        });
        begin = end;
        at = end;
    }
    let last = regions.last_mut()?;
    last.len = u32::try_from(image.len()).ok()? - last.offset;
    Some((regions, at))
}

#[cfg(test)]
mod tests {
    use super::{Isa, MAGIC, Region, regions};

    fn image(header_len: usize, chip: u8, segments: &[(u32, usize)]) -> Vec<u8> {
        let mut bytes = vec![0; header_len];
        bytes[0] = MAGIC;
        bytes[1] = u8::try_from(segments.len()).unwrap();
        if header_len > 12 {
            bytes[12] = chip;
        }
        for &(address, len) in segments {
            bytes.extend(address.to_le_bytes());
            bytes.extend(u32::try_from(len).unwrap().to_le_bytes());
            bytes.resize(bytes.len() + len, 0x55);
        }
        bytes.resize((bytes.len() + 1).next_multiple_of(16), 0);
        bytes
    }

    #[test]
    fn esp32_segments_cover_the_image() {
        let bytes = image(24, 5, &[(0x3c00_0020, 0x40), (0x4200_0068, 0x20)]);
        let found = regions(&bytes).unwrap();
        let isa = Isa::RiscV;
        assert_eq!(
            found,
            [
                Region { offset: 0, len: 0x60, address: 0x3c00_0000, isa },
                Region { offset: 0x60, len: 0x30, address: 0x4200_0060, isa },
            ]
        );
    }

    #[test]
    fn what_follows_esp8266_segments_runs_from_mapped_flash() {
        let mut bytes = image(8, 0, &[(0x4010_0000, 0x44), (0x3ffe_8000, 8)]);
        assert_eq!(bytes.len(), 0x70);
        bytes.resize(0x200, 0x66);
        let found = regions(&bytes).unwrap();
        let isa = Isa::Xtensa;
        assert_eq!(
            found,
            [
                Region { offset: 0, len: 0x54, address: 0x400f_fff0, isa },
                Region { offset: 0x54, len: 0x1c, address: 0x3ffe_7ff8, isa },
                Region { offset: 0x70, len: 0x190, address: 0x4020_0070, isa },
            ]
        );
    }

    #[test]
    fn a_broken_chain_is_no_esp_image() {
        let good = image(24, 0, &[(0x3f40_0020, 0x40)]);
        assert!(regions(&good).is_some());
        for (at, value) in [(0, 0xe8), (1, 0), (1, 17), (1, 2), (27, 0x20), (28, 0x41), (29, 1)] {
            let mut bytes = good.clone();
            bytes[at] = value;
            assert_eq!(regions(&bytes), None, "byte {at}");
        }
        assert_eq!(regions(&[]), None);
        assert_eq!(regions(&[MAGIC, 1]), None);
    }
}
