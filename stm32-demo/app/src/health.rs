//! Whether the running image works.

use crate::{Behaviour, records};

/// It knows what it is, and finds what it needs to be updated again. Pages are not read as they lie in flash: a cut may have
/// torn a word of a journal, which is no fault of the image.
pub(crate) fn works(behaviour: Behaviour) -> bool {
    behaviour != Behaviour::Unhealthy && records::header().is_some() && records::readable()
}
