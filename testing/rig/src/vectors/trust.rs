//! What a device with keys makes of patches: §2.1 step by step.

use patcher_core::container::trust::{PATCH_DOMAIN, SIGNATURE_BYTES};
use patcher_core::container::writer;
use patcher_core::{Header, HeaderError, TrustError};

use super::book::{Base, Book};
use super::index::{Trust, hex, sha256};
use super::valid::with_extensions;
use crate::firmware::{self, ADDRESS};
use crate::plan::{Patch, Recipe};
use crate::random::Random;
use crate::seal::{Key, Terms, mirrored, prefix, signed};

/// The device of most vectors: one signer, one root, a hardware id, a counter.
const HARDWARE: &[u8] = b"demo-v1";
const COUNTER: u32 = 300;

struct Pair {
    base: Base,
    target: Vec<u8>,
    patch: Vec<u8>,
}

pub(super) fn write(book: &mut Book) {
    let (base, mut target) = firmware::pair(23, 8);
    // New bytes, for a body of several blocks.
    target.extend(Random::new(24).bytes(200));
    let recipe = Recipe::plain().addressed(2, (base.len(), ADDRESS), (target.len(), ADDRESS));
    let patch = recipe.encode(&base, &target).bytes();
    let pair = Pair { base: book.image("small", base), target, patch };
    applied(book, &pair);
    malformed(book, &pair);
    distrusted(book, &pair);
    forged(book, &pair);
    bodies(book, &pair);
}

fn keys() -> (Key, Key) {
    (Key::new(1), Key::new(2))
}

/// Signed with the signer's key for the device.
fn terms() -> Terms {
    Terms { counter: COUNTER, hardware_id: HARDWARE.to_vec(), ..Terms::default() }
}

fn file(
    book: &mut Book,
    (name, about): (&str, &str),
    pair: &Pair,
    patch: Vec<u8>,
    reject: Option<TrustError>,
) {
    let reject = reject.map(|reject| (format!("{reject:?}"), reject.code()));
    file_any(book, (name, about), pair, patch, reject);
}

fn file_any(
    book: &mut Book,
    (name, about): (&str, &str),
    pair: &Pair,
    patch: Vec<u8>,
    reject: Option<(String, u16)>,
) {
    let (signer, root) = keys();
    let path = format!("trust/{name}.patch");
    let target_sha256 = reject.is_none().then(|| sha256(&pair.target));
    let (text, code) = reject.unzip();
    book.index.trust.push(Trust {
        name: name.to_owned(),
        about: about.to_owned(),
        base: Some(pair.base.path.clone()),
        patch: path.clone(),
        signers: vec![hex(&signer.public())],
        roots: vec![hex(&root.public())],
        hardware_id: hex(HARDWARE),
        security_counter: COUNTER,
        takes_unsigned: false,
        reject: text.and_then(|text| text.split([' ', '{']).next().map(str::to_owned)),
        code,
        target_sha256,
    });
    book.files.insert(path, patch);
}

fn applied(book: &mut Book, pair: &Pair) {
    let (signer, root) = keys();
    let mut file = |name, about, patch| file(book, (name, about), pair, patch, None);
    file("signed", "a signer's own key", signed(&pair.patch, &signer, &terms()));
    let newer = Terms { counter: u32::MAX, ..terms() };
    file("newer", "the highest security counter", signed(&pair.patch, &signer, &newer));
    let certified = Terms { root: Some((root.clone(), COUNTER)), ..terms() };
    file(
        "certified",
        "a key that the root vouches for, up to this security counter",
        signed(&pair.patch, &Key::new(3), &certified),
    );
    let blocks = Terms { block_log2: Some(6), ..terms() };
    file("blocks", "blocks of 64 bytes", signed(&pair.patch, &signer, &blocks));
    let one = Terms { block_log2: Some(15), ..terms() };
    file("one-block", "a block that the body does not fill", signed(&pair.patch, &signer, &one));
    let all = Terms { block_log2: Some(8), ..certified };
    file("certified-blocks", "all three extensions", signed(&pair.patch, &Key::new(3), &all));
    file_unsigned_taken(book, pair);
}

fn file_unsigned_taken(book: &mut Book, pair: &Pair) {
    file(book, ("unsigned-taken", "a device that takes both"), pair, pair.patch.clone(), None);
    if let Some(last) = book.index.trust.last_mut() {
        last.takes_unsigned = true;
    }
}

