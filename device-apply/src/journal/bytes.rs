//! Fields of a record, one after the other, little-endian.

/// Takes fields from the front; once they do not suffice, nothing more.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// Passes over `N` bytes, all of which must be zero.
    pub(crate) fn zeroes<const N: usize>(&mut self) -> Option<()> {
        (self.take()? == [0; N]).then_some(())
    }
}

/// Puts fields at the front; what does not fit is left out.
#[derive(Debug)]
pub(crate) struct Writer<'a>(pub(crate) &'a mut [u8]);

impl Writer<'_> {
    pub(crate) fn put(&mut self, field: &[u8]) {
        let bytes = core::mem::take(&mut self.0);
        let Some((now, later)) = bytes.split_at_mut_checked(field.len()) else { return };
        now.copy_from_slice(field);
        self.0 = later;
    }
}
