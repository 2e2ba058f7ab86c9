//! A NOR flash model as strict as silicon, for tests.
