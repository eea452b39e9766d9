//! The objects of one bucket, by their keys, and what is remembered of them: our own changes
//! ([`recent`], held against listings by an [`overlay`]), what the store told ([`facts`], [`places`]).

pub(crate) mod bucket;
pub(crate) mod corrected;
pub(crate) mod facts;
pub(crate) mod note;
pub(crate) mod overlay;
pub(crate) mod places;
pub(crate) mod recent;
