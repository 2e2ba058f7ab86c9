//! Updates that overwrite their base.

mod cuts;
mod hostile;
mod support;
mod updates;
