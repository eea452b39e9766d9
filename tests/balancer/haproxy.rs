use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use socket2::SockRef;

use crate::support::clients::{self, DataMode};
use crate::support::ftp::{Data, Ftp, connect_from};
use crate::support::haproxy::Haproxy;
use crate::support::polling::wait_until;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

const EXAMPLE: &str = include_str!("../../conf/haproxy.cfg.example");

/// Where the balancer listens. Not where a server does that somebody tries beside the tests: on all
/// addresses of the machine, at the default port.
const PORT: u16 = 2221;

/// Where the balancer connects from: the address that the kernel chooses on loopback.
const BALANCER: &str = "127.0.0.1";

#[test]
fn the_example_is_accepted_byhaproxy() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/haproxy.cfg.example");
    let output = Command::new("haproxy").args(["-c", "-f", file]).output().expect("haproxy runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(!told.contains("WARNING"), "{told}");
}

#[test]
fn clients_of_two_instances_share_one_bucket() {
    let site = Site::start(0);
    let seen = site.client.to_string();
    // Both forms of passive data connections lead through the balancer: EPSV names no address,
    // PASV the one that the client connected to.
    let forms = [&[][..], &["--disable-epsv", "--no-ftp-skip-pasv-ip"]];
    let content = noise(7, 3_000_000);
    let scratch = site.instances[0].scratch();
    fs::write(scratch.join("file"), &content).expect("a file");
    let upload = scratch.join("file").display().to_string();
    for (n, form) in forms.into_iter().enumerate() {
        let url = clients::url(site.address, &format!("file-{n}"));
        site.curl(form, &["--upload-file", &upload, &url]);
        site.instances[0].stored().expect(&format!("file-{n}"), &content);
        let copy = scratch.join(format!("copy-{n}")).display().to_string();
        site.curl(form, &["--output", &copy, &url]);
        assert!(fs::read(copy).expect("a copy") == content, "file-{n} came back changed");
    }
    // One after the other they went to one instance; held open, sessions are spread.
    let mut first = site.login();
    let mut second = site.login();
    for ftp in [&mut first, &mut second] {
        assert!(ftp.ask("STAT").contains(&format!("Connected from {seen}")));
        assert_eq!(ftp.list("NLST"), ["file-0", "file-1"]);
    }
    for instance in &site.instances {
        instance.wait_for_log(&format!("login user=alice peer={seen}:"));
        let log = instance.log();
        assert!(!log.contains(&format!("peer={BALANCER}:")), "{log}");
        assert!(!log.contains("[WARN]") && !log.contains("[ERROR]"), "{log}");
    }
}

#[test]
fn sessions_land_on_the_other_instance_when_one_is_killed_within_an_upload() {
    let mut site = Site::start(1);
    let old = noise(1, 100_000);
    let new = noise(2, 24 << 20);
    site.login().store("STOR replaced", &old);

    // Of three sessions two are on one instance.
    let mut sessions: Vec<_> = (0..3).map(|_| site.login()).collect();
    let killed = usize::from(sessions.iter().filter(|ftp| site.instance_of(ftp) == 1).count() > 1);
    sessions.retain(|ftp| site.instance_of(ftp) == killed);
    let uploads: Vec<_> = sessions
        .into_iter()
        .zip(["replaced", "fresh"])
        .map(|(mut ftp, name)| {
            let data = ftp.passive();
            ftp.expect(&format!("STOR {name}"), "150 ");
            let mut data = data.open();
            data.write_all(&new[..20 << 20]).expect("most of it goes through");
            (ftp, data)
        })
        .collect();
    assert_eq!(uploads.len(), 2);
    let begun = || site.instances[0].stored().unfinished_uploads().len();
    wait_until("no two uploads in parts", || begun() == 2);
    // SIGKILL.
    drop(site.instances.remove(killed));

    for (mut ftp, data) in uploads {
        ftp.expect_end();
        drop(data);
    }
    for _ in 0..4 {
        let mut ftp = site.login();
        assert_eq!(ftp.list("NLST"), ["replaced"]);
        assert!(ftp.fetch("RETR replaced") == old, "the old object is whole");
    }
    let mut ftp = site.login();
    for name in ["replaced", "fresh"] {
        ftp.store(&format!("STOR {name}"), &new);
        site.instances[0].stored().expect(name, &new);
    }
}

