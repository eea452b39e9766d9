//! Real clients at work. What they stored is read back from the store past the server, and
//! compared by SHA-256.

/// A directory of thousands of entries.
mod large_directory;
/// Names and sizes that something on the way might stumble over.
mod names_and_sizes;
/// Each operation of the classic client, by tnftp, lftp and curl, over every kind of connection.
mod operations;
/// Clients that do less: ncftp, wget, Python's ftplib.
mod other_clients;
/// What clients do when store or server break down in the middle of their work.
mod outages;
/// Thousands of files in hundreds of directories, up and down: lftp, rclone, wget.
mod tree;
