//! A server in a private network, a client in another, and between them a router that forwards its
//! own address and ports to the server (nft, DNAT), as home routers and container hosts do. Each has
//! a network name space of its own; that of the server is the test's.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::networks::from_afar::Found;
use crate::support::namespace::way_to_own_network;
use crate::support::process::end;
use crate::support::server::{PASSWORD, Setup, TestServer, USER};
use crate::support::terminal::Terminal;

/// Set for the process that runs in a network of its own.
const ALONE: &str = "COS_FTP_TEST_NETWORKS";

/// The server, as its own network and its router know it.
const SERVER: &str = "192.168.50.2";
/// The router, as clients know it: they take it for the server.
const OUTSIDE: &str = "10.60.0.1";

/// The ports that the router forwards to the same port of the server.
const FORWARDED: &str = "60000-60063";

/// Runs the test `own`, which calls this, in a network of its own; `inside` is what it does there.
fn alone(own: &str, inside: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return inside();
    }
    let test = std::env::current_exe().expect("this program");
    let output = Command::new("unshare")
        .args(way_to_own_network())
        .args(["sh", "-c", "ip link set lo up && exec \"$@\"", "sh"])
        .arg(test)
        .args(["--exact", &format!("networks::namespaces::{own}"), "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("unshare runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}\n{complaint}");
}

/// A name space that lives as long as this.
struct Place(Child);

impl Place {
    fn new() -> Self {
        let mut child = Command::new("unshare")
            .args(["--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        Self(child)
    }

    /// `program` in there.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.0.id())).arg(program);
        command
    }

    fn run(&self, line: &str) {
        done(self.command("sh").args(["-ec", line]), line);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

fn done(command: &mut Command, what: &str) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Router and client, connected to the server's network and to each other.
struct Topology {
    router: Place,
    client: Place,
}

impl Topology {
    fn new() -> Self {
        let (router, client) = (Place::new(), Place::new());
        let here = |line: &str| drop(done(Command::new("sh").args(["-ec", line]), line));
        here(&format!(
            "ip link add inside type veth peer name lan
             ip link set lan netns {router}
             ip addr add {SERVER}/24 dev inside; ip link set inside up",
            router = router.0.id(),
        ));
        router.run(&format!(
            "ip addr add 192.168.50.1/24 dev lan; ip link set lan up
             ip link add wan type veth peer name outside
             ip link set outside netns {client}
             ip addr add {OUTSIDE}/24 dev wan; ip link set wan up
             echo 1 > /proc/sys/net/ipv4/ip_forward",
            client = client.0.id(),
        ));
        client.run("ip addr add 10.60.0.2/24 dev outside; ip link set outside up");
        here("ip route add 10.60.0.0/24 via 192.168.50.1");
        Self { router, client }
    }

    /// Forwards the control port and the passive ports to the server.
    fn forward(&self, server: &TestServer) {
        self.nft(&format!(
            "table ip forwarding {{ chain prerouting {{
               type nat hook prerouting priority dstnat;
               ip daddr {OUTSIDE} tcp dport {{ {}, {FORWARDED} }} dnat to {SERVER}
             }}
             }}",
            server.address().port(),
        ));
    }

    /// What the router does with packets to `ports`.
    fn treat(&self, ports: &str, verdict: &str) {
        self.nft(&format!(
            "table ip wall {{ chain forward {{
               type filter hook forward priority filter;
               tcp dport {{ {ports} }} {verdict}
             }}
             }}"
        ));
    }

    fn nft(&self, rules: &str) {
        let mut nft = self.router.command("nft");
        let mut nft = nft.args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("nft runs");
        nft.stdin.take().expect("a pipe").write_all(rules.as_bytes()).expect("nft reads");
        assert!(nft.wait().expect("it ends").success(), "nft refuses {rules}");
    }

    /// What a client finds.
    fn check(&self, server: &TestServer) -> Found {
        let mut command = self.client.command(env!("CARGO_BIN_EXE_cos-ftp-server"));
        let at = format!("{OUTSIDE}:{}", server.address().port());
        command.args(["check", "--from", &at, "--json"]);
        Found::of(command.envs([("COS_FTP_USER", USER), ("COS_FTP_PASSWORD", PASSWORD)]))
    }
}

/// The kernel takes its time to end a network; the next one is to have the same names.
impl Drop for Topology {
    fn drop(&mut self) {
        let gone = Command::new("ip").args(["link", "delete", "inside"]).status();
        assert!(std::thread::panicking() || gone.is_ok_and(|status| status.success()));
    }
}

