//! Equal input gives equal bytes.

use std::thread;

use host_diff::{Options, create};

use super::{image, thumb};

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
fn default_options_are_spelt_out() {
    let (base, target) = rig::firmware::pair(13, 40);
    let make = |options: &Options| create(&image(&base), &image(&target), options);
    let spelt = Options { ram: 16_384, level: 6, ..Options::default() };
    assert_eq!(make(&Options::default()), make(&spelt));
}
