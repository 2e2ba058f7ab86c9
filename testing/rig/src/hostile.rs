//! What must hold for any input, one function per fuzz target.
//!
//! They return how far the input got, so that tests can see that inputs get far.

use core::cell::Cell;
use patcher_core::container::header::MAX_HEADER_BYTES;
use patcher_core::container::writer;
use patcher_core::decode::REGISTER_BYTES;
use patcher_core::error::Error;
use patcher_core::{Decoder, Event, Header, HeaderError};
use std::sync::OnceLock;

use crate::decode::{self, Decoded, How, Refusal};
use crate::memory::Memory;

/// Largest target that hostile input may decode to.
const TARGET_LIMIT: u32 = 1 << 12;
/// Most map entries: each op of a hostile stream looks at all of them.
const MAP_LIMIT: u32 = 512;

/// Any bytes as a header: an error, or a value that is written and read back as itself.
///
/// # Errors
/// Why the header is refused.
///
/// # Panics
/// When the parser takes more bytes than it may, or does not agree with the writer.
pub fn header(bytes: &[u8]) -> Result<Header, HeaderError> {
    let taken = Cell::new(0usize);
    let counted = bytes.iter().copied().inspect(|_| taken.set(taken.get() + 1));
    let result = Header::parse(counted);
    assert!(taken.get() <= MAX_HEADER_BYTES, "{} bytes taken", taken.get());
    if matches!(result, Err(HeaderError::Incomplete)) {
        assert_eq!(taken.get(), bytes.len(), "incomplete before the end");
    }
    sealed(bytes, result);
    let (header, len) = result?;
    assert_eq!(taken.get(), len, "length of the header");
    let written = writer::write(&header);
    let again = Header::parse(written.iter().copied());
    assert_eq!(again, Ok((header, written.len())), "written as {written:02x?}");
    assert!(written.len() <= len, "{} bytes for what fits {len}", written.len());
    Ok(header)
}

/// What who checks signatures makes of the same bytes.
fn sealed(bytes: &[u8], plain: Result<(Header, usize), HeaderError>) {
    match Header::parse_sealed(bytes.iter().copied()) {
        Err(error) => {
            // What belongs to a signature is not judged, and read as a whole, by who checks none.
            let judged = matches!(
                error,
                HeaderError::Trust
                    | HeaderError::Varint
                    | HeaderError::Incomplete
                    | HeaderError::TooLong
            );
            let blocks = plain == Err(HeaderError::Extension { got: 0x83 });
            assert!(judged || blocks || plain == Err(error), "{error:?}, {plain:?}");
        }
        Ok((header, seal, len)) => {
            let blocks = seal.and_then(|seal| seal.block_bytes());
            match blocks {
                None => assert_eq!(plain, Ok((header, len))),
                Some(_) => assert_eq!(plain, Err(HeaderError::Extension { got: 0x83 })),
            }
            if let Some(seal) = seal {
                let trust = seal.view(&bytes[..len]).expect("what was read can be viewed");
                // A patch that is applied in place has its check behind the signature.
                let check = if header.in_place.is_some() { 4 } else { 0 };
                assert_eq!(trust.message.len() + trust.signature.len() + check, len);
                assert!(trust.hardware_id.len() <= 32);
                assert!(seal.payload_bytes(header.body_len) >= u64::from(header.body_len));
            }
        }
    }
}

/// The pattern that stands in for a base image of any length.
fn base() -> &'static [u8] {
    static BASE: OnceLock<Vec<u8>> = OnceLock::new();
    BASE.get_or_init(|| crate::firmware::pair(7, 60).0)
}

