//! The numbers in docs/format.md are those of the code: the worked example, the priors.

#[allow(dead_code, reason = "its `main` is not called here")]
#[path = "../examples/walk.rs"]
mod walk;

#[test]
fn example_of_the_specification_is_current() {
    let (new, current) = walk::pages();
    assert!(new == current, "run `cargo run -p oracle --example walk`");
}

#[test]
fn priors_of_the_specification_are_current() {
    let (_, page) = walk::pages();
    let (_, section) = page.split_once("## 15. Priors").expect("§15");
    let block = section.split("```").nth(1).and_then(|block| block.strip_prefix("text"));
    let bytes: Result<Vec<u8>, _> = block
        .expect("a block of text")
        .split_ascii_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16))
        .collect();
    assert_eq!(bytes.expect("hexadecimal"), patcher_core::model::prior::PRIORS);
}
