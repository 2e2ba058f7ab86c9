//! The `patcher` binary as its users and their scripts see it.

mod apply;
mod bench;
mod bundle;
mod create;
mod explain;
mod foreign;
mod harness;
mod help;
mod in_place;
mod info;
mod manual;
mod output;
mod refused;
mod resume;
mod trust;
