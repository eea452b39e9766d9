use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::faults::scene::Scene;
use crate::faults::transfers::upload;
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// The time-outs of these tests, in seconds: what a request to the store may take at most.
const TIMEOUTS: [(&str, &str); 5] = [
    ("connect_timeout", "1"),
    ("send_timeout", "2"),
    ("response_timeout", "1"),
    ("complete_timeout", "1"),
    ("retry_timeout", "2"),
];

/// The same for a store that answers, if slowly, as on a busy machine.
const FOR_A_BUSY_STORE: [(&str, &str); 5] = [
    ("connect_timeout", "1"),
    ("send_timeout", "2"),
    ("response_timeout", "5"),
    ("complete_timeout", "5"),
    ("retry_timeout", "2"),
];

/// Longest answer with the former: a command makes at most four requests that fail, each of them
/// tried for two seconds and once more for as long as a try takes. With the latter, where one of them
/// fails, it is less.
const BOUND: Duration = Duration::from_secs(20);

/// A file that goes in two parts at least.
const IN_PARTS: usize = 12 << 20;

fn server_behind(endpoint: &str) -> TestServer {
    let mut setup = Setup::bucket_behind(endpoint).option("buffer_memory", "8M");
    for (key, value) in TIMEOUTS {
        setup = setup.option(key, value);
    }
    setup.start()
}

/// Who logs in is served as far as it goes without the store; what needs it is refused in time.
fn expect_refusals(ftp: &mut Ftp, why: &str) {
    ftp.play(&[("PWD", "257 "), ("TYPE I", "200 "), ("CWD /", "250 ")]);
    for (line, code) in
        [("SIZE f", "450 "), ("MKD d", "450 "), ("DELE f", "450 "), ("RNFR f", "450 ")]
    {
        within_bound(why, line, || ftp.expect(line, code));
    }
    within_bound(why, "STOR", || assert_eq!(upload(ftp, "STOR f", b"bytes").code, 451, "{why}"));
    let data = ftp.passive();
    let reply = within_bound(why, "RETR", || ftp.ask("RETR f"));
    assert!(reply.starts_with("450 "), "{why}: {reply}");
    drop(data);
    // Never a 450: curl would take the directory for empty.
    let data = ftp.passive();
    let reply = within_bound(why, "LIST", || ftp.ask("LIST"));
    assert!(reply.starts_with("451 "), "{why}: {reply}");
    drop(data);
    ftp.expect("NOOP", "200 ");
}

fn within_bound<T>(why: &str, what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    assert!(begun.elapsed() < BOUND, "{why}, {what}: {:?}", begun.elapsed());
    done
}

#[test]
fn a_store_that_is_down_at_login_is_used_when_it_is_back() {
    // Nobody listens there; nobody else gets the port while this socket holds it.
    let held = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    held.set_reuse_address(true).expect("an option");
    let any: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
    held.bind(&any.into()).expect("a port");
    let address = held.local_addr().expect("bound").as_socket().expect("IPv4");
    let server = server_behind(&address.to_string());
    let mut ftp = Ftp::login(&server);
    expect_refusals(&mut ftp, "down");
    held.listen(64).expect("the port is ours");
    let _injector = Injector::over(held.into(), Rgw::shared().endpoint());
    assert_eq!(upload(&mut ftp, "STOR f", b"bytes").code, 226);
    server.stored().expect("f", b"bytes");
    ftp.expect("SIZE f", "213 5");
}

#[test]
fn a_store_whose_name_cannot_be_resolved_is_told_in_time() {
    // RFC 6761 6.4: there is no such name.
    let server = server_behind("no-such-store.invalid");
    let mut ftp = Ftp::login(&server);
    expect_refusals(&mut ftp, "no name");
    server.wait_for_log("no-such-store.invalid");
}

/// Packets to it are dropped: the kernel has a connection too many that nobody accepts.
#[test]
fn a_store_that_takes_no_connection_is_told_in_time() {
    let deaf = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
    deaf.bind(&any.into()).expect("a port");
    deaf.listen(0).expect("a listener");
    let address = deaf.local_addr().expect("bound").as_socket().expect("IPv4");
    let full: Vec<TcpStream> =
        std::iter::repeat_with(|| TcpStream::connect_timeout(&address, Duration::from_millis(200)))
            .map_while(Result::ok)
            .take(16)
            .collect();
    assert!(full.len() < 16, "the queue has no end");
    let server = server_behind(&address.to_string());
    expect_refusals(&mut Ftp::login(&server), "deaf");
}

/// It takes everything and never says a word.
#[test]
fn a_store_that_hangs_is_told_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("bound");
    thread::spawn(move || {
        let _held: Vec<_> = silent.incoming().collect();
    });
    let server = server_behind(&address.to_string());
    expect_refusals(&mut Ftp::login(&server), "silent");
}

