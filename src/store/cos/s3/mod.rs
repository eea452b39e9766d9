//! The S3 API: one request as a value ([`request`]), signed ([`signature`]) with what [`credentials`]
//! hands out, sent and tried again by the [`client`], and the operations, each with its answer.

pub(crate) mod answer;
pub(crate) mod client;
pub(crate) mod copy;
pub(crate) mod credentials;
pub(crate) mod failure;
pub(crate) mod http;
pub(crate) mod integrity;
pub(crate) mod key_files;
pub(crate) mod key_page;
pub(crate) mod metadata_service;
pub(crate) mod multipart;
pub(crate) mod object_lock;
pub(crate) mod objects;
pub(crate) mod request;
pub(crate) mod retry;
pub(crate) mod role_keys;
pub(crate) mod signature;
pub(crate) mod upload_pages;
pub(crate) mod xml;
