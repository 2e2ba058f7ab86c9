//! Intel HEX. The records are read by the `ihex` crate, line by line, so that errors name the line.

use ihex::Record;

use super::chunks::Chunk;
use super::error::LoadError;
use super::flat::LoadWarning;

/// What an Intel HEX file holds.
#[derive(Debug)]
pub(super) struct HexFile {
    pub(super) chunks: Vec<Chunk<'static>>,
    pub(super) warnings: Vec<LoadWarning>,
}

/// Whether content begins with an Intel HEX record.
pub(super) fn starts_like(content: &[u8]) -> bool {
    let line = content.trim_ascii_start().split(u8::is_ascii_whitespace).next().unwrap_or(&[]);
    core::str::from_utf8(line).is_ok_and(|line| Record::from_record_string(line).is_ok())
}

/// Reads all data records.
pub(super) fn parse(content: &[u8]) -> Result<HexFile, LoadError> {
    let text = core::str::from_utf8(content).map_err(|error| {
        let offset = error.valid_up_to();
        LoadError::HexNotText { offset, byte: content.get(offset).copied().unwrap_or(0) }
    })?;
    let mut chunks: Vec<Chunk<'static>> = Vec::new();
    let mut upper = 0_u64;
    let mut ended = false;
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let record = Record::from_record_string(line);
        if ended {
            // Some tools append symbols in records or comments of their own. Data would be a second file.
            if matches!(record, Ok(Record::Data { .. })) {
                return Err(LoadError::HexAfterEnd { line: line_number });
            }
            continue;
        }
        let record = record.map_err(|source| LoadError::HexRecord { line: line_number, source })?;
        match record {
            Record::Data { offset, value } => {
                let address = upper + u64::from(offset);
                if !chunks.last_mut().is_some_and(|chunk| chunk.extend(address, &value)) {
                    chunks.extend(Chunk::new(address, value)?);
                }
            }
            Record::ExtendedSegmentAddress(segment) => upper = u64::from(segment) << 4,
            Record::ExtendedLinearAddress(high) => upper = u64::from(high) << 16,
            Record::EndOfFile => ended = true,
            // Entry points: nothing to store.
            Record::StartSegmentAddress { .. } | Record::StartLinearAddress(_) => {}
        }
    }
    let warnings = if ended { Vec::new() } else { vec![LoadWarning::MissingEndRecord] };
    Ok(HexFile { chunks, warnings })
}

#[cfg(test)]
mod tests {
    use super::{parse, starts_like};
    use crate::image::error::LoadError;
    use crate::image::flat::LoadWarning;

    #[test]
    fn is_told_by_a_whole_valid_record() {
        assert!(starts_like(b"\n:020000040800F2\r\n"));
        assert!(starts_like(b":00000001FF"));
        assert!(!starts_like(b":00000001FE"));
        assert!(!starts_like(b":\x00\xff"));
        assert!(!starts_like(b""));
    }

    #[test]
    fn an_error_names_its_line() {
        let found = parse(b":020000040800F2\n:0100000012ED\n:01000100FFFE\n").unwrap_err();
        assert!(matches!(found, LoadError::HexRecord { line: 3, .. }), "{found}");
        let found = parse(b":00000001FF\n\xff").unwrap_err();
        assert!(matches!(found, LoadError::HexNotText { offset: 12, byte: 0xff }), "{found}");
    }

    #[test]
    fn after_the_end_data_is_refused_and_all_else_ignored() {
        let found = parse(b":00000001FF\n\n:0100000012ED\n").unwrap_err();
        assert!(matches!(found, LoadError::HexAfterEnd { line: 3 }), "{found}");
        let symbols = b":0100000012ED\n:00000001FF\n:020000040800F2\n:010001fe6192\n# main\n";
        assert_eq!(parse(symbols).unwrap().chunks.len(), 1);
    }

    #[test]
    fn a_missing_end_is_a_warning() {
        let file = parse(b":0100000012ED\n").unwrap();
        assert_eq!(file.warnings, [LoadWarning::MissingEndRecord]);
        assert_eq!(file.chunks.len(), 1);
    }

    #[test]
    fn data_beyond_the_address_space_is_refused() {
        let found = parse(b":02000004FFFFFC\n:02FFFF001234BA\n").unwrap_err();
        assert!(matches!(found, LoadError::AddressTooHigh { last: 0x1_0000_0000 }), "{found}");
    }
}