#[test]
fn another_instance_goes_on_with_what_was_parked() {
    let mut site = Site::start(5);
    let whole = noise(5, (40 << 20) + 12_345);
    for name in ["reset", "killed"] {
        let mut ftp = site.login_at(0);
        let data = ftp.passive();
        ftp.expect(&format!("STOR {name}"), "150 ");
        let mut data = data.open();
        data.write_all(&whole[..30 << 20]).expect("most of it goes through");
        Rgw::shared().wait_for_parts(site.instances[0].stored().bucket(), name, 2);
        if name == "killed" {
            drop(site.instances.remove(0));
            ftp.expect_end();
            drop(data);
        } else {
            SockRef::from(&data).set_linger(Some(Duration::ZERO)).expect("a socket");
            drop(data);
            ftp.expect_reply("426 ");
        }
        let mut ftp = site.login_at(site.instances.len() - 1);
        let size = |ftp: &mut Ftp| -> usize {
            ftp.expect(&format!("SIZE {name}"), "213 ")[4..].trim().parse().expect("a number")
        };
        let offset = size(&mut ftp);
        assert!(offset > 0 && offset <= 30 << 20, "{offset}");
        ftp.expect(&format!("REST {offset}"), "350 ");
        ftp.store(&format!("STOR {name}"), &whole[offset..]);
        site.instances[0].stored().expect(name, &whole);
        assert_eq!(site.instances[0].stored().unfinished_uploads(), [""; 0]);
        // Also whoever had parked it tells the whole by now.
        let mut ftp = site.login_at(0);
        assert_eq!(size(&mut ftp), whole.len());
        let lines = ftp.list("MLSD");
        let facts = format!("size={};", whole.len());
        assert!(
            lines.iter().any(|line| line.contains(&facts) && line.ends_with(name)),
            "{lines:?}"
        );
    }
}

#[test]
fn an_instance_that_is_stopped_finishes_its_uploads() {
    let mut site = Site::start(3);
    let content = noise(3, 12 << 20);
    let mut session = site.login();
    let stopped = site.instance_of(&session);
    let data = session.passive();
    session.expect("STOR file", "150 ");
    let mut data = data.open();
    data.write_all(&content[..8 << 20]).expect("most of it goes through");

    site.instances[stopped].signal(Signal::TERM);
    // The balancer knows that it takes no more sessions. This one goes on all the same.
    let number = stopped + 1;
    wait_until("no health check", || {
        site.haproxy.log().contains(&format!("ftp/ftp{number} is DOWN"))
    });
    let mut other = site.login();
    assert_eq!(site.instance_of(&other), 1 - stopped);
    assert_eq!(other.list("NLST"), [""; 0]);

    data.write_all(&content[8 << 20..]).expect("the rest goes through");
    drop(data);
    session.expect_reply("226 ");
    site.instances[1 - stopped].stored().expect("file", &content);
    assert!(site.instances[stopped].stop().success());
}

#[test]
fn data_connections_may_pass_the_balancer_by() {
    let site = Site::start_direct(2);
    let content = noise(9, 200_000);
    let scratch = site.instances[0].scratch();
    fs::write(scratch.join("file"), &content).expect("a file");
    let upload = scratch.join("file").display().to_string();
    let url = clients::url(site.address, "direct");
    site.curl(&["--disable-epsv", "--no-ftp-skip-pasv-ip"], &["--upload-file", &upload, &url]);
    site.instances[0].stored().expect("direct", &content);
    let mut ftp = site.login();
    let named = ftp.pasv();
    assert!(site.instances.iter().any(|instance| instance.address().ip() == named.ip()));
}

