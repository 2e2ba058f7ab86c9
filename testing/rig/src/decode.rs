//! Whole patches through the real decoder.

use patcher_core::container::in_place::CHECK_BYTES;
use patcher_core::crc::Crc32;
use patcher_core::decode::{Event, YIELD_BYTES};
use patcher_core::error::Error;
use patcher_core::stream::MAX_STEP_OUTPUT;
use patcher_core::{BodyError, DecodeError, Decoder, Header, HeaderError, SetupError, reference};

use crate::memory::Memory;

/// Most target bytes that one call of [`Decoder::push`] may produce.
const MOST_PER_CALL: usize = YIELD_BYTES as usize - 1 + MAX_STEP_OUTPUT;

/// Why a patch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its header is.
    Header(HeaderError),
    /// It cannot be decoded here.
    Setup(SetupError),
    /// Its body is.
    Body(DecodeError),
    /// The target would be larger than the test allows.
    Full,
}

impl Refusal {
    /// The reject code; 0 for [`Refusal::Full`].
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Header(error) => error.code(),
            Self::Setup(error) => error.code(),
            Self::Body(error) => error.code(),
            Self::Full => 0,
        }
    }
}

impl From<SetupError> for Refusal {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Setup(error) => Self::Setup(error),
            BodyError::Decode(error) => Self::Body(error),
        }
    }
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        Self::Body(error)
    }
}

/// A restart mark that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Target bytes before it.
    pub position: u32,
    /// Body bytes before it.
    pub consumed: u32,
    /// Whether the model was reset.
    pub reset: bool,
}

/// What a patch decodes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The target image.
    pub target: Vec<u8>,
    /// The marks on the way.
    pub marks: Vec<Mark>,
}

/// How to decode.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Patch bytes given at once.
    pub chunk: usize,
    /// Save, forget everything and restore at each mark.
    pub restart: bool,
    /// Most target bytes.
    pub limit: usize,
}

impl Default for How {
    /// All at once, no restarts, 16 MiB.
    fn default() -> Self {
        Self { chunk: usize::MAX, restart: false, limit: 1 << 24 }
    }
}

/// Decodes `patch`, header included.
///
/// # Errors
/// Why it is refused.
///
/// # Panics
/// When the decoder breaks a promise: see [`Memory`] and [`body`].
pub fn patch(base: &[u8], patch: &[u8], how: How) -> Result<Decoded, Refusal> {
    let (header, header_len) = Header::parse(patch.iter().copied()).map_err(Refusal::Header)?;
    if !is_whole(&header, header_len, patch) {
        return Err(DecodeError::Check.into());
    }
    body(header, base, patch.get(header_len..).unwrap_or(&[]), how)
}

/// Whether the check of `patch` is right, if it has one.
#[must_use]
pub fn is_whole(header: &Header, header_len: usize, patch: &[u8]) -> bool {
    let Some(slot) = header.in_place else { return true };
    let (header, payload) = patch.split_at(header_len);
    let mut crc = Crc32::new();
    crc.update(&header[..header_len - CHECK_BYTES]);
    crc.update(payload);
    crc.value() == slot.check
}

/// Decodes the body that belongs to `header`.
///
/// # Errors
/// Why it is refused.
///
/// # Panics
/// When the decoder breaks a promise: it reads outside the images, produces too much in one call, reports a mark where there is
/// none, is usable after an error, or ends with a target of another length than declared.
pub fn body(header: Header, base: &[u8], body: &[u8], how: How) -> Result<Decoded, Refusal> {
    let mut images = Memory::new(&header, base, how.limit);
    let mut marks = Vec::new();
    let mut workspace = vec![0u16; header.workspace_words()];
    let mut saved: Option<Vec<u8>> = None;
    let mut rest = body;
    loop {
        let mut decoder = match saved.take() {
            None => Decoder::new(header, &reference::ALL, &mut workspace)?,
            Some(state) => {
                workspace.fill(0xA55A);
                restore(header, &mut workspace, &state)?
            }
        };
        let Some(mark) = run(&mut decoder, &mut images, &mut rest, how, &mut marks)? else {
            decoder.finish()?;
            assert_eq!(images.target().len(), header.target_len as usize, "length of the target");
            return Ok(Decoded { target: images.into_target(), marks });
        };
        let mut state = Vec::new();
        decoder.save(|bytes| state.extend_from_slice(bytes))?;
        saved = Some(state);
        rest = body.get(mark.consumed as usize..).unwrap_or(&[]);
    }
}