/// Any bytes as header and body: a typed error, or a target of the declared length; whatever the chunking, and with a
/// restart at each mark.
///
/// # Errors
/// Why it is refused, or [`Refusal::Full`] when it asks for more than the test gives.
///
/// # Panics
/// When the decoder breaks a promise.
pub fn decoder(patch: &[u8]) -> Result<Decoded, Refusal> {
    let (header, len) = Header::parse(patch.iter().copied()).map_err(Refusal::Header)?;
    if header.map_entries > MAP_LIMIT {
        return Err(Refusal::Full);
    }
    let body = patch.get(len..).unwrap_or(&[]);
    let base = base();
    let limit = TARGET_LIMIT as usize;
    let whole = decode::body(header, base, body, How { limit, ..How::default() });
    for (chunk, restart) in [(1, false), (5, true)] {
        let other = decode::body(header, base, body, How { chunk, limit, restart });
        if body.len() <= header.body_len as usize {
            assert_eq!(other, whole, "chunks of {chunk}, restarts {restart}");
        } else {
            // Bytes after the body may be seen before or after what is wrong inside it.
            assert!(other.is_err() && whole.is_err(), "chunks of {chunk}: {other:?}, {whole:?}");
        }
    }
    whole
}

/// Any bytes as a saved state for the header at their front: refused, or a decoder that ends.
///
/// # Errors
/// Why it is refused, at once or later.
///
/// # Panics
/// When the decoder breaks a promise.
pub fn restore(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (header, len) = Header::parse(bytes.iter().copied()).map_err(Refusal::Header)?;
    if header.map_entries > MAP_LIMIT {
        return Err(Refusal::Full);
    }
    let rest = bytes.get(len..).unwrap_or(&[]);
    let (state, body) = rest.split_at(rest.len().min(REGISTER_BYTES));
    // The workspace is what the state's last bytes repeat: any words are possible, few are given.
    let words = 2 * header.workspace_words();
    let seed = body.get(..body.len().min(64)).filter(|seed| !seed.is_empty()).unwrap_or(&[0]);
    let state: Vec<u8> = state.iter().chain(seed.iter().cycle().take(words)).copied().collect();
    resume(header, &state, body)
}

/// Restores `state` and feeds it `body` from its start on.
///
/// # Errors
/// Why it is refused, at once or later.
///
/// # Panics
/// When the decoder breaks a promise.
pub fn resume(header: Header, state: &[u8], body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut workspace = vec![0u16; header.workspace_words()];
    let mut decoder = decode::restore(header, &mut workspace, state)?;
    let start = decoder.position();
    assert!(start < header.target_len, "restored at {start} of {}", header.target_len);
    if start > TARGET_LIMIT {
        return Err(Refusal::Full);
    }
    let base = base();
    let mut images = Memory::new(&header, base, (start + TARGET_LIMIT) as usize);
    images.resume(start);
    finish(&mut decoder, &mut images, body, header.target_len)?;
    Ok(images.into_target())
}

fn finish(
    decoder: &mut Decoder<'_>,
    images: &mut Memory<'_>,
    mut body: &[u8],
    target_len: u32,
) -> Result<(), Refusal> {
    let mut last = decoder.position();
    loop {
        match decoder.push(images, &mut body) {
            Ok(Event::Mark { .. }) => {
                let position = decoder.position();
                assert!(position > last, "two marks at {position}");
                last = position;
            }
            Ok(Event::Yield) => {}
            Ok(Event::Done | Event::NeedInput) => break,
            Err(Error::Patch(error)) => return Err(error.into()),
            Err(Error::Images(_)) => return Err(Refusal::Full),
        }
    }
    decoder.finish()?;
    assert_eq!(decoder.position(), target_len, "length of the target");
    Ok(())
}

/// Base and target through `create` and back: the same target at any chunking.
///
/// # Panics
/// When the target does not come back.
pub fn round_trip(base: &[u8], target: &[u8], create: impl Fn(&[u8], &[u8]) -> Vec<u8>) {
    let patch = create(base, target);
    assert_eq!(create(base, target), patch, "the same bytes twice");
    for chunk in [1, 19, usize::MAX] {
        let decoded = decode::patch(base, &patch, How { chunk, ..How::default() });
        let decoded = decoded.map(|decoded| decoded.target);
        assert_eq!(decoded.as_deref(), Ok(target), "in chunks of {chunk}");
    }
}
