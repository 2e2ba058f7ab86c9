use super::*;

const IMAGE: &[u8] = b"abcdef--abcd----abc-----abcdefgh";

/// Exact keys, and hashed ones.
fn keys(text: &[u8]) -> [Keys; 2] {
    [Keys::wanted(3, [text].into_iter()), Keys::hashed(4, text.len())]
}

fn near(
    places: &Places<'_>,
    pattern: &[u8],
    within: (usize, usize),
    most: usize,
) -> Vec<(usize, usize)> {
    let mut seen = Vec::new();
    places.near(pattern, within, most, |at, length| seen.push((at, length)));
    seen
}

#[test]
fn the_nearest_comes_first_and_then_only_longer_ones() {
    let [exact, hashed] = keys(IMAGE);
    let places = Places::new(IMAGE, &exact);
    assert_eq!(near(&places, b"abcdefgh", (0, 17), 10), [(16, 3), (24, 8)]);
    assert_eq!(near(&places, b"abcdefgh", (0, 3), 2), [(0, 6)]);
    assert_eq!(near(&places, b"abcdefgh", (9, 3), 10), [(16, 3), (24, 8)], "nothing before 9");
    let places = Places::new(IMAGE, &hashed);
    assert_eq!(near(&places, b"abcdefgh", (0, 10), 10), [(8, 4), (0, 6), (24, 8)]);
}

#[test]
fn the_last_comes_first_and_then_only_longer_ones() {
    let [keys, _] = keys(IMAGE);
    let places = Places::new(IMAGE, &keys);
    let mut past = Cursor::new(&places);
    let mut last = |at, longest, most| {
        let mut seen = Vec::new();
        past.last((keys.number(b"abc").unwrap(), b"abcdefgh"), at, longest, most, |at, length| {
            seen.push((at, length))
        });
        seen
    };
    assert_eq!(last(0, 0, 10), []);
    assert_eq!(last(9, 0, 10), [(8, 4), (0, 6)]);
    assert_eq!(last(24, 0, 10), [(16, 3), (8, 4), (0, 6)]);
    assert_eq!(last(24, 4, 10), [(0, 6)]);
    assert_eq!(last(24, 0, 2), [(16, 3), (8, 4)]);
    assert_eq!(last(25, 0, 10), [(24, 8)]);
}

#[test]
fn candidates_are_as_long_as_a_search_by_hand_finds_them() {
    let noise =
        core::iter::successors(Some(1u32), |x| Some(x.wrapping_mul(1_103_515_245) + 12_345));
    let image: Vec<u8> = noise.take(2_000).map(|x| b"\0ab"[(x >> 16) as usize % 3]).collect();
    for keys in keys(&image) {
        let places = Places::new(&image, &keys);
        let (mut past, mut cursor) = (Cursor::new(&places), Cursor::new(&places));
        for at in (0..image.len()).step_by(7) {
            // A pattern may end before the image does, and hold zeros as what lies past the end.
            let pattern = &image[at..image.len().min(at + 1 + at % 23)];
            let length = |from: usize| common(&image[from..], pattern);
            let is_place = |&from: &usize| length(from) >= keys.len();
            let by_hand = (0..image.len()).filter(is_place).map(length).max();
            let found = near(&places, pattern, (0, at / 2), usize::MAX);
            assert_eq!(found.iter().map(|found| found.1).max(), by_hand, "{pattern:?}");
            let by_hand = (0..at).filter(is_place).map(length).max();
            let mut found = Vec::new();
            if let Some(key) = keys.number(pattern) {
                let push = |from, len| found.push((from, len));
                past.last((key, pattern), at, 0, usize::MAX, push);
            }
            assert_eq!(found.iter().map(|found| found.1).max(), by_hand, "{pattern:?} at {at}");
            assert!(found.iter().all(|&(from, len)| from < at && len == length(from)));
            // A cursor that jumps finds what a search from nothing finds.
            let expected = at * 31 % image.len();
            let mut found = Vec::new();
            let within = (at / 2, expected);
            if let Some(key) = keys.number(pattern) {
                cursor.near((key, pattern), within, 5, |from, len| found.push((from, len)));
            }
            assert_eq!(found, near(&places, pattern, within, 5), "{pattern:?} at {expected}");
        }
    }
}

#[test]
fn short_images_and_patterns_have_no_places() {
    for image in [&b""[..], b"ab", b"abc"] {
        let keys = Keys::hashed(8, image.len());
        assert_eq!(near(&Places::new(image, &keys), b"abcdefgh", (0, 0), 8), []);
        let [keys, _] = self::keys(image);
        let places = Places::new(image, &keys);
        assert_eq!(near(&places, b"ab", (0, 0), 8), []);
    }
}
