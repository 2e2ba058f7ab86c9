//! USB Flashing Format: blocks of 512 bytes, each with its own address.
//!
//! Own parser: the `uf2-decode` crate panics on blocks out of order and mixes families, `uf2` is a draft. Layout and
//! flags from the format's specification, github.com/microsoft/uf2 (README.md).
//!
//! ```text
//! 0 magic0  4 magic1  8 flags  12 address  16 data length  20 block number  24 block count
//! 28 family (or file size)  32 data, at most 476 bytes  508 magic2      all 32-bit little endian
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::bytes::u32_at;
use super::chunks::Chunk;
use super::error::LoadError;
use super::flat::LoadWarning;

/// What a UF2 file holds for the chosen family.
#[derive(Debug)]
pub(super) struct Uf2File<'a> {
    pub(super) chunks: Vec<Chunk<'a>>,
    pub(super) warnings: Vec<LoadWarning>,
}

const BLOCK_LEN: usize = 512;
const MAX_DATA_LEN: usize = 476;
const MAGIC_0: u32 = 0x0a32_4655;
const MAGIC_1: u32 = 0x9e5d_5157;
const MAGIC_2: u32 = 0x0ab1_6f30;

mod field {
    pub(super) const FLAGS: usize = 8;
    pub(super) const ADDRESS: usize = 12;
    pub(super) const DATA_LEN: usize = 16;
    pub(super) const BLOCK_NUMBER: usize = 20;
    pub(super) const BLOCK_COUNT: usize = 24;
    pub(super) const FAMILY: usize = 28;
    pub(super) const DATA: usize = 32;
    pub(super) const MAGIC_2: usize = 508;
}

/// The block is not for main flash.
const FLAG_NOT_MAIN_FLASH: u32 = 0x1;
/// The block belongs to a file that is stored, not to the flash itself.
const FLAG_FILE_CONTAINER: u32 = 0x1000;
/// The family field holds a family.
const FLAG_FAMILY: u32 = 0x2000;

/// Families with at most this fraction of the largest one's data are marker blocks (such as those that work around
/// erratum RP2350-E10), not a second image.
const SMALL_FAMILY: usize = 8;

/// Whether content begins with a UF2 block.
pub(super) fn starts_like(content: &[u8]) -> bool {
    u32_at(content, 0) == Some(MAGIC_0) && u32_at(content, 4) == Some(MAGIC_1)
}

/// Reads the blocks of a family; of the only large one if none is chosen.
pub(super) fn parse(content: &[u8], chosen: Option<u32>) -> Result<Uf2File<'_>, LoadError> {
    let (blocks, rest) = content.as_chunks::<BLOCK_LEN>();
    if !rest.is_empty() {
        return Err(LoadError::Uf2Length { rest: rest.len() });
    }
    let mut families: BTreeMap<Option<u32>, Family<'_>> = BTreeMap::new();
    let mut skipped = 0;
    for (index, bytes) in blocks.iter().enumerate() {
        let block = Block::parse(index, bytes)?;
        if block.flags & (FLAG_NOT_MAIN_FLASH | FLAG_FILE_CONTAINER) != 0 {
            skipped += 1;
            continue;
        }
        let family = families.entry(block.family).or_default();
        family.data_len += block.data.len();
        family.numbers.insert(block.number);
        family.announced = family.announced.max(block.count);
        family.blocks += 1;
        family.chunks.extend(Chunk::new(block.address.into(), block.data)?);
    }
    let id = match chosen {
        Some(id) => Some(id),
        None => only_large_family(&families)?,
    };
    let kept = families.remove(&id).unwrap_or_default();
    skipped += families.values().map(|family| family.blocks).sum::<u32>();
    let mut warnings = Vec::new();
    if skipped > 0 {
        warnings.push(LoadWarning::SkippedBlocks { count: skipped });
    }
    let found = u32::try_from(kept.numbers.len()).unwrap_or(u32::MAX);
    if found < kept.announced {
        warnings.push(LoadWarning::MissingBlocks { expected: kept.announced, found });
    }
    Ok(Uf2File { chunks: kept.chunks, warnings })
}

#[derive(Default)]
struct Family<'a> {
    chunks: Vec<Chunk<'a>>,
    data_len: usize,
    blocks: u32,
    numbers: BTreeSet<u32>,
    announced: u32,
}

fn only_large_family(
    families: &BTreeMap<Option<u32>, Family<'_>>,
) -> Result<Option<u32>, LoadError> {
    let most = families.values().map(|family| family.data_len).max().unwrap_or(0);
    let large: Vec<Option<u32>> = families
        .iter()
        .filter(|(_, family)| family.data_len > most / SMALL_FAMILY)
        .map(|(&id, _)| id)
        .collect();
    match large.as_slice() {
        [] => Ok(None),
        [id] => Ok(*id),
        _ => Err(LoadError::AmbiguousFamily { found: large }),
    }
}

struct Block<'a> {
    flags: u32,
    address: u32,
    number: u32,
    count: u32,
    family: Option<u32>,
    data: &'a [u8],
}

impl<'a> Block<'a> {
    fn parse(index: usize, bytes: &'a [u8; BLOCK_LEN]) -> Result<Self, LoadError> {
        let word = |at| u32_at(bytes, at).unwrap_or(0);
        let malformed =
            |expected, found| Err(LoadError::Uf2Block { block: index, expected, found });
        for (at, expected) in [(0, MAGIC_0), (4, MAGIC_1), (field::MAGIC_2, MAGIC_2)] {
            if word(at) != expected {
                return malformed("the block magic", word(at));
            }
        }
        let data_len = word(field::DATA_LEN);
        let Some(data) = usize::try_from(data_len)
            .ok()
            .filter(|&len| len <= MAX_DATA_LEN)
            .and_then(|len| bytes.get(field::DATA..field::DATA + len))
        else {
            return malformed("at most 476 bytes of data", data_len);
        };
        let flags = word(field::FLAGS);
        Ok(Self {
            flags,
            address: word(field::ADDRESS),
            number: word(field::BLOCK_NUMBER),
            count: word(field::BLOCK_COUNT),
            family: (flags & FLAG_FAMILY != 0).then(|| word(field::FAMILY)),
            data,
        })
    }
}

#[cfg(test)]
mod tests;
