use super::{LoadOptions, load};
use crate::image::error::LoadError;
use crate::image::fixtures::{ElfPart, elf, hex, noise, uf2};
use crate::image::flat::{FlatImage, Format, Isa, LoadWarning};

const FLASH: u32 = 0x0800_4000;

fn read(content: &[u8]) -> FlatImage {
    load(content, &LoadOptions::default()).unwrap()
}

#[test]
fn one_firmware_gives_the_same_image_from_each_format() {
    // Code, a gap, and initial values of variables stored behind it.
    let code = noise(1000, 1);
    let values = noise(77, 2);
    let parts: [(u32, &[u8]); 2] = [(FLASH, &code), (FLASH + 1016, &values)];
    let mut raw = code.clone();
    raw.resize(1016, 0xff);
    raw.extend(&values);
    let segments = [
        ElfPart::code(FLASH, &code),
        ElfPart {
            stored: FLASH + 1016,
            runs: 0x2000_0000,
            executable: false,
            data: &values,
            zeros: 100,
        },
        // .bss: no data, takes no part.
        ElfPart { stored: 0x2000_0100, runs: 0x2000_0100, executable: false, data: &[], zeros: 64 },
    ];
    let files = [
        (Format::Bin, raw.clone()),
        (Format::Hex, hex(&parts)),
        (Format::Uf2, uf2(&parts, 0x1234_5678)),
        (Format::Elf, elf(&segments, true)),
        (Format::Elf, elf(&segments, false)),
    ];
    for (format, file) in files {
        let image = read(&file);
        assert_eq!(image.source, format);
        assert_eq!(image.bytes, raw, "{format}");
        assert_eq!(image.address, (format != Format::Bin).then_some(FLASH), "{format}");
        assert_eq!(image.isa_hint, (format == Format::Elf).then_some(Isa::Thumb), "{format}");
        assert_eq!(image.warnings, [], "{format}");
    }
}

#[test]
fn a_named_format_wins_over_the_content() {
    let text = hex(&[(0, b"abcd")]);
    let options = LoadOptions { format: Some(Format::Bin), ..LoadOptions::default() };
    assert_eq!(load(&text, &options).unwrap(), FlatImage::from_raw(text.clone()));
    let options = LoadOptions { format: Some(Format::Elf), ..LoadOptions::default() };
    assert!(matches!(load(&text, &options), Err(LoadError::Elf(_))));
}

#[test]
fn tiny_files_are_raw() {
    for content in [&b""[..], b"\x7f", b"\x7fEL", b":", b"UF2\n"] {
        assert_eq!(read(content), FlatImage::from_raw(content.to_vec()));
    }
}

#[test]
fn files_without_data_are_refused() {
    for (format, file) in
        [(Format::Hex, hex(&[])), (Format::Uf2, Vec::new()), (Format::Elf, elf(&[], true))]
    {
        let options = LoadOptions { format: Some(format), ..LoadOptions::default() };
        let found = load(&file, &options).unwrap_err();
        assert!(matches!(found, LoadError::NoData { format: at } if at == format), "{found}");
    }
}

#[test]
fn a_range_chooses_between_two_images() {
    let (application, network) = (noise(500, 3), noise(600, 4));
    let file = hex(&[(0, &application), (0x0100_0000, &network)]);
    let found = load(&file, &LoadOptions::default()).unwrap_err();
    assert!(matches!(&found, LoadError::Ambiguous { count: 2, .. }), "{found}");
    let options = LoadOptions { range: Some(0x0100_0000..=0x01ff_ffff), ..LoadOptions::default() };
    let image = load(&file, &options).unwrap();
    assert_eq!((image.address, image.bytes), (Some(0x0100_0000), network));
}

#[test]
fn option_bytes_far_away_are_left_out_with_a_warning() {
    let code = noise(500, 5);
    let file = hex(&[(0x1000_1014, &[1, 2, 3, 4]), (0, &code)]);
    let image = read(&file);
    assert_eq!((image.address, &image.bytes), (Some(0), &code));
    let [LoadWarning::DroppedFarData { dropped, kept }] = image.warnings.as_slice() else {
        panic!("{:?}", image.warnings);
    };
    assert_eq!((dropped.start, dropped.last, dropped.data_len), (0x1000_1014, 0x1000_1017, 4));
    assert_eq!((kept.start, kept.last), (0, 499));
}

#[test]
fn messages_say_what_was_expected_what_was_found_and_what_to_do() {
    let file = hex(&[(0x100, &[7]), (0x100, &[8])]);
    assert_eq!(
        load(&file, &LoadOptions::default()).unwrap_err().to_string(),
        "two different bytes are given for address 0x00000100: expected each address once; found 0x07 and 0x08; \
         build the file again or merge its parts with a tool that reports overlaps"
    );
    let file = hex(&[(0, &[0; 40]), (0x2000_0000, &[0; 40])]);
    assert_eq!(
        load(&file, &LoadOptions::default()).unwrap_err().to_string(),
        "expected one image, found 2 parts far apart: 0x00000000-0x00000027 (40 bytes), \
         0x20000000-0x20000027 (40 bytes); choose one by its address range"
    );
}

#[test]
fn a_gap_costs_a_patch_a_few_bytes_whatever_the_file() {
    let (old, new) = rig::firmware::pair_at(31, 100, [FLASH + 0x1_0000; 2]);
    let boot = noise(600, 6);
    // 63 KiB of nothing between a boot loader and what is updated.
    let [old_parts, new_parts] =
        [&old, &new].map(|image| [(FLASH, &boot[..]), (FLASH + 0x1_0000, &image[..])]);
    let code = |parts: &[(u32, &[u8])]| {
        let parts: Vec<ElfPart<'_>> =
            parts.iter().map(|&(address, data)| ElfPart::code(address, data)).collect();
        elf(&parts, true)
    };
    let len = |[base, target]: [Vec<u8>; 2]| {
        let options = crate::Options { level: 3, ..crate::Options::default() };
        crate::create(&read(&base), &read(&target), &options).unwrap().bytes.len()
    };
    let alone = len([code(&[(FLASH + 0x1_0000, &old)]), code(&[(FLASH + 0x1_0000, &new)])]);
    for (format, files) in [
        (Format::Hex, [hex(&old_parts), hex(&new_parts)]),
        (Format::Uf2, [uf2(&old_parts, 7), uf2(&new_parts, 7)]),
        (Format::Elf, [code(&old_parts), code(&new_parts)]),
    ] {
        let found = len(files);
        println!("{format}: {found} bytes, {alone} without gap");
        assert!(found <= alone + 24, "{format}: {found} bytes, {alone} without gap");
    }
}
