use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;

use crate::support::clients::{DataMode, Output, curl, lftp, url};
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::{noise, sha256};

/// Several parts, and more than server and sockets hold: the client is still sending when it comes
/// to a standstill. lftp 4.9 sends but its last buffer again where it has sent all.
const SIZE: usize = 32 << 20;

/// Who moves the file, and where to.
#[derive(Clone, Copy, Debug)]
enum Client {
    LftpPut,
    LftpGet,
    CurlPut,
    CurlGet,
}

impl Client {
    const ALL: [Self; 4] = [Self::LftpPut, Self::LftpGet, Self::CurlPut, Self::CurlGet];

    fn is_upload(self) -> bool {
        matches!(self, Self::LftpPut | Self::CurlPut)
    }

    /// Moves `file` as somebody does who does not look: it tries again by itself.
    fn run(self, server: SocketAddr, dir: &Path) -> Output {
        let patience = "set net:max-retries 30\nset net:reconnect-interval-base 1\n\
                        set net:reconnect-interval-multiplier 1\nset xfer:log no\n";
        let lftp =
            |command: &str| lftp(server, DataMode::Passive, dir, &format!("{patience}{command}"));
        let local = dir.join("file");
        let curl = |flag: &str| {
            let (path, url) = (local.to_str().expect("UTF-8"), url(server, "file"));
            let again = ["--retry", "30", "--retry-delay", "1", "--retry-all-errors", "-C", "-"];
            curl(DataMode::Passive, &[&again[..], &[flag, path, &url]].concat())
        };
        match self {
            Self::LftpPut => lftp("put file"),
            Self::LftpGet => lftp("get -c file"),
            Self::CurlPut => curl("-T"),
            Self::CurlGet => curl("-o"),
        }
    }
}

/// One transfer that comes to a standstill in the middle.
struct Scene {
    client: Client,
    injector: Injector,
    server: TestServer,
    bytes: Vec<u8>,
}

impl Scene {
    fn begin(client: Client, options: &[(&str, &str)]) -> Self {
        let injector = Injector::before(Rgw::shared().endpoint());
        let mut setup = Setup::bucket_behind(&injector.endpoint())
            .file_option("single_file_max_size", "1073741824")
            .option("part_buffer_size", "5242880")
            // One answer brings the whole file, or breaks off.
            .option("download_thread_num", "1");
        for (key, value) in options {
            setup = setup.option(key, value);
        }
        let server = setup.start();
        let bytes = noise(client as u64, SIZE);
        if client.is_upload() {
            fs::write(server.scratch().join("file"), &bytes).expect("written");
            injector.inject(Rule::new(Request::UploadPart, Fault::Stall).after(1).times(1));
        } else {
            server.stored().put("file", &bytes);
            let halfway = Fault::StallInAnswer(SIZE as u64 / 2);
            injector.inject(Rule::new(Request::GetObject, halfway).times(1));
        }
        Self { client, injector, server, bytes }
    }

    /// Runs the client; `disaster` happens when it stands still.
    fn play<T>(self, disaster: impl FnOnce(&Injector, TestServer) -> T) {
        let Self { client, injector, server, bytes } = self;
        let (address, dir) = (server.address(), tempfile::tempdir().expect("a directory"));
        if client.is_upload() {
            let local = dir.path().join("file");
            fs::copy(server.scratch().join("file"), local).expect("copied");
        }
        let bucket = server.stored().bucket().to_owned();
        thread::scope(|scope| {
            let running = scope.spawn(|| client.run(address, dir.path()));
            injector.wait_for_stalls(1);
            let _server = disaster(&injector, server);
            let output = running.join().expect("the client ends");
            assert!(output.success, "{client:?}: {}", output.text);
        });
        let stored = Rgw::shared().s3_get(&bucket, "file");
        let local = fs::read(dir.path().join("file")).expect("a file");
        for (place, found) in [("store", stored), ("client", local)] {
            assert_eq!(sha256(&found), sha256(&bytes), "{client:?}, {place}: {}", found.len());
        }
        assert_eq!(Rgw::shared().s3_list(&bucket, ""), ["file"]);
    }
}

/// The server waits for the store as long as `retry_timeout` says, and the client for the server.
#[test]
fn a_store_that_is_soon_back_is_not_missed() {
    for client in Client::ALL {
        Scene::begin(client, &[]).play(|injector, server| {
            injector.go_away();
            injector.heal();
            injector.wait_until_missed(2);
            injector.come_back();
            server.wait_for_log("verdict=\"complete\"");
            let log = server.log();
            assert!(!log.contains("verdict=\"failed"), "{client:?} was told:\n{log}");
            server
        });
    }
}

#[test]
fn a_store_that_is_away_for_longer_is_asked_again_by_the_clients() {
    for client in Client::ALL {
        Scene::begin(client, &[("retry_timeout", "1")]).play(|injector, server| {
            injector.go_away();
            injector.heal();
            // A client that has not got all of it may be gone before the server has given up.
            server.wait_for_line(|line| {
                line.contains("load path=\"/file\"") && !line.contains("verdict=\"complete\"")
            });
            injector.come_back();
            server
        });
    }
}

#[test]
fn a_server_that_is_killed_and_started_again_is_asked_again_by_the_clients() {
    for client in Client::ALL {
        Scene::begin(client, &[]).play(|injector, server| {
            let port = server.address().port().to_string();
            let again = Setup::beside(&server).network("listen_port", &port);
            server.kill();
            injector.heal();
            again.start()
        });
    }
}
