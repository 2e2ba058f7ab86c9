//! Two related images out of any bytes: what a fuzzer can steer towards matches, copies and references.

use crate::firmware;

/// Longest image.
const LIMIT: usize = 8192;

/// A base, a target, and a byte that picks options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Picks options of whoever makes a patch.
    pub options: u8,
    /// The base image.
    pub base: Vec<u8>,
    /// The target image.
    pub target: Vec<u8>,
}

impl Trial {
    /// Reads `bytes`: options; where the base comes from (an odd byte: made-up firmware, else the next bytes, as many as the
    /// byte says); then edits that build the target.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut input = bytes.iter().copied();
        let mut next = || input.next();
        let options = next().unwrap_or(0);
        let source = next().unwrap_or(0);
        let base = if source & 1 == 1 {
            firmware::pair(u64::from(source >> 1), 30).0
        } else {
            (0..2 * usize::from(source)).map_while(|_| next()).collect()
        };
        let mut target = Vec::new();
        while let Some(edit) = next()
            && target.len() < LIMIT
        {
            apply(edit, &mut next, &base, &mut target);
        }
        target.truncate(LIMIT);
        Self { options, base, target }
    }
}

/// One edit: its low two bits say what, the others how much.
fn apply(edit: u8, next: &mut impl FnMut() -> Option<u8>, base: &[u8], target: &mut Vec<u8>) {
    let much = usize::from(edit >> 2) + 1;
    let mut offset = || {
        let (low, high) = (next().unwrap_or(0), next().unwrap_or(0));
        usize::from(u16::from_le_bytes([low, high]))
    };
    match edit & 3 {
        0 => target.extend((0..much).map_while(|_| next())),
        1 => {
            let from = offset() % (base.len() + 1);
            target.extend(base.iter().skip(from).take(16 * much));
        }
        2 => {
            // Base bytes of which one in eight differs.
            let from = offset() % (base.len() + 1);
            let change = next().unwrap_or(1);
            let bytes = base.iter().skip(from).take(8 * much).enumerate();
            target.extend(bytes.map(
                |(index, &byte)| {
                    if index % 8 == 5 { byte.wrapping_add(change) } else { byte }
                },
            ));
        }
        _ => {
            let from = offset() % (target.len() + 1);
            for index in from..from + 4 * much {
                let Some(&byte) = target.get(index) else { break };
                target.push(byte);
            }
        }
    }
}
