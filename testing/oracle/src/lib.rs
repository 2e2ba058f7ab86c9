//! A slow, obvious, independent decoder written from docs/format.md.
