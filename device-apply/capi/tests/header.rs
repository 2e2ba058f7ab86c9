//! The header says what the library has: every declaration is made from the Rust source and looked for in the header.

#![expect(clippy::arithmetic_side_effects, clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use patcher_apply::code;

const HEADER: &str = include_str!("../include/patcher_apply.h");
const SOURCES: [&str; 4] = [
    include_str!("../src/applier.rs"),
    include_str!("../src/boot.rs"),
    include_str!("../src/flash.rs"),
    include_str!("../src/update.rs"),
];

/// Words with one space between them, and none around punctuation.
fn normal(text: &str) -> String {
    let mut normal = String::new();
    for word in text.split_whitespace() {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.push_str(word);
    }
    for mark in ["*", "(", ")", ",", "[", "]", "{", "}", ";"] {
        for spaced in [format!(" {mark}"), format!("{mark} ")] {
            while normal.contains(&spaced) {
                normal = normal.replace(&spaced, mark);
            }
        }
    }
    normal
}

fn without_comments(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").unwrap().1;
    }
    kept + rest
}

/// `BootRecord` as `patcher_boot_record_t`.
fn type_name(rust: &str) -> String {
    let mut name = String::from("patcher");
    for letter in rust.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name + "_t"
}

/// A C declaration of `name` with a Rust type.
fn declared(rust: &str, name: &str) -> String {
    let rust = rust.trim();
    if let Some(function) = rust.strip_prefix("Option<unsafe extern \"C\" fn(") {
        let (arguments, returned) = function.rsplit_once(") -> ").unwrap();
        let returned = declared(returned.trim_end_matches(['>', ',', ' ']), "");
        return format!("{returned}(*{name})({})", parameters(arguments));
    }
    if let Some(pointee) = rust.strip_prefix("*const ") {
        return format!("const {}", declared(pointee, &format!("*{name}")));
    }
    if let Some(pointee) = rust.strip_prefix("*mut ") {
        return declared(pointee, &format!("*{name}"));
    }
    if let Some(array) = rust.strip_prefix('[') {
        let (of, count) = array.trim_end_matches(']').split_once(';').unwrap();
        let count = count.trim().replace("APPLIER_BYTES", "PATCHER_APPLIER_BYTES");
        return declared(of, &format!("{name}[{count}]"));
    }
    let word = match rust {
        "u8" | "u16" | "u32" | "u64" => format!("uint{}_t", &rust[1..]),
        "i32" => String::from("int32_t"),
        "usize" => String::from("size_t"),
        "bool" => String::from("bool"),
        "c_void" | "core::ffi::c_void" => String::from("void"),
        name => type_name(name),
    };
    format!("{word} {name}")
}

/// Parameters or fields, apart.
fn listed(rust: &str) -> Vec<(String, String)> {
    let mut depth = 0;
    let apart: String = rust
        .chars()
        .map(|letter| {
            match letter {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                ',' if depth == 0 => return '\n',
                _ => {}
            }
            letter
        })
        .collect();
    let lines = apart.split('\n').map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (name, of) = line.split_once(':').unwrap();
            (name.trim().trim_start_matches("pub ").to_owned(), of.trim().to_owned())
        })
        .collect()
}

fn parameters(rust: &str) -> String {
    let list: Vec<String> = listed(rust).iter().map(|(name, of)| declared(of, name)).collect();
    if list.is_empty() { String::from("void") } else { list.join(", ") }
}

/// The Rust source on one line, without comments and attributes.
fn flat(source: &str) -> String {
    let code = source.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let code = code.filter(|line| !line.starts_with("#[derive"));
    let code = code.collect::<Vec<_>>().join(" ");
    code.replace("< unsafe", "<unsafe").replace("fn( ", "fn(").replace(", >", ">")
}

/// What the Rust source declares for C.
fn of_rust() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in SOURCES.map(flat) {
        for part in source.split("extern \"C\" fn patcher_").skip(1) {
            let (signature, _) = part.split_once(" {").unwrap();
            let (name, rest) = signature.split_once('(').unwrap();
            let (arguments, returned) = rest.rsplit_once(") -> ").unwrap();
            let returned = declared(returned, "");
            let function = format!("{returned} patcher_{name}({})", parameters(arguments));
            found.insert(normal(&function));
        }
        for part in source.split("#[repr(C").skip(1) {
            let (_, part) = part.split_once("pub struct ").unwrap();
            let (name, rest) = part.split_once(" {").unwrap();
            let (fields, _) = rest.split_once('}').unwrap();
            let fields: Vec<String> =
                listed(fields).iter().map(|(name, of)| declared(of, name) + ";").collect();
            let name = type_name(name);
            let tag = name.trim_end_matches("_t");
            let text = format!("typedef struct {tag} {{ {} }} {name}", fields.join(" "));
            found.insert(normal(&text));
        }
        for part in source.split("pub type ").skip(1) {
            let (name, rest) = part.split_once(" = ").unwrap();
            let (of, _) = rest.split_once("> ;").or_else(|| rest.split_once(">;")).unwrap();
            found.insert(normal(&format!(
                "typedef {}",
                declared(&format!("{of}>"), &type_name(name))
            )));
        }
    }
    found
}

