use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::records::{jq, wait_for_logout};
use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer, USER};
use crate::support::stored::noise;

fn served(setup: Setup) -> TestServer {
    let server = setup.option("log_format", "json").option("log_level", "DEBUG").start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR /a \"b\"", b"abc");
    ftp.store("STOR /parts", &noise(1, 12 << 20));
    assert_eq!(ftp.fetch("RETR /a \"b\""), b"abc");
    ftp.play(&[("QUIT", "221 ")]);
    wait_for_logout(&server);
    server
}

#[test]
fn each_line_is_an_object_that_jq_reads() {
    let server = served(Setup::bucket());
    let file = server.log_dir().join("cos_v5.log");
    let lines = fs::read_to_string(&file).unwrap().lines().count();
    let shapes = jq("[(.time|type), (.level|type), (.thread|type), (.message|type)]", &file);
    assert_eq!(shapes.len(), lines);
    assert!(shapes.iter().all(|shape| *shape == json!(["string", "string", "string", "string"])));
    let times = jq("select(.time | test(\"^[0-9-]{10}T[0-9:.]{12}[+-][0-9:]{5}$\") | not)", &file);
    assert!(times.is_empty(), "{times:?}");
    let logins = jq("select(.message | startswith(\"login \")) | .session", &file);
    assert_eq!(logins, [Value::from(1)]);
    let transfers = jq(
        "select(.transfer) | .transfer | [.type, .path, .user, .bytes, .size, .verdict, .is_complete]",
        &file,
    );
    let name = "/a \"b\"";
    assert_eq!(
        transfers,
        [
            json!(["upload", name, USER, 3, 3, "complete", true]),
            json!(["upload", "/parts", USER, 12 << 20, 12 << 20, "complete", true]),
            json!(["download", name, USER, 3, 3, "complete", true]),
        ]
    );
    let ids = jq("select(.transfer.type == \"upload\") | .transfer.request_id | type", &file);
    assert_eq!(ids, ["string", "string"]);
    // The terminal has the same.
    for line in server.log().lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[test]
fn the_line_of_a_transfer_is_the_same_for_people() {
    let server = served(Setup::local());
    let file = server.log_dir().join("cos_v5.log");
    let messages = jq("select(.transfer) | .message", &file);
    assert_eq!(messages.len(), 3);
    let first = messages[0].as_str().unwrap();
    assert!(first.starts_with("upload path=\"/a \\\"b\\\"\" bytes=3 kept=0 seconds="), "{first}");
    assert!(first.ends_with(" verdict=\"complete\" request-id=-"), "{first}");
}

#[test]
fn the_form_changes_at_the_next_start_only() {
    let server = served(Setup::local());
    server.rewrite_config(|text| text.replace("log_format = json", "log_format = text"));
    let before = server.log().lines().count();
    server.signal(Signal::HUP);
    let told = server.wait_for_log_after(before, "log_format = text");
    assert!(told.contains("takes effect at the next start"), "{told}");
    serde_json::from_str::<Value>(&told).unwrap();
}
