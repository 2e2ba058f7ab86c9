//! `--region`: parts of an image that are loaded at addresses of their own.

use core::str::FromStr;

use host_diff::image::{Isa, Region};
use patcher_core::container::region::MAX_REGIONS;

use crate::failure::{Class, Failure};
use crate::input::Role;
use crate::value;

/// What marks a region as code: the only instruction set so far whose branches are predicted.
const CODE: Isa = Isa::Thumb;

/// One `--region`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegionArgument {
    in_base: bool,
    in_target: bool,
    offset: u32,
    address: u32,
    data: bool,
}

impl FromStr for RegionArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split(':').collect();
        let (image, offset, address, data) = match *fields.as_slice() {
            [image, offset, address] => (image, offset, address, false),
            [image, offset, address, "data"] => (image, offset, address, true),
            _ => return Err("expected IMAGE:OFFSET:ADDRESS[:data]".to_owned()),
        };
        let (in_base, in_target) = match image {
            "base" => (true, false),
            "target" => (false, true),
            "both" => (true, true),
            _ => return Err(format!("expected base, target or both, found '{image}'")),
        };
        Ok(Self {
            in_base,
            in_target,
            offset: value::size(offset)?,
            address: value::address(address)?,
            data,
        })
    }
}

impl RegionArgument {
    fn is_of(&self, role: Role) -> bool {
        match role {
            Role::Base => self.in_base,
            Role::Target => self.in_target,
        }
    }
}

/// The regions that `arguments` give the image of `role`: in file order, without gaps, up to the end of the image.
/// `None` if they do not mention it.
pub(crate) fn of_image(
    arguments: &[RegionArgument],
    role: Role,
    len: usize,
) -> Result<Option<Vec<Region>>, Failure> {
    let mut starts: Vec<&RegionArgument> =
        arguments.iter().filter(|argument| argument.is_of(role)).collect();
    starts.sort_by_key(|start| start.offset);
    let Some(first) = starts.first() else { return Ok(None) };
    if first.offset != 0 {
        let message = format!(
            "expected the first region of the {} at 0, found {:#x}",
            role.name(),
            first.offset
        );
        let help = "cover what comes before it too, with :data if it is no code";
        return Err(Failure::usage(message).help(help));
    }
    if starts.len() > MAX_REGIONS {
        let message = format!(
            "expected at most {MAX_REGIONS} regions of the {}, found {}",
            role.name(),
            starts.len()
        );
        return Err(Failure::new(Class::Limit, message).help("merge the smallest ones"));
    }
    let len = u32::try_from(len).unwrap_or(u32::MAX);
    let ends = starts.iter().skip(1).map(|next| next.offset).chain([len]);
    let mut regions = Vec::new();
    for (start, end) in starts.iter().zip(ends) {
        let Some(len) = end.checked_sub(start.offset).filter(|&len| len > 0) else {
            let message = format!(
                "expected a region of the {} to end after it begins, found {:#x} to {end:#x}",
                role.name(),
                start.offset
            );
            return Err(Failure::usage(message).help("offsets differ and lie within the image"));
        };
        let isa = if start.data { Isa::None } else { CODE };
        regions.push(Region { offset: start.offset, len, address: start.address, isa });
    }
    Ok(Some(regions))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions(texts: &[&str], role: Role, len: usize) -> Result<Option<Vec<Region>>, Failure> {
        let arguments: Vec<RegionArgument> =
            texts.iter().map(|text| text.parse().expect(text)).collect();
        of_image(&arguments, role, len)
    }

    #[test]
    fn regions_reach_to_the_next_and_to_the_end() {
        let found = regions(
            &["both:0:0x0800_0000", "target:0x100:0x20000000:data", "base:1K:0x1000"],
            Role::Target,
            0x300,
        );
        let expected = vec![
            Region { offset: 0, len: 0x100, address: 0x0800_0000, isa: Isa::Thumb },
            Region { offset: 0x100, len: 0x200, address: 0x2000_0000, isa: Isa::None },
        ];
        assert_eq!(found.expect("legal"), Some(expected));
        assert_eq!(regions(&["base:0:0"], Role::Target, 9).expect("legal"), None);
    }

    #[test]
    fn regions_must_cover_the_image_without_empty_ones() {
        let class =
            |texts: &[&str], len| regions(texts, Role::Base, len).expect_err("illegal").class;
        assert_eq!(class(&["base:4:0"], 8), Class::Usage);
        assert_eq!(class(&["base:0:0", "base:8:0"], 8), Class::Usage);
        assert_eq!(class(&["base:0:0", "base:0:4"], 8), Class::Usage);
        let nine: Vec<String> = (0..9).map(|offset| format!("base:{offset}:0")).collect();
        let nine: Vec<&str> = nine.iter().map(String::as_str).collect();
        assert_eq!(class(&nine, 64), Class::Limit);
    }

    #[test]
    fn a_region_names_image_offset_and_address() {
        for wrong in [
            "",
            "base",
            "base:0",
            "flash:0:0",
            "base:0:0:code",
            "base:x:0",
            "base:0:x",
            "base:0:0:data:",
        ] {
            assert!(wrong.parse::<RegionArgument>().is_err(), "{wrong}");
        }
    }
}
