//! Where both images are loaded and which references are predicted: given, or detected.

use crate::create::{CreateError, DEFAULT_LEVEL, IsaChoice, Options};
use crate::image::{Confidence, Detection, FlatImage, Isa, Region as ImageRegion, detect_pair};
use patcher_core::container::region::{MAX_REGIONS, Region, Regions};
use patcher_core::reference::{self, Isa as Core, call, inside};

/// What a patch assumes about its images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// References that are predicted.
    pub isa: IsaChoice,
    /// Regions of the base; empty without addresses.
    pub base: Regions,
    /// Regions of the target; empty without addresses.
    pub target: Regions,
    /// The assumption is sure enough that nothing else need be tried.
    pub sure: bool,
    /// What was assumed, for the user.
    pub notes: Vec<String>,
}

impl Layout {
    /// No references: always possible.
    #[must_use]
    pub fn none() -> Self {
        Self {
            isa: IsaChoice::None,
            base: Regions::default(),
            target: Regions::default(),
            sure: true,
            notes: Vec::new(),
        }
    }

    /// The layout of a full image. Only calls count there, and where instructions begin: if it has none, addresses would cost bytes.
    ///
    /// # Errors
    /// As [`Layout::of_pair`].
    pub fn of_full(target: &FlatImage, options: &Options) -> Result<Self, CreateError> {
        let both = Options {
            base_address: options.target_address,
            base_regions: options.target_regions.clone(),
            ..options.clone()
        };
        let pair = Self::of_pair(target, target, &both)?;
        let calls = call::any(pair.isa.id(), &pair.target, &target.bytes);
        let base = Regions::default();
        if calls {
            return Ok(Self { base, ..pair });
        }
        if !pair.model().is_some_and(inside::tells) {
            return Ok(Self::none());
        }
        // Nothing asks for addresses: one says enough.
        let address = pair.target.iter().next().map_or(0, |first| first.address);
        let target = Regions::single(pair.target.total().unwrap_or(0), address);
        Ok(Self { base, target, ..pair })
    }

    /// Whether it is worth the time to try without references: an effort of at least the default one, and detected code in
    /// which data may look like instructions.
    #[must_use]
    pub fn doubtful(&self, options: &Options) -> bool {
        let tested = matches!(self.isa, IsaChoice::None | IsaChoice::Thumb);
        !tested && options.isa.is_none() && options.level >= DEFAULT_LEVEL
    }

    /// The core's model of the instruction set.
    #[must_use]
    pub fn model(&self) -> Option<&'static dyn Core> {
        reference::ALL.iter().find(|isa| isa.id() == self.isa.id()).copied()
    }

    /// The layout of a pair.
    ///
    /// # Errors
    /// [`CreateError::Regions`] when given regions do not fit their image.
    pub fn of_pair(
        base: &FlatImage,
        target: &FlatImage,
        options: &Options,
    ) -> Result<Self, CreateError> {
        if options.isa == Some(IsaChoice::None) || base.bytes.is_empty() || target.bytes.is_empty()
        {
            return Ok(Self::none());
        }
        let with = |image: &FlatImage, address: Option<u32>| {
            let mut image = image.clone();
            image.address = address.or(image.address);
            image.isa_hint = options.isa.and_then(code_of).or(image.isa_hint);
            image
        };
        let base_image = with(base, options.base_address);
        let target_image = with(target, options.target_address);
        let (from, to) = detect_pair(&base_image, &target_image);
        let isa = options.isa.unwrap_or_else(|| choose(from.isa, to.isa));
        let mut notes = Vec::new();
        let base_regions =
            regions("base", base, options.base_regions.as_deref(), &from, isa, &mut notes)?;
        let target_regions =
            regions("target", target, options.target_regions.as_deref(), &to, isa, &mut notes)?;
        if isa == IsaChoice::None || base_regions.is_empty() || target_regions.is_empty() {
            return Ok(Self { notes, ..Self::none() });
        }
        let sure = from.confidence >= Confidence::High && to.confidence >= Confidence::High
            || options.isa.is_some();
        Ok(Self { isa, base: base_regions, target: target_regions, sure, notes })
    }
}

/// Where an image is taken to be when nothing tells: far from what small numbers and pointers of any chip would look like.
const ASSUMED: u32 = 0x7000_0000;

