//! An FTP server whose disk is an object-storage bucket.
//!
//! The house, from the street to the cellar (arrow = "may use", never upwards):
//!
//! ```text
//! cli ──► config ─► (option structs that each layer defines for itself)
//!   └──► server ─► session ─► protocol ─► vfs ─► limits      protocol: pure, bytes in, values out
//!                     ├─────► transfer ─► store (trait) ─► vfs  transfer: the pipe, both ways
//!                     │          └──────► events ─► store        events: who is told of files
//!                     ├─────► users ────► store (trait)
//!                     ├─────► access ───► net                access: who may come in, and how much
//!                     └─────► net ──────► limits             net: sockets, passive ports, poll
//! cli ──► store::cos, store::local ─► store (trait)          named only where configured
//! metrics: a leaf of counters that any layer may bump
//! ```
//!
//! `docs/architecture` tells the reasons; `tests/tidy.rs` holds the arrows.

pub mod access;
mod addresses;
pub mod certificate_fault;
pub mod config;
pub mod events;
pub mod limits;
pub mod metrics;
pub mod net;
pub mod protocol;
mod records;
pub mod scan;
pub mod secret;
pub mod server;
pub mod session;
pub mod store;
pub mod threads;
pub mod transfer;
pub mod users;
pub mod vfs;
