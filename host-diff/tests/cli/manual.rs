//! The commands of docs/integration.md, as they stand there.

use std::fs;
use std::path::Path;

use crate::harness::{Place, noise};

/// An application image as ESP-IDF makes it.
fn esp(version: u32) -> Vec<u8> {
    let mut image = vec![0xE9, 1];
    image.resize(23, 0);
    image.extend([1, 0x20, 0, 0x40, 0x3F]);
    image.extend(2_000u32.to_le_bytes());
    image.extend(noise(1_990, 7));
    image.extend(noise(10, version));
    image.resize((image.len() + 1).next_multiple_of(16), 0);
    let digest = host_diff::digest::sha256(&image);
    image.extend(digest);
    image
}

/// An MCUboot image as imgtool makes it without a key.
fn signed(payload: &[u8]) -> Vec<u8> {
    let mut image = vec![0x3D, 0xB8, 0xF3, 0x96, 0, 0, 0, 0, 0, 2, 0, 0];
    image.extend(u32::try_from(payload.len()).expect("small").to_le_bytes());
    image.resize(0x200, 0);
    image.extend(payload);
    let digest = host_diff::digest::sha256(&image);
    image.extend([0x07, 0x69, 40, 0, 0x10, 0, 32, 0]);
    image.extend(digest);
    image
}

#[test]
fn every_command_of_the_integration_page_works() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/integration.md");
    let page = fs::read_to_string(page).expect("the page");
    let place = Place::new();
    for (name, content) in [
        ("old.bin", place.base.clone()),
        ("new.bin", place.target.clone()),
        ("base.signed.bin", signed(&place.base)),
        ("target.signed.bin", signed(&place.target)),
        ("old-app.bin", esp(1)),
        ("new-app.bin", esp(2)),
    ] {
        place.write(name, &content);
    }
    let blocks = page.split("```sh\n").skip(1).filter_map(|part| part.split("```").next());
    let commands = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("patcher "));
    let mut count = 0;
    for command in commands {
        // Files are replaced: they stand for a new one each time.
        place.run(command.split_whitespace()).succeeds();
        count += 1;
    }
    assert!(count >= 10, "{count} commands");
}
