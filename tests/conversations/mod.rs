//! Golden conversations: what the server answers to each verb, good input and bad, byte by byte
//! over a bare socket. Over a directory where it makes no difference to a session.

/// What a bucket is asked, and what it cannot hold.
mod bucket;
/// The control connection itself: framing, order, time-outs, maximums.
mod control;
/// What a running transfer lets through: ABOR, STAT, NOOP, QUIT.
mod during_transfer;
/// Names in UTF-8 and GBK, OPTS UTF8.
mod encodings;
/// Refusals that come when a client is sending already, and how real clients hear of them.
mod late_refusals;
/// LIST, NLST, MLSD, MLST, STAT of a path.
mod listing;
/// USER, PASS and what works without them.
mod login;
/// Names of objects that stand for directories.
mod markers;
/// TYPE, MODE, STRU, PORT, PASV, EPRT, EPSV.
mod parameters;
/// What R, W and RW may do.
mod permissions;
/// 226 behind a download or a listing, which means that the client has all of it.
mod receipts;
/// What becomes of the data connection of a transfer that is refused.
mod refusals;
/// MFMT, and MDTM that sets.
mod times;
/// RETR, STOR, APPE, STOU, REST, ALLO.
mod transfers;
/// PWD, CWD, MKD, RMD, DELE, RNFR, RNTO, SIZE, MDTM.
mod tree;
