//! Applying a patch.

use core::mem::{MaybeUninit, align_of, size_of};
use core::slice;

#[cfg(feature = "p256")]
use device_apply::trust::{Policy, PublicKey, Verify};
use device_apply::{ApplyError, Stage};
use patcher_core::reference::{self, Isa, thumb};

use crate::code;
use crate::flash::{Callbacks, Flash, FlashError, returned};

/// Bytes of an applier: the one on a device has 32-bit pointers.
pub const APPLIER_BYTES: usize = if size_of::<usize>() > 4 { 2048 } else { 1280 };

/// Memory of an applier; what it holds is nobody else's business.
#[repr(C, align(8))]
#[derive(Debug)]
pub struct Applier {
    /// Not to be touched.
    pub memory: [u64; APPLIER_BYTES / 8],
}

/// How far an update is.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What comes next.
    pub stage: u32,
    /// Patch bytes taken.
    pub patch_done: u32,
    /// Patch bytes there are; 0 until the header is complete.
    pub patch_total: u32,
    /// Target bytes made.
    pub target_done: u32,
    /// Target bytes there will be; 0 until the header is complete.
    pub target_total: u32,
}

/// Why the last call failed.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// What it returned.
    pub code: i32,
    /// What to do about it.
    pub class_number: u32,
    /// What the flash callback returned that failed; 0 if none did.
    pub flash: i32,
}

/// Which instruction sets a device links.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Isas {
    /// Address of the first, inside the library.
    pub first: *const core::ffi::c_void,
    /// How many there are.
    pub count: usize,
}

#[cfg(feature = "p256")]
type Inner = device_apply::Applier<'static, Callbacks, Callbacks, Verify<'static>>;
#[cfg(not(feature = "p256"))]
type Inner = device_apply::Applier<'static, Callbacks, Callbacks>;

struct Session {
    inner: Inner,
    failure: Failure,
}

const FITS: () = {
    assert!(size_of::<Session>() <= APPLIER_BYTES, "APPLIER_BYTES is too small");
    assert!(align_of::<Session>() <= 8, "APPLIER_BYTES is not aligned enough");
};

static ALL: [&dyn Isa; reference::ALL.len()] = reference::ALL;
static THUMB: [&dyn Isa; 1] = [&thumb::Thumb];

/// Every instruction set there is.
#[unsafe(no_mangle)]
pub extern "C" fn patcher_isas_all() -> Isas {
    Isas { first: ALL.as_ptr().cast(), count: ALL.len() }
}

/// Thumb and Thumb-2 alone, for Cortex-M: the others are not linked then.
#[unsafe(no_mangle)]
pub extern "C" fn patcher_isas_thumb() -> Isas {
    Isas { first: THUMB.as_ptr().cast(), count: THUMB.len() }
}

/// What a device demands of a patch.
#[cfg(feature = "p256")]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TrustPolicy {
    /// Public keys that may sign patches, 33 bytes each.
    pub signers: *const u8,
    /// How many there are.
    pub signer_count: usize,
    /// Public keys that may certify signers, 33 bytes each.
    pub roots: *const u8,
    /// How many there are.
    pub root_count: usize,
    /// What the product is.
    pub hardware_id: *const u8,
    /// Its bytes, at most 32.
    pub hardware_id_len: usize,
    /// Security counter of the last confirmed image.
    pub security_counter: u32,
    /// Takes unsigned patches too.
    pub accept_unsigned: bool,
    /// Decodes a stream whose blocks do not fit the buffer before they are checked.
    pub check_streams_late: bool,
}

