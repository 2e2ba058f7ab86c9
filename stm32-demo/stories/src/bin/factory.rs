//! Writes what a device holds when it leaves the factory, as Intel HEX for a programmer: bootloader in both banks, release 1 in
//! slot A, its boot metadata.
//!
//! `cargo run -p stories --bin factory -- FILE.hex [RELEASE]`: with RELEASE (`second`, `crashes`, `hangs`, `unhealthy`,
//! `silent`) that is in slot B as version 2, asked for, as an update leaves it.

use std::process::ExitCode;
use std::{env, fs};

use flash_model::{FlashModel, Stm32L4};
use ihex::Record;
use layout::{FLASH, PAGE_BYTES};
use stories::{Board, Release};

/// Bytes of a record; pages are multiples of it.
const RECORD_BYTES: u32 = 32;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let (path, staged) = match words.as_slice() {
        [path] => (path, None),
        [path, name] => match release(name) {
            Some(release) => (path, Some(release)),
            None => return usage(),
        },
        _ => return usage(),
    };
    let mut board = Board::factory(&Release::First.image(1));
    if let Some(release) = staged {
        board.stage(&release.image(2));
    }
    let text = hex(board.device.flash());
    match fs::write(path, text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {path}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: factory FILE.hex [second|crashes|hangs|unhealthy|silent]");
    ExitCode::from(2)
}

fn release(name: &str) -> Option<Release> {
    use Release::{Crashes, Hangs, Second, Silent, Unhealthy};
    [Second, Crashes, Hangs, Unhealthy, Silent]
        .into_iter()
        .find(|release| release.program() == name)
}

/// Pages that are not blank.
fn hex(flash: &FlashModel<Stm32L4>) -> String {
    let mut records = Vec::new();
    for page in (0..flash.size()).step_by(PAGE_BYTES as usize) {
        let bytes = flash.dump(page..page + PAGE_BYTES).expect("nothing is torn");
        if bytes.iter().all(|&byte| byte == 0xFF) {
            continue;
        }
        let address = FLASH + page;
        records.push(Record::ExtendedLinearAddress(half(address >> 16)));
        for (offset, chunk) in (0..).step_by(RECORD_BYTES as usize).zip(bytes.chunks(32)) {
            let offset = half((address + offset) & 0xFFFF);
            records.push(Record::Data { offset, value: chunk.to_vec() });
        }
    }
    records.push(Record::EndOfFile);
    ihex::create_object_file_representation(&records).expect("records are short")
}

fn half(word: u32) -> u16 {
    u16::try_from(word).expect("16 bits")
}
