//! What a command prints at its end, for machines and for people.

use core::fmt::Write as _;

use host_diff::digest::Hex;
use host_diff::info::Info;
use host_diff::report::Explanation;
use host_diff::trust::PublicKey;
use patcher_core::container::self_digest::{self, SelfDigest};
use patcher_core::container::trust::Trust;
use patcher_core::decode::REGISTER_BYTES;
use patcher_core::{Header, Kind};
use serde::Serialize;
use serde_json::json;

use crate::failure::{Class, Failure};
use crate::in_place::InPlaceReport;
use crate::output;
use crate::usage::{Stopwatch, peak_rss_bytes};

/// The JSON object of every command; null where a value is unknown or does not apply.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) format: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) patch_bytes: usize,
    pub(crate) header_bytes: usize,
    pub(crate) base_bytes: Option<u32>,
    pub(crate) target_bytes: u32,
    pub(crate) ram_bytes: Option<usize>,
    pub(crate) isa: Option<&'static str>,
    pub(crate) base_address: Option<u32>,
    pub(crate) target_address: Option<u32>,
    /// Hexadecimal digits; as many as are known.
    pub(crate) base_sha256: Option<String>,
    /// Hexadecimal digits; as many as are known.
    pub(crate) target_sha256: Option<String>,
    /// What the patch is signed with; nobody has checked that yet.
    pub(crate) signature: Option<SignatureReport>,
    /// Restart marks, if the patch has any.
    pub(crate) marks: Option<MarksReport>,
    /// The slot, if the patch is applied in place.
    pub(crate) in_place: Option<InPlaceReport>,
    /// Digests that the target holds of itself, which the applier reckons.
    pub(crate) self_digests: Vec<SelfDigestReport>,
    /// Of `info --explain` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) explanation: Option<Explanation>,
    pub(crate) notes: Vec<String>,
    pub(crate) seconds: f64,
    pub(crate) peak_rss_bytes: Option<u64>,
}

/// Where a device may go on after a power loss, and what it keeps for that.
#[derive(Debug, Serialize)]
pub(crate) struct MarksReport {
    /// Bytes of the target between two marks.
    pub(crate) epoch_bytes: u32,
    /// Of the decoder's state, as a snapshot has it.
    pub(crate) snapshot_bytes: usize,
    /// Of what a mark that resets the model leaves of it.
    pub(crate) reset_bytes: usize,
}

impl MarksReport {
    fn of(header: &Header) -> Option<Self> {
        Some(Self {
            epoch_bytes: header.epoch()?,
            snapshot_bytes: REGISTER_BYTES + 2 * header.workspace_words(),
            reset_bytes: REGISTER_BYTES + 8 * header.map_entries as usize,
        })
    }

    /// The same in words.
    pub(crate) fn text(&self) -> String {
        format!(
            "every {} bytes of the target; a snapshot there takes {} bytes, a reset {}",
            grouped(self.epoch_bytes as usize),
            grouped(self.snapshot_bytes),
            grouped(self.reset_bytes)
        )
    }
}

/// A digest that the target holds of itself.
#[derive(Debug, Serialize)]
pub(crate) struct SelfDigestReport {
    pub(crate) kind: &'static str,
    /// Where it is in the target.
    pub(crate) offset: u32,
    /// Bytes of the target that it is of, from the first on.
    pub(crate) covered_bytes: u32,
}

impl SelfDigestReport {
    fn of(digest: &SelfDigest) -> Self {
        let kind = match digest.kind {
            self_digest::Kind::Sha256 => "SHA-256",
            self_digest::Kind::Crc32 => "CRC-32",
            self_digest::Kind::Crc32Big => "CRC-32, big-endian",
        };
        Self { kind, offset: digest.at, covered_bytes: digest.covered }
    }

    /// The same in words.
    pub(crate) fn text(&self) -> String {
        let covered = grouped(self.covered_bytes as usize);
        format!("{} of the first {covered} bytes, at {:#x}", self.kind, self.offset)
    }
}

/// What a signed patch says about that.
#[derive(Debug, Serialize)]
pub(crate) struct SignatureReport {
    /// Of the key that a device must hold: hexadecimal digits.
    pub(crate) key_id: String,
    pub(crate) security_counter: u32,
    /// Hexadecimal digits.
    pub(crate) hardware_id: String,
    pub(crate) block_bytes: Option<u32>,
    pub(crate) certificate: Option<CertificateReport>,
}

/// What vouches for the signing key.
#[derive(Debug, Serialize)]
pub(crate) struct CertificateReport {
    /// Of the signing key; null if it is no key.
    pub(crate) key_id: Option<String>,
    pub(crate) last_counter: u32,
}

impl SignatureReport {
    fn of(trust: &Trust<'_>, patch: &Info<'_>) -> Self {
        let certificate = trust.certificate.map(|certificate| CertificateReport {
            key_id: PublicKey::from_compressed(certificate.public_key).map(|key| key.id_text()),
            last_counter: certificate.last_counter,
        });
        Self {
            key_id: Hex(&trust.key_id).to_string(),
            security_counter: trust.security_counter,
            hardware_id: Hex(trust.hardware_id).to_string(),
            block_bytes: patch.block_bytes,
            certificate,
        }
    }
}

