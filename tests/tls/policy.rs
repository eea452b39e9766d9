use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};

use rustix::process::Signal;

use crate::support::certificate::Certificate;
use crate::support::ftp::{Ftp, connect_from};
use crate::support::server::{PASSWORD, Setup};
use crate::tls::client::{Ftps, TLS_1_2, TLS_1_3, encrypt, plain_line, trusting};

#[test]
fn without_a_certificate_there_is_no_tls() {
    let server = Setup::local().start();
    let mut ftp = Ftp::connect(&server);
    let features = ftp.ask("FEAT");
    for word in ["AUTH", "PBSZ", "PROT"] {
        assert!(!features.contains(word), "{features}");
    }
    ftp.play(&[("AUTH TLS", "502 "), ("PBSZ 0", "502 "), ("PROT P", "502 "), ("CCC", "502 ")]);
}

#[test]
fn the_verbs_in_their_order() {
    let certificate = Certificate::new("order");
    let server = certificate.serve(Setup::local(), "optional").start();
    let mut ftp = Ftp::connect(&server);
    let features = ftp.ask("FEAT");
    for line in ["\r\n AUTH TLS\r\n", "\r\n PBSZ\r\n", "\r\n PROT\r\n"] {
        assert!(features.contains(line), "{features}");
    }
    ftp.play(&[
        ("AUTH GSSAPI", "504 "),
        ("AUTH", "501 "),
        ("PBSZ 0", "503 "),
        ("PROT P", "503 "),
        ("CCC", "503 "),
    ]);
    for mechanism in ["TLS", "TLS-C", "SSL", "tls"] {
        Ftp::connect(&server).expect(&format!("AUTH {mechanism}"), "234 ");
    }
    let config = trusting(&certificate.cert(), TLS_1_3);
    let mut ftps = Ftps::connect(&server, &config);
    ftps.play(&[
        ("AUTH TLS", "503 "),
        ("PROT P", "503 "),
        ("PBSZ x", "501 "),
        ("PBSZ 16384", "200 PBSZ=0"),
        ("PROT S", "536 "),
        ("PROT E", "536 "),
        ("PROT X", "504 "),
        ("PROT P", "200 "),
        ("PROT C", "200 "),
        ("CCC", "533 "),
        ("NOOP", "200 "),
        ("QUIT", "221 "),
    ]);
    ftps.expect_end();
}

#[test]
fn auth_forgets_the_login_and_rein_the_protection() {
    let certificate = Certificate::new("forget");
    let server = certificate.serve(Setup::local(), "optional").start();
    let config = trusting(&certificate.cert(), TLS_1_3);
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("MKD d", "257 "), ("CWD d", "250 "), ("AUTH TLS", "234 ")]);
    let tcp = ftp.socket().try_clone().expect("a descriptor");
    let mut ftps = Ftps::over(encrypt(tcp, &config), &config, server.address());
    ftps.expect("PWD", "530 ");
    ftps.log_in();
    ftps.play(&[("PWD", "257 \"/\""), ("PBSZ 0", "200 "), ("PROT P", "200 ")]);
    // Still encrypted: this client could not read it otherwise.
    ftps.play(&[("REIN", "220 "), ("PWD", "530 "), ("PROT P", "503 "), ("AUTH TLS", "503 ")]);
}

#[test]
fn what_came_in_plain_text_behind_auth_is_dropped() {
    let certificate = Certificate::new("injection");
    let server = certificate.serve(Setup::local(), "optional").start();
    let config = trusting(&certificate.cert(), TLS_1_3);
    for injected in ["NOOP\r\n", "NOOP\r\nNOOP\r\n", "HELP"] {
        let mut tcp = TcpStream::connect(server.address()).expect("the server accepts");
        plain_line(&mut tcp);
        // One segment: all of it is there when AUTH is obeyed.
        tcp.write_all(format!("AUTH TLS\r\n{injected}").as_bytes()).expect("sent");
        plain_line(&mut tcp);
        let mut ftps = Ftps::over(encrypt(tcp, &config), &config, server.address());
        // The first reply is to the first encrypted command, and its words are the client's.
        ftps.expect("SYST", "215 ");
        ftps.expect("NOOP", "200 ");
    }
    server.wait_for_log("plain text behind AUTH dropped");
}

#[test]
fn required_keeps_the_plain_out() {
    let certificate = Certificate::new("required");
    let server = certificate.serve(Setup::local(), "required").start();
    let mut ftp = Ftp::connect(&server);
    let refusal = ftp.expect("USER alice", "530 ");
    assert!(refusal.contains("AUTH TLS"), "{refusal}");
    ftp.play(&[(&format!("PASS {PASSWORD}"), "503 "), ("PWD", "530 ")]);

    let config = trusting(&certificate.cert(), TLS_1_2);
    let mut ftps = Ftps::connect(&server, &config);
    ftps.log_in();
    drop(ftps.passive());
    // Before PROT, data would be clear.
    ftps.play(&[("LIST", "521 "), ("STOR x", "521 "), ("RETR x", "521 ")]);
    ftps.play(&[("PBSZ 0", "200 "), ("PROT C", "534 "), ("PROT P", "200 ")]);
    ftps.store("STOR x", b"secret");
    ftps.play(&[("PROT C", "534 ")]);
    assert_eq!(ftps.fetch("RETR x"), b"secret");
    server.stored().expect("x", b"secret");
}

