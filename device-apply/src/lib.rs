//! Applies a patch on the device, streaming, over embedded-storage flash traits.
