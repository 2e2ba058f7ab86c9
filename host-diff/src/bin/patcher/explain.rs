//! `patcher info --explain`: where the bytes of a patch went.

use core::fmt::Write as _;

use host_diff::image::LoadOptions;
use host_diff::info::Info;
use host_diff::report::{Account, AccountError, Explanation, Kind, Names};
use patcher_core::Kind as PatchKind;
use patcher_core::error::Class as PatchClass;

use crate::args::InfoArguments;
use crate::failure::{Class, Failure};
use crate::input::{Input, Role, check_distinct};
use crate::progress;
use crate::report::grouped;

/// What `patch` took, with the names that `args` ask for.
pub(crate) fn explain(args: &InfoArguments, patch: &Info<'_>) -> Result<Explanation, Failure> {
    let inputs = [Some(&args.patch), args.base.as_ref(), args.elf.as_ref()];
    check_distinct(&inputs.into_iter().flatten().collect::<Vec<_>>())?;
    let base = match (patch.header.kind, &args.base) {
        (PatchKind::Full, _) => Vec::new(),
        (PatchKind::Delta, Some(base)) => {
            let options = LoadOptions {
                format: args.base_format.map(Into::into),
                range: args.base_range.clone(),
                uf2_family: None,
            };
            base.load(Role::Base, &options)?.bytes
        }
        (PatchKind::Delta, None) => {
            let message = "expected --base BASE with --explain: the patch is a delta";
            return Err(Failure::usage(message).help("name the image that the patch was made for"));
        }
    };
    let elf = args.elf.as_ref();
    let elf = elf.map(|elf| Ok((elf, elf.load(Role::Target, &LoadOptions::default())?)));
    let elf = elf.transpose()?;
    progress::during("explaining the patch", || {
        let account = Account::of(&base, patch).map_err(|error| refused(&error, args))?;
        let names = match &elf {
            None => Names::of_regions(&patch.header),
            Some((input, elf)) => {
                let names = Names::of(elf, &account.target, patch.target_address());
                names.map_err(|error| nameless(input, &error))?
            }
        };
        Ok(Explanation::new(&account, &names))
    })
}

fn refused(error: &AccountError, args: &InfoArguments) -> Failure {
    let class = match error {
        AccountError::Apply(error) => error.class().into(),
        _ => Class::Other,
    };
    let place = match (class, &args.base) {
        (Class::WrongBase, Some(base)) => base.to_string(),
        _ => format!("patch {}", args.patch),
    };
    let failure = Failure::new(class, format!("{place}: {error}"));
    match error {
        AccountError::Apply(error) if error.class() == PatchClass::Mismatch => {
            failure.help("give the image that the patch was made for")
        }
        _ => failure,
    }
}

/// Rows of parts, with the share of the patch that each takes, then places.
pub(crate) fn text(why: &Explanation, top: usize) -> String {
    let mut text = format!(
        "\n{} diffs, {} stretches of new bytes, {} copies in them\n\nbytes of the patch by kind\n",
        grouped(why.diffs as usize),
        grouped(why.extras as usize),
        grouped(why.copies as usize)
    );
    for part in &why.kinds {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == part.name);
        row(&mut text, why, part.share.bytes, &part.name, kind.map_or("", Kind::meaning));
    }
    text += "\n… by part of the target image\n";
    for place in &why.sections {
        let range = place.offset.zip(place.len).map(|(offset, len)| extent(offset, len));
        row(&mut text, why, place.bytes, &place.name, &range.unwrap_or_default());
    }
    if !why.symbols.is_empty() {
        text += "\n… by symbol\n";
        for place in why.symbols.iter().take(top) {
            let range = place.offset.zip(place.len).map(|(offset, len)| extent(offset, len));
            row(&mut text, why, place.bytes, &place.name, &range.unwrap_or_default());
        }
        let rest: f64 = why.symbols.iter().skip(top).map(|place| place.bytes).sum();
        if let Some(count) = why.symbols.len().checked_sub(top).filter(|&count| count > 0) {
            row(&mut text, why, rest, &format!("{count} more"), "");
        }
    }
    if !why.literal_areas.is_empty() {
        text += "\n… of new bytes, by stretch\n";
        for area in why.literal_areas.iter().take(top) {
            let extra = &area.extra;
            let name = area.place.as_deref().unwrap_or("-");
            let what = format!(
                "{}, {} literals",
                extent(extra.offset, extra.len),
                grouped(extra.literals as usize)
            );
            row(&mut text, why, extra.bytes, name, &what);
        }
    }
    text
}

fn row(text: &mut String, why: &Explanation, bytes: f64, name: &str, note: &str) {
    let percent = 100.0 * why.share(bytes);
    let line = format!("{bytes:10.1} {percent:5.1} %  {name:24} {note}");
    let _ = writeln!(text, "{}", line.trim_end());
}

fn extent(offset: u32, len: u32) -> String {
    format!("{} bytes at {offset:#x}", grouped(len as usize))
}

fn nameless(elf: &Input, error: &host_diff::report::NamesError) -> Failure {
    let failure = Failure::new(Class::Other, format!("{elf}: {error}"));
    failure.help("give the ELF file that the target image was made from, with its symbols")
}
