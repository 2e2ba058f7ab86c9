//! The step machine that both directions share.

use super::images::Images;
use super::state::{Phase, State};
use super::{Question, Scratch, Side};
use crate::container::header::{Header, Kind};
use crate::error::{DecodeError, Error, SetupError};
use crate::model::switch::{self, Switch};
use crate::model::{Model, take};
use crate::reference::cache::{self, TargetCache};
use crate::reference::map::{self, AddressMap};
use crate::reference::{self, Isa};

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is more to do.
    More,
    /// A restart mark was passed. With `reset`, the model is fresh and the coder starts a new segment.
    Mark {
        /// Whether the model was reset.
        reset: bool,
    },
    /// The target is complete.
    Done,
}

/// Registers, model, map and cache of one stream.
#[derive(Debug)]
pub struct Engine<'w> {
    pub(crate) header: Header,
    pub(crate) isa: Option<&'static dyn Isa>,
    /// Whether literals are halfwords with the opcode in their high bytes: a delta has too few of them to learn it.
    pub(crate) halfwords: bool,
    /// See [`Isa::behind`].
    pub(crate) behind: u8,
    pub(crate) model: Model<'w>,
    pub(crate) map: AddressMap<'w>,
    pub(crate) cache: TargetCache<'w>,
    pub(crate) state: State,
}

impl<'w> Engine<'w> {
    /// A stream at its start.
    ///
    /// `isas` are the instruction sets that may be used, `workspace` has at least
    /// [`Header::workspace_words`] words.
    ///
    /// # Errors
    /// [`SetupError::Isa`] when the header's instruction set is not in `isas`,
    /// [`SetupError::Workspace`] when the workspace is too small.
    pub fn new(
        header: Header,
        isas: &[&'static dyn Isa],
        workspace: &'w mut [u16],
    ) -> Result<Self, SetupError> {
        let isa = isas.iter().find(|isa| isa.id() == header.isa).copied();
        if isa.is_none() && header.isa != reference::NO_ISA {
            return Err(SetupError::Isa { got: header.isa });
        }
        let words = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let expected = header.workspace_words();
        let too_small =
            SetupError::Workspace { expected: words(expected), got: words(workspace.len()) };
        let tables = header.tables().ok_or(too_small)?;
        if workspace.len() < expected {
            return Err(too_small);
        }
        let [behind, ..] = isa.map_or(0, Isa::behind).to_le_bytes();
        let mut rest = workspace;
        let mut engine = Self {
            halfwords: header.kind == Kind::Full && isa.is_some_and(|isa| isa.order() == 1),
            behind,
            isa,
            model: Model::lay(&mut rest, &tables),
            map: AddressMap::new(take(&mut rest, header.map_entries as usize * map::ENTRY_WORDS)),
            cache: TargetCache::new(take(&mut rest, tables.cache_entries * cache::ENTRY_WORDS)),
            state: State::START,
            header,
        };
        engine.model.reset();
        let first = engine.header.base_regions.iter().next();
        engine.state.map_base = first.map_or(0, |region| region.address);
        if engine.header.map_entries == 0 {
            engine.op_boundary();
        }
        Ok(engine)
    }

    /// Target bytes produced so far.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.state.position
    }

