//! The decision of one slot: against the table in the docs, over all states, and what holds without the table.

mod properties;
mod space;
mod table;
