//! Images signed by imgtool, through the command line, the applier and an MCUboot slot on the flash model.
//!
//! `IMGTOOL` names the program, which `cargo xtask ci imgtool` installs from its package. Without it there is nothing to test,
//! and that is said aloud.

mod bench;
mod update;
