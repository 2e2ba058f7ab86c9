//! Going on after a power loss: one concept, three policies.
//!
//! A **restart** is a decoder's state, the patch bytes from there on, and a writer that compares what the decoder makes with
//! what flash holds, and keeps it, up to the first difference. The policies differ in where state and bytes come from:
//!
//! | policy | state | bytes | keeps in flash | sent again after a cut |
//! | --- | --- | --- | --- | --- |
//! | [`Never`] | – | – | nothing | everything |
//! | re-decode, [`Kept`] | the start | the caller has stored the patch | nothing | nothing: it is stored |
//! | re-decode, [`Logged`] | the start | the log | the patch, behind the target | header, and at most 60 bytes |
//! | snapshot, [`Marks::snapshots`] | the last mark's | the sender | the decoder's state, twice | header, and what an epoch takes |
//! | reset, [`Marks::resets`] | the last RESET mark's | the sender | offsets and address map, twice | the same |
//!
//! Give the policy to [`Applier::resuming`](crate::Applier::resuming). After a cut, make the same applier and push the patch
//! from its first byte: once the header is in and the base is checked, [`Progress::patch_done`](crate::Progress) tells from
//! where on bytes are missing. Go on from there with [`Applier::seek`](crate::Applier::seek), or send all of it: what the
//! applier has is dropped. Another header, by its SHA-256, starts afresh.
//!
//! ```text
//! 0                      target_len     page        page                                    slot
//! ├── target: finished pages, then the unfinished ─┼─ spare page ─┼─ log, with `Logged` alone ─┤
//! ```
//!
//! **Pages.** No finished page is erased again. The page that was unfinished is; the target bytes that it held already wait
//! in the spare page meanwhile, because the decoder has passed them. What is in the spare page means nothing after a
//! cut, so nothing has to be recovered from it. A policy other than `Never` therefore wants a staging slot one page
//! longer than the target in whole pages.
//!
//! **Trust.** A restart begins with the header: signature, hardware id, counter and base are judged again. The logged and the stored
//! patch pass the gate again too, all of it. A restart at a mark does not see the bytes before it, so [`Marks`] are for
//! [`Open`](crate::apply::Open) only.
//!
//! **Reference**: docs/flash-layout.md, docs/format.md §9, docs/adr/0008-resume.md.

mod crc;
mod earlier;
mod frame;
mod journal;
mod kept;
mod logged;
mod marks;
mod policy;
mod record;

pub use frame::PAYLOAD_BYTES as LOG_INTERVAL_BYTES;
pub use kept::{Kept, Never};
pub use logged::Logged;
pub use marks::Marks;
pub use policy::Resume;

pub(crate) use earlier::Past;
pub(crate) use policy::{Begun, Binding, Place};