/// What the store misses while it is away is sent again when it is back, and nothing shows of it.
#[test]
fn a_store_that_goes_away_in_mid_transfer_and_comes_back_is_waited_for() {
    // The client has sent all of its data, and waits as long as the store is waited for.
    let patient = [("retry_timeout", "60"), ("reply_timeout", "60"), ("buffer_memory", "64M")];
    let mut scene = Scene::begin(&patient);
    let bytes = noise(21, IN_PARTS);
    // Once more than what only asks is tried.
    const TRIES: usize = 7;
    let requests =
        [Request::CreateMultipartUpload, Request::UploadPart, Request::CompleteMultipartUpload];
    for request in requests {
        let name = format!("{request:?}");
        let mut ftp = Ftp::login(&scene.server);
        let data = ftp.passive();
        ftp.expect(&format!("STOR {name}"), "150 ");
        let mut stream = data.open();
        let before = scene.injector.struck();
        scene.injector.inject(Rule::new(request, Fault::ResetBeforeReply));
        stream.write_all(&bytes).expect("the server takes the data");
        drop(stream);
        scene.injector.wait_for_strikes(before + TRIES);
        scene.injector.heal();
        // Before its end the client may have heard that the store is at work again.
        let reply = ftp.expect_reply("226");
        assert!(
            reply.lines().last().is_some_and(|end| end.starts_with("226 Transfer complete")),
            "{reply}"
        );
        scene.server.stored().expect(&name, &bytes);
        ftp.expect("QUIT", "221 ");
        scene.expect_rest(&name);
    }
    scene.server.stored().put("large", &bytes);
    let mut ftp = Ftp::login(&scene.server);
    let before = scene.injector.struck();
    scene.injector.inject(Rule::new(Request::GetObject, Fault::ResetInAnswer(1 << 20)));
    thread::scope(|scope| {
        let healing = scope.spawn(|| {
            scene.injector.wait_for_strikes(before + 3);
            scene.injector.heal();
        });
        assert!(ftp.fetch("RETR large") == bytes);
        healing.join().expect("it healed");
    });
    ftp.expect("QUIT", "221 ");
    scene.expect_rest("RETR");
}

/// It does not come back.
#[test]
fn a_store_that_goes_away_in_mid_transfer_fails_it_in_time() {
    let mut scene = Scene::begin(&FOR_A_BUSY_STORE);
    scene.server.stored().put("f", b"earlier");
    let bytes = noise(22, IN_PARTS);
    let mut ftp = Ftp::login(&scene.server);
    for request in [Request::UploadPart, Request::CompleteMultipartUpload] {
        scene.injector.inject(Rule::new(request, Fault::ResetBeforeReply));
        let seen = within_bound("away", "STOR", || upload(&mut ftp, "STOR f", &bytes));
        assert_eq!(seen.code, 451, "{seen:?}");
        scene.injector.heal();
        scene.server.stored().expect("f", b"earlier");
    }
    ftp.expect("QUIT", "221 ");
    scene.expect_rest("away");
}

/// Its machine is gone without a word: it takes no further byte, or sends none.
#[test]
fn a_store_that_falls_silent_in_mid_transfer_fails_it_in_time() {
    let mut scene = Scene::begin(&FOR_A_BUSY_STORE);
    let bytes = noise(23, IN_PARTS);
    scene.server.stored().put("f", b"earlier");
    let mut ftp = Ftp::login(&scene.server);
    for request in [Request::PutObject, Request::UploadPart] {
        scene.injector.inject(Rule::new(request, Fault::StallInRequest(100_000)));
        // Once in one request, once in parts.
        let size = if request == Request::PutObject { 5 << 20 } else { IN_PARTS };
        let seen =
            within_bound("silent", "STOR", || upload(&mut ftp, "STOR f", &bytes[..size - 1]));
        assert_eq!(seen.code, 451, "{seen:?}");
        scene.server.wait_for_line(|line| {
            line.contains(&format!("{request:?}")) && line.contains("timeout: send")
        });
        scene.injector.heal();
        scene.server.stored().expect("f", b"earlier");
    }
    scene.server.stored().put("large", &bytes);
    scene.injector.inject(Rule::new(Request::GetObject, Fault::StallInAnswer(2 << 20)).times(1));
    scene.injector.inject(Rule::new(Request::GetObject, Fault::Stall));
    let data = ftp.passive();
    ftp.expect("RETR large", "150 ");
    let mut got = Vec::new();
    let reply = within_bound("silent", "RETR", || {
        let _ = data.open().read_to_end(&mut got);
        ftp.reply()
    });
    assert!(reply.starts_with("451 "), "{reply}");
    assert!(bytes.starts_with(&got) && got.len() < IN_PARTS, "{}", got.len());
    scene.injector.heal();
    assert!(ftp.fetch("RETR large") == bytes);
    ftp.expect("QUIT", "221 ");
    scene.expect_rest("silent");
}
