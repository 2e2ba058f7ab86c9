//! Whether the running image works.

use crate::Behaviour;
use crate::scheme::Scheme;

/// It knows what it is, and finds what it needs to be updated again. Pages are not read as they lie in flash: a cut may have
/// torn a word of a journal, which is no fault of the image.
pub(crate) fn works<S: Scheme>(behaviour: Behaviour) -> bool {
    behaviour != Behaviour::Unhealthy && S::header().is_some() && S::readable()
}
