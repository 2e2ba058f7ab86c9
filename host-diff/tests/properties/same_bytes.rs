//! Equal input gives equal bytes.

use core::num::NonZeroUsize;
use std::thread;

use host_diff::{Options, create};

use super::{image, level, thumb};

#[test]
fn the_same_bytes_twice_and_from_racing_threads() {
    let (base, target) = rig::firmware::pair(12, 120);
    let options = thumb(6);
    let make = || create(&image(&base), &image(&target), &options).expect("a patch");
    let first = make();
    assert_eq!(make(), first);
    thread::scope(|scope| {
        let racers: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
        for racer in racers {
            assert_eq!(racer.join().expect("no panic"), first);
        }
    });
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let (base, target) = rig::firmware::pair(14, 200);
    for options in [thumb(6), level(9)] {
        let on = |threads: usize| {
            let options = Options { threads: NonZeroUsize::new(threads), ..options.clone() };
            create(&image(&base), &image(&target), &options).expect("a patch")
        };
        let alone = on(1);
        for threads in [2, 3, 9] {
            assert_eq!(on(threads), alone, "{threads} threads");
        }
    }
}

#[test]
fn default_options_are_spelt_out() {
    let (base, target) = rig::firmware::pair(13, 40);
    let make = |options: &Options| create(&image(&base), &image(&target), options);
    let spelt = Options { ram: 16_384, level: 6, ..Options::default() };
    assert_eq!(make(&Options::default()), make(&spelt));
}
