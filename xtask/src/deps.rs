//! Checks that workspace members depend on each other only as the architecture allows.
//!
//! The table below is the dependency direction of CONTRIBUTING.md; an edge that it does not list fails the check.

use serde_json::Value;

use crate::{failure::Failure, process};

/// What one member may depend on.
struct Rule {
    member: &'static str,
    /// Members that it may use; `ANYTHING` for all of them.
    uses: &'static [&'static str],
    /// Members that its tests may use besides.
    tests_use: &'static [&'static str],
}

const ANYTHING: &[&str] = &["*"];

const fn rule(
    member: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
) -> Rule {
    Rule { member, uses, tests_use }
}

const RULES: &[Rule] = &[
    rule("app", &["bsp", "device-apply", "layout", "link", "patcher-core"], &[]),
    rule("benches", ANYTHING, &[]),
    rule("bootloader", &["bsp", "device-apply", "layout", "p256-verify", "patcher-core"], &[]),
    rule("bsp", &["layout"], &["emulator"]),
    rule("capi", &["device-apply", "patcher-core"], &[]),
    rule("corpora", &[], &[]),
    rule("detools-apply", &[], &["formats"]),
    rule("device-apply", &["patcher-core"], &[]),
    rule("emulator", &["flash-model", "layout"], &[]),
    rule("flash-model", &[], &[]),
    rule("formats", &[], &[]),
    rule("host-diff", &["formats", "mcuboot", "patcher-core"], &["detools-apply", "device-apply"]),
    rule("layout", &[], &[]),
    rule("link", &[], &[]),
    rule("manual", ANYTHING, &[]),
    rule("mcuboot", &[], &[]),
    rule("meter", &["bsp", "device-apply", "layout", "patcher-core"], &[]),
    rule("oracle", &[], &["host-diff"]),
    rule("p256-verify", &[], &[]),
    rule("patcher-core", &[], &[]),
    rule("rig", &["patcher-core"], &[]),
    rule("selftest", &["bsp", "layout"], &[]),
    rule(
        "stories",
        &["device-apply", "emulator", "flash-model", "host-diff", "layout", "link", "patcher-core"],
        &[],
    ),
    rule("xtask", ANYTHING, &[]),
];

/// Folders of the workspaces whose members have rules.
const WORKSPACES: [&str; 2] = ["", "stm32-demo"];

/// Helpers that the tests of any member may use, and the features of the codec that they need.
const TEST_HELPERS: &[&str] = &["corpora", "flash-model", "oracle", "patcher-core", "rig"];

/// Members whose own tests must stay free of the code that they referee.
const INDEPENDENT: &[&str] = &["corpora", "emulator", "flash-model"];

/// Members that run on a device: their build must not turn on the encoder, which allocates.
const DEVICE: &[&str] = &[
    "app",
    "bootloader",
    "bsp",
    "capi",
    "detools-apply",
    "device-apply",
    "mcuboot",
    "meter",
    "p256-verify",
    "selftest",
];

/// One dependency of one member, as `cargo metadata` gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    from: String,
    to: String,
    for_tests: bool,
    features: Vec<String>,
    /// Whether `to` is a folder of this repository and not a crate of the registry.
    local: bool,
}

/// The task.
pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    let mut edges = Vec::new();
    for workspace in WORKSPACES {
        let mut command = process::cargo();
        command.args(["metadata", "--format-version", "1", "--no-deps", "--locked"]);
        command.current_dir(process::root().join(workspace));
        let text = process::answer(&mut command).ok_or_else(|| {
            Failure::new(format!(
                "`cargo metadata --locked` failed in ./{workspace}: is Cargo.lock up to date?"
            ))
        })?;
        let metadata = serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("output of cargo metadata: {error}")))?;
        edges.extend(self::edges(&metadata));
    }
    let complaints: Vec<String> = edges.iter().filter_map(complaint).collect();
    if complaints.is_empty() {
        println!("{} workspace edges, all allowed", edges.iter().filter(|edge| edge.local).count());
        return Ok(());
    }
    Err(Failure::new(format!("dependency direction:\n  {}", complaints.join("\n  "))))
}

fn edges(metadata: &Value) -> Vec<Edge> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .flat_map(|package| {
            let dependencies = package["dependencies"].as_array().into_iter().flatten();
            dependencies.map(move |dependency| edge(package, dependency))
        })
        .collect()
}

fn edge(package: &Value, dependency: &Value) -> Edge {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let features = dependency["features"].as_array().into_iter().flatten();
    Edge {
        from: text(&package["name"]),
        to: text(&dependency["name"]),
        for_tests: dependency["kind"] == "dev",
        features: features.map(text).collect(),
        local: !dependency["path"].is_null(),
    }
}

