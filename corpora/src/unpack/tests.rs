use std::io::Write as _;

use super::*;

/// A zip of stored files.
pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        // `./` is kept only when the name is written raw.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deb_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut deb = b"!<arch>\n".to_vec();
    for (name, data) in members {
        let header =
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, data.len());
        deb.extend(header.bytes().chain(data.iter().copied()));
        deb.extend(core::iter::repeat_n(b'\n', data.len() % 2));
    }
    deb
}

/// xz of the tar holding `./fw/image.bin` with content "firmware" (made with `tar -c | xz`).
const DATA_TAR_XZ: &[u8] = include_bytes!("tests/data.tar.xz");

fn only(file: &str, bytes: &[u8], member: &str) -> Vec<u8> {
    let mut found = members(file, bytes, [member]).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(member).unwrap()
}

#[test]
fn each_kind_of_package_gives_its_file() {
    let files: [(&str, &[u8]); 2] = [("other", b"x"), ("fw/image.bin", b"firmware")];
    assert_eq!(only("p.whl", &zip_of(&files), "fw/image.bin"), b"firmware");
    assert_eq!(only("p.tgz", &gzip(&tar_of(&files)), "fw/image.bin"), b"firmware");
    assert_eq!(only("p.tar.gz", &gzip(&tar_of(&files)), "fw/image.bin"), b"firmware");
}

#[test]
fn a_deb_gives_its_file_whatever_its_data_is_compressed_with() {
    let tar = tar_of(&[("./fw/image.bin", b"firmware")]);
    let gz = gzip(&tar);
    let data: [(&str, &[u8]); 4] = [
        ("data.tar", &tar),
        ("data.tar.gz", &gz),
        ("data.tar.xz", DATA_TAR_XZ),
        ("data.tar.xz/", DATA_TAR_XZ),
    ];
    for data in data {
        // An odd length before it, so that padding matters.
        let deb = deb_of(&[("debian-binary", b"2.0"), ("control.tar.xz", b"skipped"), data]);
        assert_eq!(only("p.deb", &deb, "./fw/image.bin"), b"firmware", "{}", data.0);
        assert_eq!(only("p.deb", &deb, "fw/image.bin"), b"firmware", "{}", data.0);
    }
}

#[test]
fn an_exclamation_mark_descends_into_zips() {
    let inner = zip_of(&[("image.bin", b"firmware")]);
    let middle = zip_of(&[("inner.zip", &inner)]);
    let outer = zip_of(&[("dir/middle.zip", &middle)]);
    assert_eq!(only("p.whl", &outer, "dir/middle.zip!inner.zip!image.bin"), b"firmware");
    let tgz = gzip(&tar_of(&[("package/inner.zip", &inner)]));
    assert_eq!(only("p.tgz", &tgz, "package/inner.zip!image.bin"), b"firmware");
}

#[test]
fn files_that_are_not_there_are_left_out() {
    let inner = zip_of(&[("image.bin", b"firmware")]);
    let outer = zip_of(&[("inner.zip", &inner)]);
    let wanted = ["inner.zip!image.bin", "inner.zip!none", "none", "none!image.bin"];
    let found = members("p.zip", &outer, wanted).unwrap();
    assert_eq!(found.into_keys().collect::<Vec<_>>(), ["inner.zip!image.bin"]);
}

#[test]
fn what_is_no_archive_is_refused() {
    let read = |file, bytes: &[u8]| members(file, bytes, ["image.bin"]);
    assert!(matches!(read("p.exe", b""), Err(UnpackError::UnknownKind { .. })));
    assert!(matches!(read("p.whl", b"junk"), Err(UnpackError::Zip(_))));
    assert!(matches!(read("p.tgz", b"junk"), Err(UnpackError::Archive(_))));
    let zip = zip_of(&[("image.bin", b"not a zip")]);
    assert!(matches!(members("p.zip", &zip, ["image.bin!inner"]), Err(UnpackError::Zip(_))));
}

#[test]
fn a_broken_deb_is_told_by_what_is_there() {
    let found = |bytes: &[u8]| match members("p.deb", bytes, ["image.bin"]) {
        Err(UnpackError::Deb { found }) => found,
        other => panic!("{other:?}"),
    };
    let deb = deb_of(&[("debian-binary", b"2.0\n"), ("data.tar.zst", b"")]);
    assert_eq!(found(b"junk"), "no ar archive");
    assert_eq!(found(&deb), "data.tar.zst");
    assert_eq!(found(&deb[..70]), "a cut-off member");
    assert_eq!(found(&deb[..20]), "a cut-off member header");
    assert_eq!(found(&deb_of(&[("debian-binary", b"2.0\n")])), "no data archive");
}
