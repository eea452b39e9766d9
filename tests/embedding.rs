//! The server inside another program: the example, started, and its store held to the contract.

use std::thread;

use cos_ftp_server::server::Stopped;

use crate::contract;
use crate::support::ftp::Ftp;
use crate::support::stored::noise;

#[allow(dead_code, reason = "its main is for those who run it by itself")]
#[path = "../examples/embedded/main.rs"]
mod embedded;

#[test]
fn the_store_of_the_example_keeps_the_contract() {
    contract::run(&embedded::MemoryStore::default(), false);
}

#[test]
fn the_example_serves() {
    let server = embedded::serve(0).unwrap();
    let (address, stopper) = (server.local_addrs()[0], server.stopper());
    let serving = thread::spawn(|| server.run().unwrap());
    let mut ftp = Ftp::connect_to(address);
    ftp.expect("USER demo", "331 ");
    ftp.expect("PASS demo", "230 ");
    ftp.expect("TYPE I", "200 ");
    let (small, large) = (noise(1, 1000), noise(2, 30 << 20));
    for (name, bytes) in [("small", &small), ("d/large", &large)] {
        ftp.store(&format!("STOR {name}"), bytes);
        assert!(ftp.fetch(&format!("RETR {name}")) == *bytes, "{name}");
    }
    assert_eq!(ftp.list("NLST"), ["d", "small"]);
    ftp.store("APPE small", &small);
    assert_eq!(ftp.fetch("RETR small").len(), 2000);
    ftp.expect("RNFR d", "350 ");
    ftp.expect("RNTO e", "250 ");
    assert_eq!(ftp.list("NLST e"), ["e/large"]);
    ftp.expect("DELE e/large", "250 ");
    stopper.stop();
    assert_eq!(serving.join().unwrap(), Stopped::Gracefully);
}
