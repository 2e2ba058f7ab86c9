//! What a benchmark measured.

use serde::{Deserialize, Serialize};

use super::measure::Usage;
use crate::report::Explanation;

/// All results, and the conditions that they were measured under.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bench {
    /// Version of this program.
    pub version: String,
    /// Operating system and architecture.
    pub host: String,
    /// Runs of each command, of which the fastest counts.
    pub repeat: u32,
    /// Coders; the first is the one that others are compared with.
    pub codecs: Vec<Codec>,
    /// Pairs.
    pub pairs: Vec<PairResult>,
    /// What was left out, or looked odd.
    pub notes: Vec<String>,
}

/// Which way a coder works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// This program.
    Ours,
    /// Another coder of deltas.
    Delta,
    /// Another coder, of the target alone.
    Full,
}

/// One coder in one configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Codec {
    /// What reports call it.
    pub name: String,
    /// Which way it works.
    pub family: Family,
    /// What it says of itself.
    pub version: Option<String>,
    /// Why it did not run at all.
    pub absent: Option<String>,
    /// Words of the command that encodes, with placeholders.
    pub command: String,
    /// Memory of its decoder on a device, where the table knows; ours tells with each patch.
    pub ram_bytes: Option<u64>,
}

/// One pair through all coders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairResult {
    /// What reports call it.
    pub name: String,
    /// How far apart the images are, if the manifest says so.
    pub class: Option<String>,
    /// Length of the base image.
    pub base_bytes: u64,
    /// Length of the target image.
    pub target_bytes: u64,
    /// One for each coder, in their order.
    pub runs: Vec<Run>,
    /// Where the bytes of the first coder's patch went.
    pub explanation: Option<Explanation>,
}

/// One pair through one coder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Name of the coder.
    pub codec: String,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// The patch was applied and gave the target.
    Verified(Measured),
    /// There is no patch to count.
    Failed {
        /// `encode`, `decode`, or `verification`.
        stage: Stage,
        /// What went wrong.
        reason: String,
    },
    /// The coder cannot be used here.
    Absent,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Making the patch.
    Encode,
    /// Applying it.
    Decode,
    /// It was applied, and gave something else than the target.
    Verification,
}

impl Stage {
    /// For messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Decode => "decode",
            Self::Verification => "verification",
        }
    }
}

/// A patch that works.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Bytes of the whole patch file.
    pub patch_bytes: u64,
    /// Memory of the decoder on a device, where known.
    pub ram_bytes: Option<u64>,
    /// Making it.
    pub encode: Usage,
    /// Applying it.
    pub decode: Usage,
}

impl Outcome {
    /// What was measured, if it worked.
    #[must_use]
    pub fn measured(&self) -> Option<&Measured> {
        match self {
            Self::Verified(measured) => Some(measured),
            _ => None,
        }
    }
}

impl PairResult {
    /// The run of the coder with that index, if it worked.
    #[must_use]
    pub fn measured(&self, codec: usize) -> Option<&Measured> {
        self.runs.get(codec)?.outcome.measured()
    }
}

impl Bench {
    /// What failed, is absent, or looked odd: a sentence each. Failures of one coder for one reason share a sentence.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut failures: Vec<(&str, Stage, &str, Vec<&str>)> = Vec::new();
        for (pair, codec, stage, reason) in self.failures() {
            match failures
                .iter_mut()
                .find(|same| (same.0, same.1, same.2) == (codec, stage, reason))
            {
                Some(same) => same.3.push(pair),
                None => failures.push((codec, stage, reason, vec![pair])),
            }
        }
        let failures = failures.into_iter().map(|(codec, stage, reason, pairs)| {
            let on = match *pairs {
                [pair] => format!("'{pair}'"),
                _ if pairs.len() == self.pairs.len() => "all pairs".to_owned(),
                _ => format!("{} pairs, first '{}'", pairs.len(), pairs.first().unwrap_or(&"")),
            };
            format!("FAILED {}: {codec} on {on}: {reason}", stage.name())
        });
        let absent = self.codecs.iter().filter_map(|codec| {
            codec.absent.as_ref().map(|reason| format!("absent: {}: {reason}", codec.name))
        });
        failures
            .chain(absent)
            .chain(self.notes.iter().map(|note| format!("note: {note}")))
            .collect()
    }

    /// Runs that failed: pair, coder, stage and reason.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &str, Stage, &str)> {
        self.pairs.iter().flat_map(|pair| {
            pair.runs.iter().filter_map(|run| match &run.outcome {
                Outcome::Failed { stage, reason } => {
                    Some((&*pair.name, &*run.codec, *stage, &**reason))
                }
                _ => None,
            })
        })
    }
}