fn server(networks: &str) -> TestServer {
    let mut setup = Setup::local()
        .network("listen_address", SERVER)
        .network("passive_ports", &FORWARDED.replace('-', ","));
    if !networks.is_empty() {
        setup = setup.network("masquerade_networks", networks);
    }
    setup.start()
}

#[test]
fn a_client_behind_a_forwarding_hears_the_address_that_leads_to_the_server() {
    alone("a_client_behind_a_forwarding_hears_the_address_that_leads_to_the_server", || {
        let topology = Topology::new();
        // Private to private: by the usual rule it hears an address that it cannot reach.
        let plain = server("");
        topology.forward(&plain);
        let found = topology.check(&plain);
        assert_eq!(found.failed(), ["PASV"], "{:#?}", found.0);
        found.expect("PASV", "failed", &format!("wrong address: {SERVER}:"), "masquerade_networks");
        drop(plain);

        let server = server(&format!("10.60.0.0/16={OUTSIDE}, 192.168.50.0/24=direct"));
        topology.forward(&server);
        let found = topology.check(&server);
        assert_eq!(found.failed(), [""; 0], "{:#?}", found.0);
        found.expect("PASV", "passed", &format!("{OUTSIDE}:"), "");
        found.expect("download", "passed", "the same bytes", "");

        // A client that believes what it hears.
        let url = format!("ftp://{USER}:{PASSWORD}@{OUTSIDE}:{}/", server.address().port());
        let mut curl = topology.client.command("curl");
        curl.args(["--silent", "--verbose", "--max-time", "30", "--disable-epsv"]);
        let output = done(curl.args(["--no-ftp-skip-pasv-ip", &url]), "curl");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("227 Entering Passive Mode (10,60,0,1,"), "{said}");
        // A neighbour of the server.
        let url = format!("ftp://{USER}:{PASSWORD}@{}/", server.address());
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--verbose", "--max-time", "30", "--disable-epsv"]);
        let output = done(curl.args(["--no-ftp-skip-pasv-ip", &url]), "curl");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("227 Entering Passive Mode (192,168,50,2,"), "{said}");
    });
}

#[test]
fn a_firewall_before_the_passive_ports_is_told() {
    alone("a_firewall_before_the_passive_ports_is_told", || {
        for (verdict, how) in
            [("drop", "closed (silent)"), ("reject with tcp reset", "closed (refused)")]
        {
            let topology = Topology::new();
            let server = server(&format!("10.60.0.0/16={OUTSIDE}"));
            topology.forward(&server);
            topology.treat(FORWARDED, verdict);
            let found = topology.check(&server);
            assert_eq!(found.failed(), ["PASV", "EPSV"], "{:#?}", found.0);
            found.expect("PASV", "failed", how, "open the passive_ports");
            found.expect("EPSV", "failed", how, "open the passive_ports");
            found.expect("upload", "skipped", "no data connection", "");
        }
    });
}

#[test]
fn a_firewall_before_the_control_port_is_told() {
    alone("a_firewall_before_the_control_port_is_told", || {
        let topology = Topology::new();
        let server = server("");
        topology.forward(&server);
        topology.treat(&server.address().port().to_string(), "drop");
        let found = topology.check(&server);
        assert_eq!(found.failed(), ["control port"], "{:#?}", found.0);
        found.expect("control port", "failed", "closed (silent)", "in the firewalls");
    });
}

#[test]
fn serve_tells_what_other_machines_of_the_network_use() {
    alone("serve_tells_what_other_machines_of_the_network_use", || {
        let directory = TempDir::new().expect("a directory");
        let told = |listen: &str| {
            let mut serve = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
            serve.arg("serve").arg(directory.path()).args(["--listen", listen]);
            let mut terminal = Terminal::run(&serve);
            terminal.wait_for(" stop --socket ")
        };
        let nobody = told("0.0.0.0:0");
        assert!(!nobody.contains("other machines"), "there is no network: {nobody}");
        // Without a route to elsewhere, as cameras have it, and with one.
        for line in [
            "ip link add inside type veth peer name lan; ip link set lan up
             ip addr add 192.168.50.2/24 dev inside; ip link set inside up",
            "ip route add default via 192.168.50.1",
        ] {
            done(Command::new("sh").args(["-ec", line]), line);
            let told = told("0.0.0.0:0");
            let others = "From other machines of the network: ftp://192.168.50.2:";
            assert!(told.contains(others) && told.contains("is not encrypted"), "{told}");
        }
        let own = told("127.0.0.1:0");
        assert!(!own.contains("other machines") && !own.contains("encrypted"), "{own}");
    });
}
