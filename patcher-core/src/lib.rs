//! Patch format, model, range coder and sans-I/O decoder of patcher.
