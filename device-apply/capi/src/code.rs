//! Return codes.

/// Done.
pub const OK: i32 = 0;
/// Not done yet: call again.
pub const MORE: i32 = -1;
/// An argument is NULL where it must not be, or outside its range.
pub const ERROR_ARGUMENT: i32 = 128;
/// The flash has another geometry than the library was built for.
pub const ERROR_GEOMETRY: i32 = 129;
/// The image in the slot is neither on trial nor confirmed.
pub const ERROR_NOT_ON_TRIAL: i32 = 130;
