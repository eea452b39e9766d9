//! The S3 API: a [`request`] is a value, signed ([`signature`]) with what [`identity`] hands out;
//! the [`client`] sends it over [`http`] and tries again ([`failure`] and [`retry`] say when). The
//! operations are [`actions`].

pub(crate) mod actions;
pub(crate) mod answer;
pub(crate) mod call;
pub(crate) mod client;
mod clock;
pub(crate) mod dialect;
mod domains;
pub(crate) mod encryption;
pub(crate) mod etag_form;
mod failed_tries;
pub(crate) mod failure;
mod fault;
mod guard;
pub(crate) mod http;
pub(crate) mod identity;
pub(crate) mod integrity;
mod known_arch;
pub(crate) mod object_lock;
pub(crate) mod precondition;
mod request;
pub(crate) mod retry;
mod signature;
pub(crate) mod site;
mod verified;
pub(crate) mod xml;

pub(crate) use self::http::authorities::{Authorities, AuthorityError};
