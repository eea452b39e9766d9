//! The configuration loader through its public door.

/// What is accepted, and what it means.
mod accepts;
mod credentials;
/// The documented example, and the key table.
/// `[EVENTS]`.
mod events;
mod example;
/// Whether a machine can carry the settings.
mod machine;
/// What was meant by words that are none of ours.
mod meant;
/// `[MOUNT_<n>]`.
mod mounts;
/// The files that keys name, and who may read them.
mod named_files;
/// What accounts say of files.
mod objects;
/// What is refused or warned of, and in which words.
mod refuses;
/// The sample files of the replaced tool.
mod samples;
/// `[SCAN]`.
mod scan;
/// How a test reads a text.
mod support;
