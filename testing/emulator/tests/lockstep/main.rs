//! This core and `rsemu`, step by step: single instructions in random states, then a whole firmware.

mod encodings;
mod firmware;
mod peer;
mod random;