/// What is wrong with an edge, if anything.
fn complaint(edge: &Edge) -> Option<String> {
    let Edge { from, to, for_tests, features, local } = edge;
    if !local {
        let bare = from == "patcher-core" && !for_tests;
        return bare.then(|| format!("{from} must have no dependencies, found {to}"));
    }
    let Some(rule) = RULES.iter().find(|rule| rule.member == from) else {
        return Some(format!("{from} has no rule in xtask/src/deps.rs"));
    };
    let listed = |list: &[&str]| list == ANYTHING || list.contains(&to.as_str());
    let helper = listed(TEST_HELPERS) && !INDEPENDENT.contains(&rule.member);
    let allowed = listed(rule.uses) || *for_tests && (listed(rule.tests_use) || helper);
    if !allowed {
        let what = if *for_tests { "tests of " } else { "" };
        return Some(format!("{what}{from} must not depend on {to}"));
    }
    let encodes = features.iter().any(|feature| feature == "encode");
    (encodes && !for_tests && DEVICE.contains(&rule.member))
        .then(|| format!("{from} must not turn on {to}/encode outside its tests"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str) -> Edge {
        Edge {
            from: from.to_owned(),
            to: to.to_owned(),
            for_tests: false,
            features: Vec::new(),
            local: true,
        }
    }

    fn in_tests(edge: Edge) -> Edge {
        Edge { for_tests: true, ..edge }
    }

    #[test]
    fn listed_edges_pass() {
        for (from, to) in [
            ("device-apply", "patcher-core"),
            ("host-diff", "patcher-core"),
            ("emulator", "flash-model"),
            ("xtask", "host-diff"),
            ("benches", "oracle"),
        ] {
            assert_eq!(complaint(&edge(from, to)), None, "{from} -> {to}");
        }
    }

    #[test]
    fn edges_against_the_direction_fail() {
        for (from, to) in [
            ("device-apply", "host-diff"),
            ("emulator", "patcher-core"),
            ("host-diff", "device-apply"),
            ("oracle", "patcher-core"),
            ("patcher-core", "device-apply"),
            ("formats", "host-diff"),
            ("device-apply", "formats"),
        ] {
            let expected = format!("{from} must not depend on {to}");
            assert_eq!(complaint(&edge(from, to)), Some(expected));
        }
    }

    #[test]
    fn tests_may_use_helpers_but_referees_stay_independent() {
        assert_eq!(complaint(&in_tests(edge("patcher-core", "oracle"))), None);
        assert_eq!(complaint(&in_tests(edge("device-apply", "flash-model"))), None);
        assert_eq!(complaint(&in_tests(edge("host-diff", "device-apply"))), None);
        assert!(complaint(&in_tests(edge("device-apply", "host-diff"))).is_some());
        assert_eq!(complaint(&in_tests(edge("oracle", "patcher-core"))), None);
        assert!(complaint(&edge("oracle", "patcher-core")).is_some());
        assert!(complaint(&in_tests(edge("flash-model", "patcher-core"))).is_some());
        assert!(complaint(&edge("device-apply", "flash-model")).is_some());
    }

    #[test]
    fn the_encoder_stays_off_the_device() {
        let encode =
            Edge { features: vec!["encode".to_owned()], ..edge("device-apply", "patcher-core") };
        assert!(complaint(&encode).is_some());
        assert_eq!(complaint(&in_tests(encode)), None);
    }

    #[test]
    fn registry_crates_are_free_except_in_the_core() {
        let registry = |from| Edge { local: false, ..edge(from, "serde") };
        assert_eq!(complaint(&registry("host-diff")), None);
        assert!(complaint(&registry("patcher-core")).is_some());
        assert_eq!(complaint(&in_tests(registry("patcher-core"))), None);
    }

    #[test]
    fn a_member_without_a_rule_fails() {
        assert!(complaint(&edge("newcomer", "patcher-core")).is_some());
    }

    #[test]
    fn metadata_is_read_as_cargo_writes_it() {
        let metadata = serde_json::json!({"packages": [{"name": "a", "dependencies": [
            {"name": "b", "kind": "dev", "path": "/w/b", "features": ["encode"]},
            {"name": "c", "kind": null, "features": []},
        ]}]});
        let b =
            Edge { features: vec!["encode".to_owned()], ..in_tests(super::tests::edge("a", "b")) };
        let c = Edge { local: false, ..super::tests::edge("a", "c") };
        assert_eq!(edges(&metadata), [b, c]);
    }
}
