//! `patcher apply` and `patcher verify`.

use host_diff::apply::{self, ApplyError, Limits};
use host_diff::image::LoadOptions;
use patcher_core::{Kind, SetupError};

use crate::args::{ApplyArguments, Source, VerifyArguments};
use crate::failure::Failure;
use crate::foreign;
use crate::info;
use crate::input::{Input, Role, check_distinct};
use crate::output;
use crate::progress;
use crate::report::{Report, grouped};
use crate::trust;
use crate::trust_args::TrustArguments;
use crate::usage::Stopwatch;

pub(crate) fn run(args: &ApplyArguments, watch: &Stopwatch) -> Result<(), Failure> {
    let source = &args.source;
    args.output.check(&[&source.base, &source.patch], args.json)?;
    let (target, report) = rebuild(source, &args.trust)?;
    args.output.write(&target)?;
    if args.json {
        return output::print(&report.json(watch)?);
    }
    args.output.print(&text("target image", &report))
}

pub(crate) fn verify(args: &VerifyArguments, watch: &Stopwatch) -> Result<(), Failure> {
    let (_, report) = rebuild(&args.source, &args.trust)?;
    if args.json {
        output::print(&report.json(watch)?)
    } else {
        output::print(&text("verified: target image", &report))
    }
}

/// The target image, and what there is to tell about it.
fn rebuild(source: &Source, demands: &TrustArguments) -> Result<(Vec<u8>, Report), Failure> {
    let content = source.patch.read("patch")?;
    if let Some(format) = foreign::format(&content, source.format) {
        trust::check_foreign(demands, format, &source.patch)?;
        let base = base(source)?;
        return foreign::apply(&content, format, &base, source);
    }
    let patch = info::read(&content, &source.patch, source.format)?;
    trust::check(demands, &patch, &source.patch)?;
    let base = match patch.header.kind {
        Kind::Full => Vec::new(),
        Kind::Delta => base(source)?,
    };
    let limits = Limits {
        ram_bytes: source.ram.map_or(usize::MAX, |ram| ram as usize),
        target_len: source.max_size,
    };
    let applied = progress::during("applying the patch", || apply::rebuild(&base, &patch, &limits));
    let applied = applied.map_err(|error| explain(&error, source))?;
    let mut report =
        Report::of(&patch).with_digests(applied.base_sha256.as_ref(), &applied.target_sha256);
    if applied.base_padding > 0 {
        report.notes.push(format!(
            "ignored {} bytes of the slot after the base image",
            grouped(applied.base_padding)
        ));
    }
    Ok((applied.target, report))
}

fn base(source: &Source) -> Result<Vec<u8>, Failure> {
    check_distinct(&[&source.base, &source.patch])?;
    if source.base == Input::File("".into()) {
        let message = "expected a base image, found an empty path; the patch is a delta";
        return Err(Failure::usage(message).help("name the image that the device has"));
    }
    let options = LoadOptions {
        format: source.base_format.map(Into::into),
        range: source.base_range.clone(),
        uf2_family: source.uf2_family,
    };
    Ok(source.base.load(Role::Base, &options)?.bytes)
}

fn text(what: &str, report: &Report) -> String {
    let mut text = format!(
        "{what} of {} bytes, SHA-256 {}\n",
        grouped(report.target_bytes as usize),
        report.target_sha256.as_deref().unwrap_or_default()
    );
    for note in &report.notes {
        text += &format!("note: {note}\n");
    }
    text
}

/// Names the file and says what to do.
fn explain(error: &ApplyError, source: &Source) -> Failure {
    let place = match error {
        ApplyError::WrongBase { .. } => source.base.to_string(),
        _ => format!("patch {}", source.patch),
    };
    let failure = Failure::new(error.class().into(), format!("{place}: {error}"));
    match error {
        ApplyError::WrongBase { begins_right: true, expected_len, .. } => failure.help(format!(
            "its first {} bytes are the right image: cut off what follows",
            grouped(*expected_len as usize)
        )),
        ApplyError::WrongBase { .. } => failure.help(
            "give the image that the patch was made for, or use a full image (create --full)",
        ),
        ApplyError::Ram { .. } => {
            failure.help("make the patch with a smaller --ram, or allow more with --ram")
        }
        ApplyError::TargetLength { .. } => failure.help("allow more with --max-size"),
        ApplyError::Setup(SetupError::Isa { .. }) => {
            failure.help("use a newer patcher, or make the patch with this one")
        }
        ApplyError::Body(_) | ApplyError::WrongTarget { .. } => {
            failure.help("fetch or make the patch again")
        }
        _ => failure,
    }
}