#[test]
fn an_account_may_demand_it_alone() {
    let certificate = Certificate::new("account");
    let setup = Setup::local()
        .account_key("tls", "required")
        .account("bob", "RW", "true")
        .security("login_failure_delay", "0");
    let server = certificate.serve(setup, "optional").start();
    let mut refusals = Vec::new();
    for (user, password) in
        [("alice", PASSWORD), ("alice", "wrong"), ("bob", "wrong"), ("nobody", "wrong")]
    {
        let mut ftp = Ftp::connect(&server);
        ftp.expect(&format!("USER {user}"), "331 ");
        refusals.push(ftp.expect(&format!("PASS {password}"), "530 "));
        ftp.expect("PWD", "530 ");
    }
    // Nobody learns whether the password was right, or whose account it is.
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(refusals[0].contains("TLS"), "{refusals:?}");
    drop(Ftp::login_as(&server, "bob"));

    let mut ftps = Ftps::connect(&server, &trusting(&certificate.cert(), TLS_1_3));
    ftps.log_in();
    drop(ftps.passive());
    ftps.play(&[("LIST", "521 "), ("PBSZ 0", "200 "), ("PROT C", "534 "), ("PROT P", "200 ")]);
    ftps.store("STOR x", b"x");
}

#[test]
fn a_balancers_header_stands_before_the_encryption() {
    let certificate = Certificate::new("relayed");
    let server = certificate
        .serve(Setup::local(), "required")
        .tls("implicit_listen_port", "0")
        .operations("proxy_protocol_from", "127.0.0.3")
        .start();
    let config = trusting(&certificate.cert(), TLS_1_3);
    for is_implicit in [true, false] {
        let address = if is_implicit { server.implicit_address() } else { server.address() };
        let mut tcp = connect_from(Ipv4Addr::new(127, 0, 0, 3).into(), address);
        // One segment with what the client says first, as far as the client says it unasked.
        let auth = if is_implicit { "" } else { "AUTH TLS\r\n" };
        let header = format!("PROXY TCP4 127.0.0.1 203.0.113.7 51234 990\r\n{auth}");
        tcp.write_all(header.as_bytes()).expect("sent");
        if !is_implicit {
            assert!(plain_line(&mut tcp).starts_with("220 "));
            assert!(plain_line(&mut tcp).starts_with("234 "));
        }
        let mut ftps = Ftps::over(encrypt(tcp, &config), &config, address);
        if is_implicit {
            ftps.expect_reply("220 ");
        }
        ftps.log_in();
        server.wait_for_log("login user=alice peer=127.0.0.1:51234 TLS 1.3");
        ftps.play(&[("PBSZ 0", "200 "), ("PROT P", "200 ")]);
        ftps.store("STOR file", b"by way of the balancer");
        assert_eq!(ftps.fetch("RETR file"), b"by way of the balancer");
    }
}

#[test]
fn a_client_that_says_nothing_in_the_handshake_is_dropped() {
    let certificate = Certificate::new("silent");
    let server = certificate
        .serve(Setup::local(), "optional")
        .tls("implicit_listen_port", "0")
        .option("login_timeout", "1")
        .start();
    let mut explicit = Ftp::connect(&server);
    explicit.expect("AUTH TLS", "234 ");
    explicit.expect_end();
    Ftp::silent(server.implicit_address()).expect_end();
    server.wait_for_log("TLS handshake failed");
}

#[test]
fn a_demand_for_tls_holds_for_sessions_that_had_begun_before_it() {
    let certificate = Certificate::new("demand");
    let server = certificate.serve(Setup::local(), "optional").start();
    let mut inside = Ftp::login(&server);
    let mut asked = Ftp::connect(&server);
    asked.expect("USER alice", "331 ");
    inside.store("STOR before", b"in plain text");
    server.rewrite_config(|text| text.replace("tls = optional", "tls = required"));
    server.signal(Signal::HUP);
    server.wait_for_log("configuration read again");
    // Neither a transfer nor a login, begun or not.
    inside.play(&[("EPSV", "229 "), ("STOR after", "521 "), ("EPSV", "229 "), ("NLST", "521 ")]);
    inside.play(&[("USER alice", "530 "), ("REIN", "220 "), ("USER alice", "530 ")]);
    asked.expect(&format!("PASS {PASSWORD}"), "530 ");
    // But with it.
    inside.expect("AUTH TLS", "234 ");
    let config = trusting(&certificate.cert(), TLS_1_3);
    let tcp = inside.socket().try_clone().expect("a descriptor");
    let mut ftps = Ftps::over(encrypt(tcp, &config), &config, server.address());
    ftps.log_in();
    // And when the demand is gone, nobody has to.
    server.rewrite_config(|text| text.replace("tls = required", "tls = optional"));
    let before = server.log().lines().count();
    server.signal(Signal::HUP);
    server.wait_for_log_after(before, "configuration read again");
    asked.log_in();
}

#[test]
fn an_accounts_demand_for_tls_holds_for_its_session_that_had_begun_before_it() {
    let certificate = Certificate::new("account-demand");
    let server = certificate.serve(Setup::local(), "optional").start();
    let mut inside = Ftp::login(&server);
    inside.store("STOR before", b"in plain text");
    let reload = |from: &str, to: &str| {
        server.rewrite_config(|text| text.replace(from, to));
        let before = server.log().lines().count();
        server.signal(Signal::HUP);
        server.wait_for_log_after(before, "configuration read again");
    };
    reload("delete_enable = ", "tls = required\ndelete_enable = ");
    inside.play(&[("EPSV", "229 "), ("NLST", "521 "), ("NOOP", "200 ")]);
    inside.play(&[("USER alice", "331 "), (&format!("PASS {PASSWORD}"), "530 ")]);
    reload("tls = required\ndelete_enable = ", "delete_enable = ");
    inside.log_in();
}
