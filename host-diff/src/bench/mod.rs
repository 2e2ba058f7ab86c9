//! The benchmark: pairs of images through this and other delta coders, each result applied and compared.
//!
//! Every command runs in a process of its own, which a small launcher measures; see [`measure`].
//!
//! | module | knows |
//! | --- | --- |
//! | [`pairs`] | which files to measure: a directory, or a manifest |
//! | [`peers`] | other coders, as a table of command templates |
//! | [`measure`] | time and memory of one command |
//! | [`run`](mod@run) | one pair through one coder; all pairs through all |
//! | [`result`] | what came out |
//! | [`summary`] | means over the pairs |
//! | [`table`], [`csv`], [`html`] | how it is shown |

pub mod csv;
pub mod html;
pub mod measure;
pub mod pairs;
pub mod peers;
pub mod result;
pub mod run;
pub mod summary;
pub mod table;
