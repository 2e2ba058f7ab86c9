//! The release that this build is.

/// Release number as shown to people.
#[cfg(feature = "v1_1_0")]
pub(crate) const TEXT: &str = "1.1.0";
/// Release number as shown to people.
#[cfg(all(feature = "v1_0_1", not(feature = "v1_1_0")))]
pub(crate) const TEXT: &str = "1.0.1";
/// Release number as shown to people.
#[cfg(not(feature = "v1_0_1"))]
pub(crate) const TEXT: &str = "1.0.0";

/// Release number as sent over Modbus: major, minor, patch in decimal digits.
pub(crate) const NUMBER: u16 = match (cfg!(feature = "v1_1_0"), cfg!(feature = "v1_0_1")) {
    (true, _) => 110,
    (false, true) => 101,
    (false, false) => 100,
};
