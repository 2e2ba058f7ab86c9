//! The worked example of docs/format.md is what the format gives.

#[allow(dead_code, reason = "its `main` is not called here")]
#[path = "../examples/walk.rs"]
mod walk;

#[test]
fn example_of_the_specification_is_current() {
    let (new, current) = walk::pages();
    assert!(new == current, "run `cargo run -p oracle --example walk`");
}
