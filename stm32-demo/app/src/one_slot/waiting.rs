//! What is where patches wait.

use bsp::flash::FlashArea;
use bsp::watchdog;
use embedded_storage::nor_flash::ReadNorFlash;
use layout::single::{PATCH, REVERSE};
use layout::{Area, PAGE_BYTES};
use patcher_core::Header;
use patcher_core::container::header::MAX_HEADER_BYTES;
use patcher_core::container::in_place::CHECK_BYTES;
use patcher_core::crc::Crc32;

use crate::scheme::Sizes;

/// Bytes that are looked at at once.
const CHUNK: usize = 64;

/// A patch in place, as its header at the start of an area describes it.
struct Found {
    header: Header,
    header_bytes: u32,
    /// Of header and payload.
    len: u32,
}

impl Found {
    fn in_area(area: Area) -> Option<Self> {
        let mut bytes = [0; MAX_HEADER_BYTES];
        FlashArea::new(area).read(0, &mut bytes).ok()?;
        let (header, seal, header_bytes) = Header::parse_sealed(bytes.into_iter()).ok()?;
        header.in_place?;
        let body = header.body_len;
        let payload = seal.map_or(body.into(), |seal| seal.payload_bytes(body));
        let header_bytes = u32::try_from(header_bytes).ok()?;
        let len = header_bytes.checked_add(u32::try_from(payload).ok()?)?;
        Some(Self { header, header_bytes, len })
    }
}

/// Whether a patch waits, and one for the way back.
pub(crate) fn are_there() -> (bool, bool) {
    (Found::in_area(PATCH).is_some(), Found::in_area(REVERSE).is_some())
}

/// The header of the patch of `len` bytes in an area, none of which is another than when it was made.
pub(crate) fn whole(area: Area, len: u32) -> Option<Header> {
    let Found { header, header_bytes, .. } = Found::in_area(area)?;
    let expected = header.in_place?.check;
    let check_at = header_bytes.checked_sub(u32::try_from(CHECK_BYTES).ok()?)?;
    let (mut flash, mut crc) = (FlashArea::new(area), Crc32::new());
    for (start, end) in [(0, check_at), (header_bytes, len)] {
        let mut offset = start;
        while offset < end {
            watchdog::feed();
            let mut chunk = [0; CHUNK];
            let bytes = chunk.get_mut(..(end - offset).min(CHUNK as u32) as usize)?;
            flash.read(offset, bytes).ok()?;
            crc.update(bytes);
            offset += CHUNK as u32;
        }
    }
    (crc.value() == expected).then_some(header)
}

/// How many bytes of the patches an earlier attempt has brought, without the page that was under way: `None` if they are of another
/// update than `sizes` describes. Nobody vouches for them yet.
///
/// Before the first byte the first pages of both areas are erased, and before a page is begun the one behind it. So the first page with a
/// blank one behind it is the one that was under way: all before it was written without a cut, it itself may be torn where it reads well.
pub(crate) fn brought(sizes: &Sizes) -> Option<u32> {
    let patch = Found::in_area(PATCH)?;
    if patch.len != sizes.patch || !patch.header.target_digest.starts_with(&sizes.id) {
        return None;
    }
    if is_blank(REVERSE, 0) {
        return under_way(PATCH, sizes.patch);
    }
    if Found::in_area(REVERSE).is_some_and(|reverse| reverse.len != sizes.reverse) {
        return None;
    }
    sizes.patch.checked_add(under_way(REVERSE, sizes.reverse)?)
}

/// Where the page begins that was under way; `None` if no patch of `len` bytes has it.
fn under_way(area: Area, len: u32) -> Option<u32> {
    let mut page = 0;
    while page + PAGE_BYTES < area.len() && !is_blank(area, page + PAGE_BYTES) {
        page += PAGE_BYTES;
    }
    (page < len).then_some(page)
}

/// Whether a page reads as erased. One that cannot be read does not.
fn is_blank(area: Area, page: u32) -> bool {
    watchdog::feed();
    let mut flash = FlashArea::new(area);
    (page..page + PAGE_BYTES).step_by(CHUNK).all(|offset| {
        let mut chunk = [0; CHUNK];
        flash.read(offset, &mut chunk).is_ok() && chunk.iter().all(|&byte| byte == 0xFF)
    })
}
