//! `cos_accelerate` with a gateway whose domain of acceleration serves what COS's does: HAProxy
//! lets transfers through at one port, and everything at another.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::support::clients::{DataMode, curl, lftp, limited, run, url};
use crate::support::haproxy::Haproxy;
use crate::support::polling::pause;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// Neither listing nor copying nor deleting is served at the first port. The signature has the
/// host that the server named, so that is passed on as it came.
const CONFIG: &str = r#"
global
    nbthread 1
    log stderr format raw local0
defaults
    mode http
    log global
    log-format "%ft %ST %U %B %HM %HU"
    timeout connect 10s
    timeout client 60s
    timeout server 60s
frontend acceleration
    bind @HOST@:7480
    acl names_object path -m reg ^/[^/]+/.
    acl asks query -m found
    acl begins_upload query -m reg ^uploads=?$
    acl is_of_upload query -m reg (^|&)uploadId=
    acl copies req.fhdr(x-amz-copy-source) -m found
    acl copies req.fhdr(x-cos-copy-source) -m found
    http-request allow if { method OPTIONS }
    http-request allow if { method POST } !names_object !asks
    http-request allow if { method GET HEAD PUT } names_object !asks !copies
    http-request allow if { method POST } names_object begins_upload
    http-request allow if { method GET PUT POST DELETE } names_object is_of_upload !copies
    http-request return status 400 content-type application/xml string "<?xml version='1.0' encoding='utf-8' ?><Error><Code>ActionAccelerateNotSupported</Code><Message>not here</Message></Error>"
    default_backend gateway
frontend region
    bind @HOST@:7481
    default_backend gateway
backend gateway
    server gateway @GATEWAY@
"#;

/// What is left of a request in the log of HAProxy.
struct Passed {
    frontend: String,
    status: u16,
    /// Bytes with their headers, from the server to the store and back.
    up: usize,
    down: usize,
    method: String,
    target: String,
}

/// A server whose bucket is behind both ports.
struct Accelerated {
    server: TestServer,
    acceleration: SocketAddr,
    haproxy: Haproxy,
}

impl Accelerated {
    fn start() -> Self {
        // Addresses of the run's own, apart from those of balancers.
        let [.., high, low] = std::process::id().to_be_bytes();
        let host = Ipv4Addr::new(127, 32 + high % 32, low, 10);
        let config = CONFIG
            .replace("@HOST@", &host.to_string())
            .replace("@GATEWAY@", Rgw::shared().endpoint());
        let haproxy = Haproxy::start(&config);
        let (acceleration, region) =
            (SocketAddr::from((host, 7480)), SocketAddr::from((host, 7481)));
        let server = Setup::bucket_behind(&region.to_string())
            .account_key("cos_accelerate", &acceleration.to_string())
            .start();
        Self { server, acceleration, haproxy }
    }

    /// All requests so far. The last is a listing at the port of acceleration, which is refused.
    fn passed(&self) -> Vec<Passed> {
        let target = format!("/{}/?prefix=last", self.server.stored().bucket());
        let url = format!("http://{}{target}", self.acceleration);
        let answer = run(limited("curl").args(["--silent", &url]), "").expect_success();
        assert!(answer.contains("<Code>ActionAccelerateNotSupported</Code>"), "{answer}");
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let log = self.haproxy.log();
            let passed: Vec<_> = log.lines().filter_map(passed).collect();
            if passed.iter().any(|request| request.target.ends_with(&target)) {
                return passed;
            }
            assert!(Instant::now() < deadline, "{log}");
            pause();
        }
    }
}

/// A line of the log about a request.
fn passed(line: &str) -> Option<Passed> {
    let words: Vec<_> = line.split_whitespace().collect();
    let [frontend @ ("acceleration" | "region"), status, up, down, method, target] = words[..]
    else {
        return None;
    };
    Some(Passed {
        frontend: frontend.to_owned(),
        status: status.parse().unwrap(),
        up: up.parse().unwrap(),
        down: down.parse().unwrap(),
        method: method.to_owned(),
        target: target.to_owned(),
    })
}

