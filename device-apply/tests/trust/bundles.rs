//! Indexes of bundles: who signed them, for which device.

use device_apply::Class;
use device_apply::trust::{BundleError, Policy, PublicKey};
use patcher_core::Kind;
use patcher_core::container::bundle::{
    self, BUNDLE_DOMAIN, Entry, Index, MAX_INDEX_BYTES, Running, Sealing,
};
use patcher_core::container::trust::{CERTIFICATE_DOMAIN, PATCH_DOMAIN};
use patcher_core::container::varint;
use patcher_core::error::{HeaderError, TrustError};
use rig::seal::Key;

const FULL: Entry =
    Entry { kind: Kind::Full, memory: 16, base_len: 0, base_digest: [0; 4], offset: 0, len: 5_000 };
const DELTA: Entry =
    Entry { kind: Kind::Delta, base_len: 9, base_digest: [7; 4], len: 200, ..FULL };

fn sealing(key: &Key) -> Sealing<'static> {
    Sealing { key_id: key.id(), security_counter: 4, hardware_id: b"meter-2", certificate: &[] }
}

fn signed(key: &Key, domain: &[u8], sealing: &Sealing<'_>) -> Vec<u8> {
    let message = bundle::write(10, [1; 8], &[DELTA, FULL], Some(sealing)).unwrap();
    let signature = key.sign(domain, &message);
    [&message[..], &signature].concat()
}

#[test]
fn an_index_is_taken_from_a_signer_for_this_device_and_not_older() {
    let (key, other) = (Key::new(1), Key::new(2));
    let keys = [PublicKey(key.public())];
    let bytes = signed(&key, BUNDLE_DOMAIN, &sealing(&key));
    let policy = Policy::new(&keys, b"meter-2", 4);
    let index = policy.bundle(&bytes).unwrap();
    let running = Running { len: 9, digest: &[7; 32], ram_bytes: 4096 };
    assert_eq!(index.choose(&running).map(|entry| entry.len), Some(200));

    let refused = |policy: Policy<'_>, bytes: &[u8]| match policy.bundle(bytes) {
        Err(BundleError::Trust(error)) => error,
        other => panic!("{other:?}"),
    };
    let hardware = Policy::new(&keys, b"meter-3", 4);
    assert_eq!(refused(hardware, &bytes), TrustError::Hardware);
    let counter = Policy::new(&keys, b"meter-2", 5);
    assert_eq!(refused(counter, &bytes), TrustError::Counter { expected: 5, got: 4 });
    let stranger = signed(&other, BUNDLE_DOMAIN, &sealing(&other));
    assert_eq!(refused(policy, &stranger), TrustError::Key { got: other.id() });
    let forged = signed(&other, BUNDLE_DOMAIN, &sealing(&key));
    assert_eq!(refused(policy, &forged), TrustError::Signature);
    let borrowed = signed(&key, PATCH_DOMAIN, &sealing(&key));
    assert_eq!(refused(policy, &borrowed), TrustError::Signature, "a patch's signature");
}

#[test]
fn each_changed_bit_of_a_signed_index_is_refused() {
    let key = Key::new(1);
    let keys = [PublicKey(key.public())];
    let policy = Policy::new(&keys, b"meter-2", 4);
    let bytes = signed(&key, BUNDLE_DOMAIN, &sealing(&key));
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = policy.bundle(&changed).unwrap_err();
        assert_ne!(error.class(), Class::Bug, "bit {bit}: {error}");
    }
}

#[test]
fn an_unsigned_index_is_taken_by_who_takes_unsigned_patches() {
    let bytes = bundle::write(10, [1; 8], &[DELTA, FULL], None).unwrap();
    let policy = Policy::new(&[], b"", 0);
    let unsigned = BundleError::Trust(TrustError::Unsigned);
    assert_eq!(policy.bundle(&bytes), Err(unsigned));
    assert_eq!((unsigned.code(), unsigned.class()), (96, Class::Untrusted));
    assert_eq!(
        policy.accepting_unsigned().bundle(&bytes),
        Index::parse(&bytes).map_err(|_| unsigned)
    );
    let incomplete = policy.bundle(&bytes[..9]).unwrap_err();
    assert_eq!((incomplete, incomplete.code()), (BundleError::Header(HeaderError::Incomplete), 1));
}

#[test]
fn a_root_vouches_for_the_signer_of_an_index_too() {
    let (root, key) = (Key::new(1), Key::new(2));
    let roots = [PublicKey(root.public())];
    let mut value = key.public().to_vec();
    varint::write(&mut value, 4);
    let vouched = root.sign(CERTIFICATE_DOMAIN, &value);
    value.extend(vouched);
    let sealing = Sealing { key_id: root.id(), certificate: &value, ..sealing(&key) };
    let bytes = signed(&key, BUNDLE_DOMAIN, &sealing);
    let policy = Policy::new(&[], b"meter-2", 4);
    assert!(policy.with_roots(&roots).bundle(&bytes).is_ok());
    let got = root.id();
    assert_eq!(policy.bundle(&bytes), Err(BundleError::Trust(TrustError::Key { got })));
    let newer = Sealing { security_counter: 5, ..sealing };
    let expired = policy.with_roots(&roots).bundle(&signed(&key, BUNDLE_DOMAIN, &newer)).map(drop);
    assert_eq!(expired, Err(BundleError::Trust(TrustError::Expired { expected: 4, got: 5 })));
}

#[test]
fn any_bytes_end_in_an_error_or_an_index_that_stays_within_its_limits() {
    let mut random = rig::random::Random::new(3);
    let key = Key::new(1);
    let good = signed(&key, BUNDLE_DOMAIN, &sealing(&key));
    let mut read = 0;
    for _ in 0..50_000 {
        let mut bytes = good.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = random.byte();
        }
        bytes.truncate(random.below(2 * bytes.len()));
        let Ok(index) = Index::parse(&bytes) else { continue };
        read += 1;
        assert!(index.len as usize <= bytes.len().min(MAX_INDEX_BYTES));
        let end = index.entries().map(|entry| u64::from(entry.offset) + u64::from(entry.len)).max();
        assert!(end.unwrap() <= u64::from(u32::MAX));
    }
    assert!(read > 1_000, "{read}");
}