/// Begins to apply the patch that is pushed next, if the policy takes it.
///
/// # Safety
/// As the header says: `applier`, `base`, `staging`, `policy` and what it points to are NULL or valid; what they and `workspace` and `block`
/// point to stays as it is, and is used for nothing else, until the applier is not used any more.
#[cfg(feature = "p256")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_begin(
    applier: *mut Applier,
    base: *const Flash,
    staging: *const Flash,
    workspace: *mut u16,
    workspace_words: usize,
    isas: Isas,
    policy: *const TrustPolicy,
    block: *mut u8,
    block_len: usize,
) -> i32 {
    // SAFETY: NULL or valid, the caller says; likewise what the policy points to.
    let policy = match unsafe { policy.as_ref() } {
        // SAFETY: as above.
        Some(policy) => unsafe { trusted(policy) },
        None => return code::ERROR_ARGUMENT,
    };
    // SAFETY: the caller says so.
    let block = unsafe { slice_of_mut(block, block_len) };
    // SAFETY: the caller says so.
    let workspace = unsafe { slice_of_mut(workspace, workspace_words) };
    // SAFETY: the caller says so.
    unsafe {
        begin(applier, base, staging, isas, |base, staging, isas| {
            Inner::verifying(base, staging, workspace, isas, policy, block)
        })
    }
}

/// Begins to apply the patch that is pushed next, by whomever it is.
///
/// # Safety
/// As the header says: `applier`, `base` and `staging` are NULL or valid; what they and `workspace` point to stays as it is, and is used for
/// nothing else, until the applier is not used any more.
#[cfg(not(feature = "p256"))]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_begin_unsigned(
    applier: *mut Applier,
    base: *const Flash,
    staging: *const Flash,
    workspace: *mut u16,
    workspace_words: usize,
    isas: Isas,
) -> i32 {
    // SAFETY: the caller says so.
    let workspace = unsafe { slice_of_mut(workspace, workspace_words) };
    // SAFETY: the caller says so.
    unsafe {
        begin(applier, base, staging, isas, |base, staging, isas| {
            Inner::new(base, staging, workspace, isas)
        })
    }
}

/// # Safety
/// `applier`, `base` and `staging` are NULL or valid.
unsafe fn begin(
    applier: *mut Applier,
    base: *const Flash,
    staging: *const Flash,
    isas: Isas,
    make: impl FnOnce(Callbacks, Callbacks, &'static [&'static dyn Isa]) -> Inner,
) -> i32 {
    const { FITS };
    if applier.is_null() {
        return code::ERROR_ARGUMENT;
    }
    let known: [&'static [&'static dyn Isa]; 2] = [&ALL, &THUMB];
    let listed = |list: &&'static [&'static dyn Isa]| {
        list.as_ptr().cast() == isas.first && list.len() == isas.count
    };
    let Some(isas) = known.into_iter().find(listed) else { return code::ERROR_ARGUMENT };
    // SAFETY: NULL or valid, the caller says.
    let base = match unsafe { Callbacks::new(base, false) } {
        Ok(base) => base,
        Err(code) => return code,
    };
    // SAFETY: NULL or valid, the caller says.
    let staging = match unsafe { Callbacks::new(staging, true) } {
        Ok(staging) => staging,
        Err(code) => return code,
    };
    let inner = make(base, staging, isas).with_erased_value(staging.erased_value());
    let session = Session { inner, failure: Failure::default() };
    let memory = applier.cast::<MaybeUninit<Session>>();
    // SAFETY: not NULL; as large and as aligned as `FITS` asserts.
    unsafe { memory.write(MaybeUninit::new(session)) };
    code::OK
}

/// Takes bytes of the patch.
///
/// # Safety
/// As the header says: `applier` is NULL or was begun, `bytes` and `len` are NULL or valid, and `*bytes` has `*len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_push(
    applier: *mut Applier,
    bytes: *mut *const u8,
    len: *mut usize,
) -> i32 {
    // SAFETY: NULL or begun, the caller says.
    let session = unsafe { session(applier) };
    // SAFETY: NULL or valid, the caller says.
    let bytes = unsafe { bytes.as_mut() };
    // SAFETY: NULL or valid, the caller says.
    let len = unsafe { len.as_mut() };
    let (Some(session), Some(bytes), Some(len)) = (session, bytes, len) else {
        return code::ERROR_ARGUMENT;
    };
    // SAFETY: so many bytes are there, the caller says.
    let mut rest = unsafe { slice_of(*bytes, *len) };
    let pushed = session.inner.push(&mut rest).map(drop);
    *bytes = rest.as_ptr();
    *len = rest.len();
    session.settle(pushed)
}

