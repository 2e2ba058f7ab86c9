//! The three checksums of the station, each from a table computed at build time.

static CRC32: [u32; 256] = table32(0xEDB8_8320);
static CRC16: [u16; 256] = table16(0xA001);
static CRC8: [u8; 256] = table8(0x31);

/// CRC-32 (ISO-HDLC): settings and telemetry.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc: u32, &byte| CRC32[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ crc >> 8)
}

/// CRC-16 of Modbus.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    bytes
        .iter()
        .fold(!0, |crc: u16, &byte| CRC16[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ crc >> 8)
}

/// CRC-8 of the temperature and humidity sensor.
pub(crate) fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(!0, |crc: u8, &byte| CRC8[usize::from(crc ^ byte)])
}

const fn table32(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0_u32;
    while index < 256 {
        let mut crc = index;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 != 0 { crc >> 1 ^ polynomial } else { crc >> 1 };
            bit += 1;
        }
        table[index as usize] = crc;
        index += 1;
    }
    table
}

const fn table16(polynomial: u16) -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0_u16;
    while index < 256 {
        let mut crc = index;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 != 0 { crc >> 1 ^ polynomial } else { crc >> 1 };
            bit += 1;
        }
        table[index as usize] = crc;
        index += 1;
    }
    table
}

const fn table8(polynomial: u8) -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    loop {
        let mut crc = index;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x80 != 0 { crc << 1 ^ polynomial } else { crc << 1 };
            bit += 1;
        }
        table[index as usize] = crc;
        if index == 255 {
            return table;
        }
        index += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_of_the_catalogue() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc16(b"123456789"), 0x4B37);
        assert_eq!(crc8(&[0xBE, 0xEF]), 0x92);
    }
}