/// What the header declares, constants apart.
fn of_header() -> BTreeSet<String> {
    let text = without_comments(HEADER);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let text = lines.collect::<Vec<_>>().join(" ").replace("extern \"C\" {", "");
    let mut depth = 0;
    let mut found = BTreeSet::new();
    let mut declaration = String::new();
    for letter in text.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => continue,
            '}' => depth -= 1,
            ';' if depth == 0 => {
                found.insert(normal(&declaration));
                declaration.clear();
                continue;
            }
            _ => {}
        }
        declaration.push(letter);
    }
    found.retain(|text| !text.starts_with("enum{") && text != "void patcher_panic(void)");
    found
}

#[test]
fn the_header_declares_what_the_library_has_and_nothing_else() {
    let (rust, header) = (of_rust(), of_header());
    let missing: Vec<&String> = rust.difference(&header).collect();
    let unknown: Vec<&String> = header.difference(&rust).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "missing: {missing:#?}\nunknown: {unknown:#?}"
    );
    assert!(rust.len() > 25, "{}", rust.len());
}

/// The value of a constant of the header.
fn constant(name: &str) -> i64 {
    let text = without_comments(HEADER);
    for line in text.lines() {
        if let Some(value) = line.strip_prefix(&format!("#define PATCHER_{name} ")) {
            return value.trim().trim_matches(['(', ')']).parse().unwrap();
        }
    }
    let (_, value) =
        text.split_once(&format!("PATCHER_{name} = ")).unwrap_or_else(|| panic!("{name}"));
    let end = value.find([',', '}', '\n']).unwrap();
    value.split_at(end).0.trim().parse().unwrap()
}

#[test]
fn numbers_of_the_header_are_those_of_the_library() {
    use device_apply::Class;
    use device_apply::boot::Reason;
    use device_apply::update::{Event, Failure, Kind, Phase};

    let codes = [
        ("OK", code::OK),
        ("MORE", code::MORE),
        ("ERROR_ARGUMENT", code::ERROR_ARGUMENT),
        ("ERROR_GEOMETRY", code::ERROR_GEOMETRY),
        ("ERROR_NOT_ON_TRIAL", code::ERROR_NOT_ON_TRIAL),
    ];
    for (name, number) in codes {
        assert_eq!(constant(name), i64::from(number), "{name}");
    }
    let classes = [
        ("BUG", Class::Bug),
        ("FLASH", Class::Flash),
        ("LIMIT", Class::Limit),
        ("MALFORMED", Class::Malformed),
        ("MISMATCH", Class::Mismatch),
        ("UNTRUSTED", Class::Untrusted),
    ];
    for (name, class) in classes {
        let number = i64::from(class.number());
        assert_eq!(constant(&format!("CLASS_{name}")), number, "{name}");
    }
    let reasons = [
        ("WATCHDOG", Reason::Watchdog),
        ("UNCONFIRMED", Reason::Unconfirmed),
        ("INVALID", Reason::Invalid),
        ("DOWNGRADE", Reason::Downgrade),
        ("FAILED", Reason::Failed),
    ];
    for (name, reason) in reasons {
        assert_eq!(constant(&format!("REASON_{name}")), i64::from(reason.number()), "{name}");
    }
    let phases = ["IDLE", "DOWNLOAD", "VERIFY", "SWAP_PENDING", "TEST", "CONFIRM", "ROLLBACK"];
    for (name, phase) in phases.iter().zip(Phase::ALL) {
        assert_eq!(constant(&format!("PHASE_{name}")), i64::from(phase.number()), "{name}");
    }
    let events = [
        ("OFFER", Event::Offer { id: [0; 8], kind: Kind::Delta }),
        ("RECEIVED", Event::Received),
        ("VERIFIED", Event::Verified),
        ("LINK_FAILED", Event::Failed(Failure::Link)),
        ("PATCH_FAILED", Event::Failed(Failure::Patch { class: Class::Bug, code: 0 })),
        ("INSTALL", Event::Install),
        ("HEALTHY", Event::Healthy),
        ("UNHEALTHY", Event::Unhealthy),
        ("CONFIRMED", Event::Confirmed),
        ("CANCEL", Event::Cancel),
        ("TICK", Event::Tick),
    ];
    for (name, event) in events {
        assert_eq!(constant(&format!("EVENT_{name}")), i64::from(event.number()), "{name}");
    }
}
