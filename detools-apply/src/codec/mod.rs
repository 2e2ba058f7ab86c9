//! The codecs, and how a device says which of them it links.
//!
//! | codec | type | RAM of the caller |
//! | --- | --- | --- |
//! | none | [`Plain`] | – |
//! | CRLE | [`Crle`] | – |
//! | heatshrink | [`Heatshrink`] | a window of 2^W bytes |
//! | LZMA | [`Lzma`] | the dictionary, and [`Lzma::probabilities`] words |
//!
//! A codec is a value that the applier is given; what is not given is not linked. [`Or`] is a choice of two.

mod crle;
mod heatshrink;
mod lzma;

pub use crle::Crle;
pub use heatshrink::Heatshrink;
pub use lzma::Lzma;

use crate::error::CodecError;
use crate::header::Compression;
use crate::input::Input;

/// A decoder of one coded stream. Nobody else can have another one.
pub trait Codec: sealed::Sealed {
    /// Prepares for a stream of `compression`.
    ///
    /// # Errors
    /// [`CodecError::NotLinked`] if this is another codec's.
    #[doc(hidden)]
    fn open(&mut self, compression: Compression) -> Result<(), CodecError>;

    /// The next decoded byte; `Step::Starved` if more of the patch is needed first.
    ///
    /// # Errors
    /// [`CodecError`]
    #[doc(hidden)]
    fn byte(&mut self, input: &mut Input) -> Result<Step, CodecError>;
}

/// What came out of a codec.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A byte.
    Byte(u8),
    /// Nothing: more of the patch is needed.
    Starved,
    /// Nothing: the stream has ended as it should.
    End,
}

pub(crate) mod sealed {
    /// Keeps the trait to the codecs of this crate.
    #[expect(unnameable_types, reason = "that is its purpose")]
    pub trait Sealed {}
}

/// No codec: bytes as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl sealed::Sealed for Plain {}

impl Codec for Plain {
    fn open(&mut self, compression: Compression) -> Result<(), CodecError> {
        only(compression, Compression::None)
    }

    fn byte(&mut self, input: &mut Input) -> Result<Step, CodecError> {
        Ok(match input.next() {
            Some(byte) => Step::Byte(byte),
            None if input.exhausted() => Step::End,
            None => Step::Starved,
        })
    }
}

/// One codec or another, as the patch says.
#[derive(Clone, Copy, Debug)]
pub struct Or<A, B> {
    first: A,
    second: B,
    is_second: bool,
}

impl<A: Codec, B: Codec> Or<A, B> {
    /// `first` or `second`.
    pub const fn new(first: A, second: B) -> Self {
        Self { first, second, is_second: false }
    }
}

impl<A: Codec, B: Codec> sealed::Sealed for Or<A, B> {}

impl<A: Codec, B: Codec> Codec for Or<A, B> {
    fn open(&mut self, compression: Compression) -> Result<(), CodecError> {
        self.is_second = false;
        match self.first.open(compression) {
            Err(CodecError::NotLinked { .. }) => {
                self.is_second = true;
                self.second.open(compression)
            }
            opened => opened,
        }
    }

    fn byte(&mut self, input: &mut Input) -> Result<Step, CodecError> {
        if self.is_second { self.second.byte(input) } else { self.first.byte(input) }
    }
}

fn only(found: Compression, own: Compression) -> Result<(), CodecError> {
    if found == own { Ok(()) } else { Err(CodecError::NotLinked { got: found }) }
}
