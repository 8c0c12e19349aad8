//! The machine of a call as tables of inputs and effects.
