//! Placeholder: the STM32 dual-bank demo comes with its own issue; nothing here works yet.