impl Report {
    /// What the header of a patch tells.
    pub(crate) fn of(patch: &Info<'_>) -> Self {
        let header = &patch.header;
        let delta = header.kind == Kind::Delta;
        Self {
            format: "native",
            kind: match (header.kind, header.in_place) {
                (Kind::Full, _) => "full",
                (Kind::Delta, None) => "delta",
                (Kind::Delta, Some(_)) => "in-place delta",
            },
            patch_bytes: patch.header_len + patch.payload.len(),
            header_bytes: patch.header_len,
            base_bytes: delta.then_some(header.base_len),
            target_bytes: header.target_len,
            ram_bytes: Some(header.ram_bytes()),
            isa: patch.isa_name(),
            base_address: patch.base_address(),
            target_address: patch.target_address(),
            base_sha256: delta.then(|| Hex(&header.base_digest).to_string()),
            target_sha256: Some(Hex(&header.target_digest).to_string()),
            signature: patch.trust.as_ref().map(|trust| SignatureReport::of(trust, patch)),
            marks: MarksReport::of(header),
            in_place: InPlaceReport::of(header),
            self_digests: header.self_digests.iter().map(SelfDigestReport::of).collect(),
            explanation: None,
            notes: Vec::new(),
            seconds: 0.0,
            peak_rss_bytes: None,
        }
    }

    /// The same with whole digests.
    pub(crate) fn with_digests(self, base: Option<&[u8; 32]>, target: &[u8; 32]) -> Self {
        let base_sha256 = base.map(|digest| Hex(digest).to_string());
        Self { base_sha256, target_sha256: Some(Hex(target).to_string()), ..self }
    }

    /// One line of JSON, with what the command took.
    pub(crate) fn json(self, watch: &Stopwatch) -> Result<String, Failure> {
        let report = Self { seconds: watch.seconds(), peak_rss_bytes: peak_rss_bytes(), ..self };
        match serde_json::to_string(&report) {
            Ok(text) => Ok(text + "\n"),
            Err(error) => Err(Failure::new(Class::Other, format!("cannot write JSON: {error}"))),
        }
    }

    /// Kind, patch and target with their sizes, and what the device needs: two lines.
    pub(crate) fn summary(&self) -> String {
        let mut text = format!(
            "{}{} patch of {} bytes, {} of them header: {} of the target's {}\n",
            if self.format == "native" { String::new() } else { format!("{} ", self.format) },
            self.kind,
            grouped(self.patch_bytes),
            self.header_bytes,
            percent(self.patch_bytes, self.target_bytes),
            grouped(self.target_bytes as usize),
        );
        if self.format == "native" {
            let _ = writeln!(
                text,
                "needs {} bytes of RAM on the device; references: {}",
                grouped(self.ram_bytes.unwrap_or(0)),
                self.references()
            );
        }
        if let Some(marks) = &self.marks {
            let _ = writeln!(text, "restart marks {}", marks.text());
        }
        if let Some(slot) = &self.in_place {
            let _ = writeln!(text, "in place: {}\nerases: {}", slot.slot(), slot.wear());
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text
    }

    /// Instruction set and addresses.
    pub(crate) fn references(&self) -> String {
        let isa = self.isa.unwrap_or("unknown instruction set");
        let address = |address: Option<u32>| {
            address.map_or_else(|| "unknown".to_owned(), |address| format!("{address:#010x}"))
        };
        let (base, target) = (self.base_address, self.target_address);
        if base.or(target).is_none() {
            isa.to_owned()
        } else if self.kind == "full" {
            format!("{isa}, target at {}", address(target))
        } else if base == target {
            format!("{isa}, both images at {}", address(base))
        } else {
            format!("{isa}, base at {}, target at {}", address(base), address(target))
        }
    }
}

/// Prints the JSON object of a command that failed.
pub(crate) fn print_failure(failure: &Failure) {
    let object = json!({
        "error": {
            "class": failure.class.name(),
            "exit_code": failure.class.code(),
            "message": failure.message,
            "help": failure.help,
        }
    });
    // If standard output is gone, standard error still tells.
    let _ = output::print(&format!("{object}\n"));
}

/// `number` with a comma between thousands.
pub(crate) fn grouped(number: usize) -> String {
    host_diff::report::grouped(u64::try_from(number).unwrap_or(u64::MAX))
}

/// `part` as a percentage of `whole`, in tenths.
fn percent(part: usize, whole: u32) -> String {
    let tenths = (part as u64 * 1_000 + u64::from(whole) / 2).checked_div(u64::from(whole));
    tenths.map_or_else(|| "-".to_owned(), |tenths| format!("{}.{} %", tenths / 10, tenths % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let texts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn percentages_are_rounded_to_tenths() {
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(2, 3), "66.7 %");
        assert_eq!(percent(5, 0), "-");
        assert_eq!(percent(30, 10), "300.0 %");
    }
}
