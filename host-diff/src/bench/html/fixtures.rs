//! Made-up results: two pairs, two configurations of ours, a peer that fails once, a peer that is absent.

use crate::bench::measure::Usage;
use crate::bench::result::{Bench, Codec, Family, Measured, Outcome, PairResult, Run, Stage};
use crate::image::FlatImage;
use crate::info::Info;
use crate::report::{Account, Explanation, Names, Range};
use crate::{Options, create};

fn codec(name: &str, family: Family, absent: Option<&str>) -> Codec {
    Codec {
        name: name.to_owned(),
        family,
        version: None,
        absent: absent.map(str::to_owned),
        command: format!("{name} {{target}}"),
        ram_bytes: None,
    }
}

fn verified(patch_bytes: u64, ram_bytes: Option<u64>) -> Outcome {
    let usage = Usage { seconds: 0.5, cpu_seconds: Some(0.4), peak_rss_bytes: Some(3 << 20) };
    Outcome::Verified(Measured { patch_bytes, ram_bytes, encode: usage, decode: usage })
}

/// A real patch, explained with a name that tries to break out.
fn explanation() -> Explanation {
    let base = FlatImage::from_raw((0..=255).cycle().take(2_000).collect());
    let mut target = base.clone();
    target.bytes.splice(700..700, *b"something new that was not there before");
    let patch =
        create(&base, &target, &Options { level: 1, ..Options::default() }).expect("a patch");
    let account = Account::of(&base.bytes, &Info::read(&patch.bytes).expect("a patch"));
    let name = "</svg><script>alert(1)</script>".to_owned();
    let names = vec![Range { name, offset: 600, len: 400 }];
    let names = Names { sections: names.clone(), symbols: names };
    Explanation::new(&account.expect("its base"), &names)
}

pub(crate) fn bench() -> Bench {
    let failed = Outcome::Failed {
        stage: Stage::Verification,
        reason: "expected the target of 2 bytes, found <none>".to_owned(),
    };
    let pair = |name: &str, outcomes: [Outcome; 4]| PairResult {
        name: name.to_owned(),
        class: Some("minor & more".to_owned()),
        base_bytes: 2_000,
        target_bytes: 2_039,
        runs: outcomes
            .into_iter()
            .zip(["ours 16K", "ours 4K", "broken", "missing"])
            .map(|(outcome, codec)| Run { codec: codec.to_owned(), outcome })
            .collect(),
        explanation: Some(explanation()),
    };
    let ours = |bytes, ram| verified(bytes, Some(ram));
    Bench {
        version: "0.0.0".to_owned(),
        host: "test <host>".to_owned(),
        repeat: 1,
        codecs: vec![
            codec("ours 16K", Family::Ours, None),
            codec("ours 4K", Family::Ours, None),
            codec("broken", Family::Delta, None),
            codec(
                "missing",
                Family::Full,
                Some("'missing': not found; to install: apt install missing"),
            ),
        ],
        pairs: vec![
            pair(
                "a <b> & \"c\"",
                [ours(100, 16_000), ours(130, 4_000), verified(300, None), Outcome::Absent],
            ),
            pair("second", [ours(200, 16_100), ours(220, 4_096), failed, Outcome::Absent]),
        ],
        notes: vec!["left out file 'x'".to_owned()],
    }
}
