//! `patcher bundle` and `patcher unbundle`.

use host_diff::bundle::{Bundle, BundleError, Layout};
use host_diff::digest::Hex;
use host_diff::image::LoadOptions;
use host_diff::trust::Unsigned;
use patcher_core::Kind;
use patcher_core::container::bundle::Entry;
use patcher_core::model::MEMORY_UNIT;
use serde_json::{Value, json};

use crate::bundle_args::{BundleArguments, UnbundleArguments};
use crate::failure::{Class, Failure};
use crate::input::{Input, Role};
use crate::output;
use crate::report::grouped;
use crate::sign::{Signer, check, print_digest};
use crate::trust::{check_index, explain, terms};

pub(crate) fn run(args: &BundleArguments) -> Result<(), Failure> {
    let (key, signature) = (args.key.as_ref(), &args.signature);
    let demands = &args.signed_for;
    let others = [key, demands.certificate.as_ref()];
    let inputs: Vec<Option<&Input>> = args.patches.iter().map(Some).chain(others).collect();
    check(&inputs, signature, args.output.as_ref(), args.json)?;
    let signed = key.is_some() || signature.public_key.is_some();
    if let (false, Some(option)) = (signed, demands.any()) {
        let message = format!("expected --key with {option}, found no key");
        return Err(Failure::usage(message).help("only a signed bundle is for certain devices"));
    }
    let read = |input: &Input| input.read("patch");
    let patches = args.patches.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let layout = Layout::new(&patches).map_err(|error| told(&error, &args.patches))?;
    let bundle = if signed {
        let signer = Signer::read(key, signature)?;
        let unsigned = Unsigned::bundle(&layout, &signer.public(), &terms(demands, None)?)
            .map_err(|error| explain(&error, "bundle"))?;
        if args.output.is_none() {
            return print_digest(&unsigned, args.json);
        }
        signer.sign(&unsigned, signature, "bundle")?
    } else {
        layout.unsigned()
    };
    let Some(output) = &args.output else {
        return Err(Failure::usage("expected -o, found no file for the bundle"));
    };
    // What was made is read like anyone's.
    let bug = |error: BundleError| {
        Failure::new(Class::Other, format!("a wrong bundle was made: {error}"))
    };
    let made = Bundle::read(&bundle).map_err(bug)?;
    output.write(&bundle)?;
    output.print(&text(&made, args.json))
}

/// `patcher info` of a bundle.
pub(crate) fn tell(content: &[u8], input: &Input, json: bool) -> Result<(), Failure> {
    let bundle = Bundle::read(content).map_err(|error| {
        Failure::new(error.class().into(), format!("bundle {input}: {error}"))
            .help("fetch the bundle again")
    })?;
    output::print(&text(&bundle, json))
}

pub(crate) fn choose(args: &UnbundleArguments) -> Result<(), Failure> {
    let inputs: Vec<&Input> = core::iter::once(&args.bundle).chain(&args.base).collect();
    args.output.check(&inputs, args.json)?;
    let content = args.bundle.read("bundle")?;
    let place = |error: BundleError| {
        Failure::new(error.class().into(), format!("bundle {}: {error}", args.bundle))
    };
    let bundle = Bundle::read(&content).map_err(place)?;
    check_index(&args.trust, &bundle.index, &args.bundle)?;
    let load = |input: &Input| input.load(Role::Base, &LoadOptions::default());
    let base = args.base.as_ref().map(load).transpose()?;
    let base = base.as_ref().map(|image| image.bytes.as_slice());
    let Some(patch) = bundle.choose(base, args.ram as usize) else {
        let message = format!(
            "bundle {}: expected a patch that takes at most {} bytes of memory, found none",
            args.bundle,
            grouped(args.ram as usize)
        );
        return Err(Failure::new(Class::Limit, message).help("add one made with a smaller --ram"));
    };
    args.output.write(patch)?;
    let chosen = bundle.index.entries().find(|entry| bundle.patch(entry) == Some(patch));
    if args.json {
        let object = json!({ "patch": chosen.map(|entry| json_entry(&entry)) });
        return output::print(&format!("{object}\n"));
    }
    args.output.print(&chosen.map(|entry| line(&entry)).unwrap_or_default())
}

/// Names the file that an error is about.
fn told(error: &BundleError, patches: &[Input]) -> Failure {
    let number = match error {
        BundleError::Patch { number, .. }
        | BundleError::Target { number, .. }
        | BundleError::Twice { number, .. } => Some(*number),
        _ => None,
    };
    let name = number.and_then(|number| patches.get(number.checked_sub(1)?));
    let place = name.map_or_else(String::new, |name| format!("{name}: "));
    let failure = Failure::new(error.class().into(), format!("{place}{error}"));
    match error {
        BundleError::NoFullImage => {
            failure.help("make one with `patcher create --full TARGET -o FULL`")
        }
        _ => failure,
    }
}

fn line(entry: &Entry) -> String {
    let base = match entry.kind {
        Kind::Full => "full image".to_owned(),
        Kind::Delta => format!(
            "from {}… ({} bytes)",
            Hex(&entry.base_digest),
            grouped(entry.base_len as usize)
        ),
    };
    let memory = grouped(usize::from(entry.memory) * MEMORY_UNIT);
    let (len, at) = (grouped(entry.len as usize), grouped(entry.offset as usize));
    format!("  {len} bytes at {at}, {memory} of memory, {base}\n")
}

fn json_entry(entry: &Entry) -> Value {
    json!({
        "offset": entry.offset,
        "bytes": entry.len,
        "ram_bytes": usize::from(entry.memory) * MEMORY_UNIT,
        "base_bytes": (entry.kind == Kind::Delta).then_some(entry.base_len),
        "base_sha256_prefix": (entry.kind == Kind::Delta).then(|| Hex(&entry.base_digest).to_string()),
    })
}

/// What there is to tell about a bundle.
fn text(bundle: &Bundle<'_>, json: bool) -> String {
    let index = &bundle.index;
    if json {
        let object = json!({
            "signed": index.trust.is_some(),
            "index_bytes": index.len,
            "target_bytes": index.target_len,
            "target_sha256_prefix": Hex(&index.target_digest).to_string(),
            "patches": index.entries().map(|entry| json_entry(&entry)).collect::<Vec<_>>(),
        });
        return format!("{object}\n");
    }
    let mut text = format!(
        "{} bundle of {} bytes: an index of {} and {} patches\n",
        if index.trust.is_some() { "signed" } else { "unsigned" },
        grouped(bundle.len()),
        index.len,
        index.entries().count()
    );
    for entry in index.entries() {
        text += &line(&entry);
    }
    text
}
