//! Blocks that name a file are in that file, word for word.

use std::fs;
use std::path::Path;

#[test]
fn every_excerpt_is_in_the_file_that_it_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/integration.md")).expect("the page");
    let mut count = 0;
    for part in page.split("<!-- from ").skip(1) {
        let (name, rest) = part.split_once(" -->").expect("a name");
        let block = rest.split("```").nth(1).expect("a block");
        let (_, text) = block.split_once('\n').expect("a language");
        let file = fs::read_to_string(root.join(name)).expect(name);
        assert!(file.contains(text), "{name} does not have this:\n{text}");
        count += 1;
    }
    assert!(count >= 2, "{count} excerpts");
}