/// What §2.1 does not allow, whoever signed it.
fn malformed(book: &mut Book, pair: &Pair) {
    let trust = |len: u8| [&[0x81, len][..], &vec![1; usize::from(len)]].concat();
    let certificate = |len: u8| [&[0x82, len][..], &vec![1; usize::from(len)]].concat();
    let endless = [&[0x81, 21][..], &[1; 20], &[0x81], &[1; 9]].concat();
    let large = [&[0x81, 25][..], &[1; 20], &[0xFF, 0xFF, 0xFF, 0xFF, 0x1F]].concat();
    let blocks = |log2: u8| vec![0x83, 1, log2];
    let wrong = HeaderError::Trust;
    let cases: [(_, _, Vec<Vec<u8>>, _); 12] = [
        ("short-trust", "no room for a counter", vec![trust(20)], wrong),
        ("long-hardware-id", "a hardware id of 33 bytes", vec![trust(54)], wrong),
        ("trust-twice", "two of what is there once", vec![trust(21), trust(21)], wrong),
        ("cut-counter", "a counter that leaves its extension", vec![endless], wrong),
        ("large-counter", "a counter of 2^32 and more", vec![large], HeaderError::Varint),
        ("lonely-certificate", "certifies what is not signed", vec![certificate(98)], wrong),
        ("long-certificate", "one byte too many", vec![trust(21), certificate(99)], wrong),
        ("short-certificate", "no room for it", vec![trust(21), certificate(97)], wrong),
        ("lonely-blocks", "blocks of what is not signed", vec![blocks(8)], wrong),
        ("small-blocks", "blocks of 32 bytes", vec![trust(21), blocks(5)], wrong),
        ("large-blocks", "blocks of 64 KiB", vec![trust(21), blocks(16)], wrong),
        ("late-certificate", "after blocks", vec![trust(21), blocks(8), certificate(98)], wrong),
    ];
    let (header, len) = Header::parse(pair.patch.iter().copied()).expect("a patch");
    let patch = Patch { header, body: pair.patch[len..].to_vec() };
    for (name, about, triples, error) in cases {
        let triples = triples.concat();
        let mut extensions = Vec::new();
        varint_push(&mut extensions, u32::try_from(triples.len()).expect("below 512"));
        extensions.extend(triples);
        let reject = Some((format!("{error:?}"), error.code()));
        file_any(book, (name, about), pair, with_extensions(&patch, &extensions), reject);
    }
}

/// Well signed, but not for this device.
fn distrusted(book: &mut Book, pair: &Pair) {
    let (signer, root) = keys();
    let mut file =
        |name, about, patch, reject| file(book, (name, about), pair, patch, Some(reject));
    let sign = |key: &Key, terms: &Terms| signed(&pair.patch, key, terms);
    file(
        "unsigned",
        "a device with keys wants a signature",
        pair.patch.clone(),
        TrustError::Unsigned,
    );
    let stranger = Key::new(4);
    let unknown = |key: &Key| TrustError::Key { got: key.id() };
    file("stranger", "a key that nobody knows", sign(&stranger, &terms()), unknown(&stranger));
    file("root-signs", "a root's key signs no patches", sign(&root, &terms()), unknown(&root));
    let by = |root: &Key, last| Terms { root: Some((root.clone(), last)), ..terms() };
    file(
        "strange-root",
        "certified by a root that nobody knows",
        sign(&Key::new(3), &by(&stranger, COUNTER)),
        unknown(&stranger),
    );
    file(
        "signer-certifies",
        "a signer's key is no root",
        sign(&Key::new(3), &by(&signer, COUNTER)),
        unknown(&signer),
    );
    file(
        "expired",
        "the certificate ends one counter before",
        sign(&Key::new(3), &by(&root, COUNTER - 1)),
        TrustError::Expired { expected: COUNTER - 1, got: COUNTER },
    );
    let other = Terms { hardware_id: b"demo-v2".to_vec(), ..terms() };
    file("other-hardware", "for another product", sign(&signer, &other), TrustError::Hardware);
    let none = Terms { hardware_id: Vec::new(), ..terms() };
    file("no-hardware", "for hardware without id", sign(&signer, &none), TrustError::Hardware);
    let more = Terms { hardware_id: [HARDWARE, &[0]].concat(), ..terms() };
    file("longer-hardware", "an id that goes on", sign(&signer, &more), TrustError::Hardware);
    let old = Terms { counter: COUNTER - 1, ..terms() };
    let reject = TrustError::Counter { expected: COUNTER, got: COUNTER - 1 };
    file("replay", "an older patch again", sign(&signer, &old), reject);
}

