//! Where the bits of a body go: the decoder's own engine, with the price of every decision kept.

use crate::container::header::Header;
use crate::container::self_digest::SelfDigests;
use crate::decode::IMPLIED_ZEROS;
use crate::encode::CostCoder;
use crate::entropy::Coder;
use crate::entropy::range::{RangeDecoder, RangeState};
use crate::entropy::symbol::Odds;
use crate::error::{BodyError, DecodeError, Error};
use crate::reference::Isa;
use crate::stream::images::Images;
use crate::stream::{Engine, Question, SCRATCH, Side, Step, Topic};
use core::convert::Infallible;

/// What consecutive decisions about one topic cost, within one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// What they are about.
    pub topic: Topic,
    /// Target offset of the first byte that they concern.
    pub position: u32,
    /// Target bytes that exist because of them, from `position` on.
    pub produced: u32,
    /// How many decisions.
    pub decisions: u32,
    /// −log₂ of their probabilities, in units of 1/65536 bit.
    pub cost: u64,
}

/// Decodes, and keeps what it costs.
struct Priced<'a> {
    decoder: RangeDecoder<'a>,
    /// What the last decision was about; it goes on in the next step where nothing else is said.
    topic: Topic,
    position: u32,
    price: CostCoder,
    decisions: u32,
    spent: &'a mut Vec<Spent>,
}

impl Priced<'_> {
    fn turn_to(&mut self, topic: Topic) {
        if topic != self.topic {
            self.note(0);
            self.topic = topic;
        }
    }

    /// Ends what is counted so far.
    fn note(&mut self, produced: u32) {
        let Self { topic, position, decisions, .. } = *self;
        let CostCoder { cost } = core::mem::take(&mut self.price);
        self.decisions = 0;
        if decisions > 0 || produced > 0 {
            self.spent.push(Spent { topic, position, produced, decisions, cost });
        }
    }
}

impl Coder for Priced<'_> {
    fn code(&mut self, bit: bool, p1: u32) -> bool {
        let bit = self.decoder.code(bit, p1);
        self.price.code(bit, p1);
        self.decisions += 1;
        bit
    }

    fn symbol(&mut self, symbol: usize, odds: &Odds<'_>) -> usize {
        let symbol = self.decoder.symbol(symbol, odds);
        self.price.symbol(symbol, odds);
        self.decisions += 1;
        symbol
    }
}

impl Side for Priced<'_> {
    fn ask(&mut self, _position: u32, question: Question<'_>) -> u32 {
        self.turn_to(question.topic());
        0
    }

    fn truth(&mut self, _offset: u32, _bytes: &mut [u8]) {}

    fn agrees(&mut self, _offset: u32, _bytes: &[u8]) -> bool {
        false
    }

    fn about(&mut self, topic: Topic) {
        self.turn_to(topic);
    }
}

/// The base, and the target as far as it is decoded.
struct Memory<'a, F> {
    base: &'a [u8],
    target: Vec<u8>,
    self_digests: SelfDigests,
    sha256: F,
}

impl<F: Fn(&[u8]) -> [u8; 32]> Images for Memory<'_, F> {
    type Error = Infallible;

    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        read(self.base, offset, bytes);
        Ok(())
    }

    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        read(&self.target, offset, bytes);
        Ok(())
    }

    fn write_target(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.self_digests.extend(&mut self.target, bytes, &self.sha256);
        Ok(())
    }
}

/// Zeros where the image ends.
fn read(image: &[u8], offset: u32, bytes: &mut [u8]) {
    let from = image.get(offset as usize..).unwrap_or(&[]);
    for (slot, &byte) in bytes.iter_mut().zip(from.iter().chain(core::iter::repeat(&0))) {
        *slot = byte;
    }
}

/// Decodes `body` and hands `observe` what each decision cost, in the order of decoding. Returns the target;
/// `sha256` gives the SHA-256, for [digests](crate::container::self_digest) that it holds of itself.
///
/// The costs add up to the length of the body, but for the few bytes that end each segment of the range coder.
///
/// # Errors
/// Any [`BodyError`] that the decoder would report, except those about the length of what follows the body.
pub fn explain(
    header: &Header,
    isas: &[&'static dyn Isa],
    base: &[u8],
    body: &[u8],
    sha256: impl Fn(&[u8]) -> [u8; 32],
    mut observe: impl FnMut(Spent),
) -> Result<Vec<u8>, BodyError> {
    let mut workspace = vec![0u16; header.workspace_words()];
    let mut engine = Engine::new(*header, isas, &mut workspace)?;
    let self_digests = header.self_digests;
    let mut images = Memory { base, target: Vec::new(), self_digests, sha256 };
    let mut spent = Vec::new();
    let mut topic = Topic::Map;
    let mut rest = body;
    let mut range = RangeState::default();
    let mut started = false;
    let mut implied = 0;
    let mut scratch = SCRATCH;
    while !engine.is_done() {
        let position = engine.position();
        let mut side = Priced {
            decoder: RangeDecoder::new(range, rest),
            topic,
            position,
            price: CostCoder::default(),
            decisions: 0,
            spent: &mut spent,
        };
        if !started {
            side.decoder.start();
        }
        let step =
            engine.step(&mut images, &mut side, &mut scratch).map_err(|error| match error {
                Error::Patch(error) => error,
                Error::Images(never) => match never {},
            })?;
        side.note(engine.position().wrapping_sub(position));
        topic = side.topic;
        range = side.decoder.state();
        let consumed = side.decoder.consumed();
        implied += consumed.saturating_sub(rest.len());
        if implied > IMPLIED_ZEROS as usize {
            return Err(DecodeError::Overrun.into());
        }
        rest = rest.get(consumed..).unwrap_or(&[]);
        spent.drain(..).for_each(&mut observe);
        started = step != (Step::Mark { reset: true });
    }
    Ok(images.target)
}
