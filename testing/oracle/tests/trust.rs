//! Signed patches: the oracle makes of each vector what the index says.

use oracle::trust::{Device, check};
use rig::seal::{Key, Terms, signed};
use rig::vectors::{Index, Trust, folder, unhex};

fn read(path: &str) -> Vec<u8> {
    std::fs::read(folder().join(path)).expect("a file")
}

fn device(vector: &Trust) -> Device {
    let keys = |keys: &[String]| keys.iter().map(|key| unhex(key)).collect();
    Device {
        signers: keys(&vector.signers),
        roots: keys(&vector.roots),
        hardware_id: unhex(&vector.hardware_id),
        security_counter: vector.security_counter,
        takes_unsigned: vector.takes_unsigned,
    }
}

#[test]
fn vectors_are_judged_as_the_index_says() {
    for vector in Index::load(&folder()).expect("an index").trust {
        let base = vector.base.as_deref().map(read).unwrap_or_default();
        let result = oracle::decode_trusted(&base, &read(&vector.patch), &device(&vector));
        match result {
            Ok(target) => {
                let digest = rig::vectors::sha256(&target);
                assert_eq!(Some(digest), vector.target_sha256, "{}", vector.name);
            }
            Err(reject) => {
                assert_eq!(reject.code(), vector.code, "{}", vector.name);
                assert_eq!(Some(format!("{reject:?}")), vector.reject, "{}", vector.name);
            }
        }
    }
}

#[test]
fn blocks_are_cut_alike_at_every_length() {
    use patcher_core::Header;
    let key = Key::new(9);
    let device = Device { signers: vec![key.public().to_vec()], ..Device::default() };
    for len in [0, 1, 47, 48, 49, 63, 64, 65, 95, 96, 97, 111, 112, 113, 159, 160, 161, 1000] {
        let recipe = rig::plan::Recipe::full();
        let header = recipe.header(&[], &[7; 10], 0);
        let header = Header { body_len: u32::try_from(len).expect("small"), ..header };
        let body: Vec<u8> = (0..len).map(|at| (at * 7 % 251_usize).to_le_bytes()[0]).collect();
        let patch = [patcher_core::container::writer::write(&header), body.clone()].concat();
        let patch = signed(&patch, &key, &Terms { block_log2: Some(6), ..Terms::default() });
        let (_, seal, header_len) = Header::parse_sealed(patch.iter().copied()).expect("a header");
        let payload = seal.expect("signed").payload_bytes(header.body_len);
        assert_eq!(payload, (patch.len() - header_len) as u64, "{len}");
        assert_eq!(check(&patch, &device).expect("trusted").1, body, "{len}");
    }
}

#[test]
fn both_headers_agree_on_hostile_extensions() {
    use patcher_core::Header;
    let key = Key::new(9);
    let root = Key::new(8);
    let recipe = rig::plan::Recipe::full();
    let patch = patcher_core::container::writer::write(&recipe.header(&[], &[7; 10], 0));
    let terms = Terms { block_log2: Some(6), root: Some((root, 3)), ..Terms::default() };
    let patch = signed(&patch, &key, &terms);
    for at in 0..patch.len() {
        for value in (0..=u8::MAX).step_by(if at < 12 { 1 } else { 37 }) {
            let mut patch = patch.clone();
            patch[at] = patch[at].wrapping_add(value);
            let ours = [oracle::header::parse, oracle::header::parse_signed]
                .map(|parse| parse(&patch).map(|header| header.len_bytes()).map_err(|e| e.code()));
            let plain = Header::parse(patch.iter().copied()).map(|(_, len)| len);
            let sealed = Header::parse_sealed(patch.iter().copied()).map(|(.., len)| len);
            let real = [plain, sealed].map(|real| real.map_err(|e| Some(e.code())));
            assert_eq!(ours, real, "byte {at} is {}", patch[at]);
        }
    }
}