/// Signatures that are not what they should be.
fn forged(book: &mut Book, pair: &Pair) {
    let (signer, root) = keys();
    let sound = signed(&pair.patch, &signer, &terms());
    let (header, seal, len) = Header::parse_sealed(sound.iter().copied()).expect("a patch");
    let at = len - SIGNATURE_BYTES;
    let with = |signature: &[u8]| [&sound[..at], signature, &sound[len..]].concat();
    let mut file =
        |name, about, patch, reject| file(book, (name, about), pair, patch, Some(reject));
    let mut longer = sound.clone();
    longer[at - 1] ^= 1;
    file("changed-header", "another target digest", longer, TrustError::Signature);
    let trust = seal.and_then(|seal| seal.view(&sound[..len])).expect("signed");
    let mallory = Key::new(4).sign(PATCH_DOMAIN, trust.message);
    file(
        "wrong-signature",
        "another key under the signer's id",
        with(&mallory),
        TrustError::Signature,
    );
    let elsewhere = signer.sign(b"", trust.message);
    file(
        "other-domain",
        "the header signed as something else",
        with(&elsewhere),
        TrustError::Signature,
    );
    file("zero-signature", "r and s are 0", with(&[0; SIGNATURE_BYTES]), TrustError::Signature);
    file("high-s", "n - s instead of s", with(&mirrored(trust.signature)), TrustError::HighS);

    let mut certificate = |name, about, value: &[u8], reject| {
        let sealing = writer::Sealing {
            key_id: root.id(),
            security_counter: COUNTER,
            hardware_id: HARDWARE,
            certificate: Some(value),
            block_log2: None,
        };
        let key = Key::new(3);
        let body = &sound[len..];
        let sealed = writer::seal(&header, body, &sealing, prefix);
        file(name, about, sealed.sign(&key.sign(PATCH_DOMAIN, &sealed.message)), reject);
    };
    let own = Key::new(3).certify(&Key::new(3), COUNTER);
    certificate("own-certificate", "a key vouches for itself", &own, TrustError::Certificate);
    let mut raised = root.certify(&Key::new(3), COUNTER - 1);
    raised[33] += 1;
    certificate(
        "raised-certificate",
        "a later end than was signed",
        &raised,
        TrustError::Certificate,
    );
    let mut high = root.certify(&Key::new(3), COUNTER);
    if let Some(signature) = high.last_chunk_mut() {
        *signature = mirrored(signature);
    }
    certificate("high-s-certificate", "n - s instead of s", &high, TrustError::HighS);
    // No point has this x: x^3 - 3x + b is no square.
    let mut no_point = vec![2; 33];
    no_point[32] = no_point_x();
    varint_push(&mut no_point, COUNTER);
    let signature = root.sign(patcher_core::container::trust::CERTIFICATE_DOMAIN, &no_point);
    no_point.extend(signature);
    certificate(
        "no-point",
        "the root vouches for what is no key",
        &no_point,
        TrustError::Certificate,
    );
}

fn varint_push(out: &mut Vec<u8>, value: u32) {
    patcher_core::container::varint::write(out, value);
}

/// The least last byte that makes 33 bytes of 2 no point.
fn no_point_x() -> u8 {
    let is_point = |last: &u8| {
        let mut key = [2; 33];
        key[32] = *last;
        p256::ecdsa::VerifyingKey::from_sec1_bytes(&key).is_ok()
    };
    (0..=u8::MAX).find(|last| !is_point(last)).expect("half of all numbers")
}

/// Bodies that were not signed.
fn bodies(book: &mut Book, pair: &Pair) {
    let (signer, _) = keys();
    let mut file = |name, about, patch, block_at| {
        file(book, (name, about), pair, patch, Some(TrustError::Body { block_at }))
    };
    let whole = signed(&pair.patch, &signer, &terms());
    let mut changed = whole.clone();
    *changed.last_mut().expect("a byte") ^= 0x80;
    file("changed-body", "one bit of the body", changed, 0);
    let blocks = signed(&pair.patch, &signer, &Terms { block_log2: Some(6), ..terms() });
    let len = Header::parse_sealed(blocks.iter().copied()).expect("a patch").2;
    let at = |offset: usize| {
        let mut patch = blocks.clone();
        patch[len + offset] ^= 1;
        patch
    };
    file("changed-link", "the digest of the second block", at(0), 0);
    file("changed-first-block", "its first byte of the body", at(16), 0);
    file("changed-second-block", "its last byte", at(127), 64);
    let mut swapped = blocks.clone();
    let (second, third) = (len + 64, len + 128);
    swapped[second..third + 64].rotate_left(64);
    file("swapped-blocks", "the second and the third", swapped, 64);
}
