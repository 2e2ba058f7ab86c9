//! Inputs that tempt a matcher into quadratic time, and how many bytes it compares on them.

use super::*;

fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut x = seed;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x.to_le_bytes()[2]
    };
    (0..len).map(|_| next()).collect()
}

/// Every string of `order` letters once: "prefer the largest letter" of two.
fn de_bruijn(len: usize) -> Vec<u8> {
    let order = len.ilog2();
    let mut seen = vec![false; 1 << order];
    let mask = (1usize << order) - 1;
    let mut state = 0usize;
    let mut out = Vec::with_capacity(len);
    seen[0] = true;
    while out.len() < len {
        let one = (state << 1 | 1) & mask;
        state = if seen[one] { (state << 1) & mask } else { one };
        seen[state] = true;
        out.push(u8::from(state & 1 == 1));
    }
    out
}

/// Most repetitive without a period.
fn fibonacci(len: usize) -> Vec<u8> {
    let (mut a, mut b) = (vec![0u8], vec![0u8, 1]);
    while b.len() < len {
        let next = [&b[..], &a[..]].concat();
        a = core::mem::replace(&mut b, next);
    }
    b.truncate(len);
    b
}

/// `bytes` with about one in `every` changed.
fn speckled(mut bytes: Vec<u8>, every: usize, seed: u64) -> Vec<u8> {
    let picks = noise(bytes.len(), seed);
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] ^= 1 | picks[at];
        at += 1 + every / 2 + every * usize::from(picks[at]) / 256;
    }
    bytes
}

fn cycle(period: &[u8], len: usize) -> Vec<u8> {
    period.iter().copied().cycle().take(len).collect()
}

/// A name, the base, and the target.
type Input = (&'static str, Vec<u8>, Vec<u8>);

fn inputs(len: usize) -> Vec<Input> {
    let zeros = vec![0u8; len];
    let period = noise(997, 3);
    let long = noise(len / 8, 4);
    let growing: Vec<u8> =
        (1..).flat_map(|k: usize| core::iter::repeat_n(0, k).chain([1])).take(len).collect();
    let mut reversed = growing.clone();
    reversed.reverse();
    vec![
        ("zeros", zeros.clone(), zeros.clone()),
        ("zeros onto noise", noise(len, 1), zeros.clone()),
        ("noise onto zeros", zeros.clone(), noise(len, 1)),
        ("unrelated noise", noise(len, 1), noise(len, 2)),
        ("zeros with specks", zeros.clone(), speckled(zeros.clone(), 300, 5)),
        ("specks with other specks", speckled(zeros.clone(), 300, 6), speckled(zeros, 300, 5)),
        ("de Bruijn", de_bruijn(len), de_bruijn(len)),
        ("de Bruijn backward", de_bruijn(len), de_bruijn(len).into_iter().rev().collect()),
        ("Fibonacci", fibonacci(len), fibonacci(len)),
        ("Fibonacci onto zeros and ones", de_bruijn(len), fibonacci(len)),
        ("Fibonacci with specks", fibonacci(len), speckled(fibonacci(len), 500, 7)),
        ("short period", cycle(&period, len), speckled(cycle(&period, len), 60, 8)),
        (
            "both speckled",
            speckled(cycle(&period, len), 90, 9),
            speckled(cycle(&period, len), 60, 8),
        ),
        ("two periods", cycle(&period[..512], len), cycle(&period[..509], len)),
        ("long period", cycle(&long, len), speckled(cycle(&long, len), 200, 10)),
        ("growing runs", growing.clone(), reversed),
        ("growing runs with specks", growing.clone(), speckled(growing, 700, 11)),
    ]
}

/// Bytes that are compared per target byte, over all gains.
fn work_per_byte(base: &[u8], target: &[u8]) -> usize {
    let suffixes = Suffixes::new(base.to_vec());
    let work = |gain| {
        let (aligned, work) = align_counted(target, &suffixes, gain);
        let mut end = 0;
        for a in &aligned {
            assert!(a.target >= end && a.base + a.len <= base.len());
            end = a.target + a.len;
        }
        assert!(end <= target.len());
        work
    };
    [3, 8, 24].into_iter().map(work).max().unwrap_or(0) / target.len()
}

#[test]
fn work_stays_in_bounds_on_inputs_made_to_be_slow() {
    for (name, base, target) in inputs(1 << 17) {
        let work = work_per_byte(&base, &target);
        println!("{name}: {work} comparisons a byte");
        assert!(work <= 150, "{name}: {work} comparisons a byte");
    }
}

#[test]
fn work_grows_no_faster_than_n_log_n() {
    for ((name, base, target), (_, base4, target4)) in
        inputs(1 << 15).into_iter().zip(inputs(1 << 17))
    {
        let (small, large) = (work_per_byte(&base, &target), work_per_byte(&base4, &target4));
        println!("{name}: {small}, then {large} comparisons a byte");
        // Two levels more to search; what is looked ahead has not reached its bound at the smaller size.
        assert!(large <= 2 * small + 20, "{name}: {small}, then {large} comparisons a byte");
    }
}

#[test]
fn a_long_match_is_followed_to_a_better_one() {
    // The base holds the target in two parts, and both parts with a speck.
    let image = noise(20_000, 20);
    let base = [&speckled(image.clone(), 400, 21)[..], &image[10_000..], &image[..10_000]].concat();
    let aligned = align(&image, &Suffixes::new(base.clone()), 8);
    let equal: usize = aligned
        .iter()
        .map(|a| (0..a.len).filter(|i| base[a.base + i] == image[a.target + i]).count())
        .sum();
    assert!(equal > 19_900, "{equal} of 20,000 bytes");
}
