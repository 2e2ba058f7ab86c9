//! The C API without signatures: every function, called with anything.
//!
//! Its modules are included: as a dependency cargo would make a static library of it, which needs a panic handler of its own.
#![no_std]
#![no_main]
#![expect(unexpected_cfgs, reason = "the features are those of the package `capi`")]
#![allow(dead_code, reason = "what the header only documents")]

#[path = "../../../../device-apply/capi/src/applier.rs"]
mod applier;
#[path = "../../../../device-apply/capi/src/boot.rs"]
mod boot;
#[path = "../../../../device-apply/capi/src/code.rs"]
mod code;
#[path = "../../../../device-apply/capi/src/flash.rs"]
mod flash;
#[path = "../../../../device-apply/capi/src/update.rs"]
mod update;

use core::hint::black_box;

use applier::{
    patcher_begin_unsigned, patcher_failure, patcher_finish, patcher_isas_all, patcher_isas_thumb,
    patcher_progress, patcher_push,
};
use boot::{
    patcher_boot_confirm, patcher_boot_factory, patcher_boot_fail, patcher_boot_read,
    patcher_boot_request, patcher_boot_select, patcher_boot_stage, patcher_boot_vacate,
};
use probe as _;
use update::{patcher_update_default_policy, patcher_update_handle, patcher_update_read};

#[unsafe(no_mangle)]
extern "C" fn entry() {
    // Their addresses leave the program, so that the optimiser knows of no caller.
    black_box([
        patcher_begin_unsigned as *const (),
        patcher_failure as *const (),
        patcher_finish as *const (),
        patcher_isas_all as *const (),
        patcher_isas_thumb as *const (),
        patcher_progress as *const (),
        patcher_push as *const (),
        patcher_boot_confirm as *const (),
        patcher_boot_factory as *const (),
        patcher_boot_fail as *const (),
        patcher_boot_read as *const (),
        patcher_boot_request as *const (),
        patcher_boot_select as *const (),
        patcher_boot_stage as *const (),
        patcher_boot_vacate as *const (),
        patcher_update_default_policy as *const (),
        patcher_update_handle as *const (),
        patcher_update_read as *const (),
    ]);
}