fn choose(base: Isa, target: Isa) -> IsaChoice {
    match (base, target) {
        (Isa::None, _) | (_, Isa::None) => IsaChoice::None,
        (a, b) if a == b => match a {
            Isa::Thumb => IsaChoice::Thumb,
            Isa::A32 => IsaChoice::A32,
            Isa::AArch64 => IsaChoice::AArch64,
            Isa::RiscV => IsaChoice::RiscV,
            Isa::RiscV64 => IsaChoice::RiscV64,
            Isa::Xtensa => IsaChoice::Xtensa,
            Isa::XtensaBig => IsaChoice::XtensaBig,
            Isa::Avr => IsaChoice::Avr,
            Isa::None => IsaChoice::None,
        },
        _ => IsaChoice::None,
    }
}

/// The code that a choice stands for: what it is asked for is looked for, however little of it there is.
fn code_of(choice: IsaChoice) -> Option<Isa> {
    match choice {
        IsaChoice::Thumb => Some(Isa::Thumb),
        IsaChoice::A32 | IsaChoice::A32Big => Some(Isa::A32),
        IsaChoice::AArch64 => Some(Isa::AArch64),
        IsaChoice::RiscV => Some(Isa::RiscV),
        IsaChoice::RiscV64 => Some(Isa::RiscV64),
        IsaChoice::Xtensa => Some(Isa::Xtensa),
        IsaChoice::XtensaBig => Some(Isa::XtensaBig),
        IsaChoice::Avr => Some(Isa::Avr),
        IsaChoice::None | IsaChoice::Pointers | IsaChoice::BigPointers => None,
    }
}

/// Regions as the core wants them: given, detected, or none; with a note.
fn regions(
    name: &str,
    image: &FlatImage,
    given: Option<&[ImageRegion]>,
    detection: &Detection,
    isa: IsaChoice,
    notes: &mut Vec<String>,
) -> Result<Regions, CreateError> {
    if let Some(given) = given {
        let regions = convert(given, isa);
        let len = u32::try_from(image.bytes.len()).ok();
        return match regions {
            Some(regions) if regions.total() == len => Ok(regions),
            _ => Err(CreateError::Regions { image: name.to_owned() }),
        };
    }
    let detected = convert(&detection.regions, isa).filter(|regions| !regions.is_empty());
    if detected.is_none() && detection.regions.len() > MAX_REGIONS {
        notes.push(format!(
            "{name}: {} regions found, at most {MAX_REGIONS} fit: addresses are not used",
            detection.regions.len()
        ));
    }
    let assumed = match isa {
        IsaChoice::None | IsaChoice::Pointers | IsaChoice::BigPointers => None,
        // Branches by distance lead to the right place wherever the image is taken to be.
        _ if detected.is_none() && detection.regions.is_empty() => {
            u32::try_from(image.bytes.len()).ok().map(|len| Regions::single(len, ASSUMED))
        }
        _ => None,
    };
    match (&detected, detection.confidence) {
        (Some(regions), confidence) => {
            let first = regions.iter().next().map_or(0, |region| region.address);
            let how = match confidence {
                Confidence::Given => "given",
                Confidence::High => "detected",
                Confidence::Low | Confidence::None => "guessed: set the address if it is wrong",
            };
            let count = if regions.len() > 1 {
                format!(", {} regions", regions.len())
            } else {
                String::new()
            };
            notes.push(format!("{name}: {} at {first:#010x} ({how}{count})", detection.isa));
        }
        (None, _) if assumed.is_some() => notes.push(format!(
            "{name}: {} at an unknown address, only distances are predicted: set the address",
            detection.isa
        )),
        (None, _) => {
            notes.push(format!("{name}: no load address known, references are not predicted"))
        }
    }
    Ok(detected.or(assumed).unwrap_or_default())
}

/// With code where the instruction set is `isa`; where nothing tells one code from another, in all that is not known as data.
fn convert(list: &[ImageRegion], isa: IsaChoice) -> Option<Regions> {
    let told = list.iter().any(|region| choose(region.isa, region.isa) == isa);
    let mut regions = Regions::default();
    for region in list {
        let own = choose(region.isa, region.isa);
        let code = if told { own == isa } else { list.len() == 1 || own != IsaChoice::None };
        let fits = regions.push(Region { len: region.len, address: region.address, code });
        if !fits || region.address.checked_add(region.len).is_none() {
            return None;
        }
    }
    Some(regions)
}
