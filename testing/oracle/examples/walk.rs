//! Writes the example of docs/format.md §12, again after each change of the format:
//! `cargo run -p oracle --example walk`. `tests/example.rs` tells when that is due.

use oracle::Answer;
use patcher_core::container::writer;
use patcher_core::encode::{Diff, Plan, encode};
use patcher_core::{Header, Kind, reference};

const BASE: &[u8] = b"patcher 0.1 updates firmware";
const TARGET: &[u8] = b"patcher 0.2 updates firmware!";

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/format.md");
const BEGIN: &str = "## 12. Example\n\n";
const END: &str = "\n## 13. ";

/// The value that the walk ends with.
const LAST: &str = "missed byte";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// One diff over the whole base; the last byte is a literal.
fn patch() -> Vec<u8> {
    let len = |bytes: &[u8]| u32::try_from(bytes.len()).expect("small");
    let mut header = Header {
        kind: Kind::Delta,
        isa: reference::NO_ISA,
        memory: 8,
        map_entries: 0,
        base_len: len(BASE),
        target_len: len(TARGET),
        body_len: 0,
        epoch_log2: 0,
        in_place: None,
        base_regions: Default::default(),
        target_regions: Default::default(),
        base_digest: oracle::sha256(BASE)[..4].try_into().expect("4 bytes"),
        target_digest: oracle::sha256(TARGET)[..8].try_into().expect("8 bytes"),
        self_digests: Default::default(),
    };
    let diffs = vec![Diff { target: 0, base: 0, len: len(BASE) }];
    let plan = Plan { diffs, ..Plan::default() };
    let body = encode(&header, &reference::ALL, BASE, TARGET, &plan).expect("a good plan");
    header.body_len = len(&body);
    [writer::write(&header), body].concat()
}

/// The text of §12.
fn example() -> String {
    let patch = patch();
    let observed = oracle::observe(BASE, &patch, usize::MAX).expect("a good patch");
    assert_eq!(observed.image, TARGET);
    let header = oracle::header::parse(&patch).expect("a good header");
    let [base, target] = [BASE, TARGET].map(|bytes| String::from_utf8_lossy(bytes));

    let mut text = format!(
        "A delta from the {} bytes `{base}` to the {} bytes `{target}`, without references, written by \
         `cargo run -p oracle --example walk`.\n\n```text\n",
        BASE.len(),
        TARGET.len(),
    );
    for (name, place) in &header.fields {
        text += &format!("{:02x}  {:<48}{name}\n", place.start, hex(&patch[place.clone()]));
    }
    let body = header.len_bytes();
    text += &format!("{body:02x}  {:<48}body\n```\n\n", hex(&patch[body..]));
    let shown = 1 + observed.steps.iter().position(|step| step.name == LAST).expect("a miss");
    let count = |steps: &[oracle::Step]| steps.iter().map(|s| s.decisions.len()).sum::<usize>();
    text += &format!(
        "The first {} of its {} decisions. The segment starts with range = ffffffff and the first four bytes of the body as code.\n\
         Odds are p1, or of a symbol f(s)/total.\n\n",
        count(&observed.steps[..shown]),
        count(&observed.steps)
    );
    text += "```text\nodds       answer  range     code      makes\n";
    let decisions = observed.steps[..shown].iter().flat_map(|step| {
        step.decisions.iter().enumerate().map(|(index, decision)| {
            let last = index + 1 == step.decisions.len();
            let made = if last { format!("{} = {}", step.name, step.value) } else { String::new() };
            (decision, made)
        })
    });
    for (decision, made) in decisions {
        let (odds, answer) = match decision.answer {
            Answer::Bit { p1, bit } => (p1.to_string(), usize::from(bit)),
            Answer::Symbol { share, total, symbol } => (format!("{share}/{total}"), symbol),
        };
        let (range, code) = (decision.range, decision.code);
        let line = format!("{odds:<10} {answer:<7} {range:08x}  {code:08x}  {made}");
        text += line.trim_end();
        text.push('\n');
    }
    text += "```\n";
    text
}

/// docs/format.md with this example in it, and as it is.
pub(crate) fn pages() -> (String, String) {
    let page = std::fs::read_to_string(PAGE).expect("docs/format.md");
    let (before, rest) = page.split_once(BEGIN).expect("the chapter");
    let (_, after) = rest.split_once(END).expect("the next chapter");
    (format!("{before}{BEGIN}{}{END}{after}", example()), page.clone())
}

fn main() {
    let (new, _) = pages();
    std::fs::write(PAGE, new).expect("docs/format.md");
}