/// Goes on after the last byte of the patch.
///
/// # Safety
/// As the header says: `applier` is NULL or was begun.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_finish(applier: *mut Applier) -> i32 {
    // SAFETY: NULL or begun, the caller says.
    let Some(session) = (unsafe { session(applier) }) else { return code::ERROR_ARGUMENT };
    match session.inner.finish() {
        Ok(progress) if matches!(progress.stage, Stage::Done { .. }) => code::OK,
        Ok(_) => code::MORE,
        Err(error) => session.settle(Err(error)),
    }
}

/// How far it is.
///
/// # Safety
/// As the header says: `applier` is NULL or was begun.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_progress(applier: *mut Applier) -> Progress {
    // SAFETY: NULL or begun, the caller says.
    let Some(session) = (unsafe { session(applier) }) else { return Progress::default() };
    let progress = session.inner.progress();
    Progress {
        stage: match progress.stage {
            Stage::Header => 0,
            Stage::Base { .. } => 1,
            Stage::Body => 2,
            Stage::Target { .. } => 3,
            Stage::Done { .. } => 4,
            Stage::Failed { .. } | _ => 5,
        },
        patch_done: progress.patch_done,
        patch_total: progress.patch_total,
        target_done: progress.target_done,
        target_total: progress.target_total,
    }
}

/// Why the applier failed first.
///
/// # Safety
/// As the header says: `applier` is NULL or was begun.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_failure(applier: *mut Applier) -> Failure {
    // SAFETY: NULL or begun, the caller says.
    unsafe { session(applier) }.map_or_else(Failure::default, |session| session.failure)
}

/// The security counter of the patch; `otherwise` until its header has passed, and of an unsigned patch.
///
/// # Safety
/// As the header says: `applier` is NULL or was begun.
#[cfg(feature = "p256")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_security_counter(applier: *mut Applier, otherwise: u32) -> u32 {
    // SAFETY: NULL or begun, the caller says.
    let session = unsafe { session(applier) };
    session.and_then(|session| session.inner.security_counter()).unwrap_or(otherwise)
}

impl Session {
    fn settle(&mut self, done: Result<(), ApplyError<FlashError, FlashError>>) -> i32 {
        let Err(error) = done else { return code::OK };
        let code = i32::from(error.code());
        if self.failure.code == code::OK {
            let class_number = error.class().number().into();
            self.failure = Failure { code, class_number, flash: returned(&error) };
        }
        code
    }
}

/// # Safety
/// `applier` is NULL or was begun, and nobody else uses it.
unsafe fn session(applier: *mut Applier) -> Option<&'static mut Session> {
    // SAFETY: NULL, or written by `begin`.
    unsafe { applier.cast::<Session>().as_mut() }
}

#[cfg(feature = "p256")]
/// # Safety
/// What `policy` points to is valid for ever.
unsafe fn trusted(policy: &TrustPolicy) -> Policy<'static> {
    // SAFETY: so many keys are there; a key is its bytes.
    let signers = unsafe { slice_of(policy.signers.cast::<PublicKey>(), policy.signer_count) };
    // SAFETY: as above.
    let roots = unsafe { slice_of(policy.roots.cast::<PublicKey>(), policy.root_count) };
    // SAFETY: so many bytes are there.
    let hardware_id = unsafe { slice_of(policy.hardware_id, policy.hardware_id_len) };
    let mut taken = Policy::new(signers, hardware_id, policy.security_counter).with_roots(roots);
    if policy.accept_unsigned {
        taken = taken.accepting_unsigned();
    }
    if policy.check_streams_late {
        taken = taken.checking_streams_late();
    }
    taken
}

/// # Safety
/// `first` is NULL or points to `len` values that stay.
unsafe fn slice_of<T>(first: *const T, len: usize) -> &'static [T] {
    if first.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: not NULL, and so many are there.
    unsafe { slice::from_raw_parts(first, len) }
}

/// # Safety
/// `first` is NULL or points to `len` values that stay and are nobody else's.
unsafe fn slice_of_mut<T>(first: *mut T, len: usize) -> &'static mut [T] {
    if first.is_null() || len == 0 {
        return &mut [];
    }
    // SAFETY: not NULL, so many are there, and nobody else uses them.
    unsafe { slice::from_raw_parts_mut(first, len) }
}
