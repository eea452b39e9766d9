//! What an operator does while the server runs: reading its log, changing its configuration,
//! looking at what goes on, limiting rates. Over the real binary.

/// The same of every command, as the documentation tells it.
mod attribute_table;
/// What a file is in the bucket beside its bytes.
mod attributes;
/// `cos-ftp-server check`.
mod check;
/// Directories of this machine: what is written there, and whose it is.
mod directories;
/// What is to be encrypted and is not.
mod encryption;
/// What the log says of the stores at the start.
mod first_probe;
/// `init`
mod init;
/// What is said in Chinese.
mod languages;
/// Uploads that nobody finished.
mod leftovers;
/// Listings that tell the times which clients gave files.
mod listed_times;
/// Which session a line of the log belongs to.
mod log_lines;
/// Metrics and health.
mod monitoring;
/// `kick`, `ban`, `unban`, `log-level`.
mod orders;
/// The page at `metrics_listen`.
mod page;
/// What `check` says of ports that are taken.
mod ports;
/// `max_rate_…`
mod rates;
/// SIGHUP.
mod reload;
/// The type of what is uploaded under another name.
mod renamed_types;
/// `serve`, and how such a server is reached.
mod serving;
/// `cos-ftp-server status`, and STAT during a transfer.
mod status;
/// What a stop waits for, and how long.
mod stopping;
/// The server on a terminal.
mod terminal;
/// What is told of a failure.
mod traces;
/// What an account says of the files that it stores.
mod upload_terms;
/// `serve`, `reload`, `stop`, `status`, `check`; what is no command.
mod ways_in;
/// What `check` says of `on_exists`.
mod write_once;
