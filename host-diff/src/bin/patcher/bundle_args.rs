//! The command line about bundles.

use clap::Args;

use crate::args::{input, output};
use crate::input::Input;
use crate::output::Output;
use crate::trust_args::{SignatureArguments, SignedFor, TrustArguments};
use crate::value;

/// Put patches from several bases into one file, of which each device takes its own
///
/// All patches must make the same target, and one of them must be a full image, for devices with another base. A device
/// fetches the index at the start of the file, finds the patch for its base and memory, and fetches only that: it needs no
/// second answer of the server. With a key the index is signed, and its patches must be signed already, for the same hardware
/// id and security counter.
#[derive(Debug, Args)]
#[command(
    override_usage = "patcher bundle [OPTIONS] PATCH... -o BUNDLE\n       patcher bundle [OPTIONS] --key KEY PATCH... -o BUNDLE\n       patcher bundle [OPTIONS] --public-key PUB --print-digest PATCH...\n       patcher bundle [OPTIONS] --public-key PUB --attach-signature FILE PATCH... -o BUNDLE"
)]
pub(crate) struct BundleArguments {
    /// The patches, in any order
    #[arg(value_name = "PATCH", value_parser = input(), required = true)]
    pub(crate) patches: Vec<Input>,

    /// File to write the bundle to
    #[arg(short, long, value_name = "BUNDLE", value_parser = output(), required_unless_present = "print_digest")]
    pub(crate) output: Option<Output>,

    /// Private key to sign the index with, as PEM
    #[arg(long, value_parser = input())]
    pub(crate) key: Option<Input>,

    #[command(flatten)]
    pub(crate) signature: SignatureArguments,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) signed_for: SignedFor,
}

/// Take the patch out of a bundle that a device would take
#[derive(Debug, Args)]
#[command(override_usage = "patcher unbundle [OPTIONS] BUNDLE [--base BASE] -o PATCH")]
pub(crate) struct UnbundleArguments {
    /// The bundle
    #[arg(value_parser = input())]
    pub(crate) bundle: Input,

    /// Image that the device has [default: one that no delta is for]
    #[arg(long, value_parser = input())]
    pub(crate) base: Option<Input>,

    /// File to write the patch to
    #[arg(short, long, value_name = "PATCH", value_parser = output())]
    pub(crate) output: Output,

    /// Memory that the device has for applying the patch, without stack
    #[arg(long, value_name = "SIZE", default_value = "16K", value_parser = value::size)]
    pub(crate) ram: u32,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) trust: TrustArguments,
}
