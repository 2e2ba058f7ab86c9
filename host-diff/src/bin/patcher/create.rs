//! `patcher create`.

use host_diff::create::{self, CreateError, Options, Patch};
use host_diff::digest::sha256;
use host_diff::image::{FlatImage, LoadOptions, mcuboot};
use host_diff::in_place::SlotError;
use host_diff::info::Info;
use host_diff::resume::Resume;

use crate::args::{CreateArguments, CreateFormat, ResumeArgument};
use crate::failure::{Class, Failure};
use crate::foreign;
use crate::in_place;
use crate::input::{Input, Role, check_distinct};
use crate::output;
use crate::progress;
use crate::region;
use crate::report::Report;
use crate::sign;
use crate::usage::Stopwatch;

pub(crate) fn run(args: &CreateArguments, watch: &Stopwatch) -> Result<(), Failure> {
    foreign::check(args)?;
    let (base, target) = match &args.target {
        Some(target) => (Some(&args.first), target),
        None => (None, &args.first),
    };
    let signing =
        [args.sign_key.as_ref(), args.terms.signed_for.certificate.as_ref()].into_iter().flatten();
    let inputs: Vec<&Input> = base.into_iter().chain([target]).chain(signing).collect();
    check_distinct(&inputs)?;
    args.output.check(&inputs, args.json)?;
    args.slot.check(&args.output)?;
    args.slot.with_reverse.iter().try_for_each(|output| output.check(&inputs, args.json))?;

    if let (None, Some(option)) = (&args.sign_key, args.terms.any()) {
        let message = format!("expected --sign-key beside {option}, found none");
        return Err(
            Failure::usage(message).help("sign with --sign-key, or later with `patcher sign`")
        );
    }
    let base = base.map(|input| load(input, Role::Base, args)).transpose()?;
    let target = load(target, Role::Target, args)?;
    if args.format != CreateFormat::Native {
        let base = base.unwrap_or_else(|| FlatImage::from_raw(Vec::new()));
        return other(args, &base, &target, watch);
    }
    let options = Options {
        ram: args.ram,
        level: args.level,
        base_regions: match &base {
            Some(base) => region::of_image(&args.regions, Role::Base, base.bytes.len())?,
            None => None,
        },
        target_regions: region::of_image(&args.regions, Role::Target, target.bytes.len())?,
        base_address: args.base_address,
        target_address: args.target_address,
        isa: args.isa.choice(),
        resume: resume(args)?,
        in_place: args.slot.slot(),
        self_digests: !args.no_self_digests,
        threads: None,
    };
    let patch = progress::during("making the patch", || match &base {
        Some(base) => create::create(base, &target, &options),
        None => create::create_full(&target, &options),
    });
    let mut patch = patch.map_err(|error| explain(&error))?;
    let mut reverse = match (&base, &args.slot.with_reverse) {
        (Some(base), Some(output)) => Some((output, reverse(base, &target, options)?)),
        _ => None,
    };
    if let Some(key) = &args.sign_key {
        let back = reverse.iter_mut().map(|(_, patch)| &mut patch.bytes);
        for bytes in core::iter::once(&mut patch.bytes).chain(back) {
            *bytes = sign::sign_new(bytes, key, &args.terms)?;
        }
    }
    if args.slot.in_place {
        let back = reverse.as_ref().map(|(output, patch)| (*output, patch.bytes.len()));
        patch.notes.push(in_place::warning(back));
    }
    if let Some((output, patch)) = &reverse {
        output.write(&patch.bytes)?;
    }
    args.output.write(&patch.bytes)?;

    let report = report(&patch, base.as_ref(), &target)?;
    if args.json {
        output::print(&report.json(watch)?)
    } else {
        args.output.print(&report.summary())
    }
}

/// The patch of the way back, in the same slot.
fn reverse(base: &FlatImage, target: &FlatImage, options: Options) -> Result<Patch, Failure> {
    let options = Options {
        base_address: options.target_address,
        target_address: options.base_address,
        base_regions: options.target_regions,
        target_regions: options.base_regions,
        ..options
    };
    let patch =
        progress::during("making the reverse patch", || create::create(target, base, &options));
    patch.map_err(|error| {
        let Failure { class, message, help } = explain(&error);
        Failure { class, message: format!("reverse patch: {message}"), help }
    })
}

