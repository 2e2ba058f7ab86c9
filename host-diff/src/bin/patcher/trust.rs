//! Keys and policies from files.

use host_diff::bundle::BundleError;
use host_diff::format::PatchFormat;
use host_diff::info::Info;
use host_diff::trust::{Certificate, Policy, PrivateKey, PublicKey, SignError, Terms};
use patcher_core::container::bundle::Index;
use patcher_core::error::TrustError;

use crate::failure::{Class, Failure};
use crate::input::Input;
use crate::trust_args::{SignedFor, TrustArguments};

/// The PEM text of `input`.
pub(crate) fn pem(input: &Input, role: &str) -> Result<String, Failure> {
    // What is not UTF-8 is not PEM either, and is told as that.
    Ok(String::from_utf8_lossy(&input.read(role)?).into_owned())
}

pub(crate) fn private_key(input: &Input) -> Result<PrivateKey, Failure> {
    let role = "private key";
    PrivateKey::from_pem(&pem(input, role)?).map_err(|error| {
        Failure::new(Class::Other, format!("{role} {input}: {error}")).help(error.help())
    })
}

pub(crate) fn public_key(input: &Input) -> Result<PublicKey, Failure> {
    let role = "public key";
    PublicKey::from_pem(&pem(input, role)?).map_err(|error| {
        Failure::new(Class::Other, format!("{role} {input}: {error}")).help(error.help())
    })
}

/// What is signed for, and in blocks of so many bytes.
pub(crate) fn terms(args: &SignedFor, block_bytes: Option<u32>) -> Result<Terms, Failure> {
    let certificate = match &args.certificate {
        None => None,
        Some(input) => {
            let certificate = Certificate::from_bytes(&input.read("certificate")?);
            Some(certificate.map_err(|error| {
                Failure::new(Class::Other, format!("certificate {input}: {error}"))
                    .help("make one with `patcher certify`")
            })?)
        }
    };
    Ok(Terms {
        hardware_id: args.hardware_id.as_ref().map(|id| id.0.clone()).unwrap_or_default(),
        security_counter: args.security_counter.unwrap_or(0),
        certificate,
        block_bytes,
    })
}

/// Refuses a patch that the keys of the command line do not stand for.
pub(crate) fn check(args: &TrustArguments, patch: &Info<'_>, name: &Input) -> Result<(), Failure> {
    demand(args, &format!("patch {name}"), |policy| policy.check(patch))
}

/// Refuses a patch of another tool where keys are given: no such format carries a signature.
pub(crate) fn check_foreign(
    args: &TrustArguments,
    format: PatchFormat,
    name: &Input,
) -> Result<(), Failure> {
    let what = format!("patch {name}");
    if args.keys.is_empty() && args.roots.is_empty() {
        return demand(args, &what, |_| Ok(()));
    }
    let message = format!(
        "{what}: expected a signed patch, found one in {format} format, which has no signature"
    );
    let help =
        "use a native patch, or leave out the keys and check the target by its own signature";
    Err(Failure::new(Class::Untrusted, message).help(help))
}

/// Refuses a bundle that the keys of the command line do not stand for.
pub(crate) fn check_index(
    args: &TrustArguments,
    index: &Index<'_>,
    name: &Input,
) -> Result<(), Failure> {
    let wanted = !args.keys.is_empty() || !args.roots.is_empty();
    if wanted && index.trust.is_none() {
        let message =
            format!("bundle {name}: expected a signed index, found one without signature");
        let failure = Failure::new(Class::Untrusted, message);
        return Err(failure.help("make the bundle with `patcher bundle --key`"));
    }
    demand(args, &format!("bundle {name}"), |policy| policy.check_index(index))
}

fn demand(
    args: &TrustArguments,
    what: &str,
    check: impl FnOnce(&Policy) -> Result<(), TrustError>,
) -> Result<(), Failure> {
    if args.keys.is_empty() && args.roots.is_empty() {
        if args.hardware_id.is_some() || args.security_counter.is_some() {
            let message = "expected --key or --root-key, found a demand on signed patches only";
            return Err(Failure::usage(message).help("name the public key with --key"));
        }
        return Ok(());
    }
    let read = |inputs: &[Input]| inputs.iter().map(public_key).collect::<Result<Vec<_>, _>>();
    let policy = Policy {
        signers: read(&args.keys)?,
        roots: read(&args.roots)?,
        hardware_id: args.hardware_id.as_ref().map(|id| id.0.clone()),
        security_counter: args.security_counter.unwrap_or(0),
    };
    check(&policy).map_err(|error| {
        let failure = Failure::new(error.class().into(), format!("{what}: {error}"));
        match advice(&error, &policy) {
            Some(help) => failure.help(help),
            None => failure,
        }
    })
}

fn advice(error: &TrustError, policy: &Policy) -> Option<String> {
    Some(match error {
        TrustError::Unsigned => "sign it with `patcher sign`".to_owned(),
        TrustError::Key { .. } => {
            let ids = |keys: &[PublicKey]| {
                keys.iter().map(PublicKey::id_text).collect::<Vec<_>>().join(", ")
            };
            let mut known = Vec::new();
            for (name, keys) in [("--key", &policy.signers), ("--root-key", &policy.roots)] {
                if !keys.is_empty() {
                    known.push(format!("{name} {}", ids(keys)));
                }
            }
            format!(
                "known are {}; `patcher keygen --from KEY` tells the id of a key",
                known.join(" and ")
            )
        }
        TrustError::Expired { .. } | TrustError::Certificate => {
            "make another certificate with `patcher certify`, and sign again".to_owned()
        }
        TrustError::HighS => {
            "sign it with `patcher sign`, also with --attach-signature: it takes either form"
                .to_owned()
        }
        TrustError::Signature | TrustError::Body { .. } => {
            "fetch the patch again; if it stays, it was changed after it was signed".to_owned()
        }
        _ => return None,
    })
}

/// Why something was not signed.
pub(crate) fn explain(error: &SignError, place: &str) -> Failure {
    let class = match error {
        SignError::Patch(error) => error.class().into(),
        SignError::Damaged => Class::MalformedPatch,
        SignError::Bundle(error) => error.class().into(),
        SignError::BlockSize { .. } | SignError::HardwareId { .. } => Class::Usage,
        SignError::Signature { .. } => Class::Untrusted,
        _ => Class::Other,
    };
    let failure = Failure::new(class, format!("{place}: {error}"));
    match error {
        SignError::Signature { .. } => failure.help(
            "give the options that --print-digest had, and sign its 32 bytes without hashing them again",
        ),
        SignError::SignatureForm { .. } => {
            failure.help("`openssl pkeyutl -sign -in DIGEST -inkey KEY` writes DER")
        }
        SignError::CertificateKey { .. } | SignError::CertificateEnd { .. } => {
            failure.help("make another certificate with `patcher certify`")
        }
        SignError::Bundle(BundleError::Terms { .. }) => {
            failure.help("give `patcher sign` and `patcher bundle` the same --hardware-id and --security-counter")
        }
        SignError::Extensions => failure.help("use the patcher that made it"),
        _ => failure,
    }
}