#[test]
fn the_clients_network_and_not_the_balancers_decides_what_is_named() {
    let site = Site::start_with(4, |setup, own| {
        setup.network("masquerade_networks", &format!("{BALANCER}=203.0.113.1, {own}/24={own}"))
    });
    let mut ftp = site.login();
    let named = ftp.pasv();
    assert!(site.instances.iter().any(|instance| instance.address().ip() == named.ip()));
    let data = Data::Passive(connect_from(site.client, named));
    ftp.store_over(data, "STOR file", b"past the balancer");
    site.instances[0].stored().expect("file", b"past the balancer");
}

/// Two instances on one bucket, and HAProxy in front of them. Each test has addresses of its own.
struct Site {
    instances: Vec<TestServer>,
    /// Where clients connect to.
    address: SocketAddr,
    /// Where clients connect from.
    client: IpAddr,
    haproxy: Haproxy,
}

impl Site {
    fn start(test: u8) -> Self {
        Self::start_with(test, |setup, _| setup)
    }

    /// With passive replies that name the instance.
    fn start_direct(test: u8) -> Self {
        Self::start_with(test, |setup, own| setup.network("masquerade_address", own))
    }

    fn start_with(test: u8, adjust: fn(Setup, &str) -> Setup) -> Self {
        let [.., high, low] = std::process::id().to_be_bytes();
        let host = |last| Ipv4Addr::new(127, 64 + 32 * test + high % 32, low, last);
        let instance = |setup: Setup, own: Ipv4Addr, ports| {
            let setup = setup
                .network("listen_address", &own.to_string())
                .network("passive_ports", ports)
                .operations("proxy_protocol_from", BALANCER);
            adjust(setup, &own.to_string()).start()
        };
        let first = instance(Setup::bucket(), host(11), "60000,60499");
        let second = instance(Setup::beside(&first), host(12), "60500,60999");
        let config = EXAMPLE
            .replace("bind :21\n", &format!("bind :{PORT}\n"))
            .replace("check inter 2s", "check inter 100ms")
            .replace("bind :", &format!("bind {}:", host(10)))
            .replace("10.0.0.11:2121", &first.address().to_string())
            .replace("10.0.0.12:2121", &second.address().to_string())
            .replace("10.0.0.11 ", &format!("{} ", host(11)))
            .replace("10.0.0.12 ", &format!("{} ", host(12)));
        Self {
            instances: vec![first, second],
            address: (host(10), PORT).into(),
            client: host(9).into(),
            haproxy: Haproxy::start(&config),
        }
    }

    /// A session of binary transfers by way of the balancer.
    fn login(&self) -> Ftp {
        let mut ftp = Ftp::over(connect_from(self.client, self.address));
        ftp.expect_reply("220 ");
        ftp.log_in();
        ftp.expect("TYPE I", "200 ");
        ftp
    }

    /// A session that this instance serves.
    fn login_at(&self, instance: usize) -> Ftp {
        // Held, so that the next lands elsewhere.
        let mut others = Vec::new();
        loop {
            let ftp = self.login();
            if self.instance_of(&ftp) == instance {
                return ftp;
            }
            others.push(ftp);
        }
    }

    /// Which of the instances serves a session that is logged in.
    fn instance_of(&self, ftp: &Ftp) -> usize {
        let client = ftp.socket().local_addr().expect("connected");
        let line = format!("login user=alice peer={client}");
        let is_there = |instance: &TestServer| instance.log().contains(&line);
        let mut found = None;
        wait_until("no login", || {
            found = self.instances.iter().position(is_there);
            found.is_some()
        });
        found.expect("found")
    }

    fn curl(&self, form: &[&str], arguments: &[&str]) {
        let client = self.client.to_string();
        let arguments = [form, &["--interface", &client], arguments].concat();
        clients::curl(DataMode::Passive, &arguments).expect_success();
    }
}
