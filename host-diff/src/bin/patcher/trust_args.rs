//! The command line about keys and signatures.

use clap::Args;

use crate::args::{input, output};
use crate::input::Input;
use crate::output::Output;
use crate::value::{self, HardwareId};

/// Make a key pair that signs patches, or tell about one that there is
///
/// Keys are PEM files of the curve P-256, PKCS#8 and SubjectPublicKeyInfo, which OpenSSL reads and writes. A private key is
/// written with mode 0600 and never over a file that exists. Prints the public key as a device holds it.
#[derive(Debug, Args)]
#[command(
    override_usage = "patcher keygen [OPTIONS] -o KEY\n       patcher keygen [OPTIONS] --from KEY [--public PUB]"
)]
pub(crate) struct KeygenArguments {
    /// File to write the new private key to
    #[arg(short, long, value_name = "KEY", value_parser = output(), required_unless_present = "from")]
    pub(crate) output: Option<Output>,

    /// Private or public key to tell about, instead of a new one
    #[arg(long, value_name = "KEY", value_parser = input(), conflicts_with = "output")]
    pub(crate) from: Option<Input>,

    /// File to write the public key to
    #[arg(long, value_name = "PUB", value_parser = output())]
    pub(crate) public: Option<Output>,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a patch or a bundle is signed for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Signing")]
pub(crate) struct SignedFor {
    /// Hardware that may take the patch: text, or bytes as 0x and digits [default: devices without hardware id]
    #[arg(long, value_name = "ID", value_parser = value::hardware_id)]
    pub(crate) hardware_id: Option<HardwareId>,

    /// Security counter: devices that have confirmed a patch with a higher one refuse this [default: 0]
    #[arg(long, value_name = "N", value_parser = value::address)]
    pub(crate) security_counter: Option<u32>,

    /// Certificate for the signing key, if devices hold a root key instead of it
    #[arg(long, value_name = "FILE", value_parser = input())]
    pub(crate) certificate: Option<Input>,
}

impl SignedFor {
    /// An option that makes no sense without a signature.
    pub(crate) fn any(&self) -> Option<&'static str> {
        [
            (self.hardware_id.is_some(), "--hardware-id"),
            (self.security_counter.is_some(), "--security-counter"),
            (self.certificate.is_some(), "--certificate"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

/// What a patch is signed for, and how it can be checked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Signing")]
pub(crate) struct TermsArguments {
    #[command(flatten)]
    pub(crate) signed_for: SignedFor,

    /// Cut the body into blocks that a device can check one by one as they arrive: 64 to 32K, a power of two
    ///
    /// Each costs 16 bytes. Without, a device checks the body as a whole: before it decodes it if it has stored the patch,
    /// or has a buffer as large as the body.
    #[arg(long, value_name = "SIZE", value_parser = value::size)]
    pub(crate) block_size: Option<u32>,
}

impl TermsArguments {
    /// An option that makes no sense without a signature.
    pub(crate) fn any(&self) -> Option<&'static str> {
        self.signed_for.any().or(self.block_size.map(|_| "--block-size"))
    }
}

/// Where a signature comes from.
#[derive(Debug, Args)]
pub(crate) struct SignatureArguments {
    /// Public key of a private key that is elsewhere, with --print-digest or --attach-signature
    #[arg(long, value_name = "PUB", value_parser = input(), conflicts_with = "key")]
    pub(crate) public_key: Option<Input>,

    /// Print the SHA-256 that is to be signed, as hexadecimal digits, and stop
    #[arg(long, requires = "public_key", conflicts_with_all = ["attach_signature", "output"])]
    pub(crate) print_digest: bool,

    /// Signature made elsewhere of that SHA-256, in DER or as 64 bytes; all other options as for --print-digest
    #[arg(long, value_name = "FILE", value_parser = input(), requires = "public_key")]
    pub(crate) attach_signature: Option<Input>,
}

/// Sign a patch, with a key here or elsewhere
///
/// Signatures are deterministic: the same key, patch and options give the same bytes. A signature that the patch has is
/// replaced. To sign with an HSM: --print-digest, sign what it prints (ECDSA with P-256, no further hashing), then
/// --attach-signature, which checks it.
#[derive(Debug, Args)]
#[command(
    override_usage = "patcher sign [OPTIONS] --key KEY PATCH -o OUT\n       patcher sign [OPTIONS] --public-key PUB --print-digest PATCH\n       patcher sign [OPTIONS] --public-key PUB --attach-signature FILE PATCH -o OUT"
)]
pub(crate) struct SignArguments {
    /// The patch
    #[arg(value_parser = input())]
    pub(crate) patch: Input,

    /// File to write the signed patch to
    #[arg(short, long, value_name = "OUT", value_parser = output(), required_unless_present = "print_digest")]
    pub(crate) output: Option<Output>,

    /// Private key to sign with, as PEM
    #[arg(long, value_parser = input(), required_unless_present = "public_key")]
    pub(crate) key: Option<Input>,

    #[command(flatten)]
    pub(crate) signature: SignatureArguments,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) terms: TermsArguments,
}

/// Vouch for a signing key with a root key
///
/// Devices that hold the root's public key then take patches that the other key signed with this certificate, up to a
/// security counter. To end it, raise the counter past that with a patch that another key signed.
#[derive(Debug, Args)]
#[command(
    override_usage = "patcher certify --last-counter N [OPTIONS] --key ROOT PUB -o CERT\n       patcher certify [OPTIONS] --public-key ROOT --print-digest PUB\n       patcher certify [OPTIONS] --public-key ROOT --attach-signature FILE PUB -o CERT"
)]
pub(crate) struct CertifyArguments {
    /// Public key to vouch for
    #[arg(value_name = "PUB", value_parser = input())]
    pub(crate) subject: Input,

    /// File to write the certificate to
    #[arg(short, long, value_name = "CERT", value_parser = output(), required_unless_present = "print_digest")]
    pub(crate) output: Option<Output>,

    /// Private root key, as PEM
    #[arg(long, value_name = "ROOT", value_parser = input(), required_unless_present = "public_key")]
    pub(crate) key: Option<Input>,

    /// Highest security counter of patches that the key may sign
    #[arg(long, value_name = "N", value_parser = value::address)]
    pub(crate) last_counter: u32,

    #[command(flatten)]
    pub(crate) signature: SignatureArguments,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose patches are taken.
#[derive(Debug, Args)]
#[command(next_help_heading = "Trust")]
pub(crate) struct TrustArguments {
    /// Refuse a patch that none of these keys signed; may be repeated
    #[arg(long = "key", value_name = "PUB", value_parser = input())]
    pub(crate) keys: Vec<Input>,

    /// Take also a patch whose key this root key certified; may be repeated
    #[arg(long = "root-key", value_name = "PUB", value_parser = input())]
    pub(crate) roots: Vec<Input>,

    /// Refuse a signed patch for other hardware: text, or bytes as 0x and digits [default: any]
    #[arg(long, value_name = "ID", value_parser = value::hardware_id)]
    pub(crate) hardware_id: Option<HardwareId>,

    /// Refuse a signed patch with a security counter below this [default: 0]
    #[arg(long, value_name = "N", value_parser = value::address)]
    pub(crate) security_counter: Option<u32>,
}