#[test]
fn clients_meet_nothing_that_the_acceleration_refuses() {
    let site = Accelerated::start();
    let dir = site.server.scratch();
    let (small, large, more) = (noise(1, 1000), noise(2, 12_000_000), noise(3, 3000));
    let grown = [&large[..], &more].concat();
    for (name, bytes) in [("small", &small), ("large", &large), ("more", &more), ("grown", &grown)]
    {
        fs::write(dir.join(name), bytes).unwrap();
    }
    with_curl(&site);
    with_lftp(&site);
    for client in ["curl", "lftp"] {
        site.server.stored().expect(&format!("{client}/large"), &grown);
        for (copy, bytes) in [("small", &small), ("large", &large)] {
            assert!(fs::read(dir.join(format!("{copy}-{client}"))).unwrap() == *bytes, "{client}");
        }
    }
    assert_eq!(site.server.stored().files(), ["curl/large", "lftp/large"]);

    let passed = site.passed();
    let shown = || -> Vec<_> {
        let show = |passed: &Passed| {
            let Passed { frontend, status, up, down, method, target } = passed;
            format!("{frontend} {status} {up} {down} {method} {target}")
        };
        passed.iter().map(show).collect()
    };
    let refused = passed.iter().filter(|request| request.status == 400).count();
    assert_eq!(refused, 1, "more than the last: {:#?}", shown());
    let (fast, region): (Vec<&Passed>, Vec<_>) =
        passed.iter().partition(|request| request.frontend == "acceleration");
    // All bytes of all files there and back, and nothing of them by the region.
    let each = 2 * (small.len() + large.len());
    assert!(fast.iter().map(|request| request.up).sum::<usize>() > each + 2 * more.len());
    assert!(fast.iter().map(|request| request.down).sum::<usize>() > each);
    for by_region in [|request: &Passed| request.up, |request: &Passed| request.down] {
        let bytes: usize = region.iter().map(|request| by_region(request)).sum();
        assert!(bytes < large.len() / 12, "{bytes}: {:#?}", shown());
    }
    let parts = |request: &&&Passed| request.method == "PUT" && request.target.contains("uploadId");
    assert!(fast.iter().filter(parts).count() >= 4, "{:#?}", shown());
    assert!(region.iter().any(|request| request.method == "DELETE"), "{:#?}", shown());
}

/// Stores, fetches, lists, renames, appends and deletes.
fn with_curl(site: &Accelerated) {
    let dir = site.server.scratch();
    let at = |path: &str| url(site.server.address(), path);
    let local = |name: &str| dir.join(name).display().to_string();
    let run = |arguments: &[&str]| curl(DataMode::Passive, arguments).expect_success();
    for name in ["small", "large"] {
        run(&["--ftp-create-dirs", "-T", &local(name), &at(&format!("curl/{name}"))]);
        run(&["-o", &local(&format!("{name}-curl")), &at(&format!("curl/{name}"))]);
    }
    assert_eq!(run(&["--list-only", &at("curl/")]).lines().collect::<Vec<_>>(), ["large", "small"]);
    run(&["--append", "-T", &local("more"), &at("curl/large")]);
    let renamed = ["-Q", "RNFR curl/small", "-Q", "RNTO curl/renamed"];
    run(&[&renamed[..], &["--list-only", &at("")]].concat());
    assert!(run(&["--list-only", &at("curl/")]).contains("renamed"));
    run(&["-Q", "DELE curl/renamed", "--list-only", &at("")]);
}

/// The same. lftp appends by `put -c`, which sends what the remote file lacks by REST and STOR.
fn with_lftp(site: &Accelerated) {
    let script = "mkdir lftp\ncd lftp\nput small\nput large\nget small -o small-lftp\n\
         get large -o large-lftp\ncls -1\nput -c grown -o large\nmv small renamed\ncls -1\n\
         rm renamed\nbye";
    let dir = site.server.scratch();
    let said = lftp(site.server.address(), DataMode::Passive, &dir, script).expect_success();
    assert!(said.contains("renamed"), "{said}");
}
