//! What is written of transfers and files, for programs: read by such programs.

/// `log_format = json`
mod json_log;
/// `ledger`, and `verify-ledger`.
mod ledger;
/// `transfer_log`
mod transfer_log;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::server::TestServer;

/// What jq makes of a file by `filter`, a value for each line of its output.
fn jq(filter: &str, file: &Path) -> Vec<Value> {
    let output = Command::new("jq").args(["-c", filter]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Of the log of a session that has ended.
fn wait_for_logout(server: &TestServer) {
    server.wait_for_log("logout user=");
}
