//! Every patch of detools' own test data that is for devices.
//!
//! `DETOOLS_FILES` names `tests/files` of its source distribution, which `cargo xtask ci detools` fetches by package and
//! sha256. Without it there is nothing to test, and that is said aloud.

#[path = "../../../formats/tests/data/detools.rs"]
mod data;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use data::{APPLIED, DAMAGED};
use detools_apply::steps::Forgetful;
use detools_apply::{ApplyError, CodecError, PatchError};
use flash_model::{FlashModel, Stm32L4};
use formats::detools::Header;

use crate::memory::{Failed, Fine, Memory, in_place, sequential};

/// What detools' LZMA asks for.
const DICTIONARY: usize = 8 << 20;

fn files() -> Option<PathBuf> {
    let files = env::var_os("DETOOLS_FILES").map(PathBuf::from);
    if files.is_none() {
        eprintln!(
            "SKIPPED: no test data of detools; `cargo xtask ci detools` fetches it and runs this test"
        );
    }
    files
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The target that a device makes, whatever the patch's type.
fn apply(base: &[u8], patch: &[u8], memory: &mut Memory) -> Result<Vec<u8>, Failed> {
    let Ok((Header::InPlace { place, .. }, _)) = Header::read(patch) else {
        return sequential::<Stm32L4, _>(base, patch, memory.codec(), 512);
    };
    let size = u32::try_from(place.memory_size).expect("small");
    let flash = FlashModel::<Fine>::with_size(size);
    flash.load(0, base);
    let steps = Forgetful;
    in_place(flash.slot(0..size), steps, patch, memory.codec(), 512).map_err(
        |error| match error {
            ApplyError::Patch(error) => ApplyError::Patch(error),
            error => panic!("{error}"),
        },
    )?;
    assert_eq!(flash.stats().refusals, 0);
    let len = u32::try_from(place.target_len).expect("small");
    Ok(flash.dump(0..len).expect("readable"))
}

#[test]
fn every_patch_for_devices_gives_its_target() {
    let Some(folder) = files() else { return };
    let mut memory = Memory::new(DICTIONARY);
    let (mut applied, mut not_linked) = (0, 0);
    for (base, target, names) in APPLIED {
        let [base, target] = [base, target].map(|name| read(&folder, name));
        for name in *names {
            let patch = read(&folder, name);
            if patch.starts_with(b"BSDIFF40") {
                continue;
            }
            match apply(&base, &patch, &mut memory) {
                Ok(found) => {
                    assert!(found == target, "{name}");
                    applied += 1;
                }
                Err(ApplyError::Patch(PatchError::Codec(CodecError::NotLinked { .. }))) => {
                    let expected = ["bz2", "lz4", "zstd"].iter().any(|codec| name.contains(codec));
                    assert!(expected, "{name}");
                    not_linked += 1;
                }
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
    println!("{applied} patches applied, {not_linked} of codecs for hosts");
    assert!(applied > 30 && not_linked > 5);
}

#[test]
fn every_damaged_patch_is_refused() {
    let Some(folder) = files() else { return };
    let mut memory = Memory::new(DICTIONARY);
    let base = read(&folder, "foo/old");
    for name in DAMAGED {
        let patch = read(&folder, name);
        let found = if patch.first().is_some_and(|first| first >> 4 == 1) {
            let flash = FlashModel::<Fine>::new();
            let slot = flash.slot(0..flash.size());
            let done = in_place(slot, Forgetful, &patch, memory.codec(), 512);
            done.map_err(|error| error.code())
        } else {
            sequential::<Stm32L4, _>(&base, &patch, memory.codec(), 512)
                .map(drop)
                .map_err(|error| error.code())
        };
        assert!(matches!(found, Err(160..192)), "{name}: {found:?}");
    }
}
