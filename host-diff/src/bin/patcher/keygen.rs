//! `patcher keygen`.

use core::fmt::Write as _;

use host_diff::digest::Hex;
use host_diff::trust::{PrivateKey, PublicKey};
use serde_json::json;

use crate::failure::{Class, Failure};
use crate::input::Input;
use crate::output::{self, Output};
use crate::trust;
use crate::trust_args::KeygenArguments;

pub(crate) fn run(args: &KeygenArguments) -> Result<(), Failure> {
    let inputs: Vec<&Input> = args.from.iter().collect();
    for output in args.output.iter().chain(&args.public) {
        output.check(&inputs, args.json)?;
    }
    if args.output == Some(Output::Stdout) && args.public == Some(Output::Stdout) {
        return Err(Failure::usage("expected one use of standard output, found two"));
    }
    let public = match (&args.from, &args.output) {
        (Some(from), _) => known(from)?,
        (None, Some(output)) => {
            let key = PrivateKey::generate()
                .map_err(|error| Failure::new(Class::Io, error.to_string()).help(error.help()))?;
            output.write_secret(key.to_pem().as_bytes())?;
            key.public()
        }
        (None, None) => return Err(Failure::usage("expected -o KEY or --from KEY")),
    };
    if let Some(output) = &args.public {
        output.write(public.to_pem().as_bytes())?;
    }
    let text = if args.json {
        let object = json!({
            "key_id": public.id_text(),
            "public_key": Hex(&public.compressed()).to_string(),
        });
        return output::print(&format!("{object}\n"));
    } else {
        describe(&public)
    };
    let binary = [&args.output, &args.public].into_iter().flatten();
    match binary.into_iter().find(|output| **output == Output::Stdout) {
        Some(stdout) => stdout.print(&text),
        None => output::print(&text),
    }
}

/// The public key of a file that holds a private or a public one.
fn known(input: &Input) -> Result<PublicKey, Failure> {
    let text = trust::pem(input, "key")?;
    let key = match PublicKey::from_pem(&text) {
        Ok(key) => Ok(key),
        Err(_) => PrivateKey::from_pem(&text).map(|key| key.public()),
    };
    key.map_err(|error| {
        Failure::new(Class::Other, format!("key {input}: {error}")).help(error.help())
    })
}

fn describe(key: &PublicKey) -> String {
    let mut text = format!("key id {}\npublic key for the device:\n", key.id_text());
    for row in key.compressed().chunks(11) {
        let bytes: Vec<String> = row.iter().map(|byte| format!("{byte:#04x}")).collect();
        let _ = writeln!(text, "    {},", bytes.join(", "));
    }
    text
}
