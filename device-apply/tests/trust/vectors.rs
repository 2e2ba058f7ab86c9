//! The device makes of each vector what the index, and so the oracle, says.

use device_apply::ApplyError;
use device_apply::trust::{Policy, PublicKey};
use rig::vectors::{Index, Trust, folder, sha256, unhex};

use crate::support::{Device, WAYS, Way};

/// Code of `TrustError::Body`.
const BODY: Option<u16> = Some(104);

fn keys(keys: &[String]) -> Vec<PublicKey> {
    keys.iter().map(|key| PublicKey(unhex(key).try_into().unwrap())).collect()
}

#[test]
fn vectors_are_judged_as_the_index_says() {
    let read = |path: &str| std::fs::read(folder().join(path)).expect("a file");
    for vector in Index::load(&folder()).expect("an index").trust {
        let Trust { name, signers, roots, hardware_id, security_counter, .. } = &vector;
        let (signers, roots, hardware_id) = (keys(signers), keys(roots), unhex(hardware_id));
        let mut policy = Policy::new(&signers, &hardware_id, *security_counter).with_roots(&roots);
        if vector.takes_unsigned {
            policy = policy.accepting_unsigned();
        }
        let patch = read(&vector.patch);
        let device = Device::new(&vector.base.as_deref().map(read).unwrap_or_default());
        for way in WAYS {
            for chunk in [1, 20, usize::MAX] {
                let run = device.apply(&patch, policy, way, chunk);
                match run.result {
                    Ok(progress) => {
                        let target = device.staged(progress.target_total as usize);
                        let digest = Some(sha256(&target));
                        assert_eq!(digest, vector.target_sha256, "{name}, {way:?}, {chunk}");
                    }
                    // Decoded before its block is checked, a forged body may be refused for what it says.
                    Err(ApplyError::Decode(_)) if way == Way::LateStream && vector.code == BODY => {
                    }
                    Err(error) => {
                        assert_eq!(Some(error.code()), vector.code, "{name}, {way:?}: {error:?}");
                    }
                }
            }
        }
    }
}
