//! The `patcher` binary as its users and their scripts see it.

mod apply;
mod create;
mod harness;
mod help;
mod info;
mod output;
mod refused;
