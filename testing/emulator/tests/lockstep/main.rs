//! This core and `rsemu`, step by step: single instructions in random states, exceptions, then a whole firmware.

mod encodings;
mod exceptions;
mod firmware;
mod peer;
mod random;