    /// Whether the target is complete.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state.phase == Phase::Done
    }

    /// Whether a mark has just been passed: an op starts on it.
    pub(crate) fn after_mark(&self) -> bool {
        self.state.phase == Phase::OpStart && self.at_mark()
    }

    /// Goes on from `state`, which was saved right after a mark, with a full map.
    pub(crate) fn resume(&mut self, state: State) -> Result<(), DecodeError> {
        self.state = State { phase: Phase::OpStart, ..state };
        self.map.assume_full();
        if self.at_mark() && state.position < self.header.target_len {
            Ok(())
        } else {
            Err(DecodeError::State)
        }
    }

    /// The workspace in order, word by word.
    pub(crate) fn for_each_word(&self, mut see: impl FnMut(u16)) {
        let parts = [self.model.words(), self.map.words(), self.cache.words()];
        parts.into_iter().flatten().for_each(|&word| see(word));
    }

    /// Overwrites the workspace in order.
    pub(crate) fn fill_words(
        &mut self,
        mut next: impl FnMut() -> Option<u16>,
    ) -> Result<(), DecodeError> {
        let parts = [self.model.words_mut(), self.map.words_mut(), self.cache.words_mut()];
        for word in parts.into_iter().flatten() {
            *word = next().ok_or(DecodeError::State)?;
        }
        Ok(())
    }

    /// Target offset where the current epoch ends: the next mark, or the end of the target.
    #[inline(never)]
    pub(crate) fn epoch_end(&self) -> u32 {
        let end = self.header.target_len;
        let last = self.header.epoch().map_or(u32::MAX, |epoch| self.state.position | (epoch - 1));
        last.saturating_add(1).min(end)
    }

    /// Base bytes that the target may have overwritten in this epoch: of a patch that is applied in place.
    pub(crate) fn base_floor(&self) -> u32 {
        if cfg!(feature = "in-place") {
            self.header.in_place.map_or(0, |slot| slot.floor(self.epoch_end()))
        } else {
            0
        }
    }

    /// Fills `bytes` with the base from `offset` on, with zeros where it ends and where it may be overwritten.
    #[inline(never)]
    pub(crate) fn read_base<I: Images>(
        &self,
        images: &mut I,
        offset: u32,
        bytes: &mut [u8],
    ) -> Result<(), Error<I::Error>> {
        let there = self.header.base_len.saturating_sub(offset) as usize;
        let gone = self.base_floor().saturating_sub(offset);
        if there < bytes.len() || gone > 0 {
            bytes.fill(0);
        }
        let end = bytes.len().min(there);
        match bytes.get_mut(gone as usize..end) {
            Some(rest) if !rest.is_empty() => {
                images.read_base(offset.saturating_add(gone), rest).map_err(Error::Images)
            }
            _ => Ok(()),
        }
    }

    /// Whether the current position is a restart mark.
    pub(crate) fn at_mark(&self) -> bool {
        let position = self.state.position;
        position != 0 && self.header.epoch().is_some_and(|epoch| position & (epoch - 1) == 0)
    }

    /// Chooses what follows a complete op: the end, a mark, or another op.
    pub(crate) fn op_boundary(&mut self) {
        self.state.phase = if self.state.position == self.header.target_len {
            Phase::Done
        } else if self.state.phase != Phase::Mark && self.at_mark() {
            Phase::Mark
        } else {
            Phase::OpStart
        };
    }

    fn mark(&mut self, side: &mut impl Side) -> Step {
        let answer = side.ask(self.state.position, Question::Reset) != 0;
        let reset = switch::code(&mut self.model, side, Switch::Reset, 0, answer);
        if reset {
            self.model.reset();
            self.cache.clear();
            self.state.restart();
        }
        self.op_boundary();
        Step::Mark { reset }
    }

    /// Advances by one unit; consumes at most [`MAX_STEP_BYTES`](super::MAX_STEP_BYTES).
    ///
    /// # Errors
    /// [`Error::Patch`] for a malformed stream, [`Error::Images`] from `images`.
    #[inline(never)]
    pub fn step<I: Images, S: Side>(
        &mut self,
        images: &mut I,
        side: &mut S,
        scratch: &mut Scratch,
    ) -> Result<Step, Error<I::Error>> {
        match self.state.phase {
            Phase::MapBase => self.map_base(side),
            Phase::MapShift => self.map_shift(side)?,
            Phase::OpStart => self.op_start(side)?,
            Phase::Extra => self.extra(images, side, scratch)?,
            Phase::CopyOffset => self.copy_offset(side)?,
            Phase::CopyLength => self.copy_length(side)?,
            Phase::Copy => self.copy(images, scratch)?,
            Phase::DiffStart => self.diff_start(side)?,
            Phase::DiffLength => self.diff_length(side)?,
            Phase::Diff => self.diff(images, side, scratch)?,
            Phase::Mark => return Ok(self.mark(side)),
            Phase::Done => {}
        }
        Ok(if self.state.phase == Phase::Done { Step::Done } else { Step::More })
    }
}
