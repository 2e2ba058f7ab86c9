//! `patcher sign` and `patcher certify`.

use host_diff::digest::Hex;
use host_diff::info::Info;
use host_diff::trust::{Policy, PrivateKey, PublicKey, Unsigned};
use serde_json::json;

use crate::failure::{Class, Failure};
use crate::info;
use crate::input::{Input, check_distinct};
use crate::output::{self, Output};
use crate::report::Report;
use crate::trust::{explain, private_key, public_key, terms};
use crate::trust_args::{CertifyArguments, SignArguments, SignatureArguments};
use crate::usage::Stopwatch;

pub(crate) fn run(args: &SignArguments, watch: &Stopwatch) -> Result<(), Failure> {
    let (key, signature) = (args.key.as_ref(), &args.signature);
    check(
        &[Some(&args.patch), key, args.terms.signed_for.certificate.as_ref()],
        signature,
        args.output.as_ref(),
        args.json,
    )?;
    let content = args.patch.read("patch")?;
    let info = info::read(&content, &args.patch, None)?;
    let terms = terms(&args.terms.signed_for, args.terms.block_size)?;
    let signer = Signer::read(key, signature)?;
    let place = format!("patch {}", args.patch);
    let unsigned = Unsigned::patch(&content, &signer.public(), &terms)
        .map_err(|error| explain(&error, &place))?;
    let Some(output) = &args.output else { return print_digest(&unsigned, args.json) };
    let signed = signer.sign(&unsigned, signature, &place)?;
    let report = report(&signed, &signer.public(), terms.certificate.is_some())?;
    output.write(&signed)?;
    if args.json {
        return output::print(&report.json(watch)?);
    }
    let grown = signed.len().saturating_sub(info.header_len + info.payload.len());
    output.print(&format!(
        "signed patch of {} bytes, {grown} more than before, by key {}\n",
        signed.len(),
        signer.public().id_text()
    ))
}

pub(crate) fn certify(args: &CertifyArguments) -> Result<(), Failure> {
    let (key, signature) = (args.key.as_ref(), &args.signature);
    check(&[Some(&args.subject), key], signature, args.output.as_ref(), args.json)?;
    let subject = public_key(&args.subject)?;
    let signer = Signer::read(key, signature)?;
    let root = signer.public();
    let unsigned = Unsigned::certificate(&root, &subject, args.last_counter);
    let Some(output) = &args.output else { return print_digest(&unsigned, args.json) };
    let certificate = signer.sign(&unsigned, signature, "certificate")?;
    output.write(&certificate)?;
    let (key, root) = (subject.id_text(), root.id_text());
    if args.json {
        let object =
            json!({ "key_id": key, "root_key_id": root, "last_counter": args.last_counter });
        return output::print(&format!("{object}\n"));
    }
    let last = args.last_counter;
    output.print(&format!("root key {root} certifies key {key} up to security counter {last}\n"))
}

/// Signs a patch that was just made.
pub(crate) fn sign_new(
    patch: &[u8],
    key: &Input,
    args: &crate::trust_args::TermsArguments,
) -> Result<Vec<u8>, Failure> {
    let (key, terms) = (private_key(key)?, terms(&args.signed_for, args.block_size)?);
    let wrap = |error| explain(&error, "the new patch");
    let unsigned = Unsigned::patch(patch, &key.public(), &terms).map_err(wrap)?;
    let signed = unsigned.attach(&key.sign(&unsigned)).map_err(wrap)?;
    report(&signed, &key.public(), terms.certificate.is_some())?;
    Ok(signed)
}

/// Refuses what cannot end well, before any work.
pub(crate) fn check(
    inputs: &[Option<&Input>],
    signature: &SignatureArguments,
    output: Option<&Output>,
    json: bool,
) -> Result<(), Failure> {
    let others = [signature.public_key.as_ref(), signature.attach_signature.as_ref()];
    let inputs: Vec<&Input> = inputs.iter().copied().chain(others).flatten().collect();
    check_distinct(&inputs)?;
    if signature.public_key.is_some() && output.is_some() && signature.attach_signature.is_none() {
        let message = "expected --attach-signature beside --public-key and -o, found no signature";
        return Err(Failure::usage(message).help("sign what --print-digest prints, or give --key"));
    }
    output.map_or(Ok(()), |output| output.check(&inputs, json))
}

/// What a patch says that was signed here, once it is checked like anyone's.
fn report(signed: &[u8], key: &PublicKey, certified: bool) -> Result<Report, Failure> {
    let bug =
        |text: String| Failure::new(Class::Other, format!("a wrong signature was made: {text}"));
    let info = Info::read_native(signed).map_err(|error| bug(error.to_string()))?;
    // Whether a certificate is the root's only who holds the root key can tell.
    if !certified {
        let policy = Policy { signers: vec![*key], ..Policy::default() };
        policy.check(&info).map_err(|error| bug(error.to_string()))?;
    }
    Ok(Report::of(&info))
}

/// A key that is here, or the public half of one elsewhere.
pub(crate) enum Signer {
    Here(PrivateKey),
    Elsewhere(PublicKey),
}

impl Signer {
    pub(crate) fn read(
        key: Option<&Input>,
        signature: &SignatureArguments,
    ) -> Result<Self, Failure> {
        match (key, &signature.public_key) {
            (Some(key), _) => private_key(key).map(Self::Here),
            (None, Some(key)) => public_key(key).map(Self::Elsewhere),
            (None, None) => Err(Failure::usage("expected --key or --public-key, found neither")),
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::Here(key) => key.public(),
            Self::Elsewhere(key) => *key,
        }
    }

    pub(crate) fn sign(
        &self,
        unsigned: &Unsigned,
        signature: &SignatureArguments,
        place: &str,
    ) -> Result<Vec<u8>, Failure> {
        let signature = match (self, &signature.attach_signature) {
            (Self::Here(key), _) => key.sign(unsigned).to_vec(),
            (Self::Elsewhere(_), Some(input)) => input.read("signature")?,
            (Self::Elsewhere(_), None) => Vec::new(),
        };
        unsigned.attach(&signature).map_err(|error| explain(&error, place))
    }
}

pub(crate) fn print_digest(unsigned: &Unsigned, json: bool) -> Result<(), Failure> {
    let digest = Hex(&unsigned.digest()).to_string();
    if json {
        return output::print(&format!("{}\n", json!({ "digest": digest })));
    }
    output::print(&format!("{digest}\n"))
}