/// What the patch offers to a device that loses power.
fn resume(args: &CreateArguments) -> Result<Resume, Failure> {
    let epoch = args.epoch.unwrap_or_default();
    match args.resume.unwrap_or_default() {
        ResumeArgument::Snapshot if args.slot.in_place && args.epoch.is_none() => {
            Ok(Resume::Redecode)
        }
        ResumeArgument::Reset if args.slot.in_place && args.epoch.is_none() => {
            let message = "expected --epoch with --in-place and --resume reset, found none";
            Err(Failure::usage(message).help("half of the slack is a good epoch"))
        }
        ResumeArgument::Snapshot => Ok(Resume::Snapshot(epoch)),
        ResumeArgument::Reset => Ok(Resume::Reset(epoch)),
        ResumeArgument::Redecode if args.epoch.is_some() => {
            let message =
                "expected --resume snapshot or --resume reset with --epoch, found redecode";
            let help = "decoding again needs no restart marks: leave out --epoch";
            Err(Failure::usage(message).help(help))
        }
        ResumeArgument::Redecode => Ok(Resume::Redecode),
    }
}

/// Makes a patch for the applier of another tool.
fn other(
    args: &CreateArguments,
    base: &FlatImage,
    target: &FlatImage,
    watch: &Stopwatch,
) -> Result<(), Failure> {
    let written =
        progress::during("making the patch", || foreign::create(args, &base.bytes, &target.bytes))?;
    let format = foreign::written(args.format);
    let (_, mut report) = foreign::info(&written.bytes, format, &args.first, true)?;
    report = report.with_digests(Some(&sha256(&base.bytes)), &sha256(&target.bytes));
    for (role, image) in [(Role::Base, base), (Role::Target, target)] {
        let warnings = image.warnings.iter();
        report.notes.extend(warnings.map(|warning| format!("{}: {warning}", role.name())));
    }
    report.notes.extend(written.notes);
    args.output.write(&written.bytes)?;
    if args.json {
        output::print(&report.json(watch)?)
    } else {
        args.output.print(&report.summary())
    }
}

fn load(input: &Input, role: Role, args: &CreateArguments) -> Result<FlatImage, Failure> {
    let (format, range) = match role {
        Role::Base => (args.base_format, &args.base_range),
        Role::Target => (args.target_format, &args.target_range),
    };
    let options = LoadOptions {
        format: format.map(Into::into),
        range: range.clone(),
        uf2_family: args.uf2_family,
    };
    let mut image = input.load(role, &options)?;
    mcuboot::cut(&mut image);
    Ok(image)
}

fn report(patch: &Patch, base: Option<&FlatImage>, target: &FlatImage) -> Result<Report, Failure> {
    let info = Info::read_native(&patch.bytes).map_err(|error| {
        Failure::new(Class::Other, format!("a patch that cannot be read was made: {error}"))
    })?;
    let mut report =
        Report::of(&info).with_digests(patch.base_sha256.as_ref(), &patch.target_sha256);
    report.base_address = patch.base_address;
    report.target_address = patch.target_address;
    for (role, image) in
        base.map(|base| (Role::Base, base)).into_iter().chain([(Role::Target, target)])
    {
        let warnings = image.warnings.iter();
        report.notes.extend(warnings.map(|warning| format!("{}: {warning}", role.name())));
    }
    report.notes.extend(patch.notes.iter().cloned());
    Ok(report)
}

fn explain(error: &CreateError) -> Failure {
    let (class, help) = match error {
        CreateError::Ram { least, .. } => {
            (Class::Limit, Some(format!("give at least --ram {least}")))
        }
        CreateError::TooLarge { .. } => (Class::Limit, None),
        CreateError::Slot(
            SlotError::TooSmall { .. } | SlotError::NoSlack | SlotError::Scratch { .. },
        ) => (Class::Limit, None),
        CreateError::Slot(_) => (Class::Usage, None),
        CreateError::Level { .. } | CreateError::Regions { .. } => (Class::Usage, None),
        _ => (Class::Other, None),
    };
    Failure { class, message: error.to_string(), help }
}
