//! What a scenario's file says.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::board::Release;

/// A story of a device.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// What it shows, in a sentence.
    pub about: String,
    /// Images by their names.
    pub images: BTreeMap<String, Image>,
    /// What the device holds at the start.
    #[serde(default)]
    pub device: Start,
    /// What is done, in order. Power is on at the first step, unless that gives it.
    pub steps: Vec<Step>,
    /// What must be the case behind the last step.
    pub ends: Ends,
}

/// A signed image.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    /// The program in it.
    pub release: Release,
    /// Its version.
    pub version: u32,
    /// Its security counter, if that is not the version.
    pub counter: Option<u32>,
    /// The device it is for, if that is not the demo's.
    pub hardware_id: Option<String>,
    /// Signed with a key that no device knows.
    #[serde(default)]
    pub stranger: bool,
    /// Offset of a byte that is changed once it is signed.
    pub flip: Option<usize>,
}

/// A device out of the factory.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Start {
    /// The image in slot A, confirmed.
    pub slot_a: Option<String>,
    /// The image in the one slot, confirmed: the device has no other then.
    pub slot: Option<String>,
    /// The image where the bootloader looks last.
    pub golden: Option<String>,
    /// What is in the settings page.
    pub settings: Option<String>,
}

/// Something that is done to the device.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Gives power.
    PowerOn,
    /// Takes it away.
    PowerOff,
    /// Waits until the running image has confirmed itself.
    Confirm,
    /// Nothing was written to flash since power came.
    NothingWritten,
    /// Asks once what runs.
    Status,
    /// Lets so many seconds of the device pass.
    Wait(f64),
    /// Puts an image into the inactive slot and asks for it, as an update does, but from outside.
    Stage(String),
    /// Sends a patch.
    Send(Send),
    /// Lets power fail at a flash operation of the next steps.
    Cut(PowerCut),
    /// Damages flash while there is no power.
    Damage(Damage),
    /// Keeps other settings.
    Set(Settings),
    /// Asks for the settings.
    Settings,
}

/// Settings of the application.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The device's name, 16 bytes at most.
    pub name: String,
    /// Seconds for which an image on trial must work.
    pub health_window: u16,
}

/// A patch on its way.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Send {
    /// The base's name; none for the full image.
    pub base: Option<String>,
    /// The target's name.
    pub target: String,
    /// The byte at this part of it, 0 to 1, comes with a wrong bit.
    pub damage_at: Option<f64>,
    /// One frame of so many is lost on its way to the device.
    pub lose_one_of: Option<u32>,
    /// With one slot: the patch of the way back comes along.
    #[serde(default)]
    pub with_reverse: bool,
    /// With one slot: signed with a key that no device knows.
    #[serde(default)]
    pub stranger: bool,
    /// With one slot: the security counter of the patches, if that is not the target's.
    pub counter: Option<u32>,
    /// With one slot: the way back leads to this image instead of the base.
    pub back_to: Option<String>,
    /// The full image follows when the device asks for it.
    #[serde(default)]
    pub or_full: bool,
    /// The host is gone when this part of it, 0 to 1, is sent.
    pub hang_up_at: Option<f64>,
}

/// When power fails.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PowerCut {
    /// So many operations are completed first.
    pub behind: u64,
    /// The next one is torn, as this seed says; without it, power fails between operations.
    pub torn: Option<u64>,
}

/// Part of flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Slot A.
    SlotA,
    /// Slot B.
    SlotB,
    /// The boot metadata.
    BootLog,
    /// The state of updates.
    UpdateLog,
    /// The settings page.
    Settings,
    /// The one slot.
    Slot,
    /// Where the patch waits.
    Patch,
    /// Where the reverse patch waits.
    Reverse,
    /// The log of the patch that leads to the image `of`, in slot B behind where that will be.
    PatchLog,
}

/// What becomes of a double word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Harm {
    /// One bit of it is another, and its ECC fits.
    Flipped,
    /// Its ECC does not fit: power failed while it was programmed.
    Torn,
    /// The page that it is in is erased.
    Erased,
}

/// A double word that is damaged.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Damage {
    /// Where it is.
    pub place: Place,
    /// And where in there, a multiple of 8; from the end of the image in the slot when negative.
    pub at: i64,
    /// What becomes of it.
    pub harm: Harm,
    /// For a log: the target of its patch.
    pub of: Option<String>,
}

/// How a scenario ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ends {
    /// The image that runs and has confirmed itself, and its slot; nothing when none does.
    pub runs: Option<Running>,
    /// State of slot A, as transcripts write it.
    pub a: Option<String>,
    /// State of slot B.
    pub b: Option<String>,
    /// State of the one slot.
    pub slot: Option<String>,
    /// No page of the one slot was erased.
    #[serde(default)]
    pub slot_untouched: bool,
    /// The device's security counter.
    pub counter: Option<u32>,
    /// Flash operations of the whole story.
    pub flash_operations: Option<u64>,
}

/// An image that runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Running {
    /// Its name.
    pub image: String,
    /// `A` or `B`; nothing with one slot.
    pub slot: Option<char>,
}
