//! Files and index entries as they are collected.

use std::collections::BTreeMap;

use patcher_core::error::{Error, TrustError};
use patcher_core::{DecodeError, Decoder, Event, Header, HeaderError, SetupError, reference};

use super::index::{Index, Invalid, Mark, Valid, sha256};
use crate::decode::{self, Refusal};
use crate::memory::Memory;

/// All files below `vectors/` but the index and the README, and the index.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// Content by path relative to `vectors/`.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The index.
    pub index: Index,
}

/// A base image and its path relative to `vectors/`.
#[derive(Debug, Clone)]
pub struct Base {
    /// The path.
    pub path: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What a vector shows.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// Name, unique.
    pub name: &'static str,
    /// Number of the clause in `docs/format.md`.
    pub clause: &'static str,
    /// A sentence.
    pub about: &'static str,
}

impl Label {
    /// A label.
    #[must_use]
    pub const fn new(name: &'static str, clause: &'static str, about: &'static str) -> Self {
        Self { name, clause, about }
    }
}

/// What is offered to the decoder beside the patch.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// Words of workspace, when not those of the header.
    pub workspace_words: Option<usize>,
    /// A saved state.
    pub state: Option<Vec<u8>>,
    /// One more byte is given after the reject.
    pub again: bool,
}

impl Book {
    /// Files an image.
    pub fn image(&mut self, name: &str, bytes: Vec<u8>) -> Base {
        let path = format!("images/{name}.bin");
        self.files.insert(path.clone(), bytes.clone());
        Base { path, bytes }
    }

    /// Files a patch that turns `base` into `target`.
    ///
    /// # Panics
    /// When it does not.
    pub fn valid(&mut self, label: Label, base: Option<&Base>, target: &[u8], patch: Vec<u8>) {
        let path = format!("valid/{}.patch", label.name);
        let bytes = base.map_or(&[][..], |base| &base.bytes);
        let (header, header_bytes) = Header::parse(patch.iter().copied())
            .unwrap_or_else(|error| panic!("{}: {error}", label.name));
        let (decoded, marks) = decode_with_states(&header, bytes, &patch[header_bytes..])
            .unwrap_or_else(|error| panic!("{}: {error:?}", label.name));
        assert!(decoded == target, "{}: another target", label.name);
        self.index.valid.push(Valid {
            name: label.name.to_owned(),
            clause: label.clause.to_owned(),
            about: label.about.to_owned(),
            base: base.map(|base| base.path.clone()),
            patch: path.clone(),
            header_bytes,
            target_bytes: target.len(),
            target_sha256: sha256(target),
            marks,
        });
        self.files.insert(path, patch);
    }

    /// Files a patch that is refused, and with what.
    ///
    /// # Panics
    /// When it is not refused with `reject`.
    pub fn invalid(
        &mut self,
        label: Label,
        base: Option<&Base>,
        patch: Vec<u8>,
        reject: Refusal,
        offer: Offer,
    ) {
        let path = format!("invalid/{}.patch", label.name);
        let state_path = offer.state.as_ref().map(|_| format!("invalid/{}.state", label.name));
        let bytes = base.map_or(&[][..], |base| &base.bytes);
        assert_eq!(refusal(bytes, &patch, &offer), Some(reject), "{}", label.name);
        self.index.invalid.push(Invalid {
            name: label.name.to_owned(),
            clause: label.clause.to_owned(),
            about: label.about.to_owned(),
            base: base.map(|base| base.path.clone()),
            patch: path.clone(),
            reject: name_of(reject),
            code: reject.code(),
            workspace_words: offer.workspace_words,
            state: state_path.clone(),
            again: offer.again,
        });
        self.files.insert(path, patch);
        if let (Some(path), Some(state)) = (state_path, offer.state) {
            self.files.insert(path, state);
        }
    }
}

/// The name of a reject as `docs/format.md` lists it.
#[must_use]
pub fn name_of(reject: Refusal) -> String {
    let text = match reject {
        Refusal::Header(error) => format!("{error:?}"),
        Refusal::Setup(error) => format!("{error:?}"),
        Refusal::Body(error) => format!("{error:?}"),
        Refusal::Full => "Full".to_owned(),
    };
    short(&text)
}

