//! The command `cos-ftp-server`: reads arguments and configuration, opens the log, runs the
//! server until a signal stops it.

fn main() {}
