//! The wire format from outside: header, body, marks, limits, and everything that is refused.

mod codes;
mod header;
mod hostile;
mod marks;
mod steps;
mod workspace;
