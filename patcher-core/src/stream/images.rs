//! What a stream reads and writes.

/// Random access to the base and to the target as far as it exists, and a sink for more of it.
///
/// The decoder checks every range before it asks, so an implementation sees only offsets below the
/// lengths of the header, and target offsets below what it was given to write.
pub trait Images {
    /// Failure of the storage.
    type Error;

    /// Fills `bytes` with the base image from `offset` on.
    ///
    /// # Errors
    /// Whatever the storage reports; the decoder stops and is poisoned.
    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error>;

    /// Fills `bytes` with target bytes written earlier.
    ///
    /// # Errors
    /// Whatever the storage reports; the decoder stops and is poisoned.
    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error>;

    /// Takes the next target bytes, at most [`MAX_STEP_OUTPUT`](super::MAX_STEP_OUTPUT).
    ///
    /// # Errors
    /// Whatever the storage reports; the decoder stops and is poisoned.
    fn write_target(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}
