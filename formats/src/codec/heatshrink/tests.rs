use std::io::Read as _;

use rig::random::Random;

use super::*;

fn decode(coded: &[u8]) -> Vec<u8> {
    let (parameters, rest) = Parameters::read(coded).expect("parameters");
    let mut decoded = Vec::new();
    Decoder::new(rest, parameters).read_to_end(&mut decoded).expect("memory is always read");
    decoded
}

/// The fewest bits by trying every copy of every length.
fn fewest_bits(bytes: &[u8], parameters: Parameters) -> u64 {
    let copy_bits = 1 + u64::from(parameters.window()) + u64::from(parameters.lookahead());
    let mut bits = vec![0; bytes.len() + 1];
    for at in (0..bytes.len()).rev() {
        bits[at] = bits[at + 1] + 9;
        let window = usize::try_from(parameters.window_bytes()).expect("small");
        for from in at.saturating_sub(window)..at {
            for len in 1..=(1usize << parameters.lookahead()).min(bytes.len() - at) {
                if bytes[from + len - 1] != bytes[at + len - 1] {
                    break;
                }
                bits[at] = bits[at].min(bits[at + len] + copy_bits);
            }
        }
    }
    bits[0]
}

#[test]
fn parameters_are_those_of_heatshrink() {
    assert_eq!(Parameters::DEPLOYED.byte(), 0x44);
    assert_eq!(Parameters::new(8, 7), Ok(Parameters::DEPLOYED));
    assert_eq!(Parameters::new(4, 3).map(Parameters::byte), Ok(0x00));
    assert_eq!(Parameters::new(15, 14).map(Parameters::byte), Ok(0xBB));
    for (window, lookahead) in [(3, 3), (16, 5), (8, 8), (8, 2), (4, 4)] {
        assert!(matches!(Parameters::new(window, lookahead), Err(Error::Parameter { .. })));
    }
    let expected = Err(Error::Number { expected: "heatshrink parameters", found: 0x45 });
    assert_eq!(Parameters::read(&[0x45]), expected);
}

#[test]
fn the_stream_is_that_of_heatshrink() {
    // 1 'a' | 0 distance 1 length 9 | padding
    let coded = encode(b"aaaaaaaaaa", Parameters::DEPLOYED);
    assert_eq!(coded, [0x44, 0b1011_0000, 0b1000_0000, 0b0000_0100, 0]);
    assert_eq!(decode(&coded), b"aaaaaaaaaa");
    assert_eq!(encode(b"", Parameters::DEPLOYED), [0x44]);
}

#[test]
fn copies_may_begin_in_the_zeros_before_the_stream() {
    let coded = [0x44, 0b0000_0000, 0b0000_0001, 0];
    assert_eq!(decode(&coded), [0; 2]);
}

#[test]
fn no_coding_is_shorter() {
    let mut random = Random::new(3);
    for parameters in [(4, 3), (5, 3), (8, 7), (11, 4)] {
        let parameters = Parameters::new(parameters.0, parameters.1).expect("legal");
        for kinds in [1, 2, 3, 7] {
            for len in [1, 2, 3, 17, 400] {
                let bytes: Vec<u8> = (0..len)
                    .map(|_| u8::try_from(random.below(kinds) * random.below(2)).expect("small"))
                    .collect();
                let coded = encode(&bytes, parameters);
                assert_eq!(decode(&coded), bytes);
                let bits = fewest_bits(&bytes, parameters);
                assert_eq!(coded.len() as u64, 1 + bits.div_ceil(8), "{parameters:?} {bytes:?}");
            }
        }
    }
}
