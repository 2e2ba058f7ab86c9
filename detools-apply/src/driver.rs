//! What appliers of both types do alike: patch bytes in, the header, work, the end; and nothing more after an error.

use crate::codec::Codec;
use crate::error::{ApplyError, PatchError};
use crate::header::{Header, HeaderReader, Kind};
use crate::input::LONGEST_STEP;
use crate::progress::{Progress, SLICE_BYTES, Stage};
use crate::stream::Stream;

/// What one type of patch does between its header and its end.
pub(crate) trait Work {
    /// Where it is.
    type State;
    /// Errors of the flash.
    type BaseError;
    type TargetError;

    /// Checks the header: where the work begins, and the most decoded bytes that it takes; `None` for an empty target.
    fn open(&mut self, header: &Header) -> Result<Option<(Self::State, u64)>, PatchError>;

    /// Does one step: at most one byte is decoded, moved or made.
    fn step<C: Codec>(
        &mut self,
        state: &mut Self::State,
        stream: &mut Stream<C>,
    ) -> Result<Went, ApplyError<Self::BaseError, Self::TargetError>>;

    /// What the caller is told of the state.
    fn stage(state: &Self::State) -> Stage;

    /// Target bytes made, and those there will be.
    fn target(&self) -> (u32, u32);
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Went {
    /// Another one follows.
    On,
    /// More of the patch is needed.
    Starved,
    /// The target is made.
    Over,
}

/// A patch on its way, and how far it is.
#[derive(Debug)]
pub(crate) struct Driver<S, C> {
    stream: Stream<C>,
    phase: Phase<S>,
}

#[derive(Clone, Copy, Debug)]
enum Phase<S> {
    Header(HeaderReader),
    Work(S),
    End,
    Done,
    Failed { code: u16 },
}

type Pushed<W> = Result<Progress, ApplyError<<W as Work>::BaseError, <W as Work>::TargetError>>;
type Turned<W> = Result<Went, ApplyError<<W as Work>::BaseError, <W as Work>::TargetError>>;

impl<S, C: Codec> Driver<S, C> {
    pub(crate) fn new(kind: Kind, codec: C) -> Self {
        Self { stream: Stream::new(codec), phase: Phase::Header(HeaderReader::new(kind)) }
    }

    /// Takes bytes of the patch and removes from `chunk` what it took; after an error all further ones are refused.
    pub(crate) fn push<W: Work<State = S>>(
        &mut self,
        work: &mut W,
        chunk: &mut &[u8],
    ) -> Pushed<W> {
        for _ in 0..SLICE_BYTES {
            if !self.stream.input.ready(LONGEST_STEP) {
                self.stream.input.fill(chunk);
            }
            match self.turn(work) {
                Ok(Went::Starved) if chunk.is_empty() => break,
                Ok(Went::On | Went::Starved | Went::Over) => {}
                Err(error) => {
                    if !matches!(error, ApplyError::Poisoned { .. }) {
                        self.phase = Phase::Failed { code: error.code() };
                    }
                    return Err(error);
                }
            }
        }
        Ok(self.progress(work))
    }

    /// Goes on after the last byte of the patch.
    pub(crate) fn finish<W: Work<State = S>>(&mut self, work: &mut W) -> Pushed<W> {
        self.stream.input.end();
        self.push(work, &mut &[][..])
    }

    pub(crate) fn progress<W: Work<State = S>>(&self, work: &W) -> Progress {
        let stage = match &self.phase {
            Phase::Header(_) => Stage::Header,
            Phase::Work(state) => W::stage(state),
            Phase::End => Stage::End,
            Phase::Done => Stage::Done,
            Phase::Failed { code } => Stage::Failed { code: *code },
        };
        let (target_done, target_total) = work.target();
        Progress { stage, target_done, target_total }
    }

    fn turn<W: Work<State = S>>(&mut self, work: &mut W) -> Turned<W> {
        match &mut self.phase {
            Phase::Header(reader) => {
                let Some(byte) = self.stream.input.next() else {
                    return Ok(self.starved()?);
                };
                if let Some(header) = reader.feed(byte)? {
                    let begun = work.open(&header)?;
                    let limit = begun.as_ref().map_or(0, |&(_, limit)| limit);
                    // A codec that is not linked is found before the first erase.
                    self.stream.open(header.compression, limit)?;
                    self.phase = begun.map_or(Phase::End, |(state, _)| Phase::Work(state));
                }
            }
            Phase::Work(state) => match work.step(state, &mut self.stream)? {
                Went::On => {}
                Went::Starved => return Ok(self.starved()?),
                Went::Over => self.phase = Phase::End,
            },
            Phase::End => match self.stream.ends()? {
                Some(()) => self.phase = Phase::Done,
                None => return Ok(Went::Starved),
            },
            Phase::Done if self.stream.input.available() > 0 => {
                return Err(PatchError::TrailingData.into());
            }
            Phase::Done => return Ok(Went::Starved),
            Phase::Failed { code } => return Err(ApplyError::Poisoned { first: *code }),
        }
        Ok(Went::On)
    }

    /// More is needed: an error if nothing will come.
    fn starved(&self) -> Result<Went, PatchError> {
        if self.stream.input.exhausted() {
            return Err(PatchError::Truncated);
        }
        Ok(Went::Starved)
    }
}
