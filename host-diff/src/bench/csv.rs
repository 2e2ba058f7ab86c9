//! Results as CSV: one row for each pair and coder.

use serde::Serialize;

use super::result::{Bench, Outcome};

/// A row; empty where nothing was measured.
#[derive(Debug, Default, Serialize)]
struct Row<'a> {
    pair: &'a str,
    class: Option<&'a str>,
    base_bytes: u64,
    target_bytes: u64,
    codec: &'a str,
    status: &'static str,
    reason: Option<String>,
    patch_bytes: Option<u64>,
    ram_bytes: Option<u64>,
    encode_seconds: Option<f64>,
    encode_cpu_seconds: Option<f64>,
    encode_peak_rss_bytes: Option<u64>,
    decode_seconds: Option<f64>,
    decode_cpu_seconds: Option<f64>,
    decode_peak_rss_bytes: Option<u64>,
}

/// All rows, with column names first.
///
/// # Errors
/// None: nothing is written but memory.
pub fn write(bench: &Bench) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for pair in &bench.pairs {
        for (run, codec) in pair.runs.iter().zip(&bench.codecs) {
            let mut row = Row {
                pair: &pair.name,
                class: pair.class.as_deref(),
                base_bytes: pair.base_bytes,
                target_bytes: pair.target_bytes,
                codec: &run.codec,
                ..Row::default()
            };
            match &run.outcome {
                Outcome::Verified(measured) => {
                    row.status = "verified";
                    row.patch_bytes = Some(measured.patch_bytes);
                    row.ram_bytes = measured.ram_bytes;
                    row.encode_seconds = Some(measured.encode.seconds);
                    row.encode_cpu_seconds = measured.encode.cpu_seconds;
                    row.encode_peak_rss_bytes = measured.encode.peak_rss_bytes;
                    row.decode_seconds = Some(measured.decode.seconds);
                    row.decode_cpu_seconds = measured.decode.cpu_seconds;
                    row.decode_peak_rss_bytes = measured.decode.peak_rss_bytes;
                }
                Outcome::Failed { stage, reason } => {
                    row.status = "failed";
                    row.reason = Some(format!("{}: {reason}", stage.name()));
                }
                Outcome::Absent => {
                    row.status = "absent";
                    row.reason.clone_from(&codec.absent);
                }
            }
            writer.serialize(row)?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::html::fixtures::bench;

    #[test]
    fn every_pair_and_coder_has_a_row_even_if_it_failed() {
        let text = write(&bench()).expect("text");
        assert_eq!(text.lines().count(), 1 + 2 * 4, "{text}");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> =
            reader.records().map(|row| row.expect("a row")).collect();
        assert_eq!(&rows[0][5], "verified");
        assert_eq!(&rows[0][7], "100");
        assert_eq!(&rows[6][5], "failed");
        assert!(rows[6][6].starts_with("verification: "), "{:?}", rows[6]);
        assert_eq!(&rows[7][5], "absent");
        assert_eq!(&rows[0][0], "a <b> & \"c\"");
    }
}