/// Target, and what was saved at each mark.
///
/// # Errors
/// Why the body is refused.
pub fn decode_with_states(
    header: &Header,
    base: &[u8],
    body: &[u8],
) -> Result<(Vec<u8>, Vec<Mark>), Refusal> {
    let (target, marks) = decode::states(header, base, body)?;
    let marks = marks.into_iter().map(|(mark, state)| Mark {
        position: mark.position,
        consumed: mark.consumed,
        reset: mark.reset,
        state_sha256: sha256(&state),
    });
    Ok((target, marks.collect()))
}

/// How the decoder refuses `patch` under `offer`; `None` when it does not.
#[must_use]
pub fn refusal(base: &[u8], patch: &[u8], offer: &Offer) -> Option<Refusal> {
    let (header, header_len) = match Header::parse(patch.iter().copied()) {
        Ok(parsed) => parsed,
        Err(error) => return Some(Refusal::Header(error)),
    };
    if !decode::is_whole(&header, header_len, patch) {
        return Some(Refusal::Body(DecodeError::Check));
    }
    let words = offer.workspace_words.unwrap_or(header.workspace_words());
    let mut workspace = vec![0; words];
    let decoder = match &offer.state {
        Some(state) => decode::restore(header, &mut workspace, state),
        None => Decoder::new(header, &reference::ALL, &mut workspace).map_err(Into::into),
    };
    let mut decoder = match decoder {
        Ok(decoder) => decoder,
        Err(error) => return Some(error.into()),
    };
    let mut images = Memory::new(&header, base, usize::MAX);
    let mut body = patch.get(header_len..).unwrap_or(&[]);
    let mut push = |body: &mut &[u8]| loop {
        match decoder.push(&mut images, body) {
            Ok(Event::Mark { .. } | Event::Yield) => {}
            Ok(Event::NeedInput | Event::Done) => return decoder.finish().err(),
            Err(Error::Patch(error)) => return Some(error),
            Err(Error::Images(full)) => unreachable!("{full:?} without a limit"),
        }
    };
    let first = push(&mut body);
    let last = if offer.again { push(&mut &[0u8][..]) } else { first };
    last.map(Refusal::Body)
}

/// All rejects of §2.1, by number and name, and that of a varint in there.
#[must_use]
pub fn trust_rejects() -> Vec<(u16, String)> {
    let all = [
        TrustError::Unsigned,
        TrustError::Key { got: [0; 4] },
        TrustError::Certificate,
        TrustError::Expired { expected: 0, got: 0 },
        TrustError::Signature,
        TrustError::HighS,
        TrustError::Hardware,
        TrustError::Counter { expected: 0, got: 0 },
        TrustError::Body { block_at: 0 },
    ];
    let header = [HeaderError::Varint, HeaderError::Trust];
    let header = header.iter().map(|reject| (reject.code(), format!("{reject:?}")));
    let trust = all.iter().map(|reject| (reject.code(), short(&format!("{reject:?}"))));
    header.chain(trust).collect()
}

/// The name of a variant in its debug form.
fn short(text: &str) -> String {
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

/// All rejects that the format knows, without their fields' values.
#[must_use]
pub fn all_rejects() -> Vec<Refusal> {
    let header = [
        HeaderError::Incomplete,
        HeaderError::NotAPatch { got: 0 },
        HeaderError::Version { got: 0 },
        HeaderError::Reserved,
        HeaderError::Varint,
        HeaderError::Regions,
        HeaderError::Epoch,
        HeaderError::TooLong,
        HeaderError::Extension { got: 0 },
        HeaderError::InPlace,
    ];
    let body = [
        DecodeError::Truncated,
        DecodeError::TrailingData,
        DecodeError::Overrun,
        DecodeError::BaseRange,
        DecodeError::TargetRange,
        DecodeError::CopyRange,
        DecodeError::MapOrder,
        DecodeError::State,
        DecodeError::Poisoned,
        DecodeError::BaseGone,
        DecodeError::Check,
    ];
    let setup = [SetupError::Workspace { expected: 0, got: 0 }, SetupError::Isa { got: 0 }];
    let header = header.map(Refusal::Header).into_iter();
    header.chain(body.map(Refusal::Body)).chain(setup.map(Refusal::Setup)).collect()
}
