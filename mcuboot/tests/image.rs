//! Headers and TLVs, whole and damaged.

use mcuboot::header::flag;
use mcuboot::{Image, ImageError, Tlv, Version};

/// An image with a header of 64 bytes, 100 bytes of payload, and protected TLVs if asked for.
fn image(protected: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(0x96F3_B83D_u32.to_le_bytes());
    bytes.extend(0x0800_0000_u32.to_le_bytes());
    bytes.extend(64_u16.to_le_bytes());
    bytes.extend((if protected { 12_u16 } else { 0 }).to_le_bytes());
    bytes.extend(100_u32.to_le_bytes());
    bytes.extend(flag::ROM_FIXED.to_le_bytes());
    bytes.extend([1, 2, 3, 0, 4, 0, 0, 0]);
    bytes.resize(64, 0);
    bytes.resize(164, 0xA5);
    if protected {
        bytes.extend([0x08, 0x69, 12, 0, 0x50, 0, 4, 0, 7, 0, 0, 0]);
    }
    bytes.extend([0x07, 0x69, 40, 0, 0x10, 0, 32, 0]);
    bytes.resize(bytes.len() + 32, 0x11);
    bytes
}

#[test]
fn an_image_ends_after_its_tlvs_whatever_follows() {
    for protected in [false, true] {
        let bytes = image(protected);
        for tail in [&b""[..], &[0xFF; 100], &[0; 3]] {
            let slot = [&bytes, tail].concat();
            let mut tlvs = Vec::new();
            let found = Image::find_all(&slot, |tlv| tlvs.push(tlv)).expect("an image");
            assert_eq!(found.len as usize, bytes.len());
            assert_eq!(found.hashed_len as usize, bytes.len() - 40);
            assert_eq!(found.header.header_len, 64);
            assert_eq!(found.header.payload_len, 100);
            assert_eq!(found.header.load_address, 0x0800_0000);
            assert_eq!(found.header.version, Version { major: 1, minor: 2, revision: 3, build: 4 });
            assert_eq!(found.header.version.to_string(), "1.2.3+4");
            let hash = tlvs.last().expect("a hash");
            assert_eq!((hash.kind, hash.len, hash.protected), (0x10, 32, false));
            assert_eq!(hash.offset as usize, bytes.len() - 32);
            assert_eq!(hash.name(), Some("SHA-256"));
            assert_eq!(tlvs.len(), if protected { 2 } else { 1 });
            assert_eq!(tlvs[0].protected, protected);
        }
    }
}

#[test]
fn what_is_cut_off_is_refused_at_every_length() {
    let bytes = image(true);
    for len in 0..bytes.len() {
        let found = Image::find(&bytes[..len]);
        assert!(matches!(found, Err(ImageError::TooLong { .. })), "{len}: {found:?}");
    }
}

#[test]
fn damage_is_named() {
    let find = |at: usize, byte: u8| {
        let mut bytes = image(true);
        bytes[at] = byte;
        Image::find(&bytes)
    };
    assert_eq!(find(0, 0x3C), Err(ImageError::NotAnImage { got: 0x96F3_B83C }));
    assert_eq!(find(8, 31), Err(ImageError::HeaderLength { got: 31 }));
    let (offset, expected) = (165, 0x6908);
    assert_eq!(find(12, 101), Err(ImageError::TlvMagic { offset, expected, got: 0x0C69 }));
    assert_eq!(find(166, 13), Err(ImageError::ProtectedLength { expected: 12, got: 13 }));
    let (offset, expected) = (172, 176);
    assert_eq!(find(170, 5), Err(ImageError::TlvLength { offset, expected, got: 177 }));
    // A payload length that wraps around the address space.
    assert!(matches!(
        find(15, 0xFF),
        Err(ImageError::TooLong { got: u32::MAX, .. } | ImageError::TooLong { .. })
    ));
    assert_eq!(Image::find(&[0xFF; 64]), Err(ImageError::NotAnImage { got: u32::MAX }));
}

#[test]
fn an_area_shorter_than_its_own_head_is_refused() {
    let mut bytes = image(false);
    bytes[166] = 3;
    let (offset, expected, got) = (164, 168, 167);
    assert_eq!(Image::find(&bytes), Err(ImageError::TlvLength { offset, expected, got }));
}

#[test]
fn a_read_error_is_passed_on_with_its_place() {
    let bytes = image(false);
    let read = |offset: u32, part: &mut [u8]| {
        if offset >= 164 {
            return Err("broken");
        }
        part.copy_from_slice(&bytes[offset as usize..][..part.len()]);
        Ok(())
    };
    let found = Image::walk(4096, read, |_: Tlv| ());
    assert_eq!(found, Err(ImageError::Read { offset: 164, error: "broken" }));
}