/// A mark, and the state saved there.
pub type Saved = (Mark, Vec<u8>);

/// The target, and each mark with the state saved there.
///
/// # Errors
/// Why the body is refused.
pub fn states(
    header: &Header,
    base: &[u8],
    mut body: &[u8],
) -> Result<(Vec<u8>, Vec<Saved>), Refusal> {
    let mut workspace = vec![0; header.workspace_words()];
    let mut decoder = Decoder::new(*header, &reference::ALL, &mut workspace)?;
    let mut images = Memory::new(header, base, How::default().limit);
    let mut marks = Vec::new();
    let how = How { restart: true, ..How::default() };
    while let Some(mark) = run(&mut decoder, &mut images, &mut body, how, &mut Vec::new())? {
        let mut state = Vec::new();
        decoder.save(|bytes| state.extend_from_slice(bytes))?;
        marks.push((mark, state));
    }
    decoder.finish()?;
    Ok((images.into_target(), marks))
}

/// Goes on from `state`.
///
/// # Errors
/// As [`Decoder::restore`].
pub fn restore<'w>(
    header: Header,
    workspace: &'w mut [u16],
    mut state: &[u8],
) -> Result<Decoder<'w>, BodyError> {
    Decoder::restore(header, &reference::ALL, workspace, |bytes| {
        let Some((taken, rest)) = state.split_at_checked(bytes.len()) else { return false };
        bytes.copy_from_slice(taken);
        state = rest;
        true
    })
}

/// Feeds `rest` until it ends, or to the next mark when restarts are wanted.
fn run(
    decoder: &mut Decoder<'_>,
    images: &mut Memory<'_>,
    rest: &mut &[u8],
    how: How,
    marks: &mut Vec<Mark>,
) -> Result<Option<Mark>, Refusal> {
    loop {
        let whole = *rest;
        let (mut chunk, later) = whole.split_at(how.chunk.min(whole.len()));
        *rest = later;
        loop {
            let before = decoder.position();
            let event = decoder.push(images, &mut chunk);
            let produced = (decoder.position() - before) as usize;
            assert!(produced <= MOST_PER_CALL, "{produced} target bytes in one call");
            match event {
                Ok(Event::Yield) => {}
                Ok(Event::Mark { reset }) => {
                    let mark = note(decoder, images, reset, marks.last());
                    marks.push(mark);
                    if how.restart {
                        *rest = &whole[whole.len() - later.len() - chunk.len()..];
                        return Ok(Some(mark));
                    }
                }
                Ok(Event::NeedInput | Event::Done) => break,
                Err(error) => {
                    assert_eq!(
                        decoder.push(images, &mut &[0u8][..]),
                        Err(Error::Patch(DecodeError::Poisoned)),
                        "after {error:?}"
                    );
                    assert_eq!(decoder.finish(), Err(DecodeError::Poisoned), "after {error:?}");
                    return Err(match error {
                        Error::Patch(error) => Refusal::Body(error),
                        Error::Images(_) => Refusal::Full,
                    });
                }
            }
        }
        assert!(chunk.is_empty(), "{} bytes were left without a reason", chunk.len());
        if rest.is_empty() {
            return Ok(None);
        }
    }
}

fn note(decoder: &Decoder<'_>, images: &Memory<'_>, reset: bool, last: Option<&Mark>) -> Mark {
    let position = decoder.position();
    assert_eq!(position as usize, images.target().len(), "position at a mark");
    assert!(last.is_none_or(|last| last.position < position), "two marks at {position}");
    Mark { position, consumed: decoder.consumed(), reset }
}
