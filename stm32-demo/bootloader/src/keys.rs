//! Who may sign, and what for.

use layout::header::HARDWARE_ID_BYTES;

/// What images must be made for.
pub(crate) const HARDWARE_ID: [u8; HARDWARE_ID_BYTES] = *b"patcher-demo\0\0\0\0";

/// Public keys, as SEC 1 has uncompressed points. This one's private key is in the tests of this demo: a product puts its
/// own here.
pub(crate) const SIGNERS: [[u8; 65]; 1] = [include!("demo-key.in")];
