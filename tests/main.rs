//! Every test that needs no program of its own, in one: to link is what takes the time.
//!
//! `tests/run --test suite clients::` runs one folder of it. A test may rely on nothing that another
//! one leaves behind, and must not change what belongs to the process: its environment, its directory.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

/// What they share.
mod support;

mod balancer;
mod clients;
mod command;
mod config;
mod containment;
mod contract;
mod conversations;
mod devices;
mod documentation;
mod embedding;
mod events;
mod faults;
mod fuzz;
mod install;
mod kept;
mod local_parking;
mod local_store;
mod mounts;
mod networks;
mod operations;
mod packaging;
mod parked;
mod patience;
mod records;
mod scanning;
mod security;
mod server_lifecycle;
mod soak;
mod store_cos;
mod tidy;
mod tls;
mod transfers;
mod users;
mod write_once;
