//! `vectors`: writes `vectors/` anew, and the fuzz seeds that depend on the format. Its tests are in `patcher-core/tests/vectors.rs`.

use std::{fs, path::Path};

use crate::failure::Failure;

/// The task.
pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    let folder = rig::vectors::folder();
    let book = rig::vectors::generate();
    for part in ["images", "invalid", "trust", "valid"] {
        let part = folder.join(part);
        if part.exists() {
            fs::remove_dir_all(&part).map_err(Failure::io(&part))?;
        }
        fs::create_dir_all(&part).map_err(Failure::io(&part))?;
    }
    for (path, bytes) in &book.files {
        write(&folder.join(path), bytes)?;
    }
    let seeds = folder.join("../fuzz/seeds/restore");
    fs::create_dir_all(&seeds).map_err(Failure::io(&seeds))?;
    for (number, seed) in rig::vectors::invalid::restore_seeds().iter().enumerate() {
        write(&seeds.join(format!("{number}.bin")), seed)?;
    }
    write(&folder.join("index.toml"), book.index.to_toml().as_bytes())?;
    let bytes: usize = book.files.values().map(Vec::len).sum();
    let (valid, invalid) = (book.index.valid.len(), book.index.invalid.len());
    let trust = book.index.trust.len();
    println!("{valid} valid, {invalid} invalid, {trust} of trust, {bytes} bytes");
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(Failure::io(path))
}
