use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::faults::scene::Scene;
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Request, Rule};
use crate::support::namespace;
use crate::support::polling::pause;
use crate::support::resources::{Resources, SETTLING};
use crate::support::server::{Setup, TestServer};
use crate::support::stored::{Stored, noise, sha256};

/// A file that goes in two parts at least.
const IN_PARTS: usize = 12 << 20;

/// What a client has sent when it is lost: a part is on its way, more has gathered.
const SENT: usize = 7 << 20;

/// More than the sockets between server and client hold.
const LARGE: usize = 12 << 20;

/// How a client is lost.
#[derive(Clone, Copy, Debug)]
enum Loss {
    DataReset,
    ControlReset,
    BothReset,
    ControlEnd,
    BothEnd,
}

impl Loss {
    const ALL: [Self; 5] =
        [Self::DataReset, Self::ControlReset, Self::BothReset, Self::ControlEnd, Self::BothEnd];

    /// The session, if it goes on.
    fn happen(self, ftp: Ftp, data: TcpStream) -> Option<Ftp> {
        match self {
            Self::DataReset => {
                reset(data);
                return Some(ftp);
            }
            Self::ControlReset => reset_control(ftp),
            Self::BothReset => {
                reset_control(ftp);
                reset(data);
            }
            Self::ControlEnd => ftp.socket().shutdown(Shutdown::Both).expect("closed"),
            Self::BothEnd => {
                // The control connection's end first: what a client that is killed may do.
                ftp.socket().shutdown(Shutdown::Both).expect("closed");
                drop(data);
            }
        }
        None
    }
}

fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a socket");
    drop(stream);
}

fn reset_control(ftp: Ftp) {
    SockRef::from(ftp.socket()).set_linger(Some(Duration::ZERO)).expect("a socket");
    drop(ftp);
}

/// A session in the middle of an upload: a part has reached the store.
fn uploading(scene: &Scene, name: &str, bytes: &[u8]) -> (Ftp, TcpStream) {
    let mut ftp = Ftp::login(&scene.server);
    let data = ftp.passive();
    ftp.expect(&format!("STOR {name}"), "150 ");
    let mut stream = data.open();
    stream.write_all(bytes).expect("the server takes the data");
    scene.injector.wait_for(Request::UploadPart, name);
    (ftp, stream)
}

/// A session in the middle of a download that its client has stopped reading.
fn downloading(server: &TestServer, name: &str) -> (Ftp, TcpStream) {
    let mut ftp = Ftp::login(server);
    let data = ftp.passive();
    ftp.expect(&format!("RETR {name}"), "150 ");
    let mut stream = data.open();
    stream.read_exact(&mut [0; 1000]).expect("it begins");
    (ftp, stream)
}

/// The verdict on the last transfer of `name`, from the log.
fn verdict(server: &TestServer, way: &str, name: &str) -> String {
    let begin = format!("{way} path=\"/{name}\"");
    server.wait_for_line(|line| line.contains(&begin))
}

#[test]
fn a_lost_client_leaves_the_partial_file_or_nothing() {
    let bytes = noise(11, SENT);
    for (partial, kept) in [("keep", "partial file kept"), ("discard", "nothing kept")] {
        let mut scene = Scene::begin(&[("partial_upload", partial)]);
        scene.server.stored().put_early(Loss::ALL.map(|loss| format!("{loss:?}")), b"earlier");
        for loss in Loss::ALL {
            let (told, name) = (format!("{partial} {loss:?}"), format!("{loss:?}"));
            let (ftp, data) = uploading(&scene, &name, &bytes);
            if let Some(mut ftp) = loss.happen(ftp, data) {
                ftp.expect_reply("426 ");
                ftp.expect("QUIT", "221 ");
            }
            let line = verdict(&scene.server, "upload", &name);
            assert!(line.contains(kept), "{told}: {line}");
            scene.server.stored().expect_interrupted(&name, &bytes, partial, &told);
            scene.expect_rest(&told);
        }
    }
}

#[test]
fn a_client_that_is_lost_while_it_downloads_costs_nothing() {
    let mut scene = Scene::begin(&[]);
    let bytes = noise(12, LARGE);
    for loss in Loss::ALL {
        let name = format!("{loss:?}");
        scene.server.stored().put(&name, &bytes);
        let (ftp, data) = downloading(&scene.server, &name);
        if let Some(mut ftp) = loss.happen(ftp, data) {
            ftp.expect_reply("426 ");
            ftp.expect("QUIT", "221 ");
        }
        let line = verdict(&scene.server, "download", &name);
        let is_told = [" lost", " broken"].iter().any(|word| line.contains(word));
        assert!(is_told, "{loss:?}: {line}");
        scene.expect_rest(&name);
    }
}

/// FTP ends a file by the end of the data connection. A client that dies between the ends of its
/// two connections looks like one that is done: the file is stored under its name, and the log
/// says so.
#[test]
fn a_client_that_dies_between_its_two_ends_looks_complete() {
    let mut scene = Scene::begin(&[("partial_upload", "discard")]);
    scene.injector.inject(Rule::new(Request::PutObject, Fault::Stall).key("f").times(1));
    let mut ftp = Ftp::login(&scene.server);
    let data = ftp.passive();
    ftp.expect("STOR f", "150 ");
    data.open().write_all(b"half of a fi").expect("taken");
    // The end of data was taken for the end of the file: the store is asked.
    scene.injector.wait_for(Request::PutObject, "f");
    ftp.socket().shutdown(Shutdown::Both).expect("closed");
    scene.injector.heal();
    let line = verdict(&scene.server, "upload", "f");
    assert!(line.contains("verdict=\"complete\""), "{line}");
    scene.server.stored().expect("f", b"half of a fi");
    scene.expect_rest("between the ends");
}

/// Each waits for its `data_connect_timeout`; none keeps a port, memory or anything in the store.
#[test]
fn a_data_connection_that_is_never_opened_costs_nothing() {
    let mut scene = Scene::begin(&[("data_connect_timeout", "1")]);
    scene.server.stored().put("f", b"earlier");
    thread::scope(|scope| {
        for line in ["STOR f", "APPE f", "RETR f", "NLST"] {
            let server = &scene.server;
            scope.spawn(move || {
                let mut ftp = Ftp::login(server);
                let address = ftp.pasv();
                ftp.expect(line, "150 ");
                ftp.expect_reply("425 ");
                assert!(TcpStream::connect(address).is_err(), "{line}: the port is taken");
                ftp.expect("QUIT", "221 ");
            });
        }
    });
    scene.server.stored().expect("f", b"earlier");
    scene.expect_rest("never opened");
}

/// One client takes a kilobyte whenever another has fetched a whole file.
#[test]
fn a_slow_reader_hinders_nobody() {
    const FILES: usize = 40;
    let mut scene = Scene::begin(&[]);
    let bytes = noise(13, LARGE);
    scene.server.stored().put("large", &bytes);
    let (mut slow, mut data) = downloading(&scene.server, "large");
    let mut got = bytes[..1000].to_vec();
    thread::scope(|scope| {
        let (done, each) = std::sync::mpsc::channel();
        for client in 0..4 {
            let (server, done) = (&scene.server, done.clone());
            scope.spawn(move || {
                let mut ftp = Ftp::login(server);
                let (name, own) = (format!("own-{client}"), noise(client, 300_000));
                for _ in 0..FILES / 4 {
                    ftp.store(&format!("STOR {name}"), &own);
                    assert!(ftp.fetch(&format!("RETR {name}")) == own);
                    done.send(()).expect("somebody counts");
                }
                ftp.expect("QUIT", "221 ");
            });
        }
        drop(done);
        let mut piece = [0; 1024];
        for () in each {
            data.read_exact(&mut piece).expect("there is more");
            got.extend(piece);
        }
    });
    assert_eq!(got.len(), 1000 + FILES * 1024, "the slow one was still under way");
    slow.expect("NOOP", "200 ");
    data.read_to_end(&mut got).expect("the rest");
    slow.expect_reply("226 ");
    assert_eq!(sha256(&got), sha256(&bytes));
    slow.expect("QUIT", "221 ");
    scene.expect_rest("slow reader");
}

/// Commands and goodbyes that come in heaps, in the middle of everything: each has its reply, or
/// its connection's end.
#[test]
fn storms_of_abor_and_quit_leave_nothing() {
    const SESSIONS: u64 = 16;
    let mut scene = Scene::begin(&[("buffer_memory", "128M"), ("partial_upload", "keep")]);
    let bytes = noise(14, LARGE);
    scene.server.stored().put("large", &bytes);
    thread::scope(|scope| {
        for number in 0..SESSIONS {
            let (scene, bytes) = (&scene, &bytes);
            scope.spawn(move || storm(scene, number, bytes));
        }
    });
    for number in 0..SESSIONS {
        let Stored::Bucket(_) = scene.server.stored() else { panic!("a bucket") };
        let name = format!("f{number}");
        if scene.server.stored().files().contains(&name) {
            assert!(bytes.starts_with(&scene.server.stored().bytes(&name)), "{name}");
        }
    }
    scene.expect_rest("storms");
}

fn storm(scene: &Scene, number: u64, bytes: &[u8]) {
    let stores = number.is_multiple_of(2);
    let (mut ftp, _data) = if stores {
        uploading(scene, &format!("f{number}"), &bytes[..SENT])
    } else {
        downloading(&scene.server, "large")
    };
    match number % 8 {
        // Telnet's interrupt before it, as the standard wants it.
        0 | 1 => ftp.send_bytes(b"\xff\xf4\xff\xf2ABOR\r\nABOR\r\nABOR\r\nNOOP\r\nABOR\r\n"),
        2 | 3 => ftp.send_bytes(&b"ABOR\r\n".repeat(50)),
        4 | 5 => {
            ftp.send_bytes(&b"QUIT\r\n".repeat(20));
            return;
        }
        _ => ftp.send_bytes(&[&b"ABOR\r\n".repeat(5)[..], b"QUIT\r\n"].concat()),
    }
    ftp.expect_reply("426 ");
    let (aborts, noops) = match number % 8 {
        0 | 1 => (4, 1),
        2 | 3 => (50, 0),
        _ => (5, 0),
    };
    let replies: Vec<String> = (0..aborts + noops).map(|_| ftp.reply()).collect();
    let of = |code: &str| replies.iter().filter(|reply| reply.starts_with(code)).count();
    assert_eq!((of("22"), of("200 ")), (aborts, noops), "{replies:?}");
    if number % 8 > 5 {
        ftp.expect_reply("221 ");
        ftp.expect_end();
    } else {
        ftp.expect("PWD", "257 ");
        ftp.expect("QUIT", "221 ");
    }
}

/// The first is being published when the second has come whole: the second waits for it, both are
/// told the truth, and the file is the one that was published last.
#[test]
fn the_same_file_stored_twice_at_once_is_one_of_both() {
    let mut scene = Scene::begin(&[("buffer_memory", "64M")]);
    let (first, second) = (noise(15, IN_PARTS), noise(16, IN_PARTS));
    let stall = Rule::new(Request::CompleteMultipartUpload, Fault::Stall).key("f").times(1);
    scene.injector.inject(stall);
    let (mut one, mut data) = uploading(&scene, "f", &first[..SENT]);
    data.write_all(&first[SENT..]).expect("taken");
    drop(data);
    scene.injector.wait_for(Request::CompleteMultipartUpload, "f");
    let mut other = Ftp::login(&scene.server);
    let data_of_other = other.passive();
    other.expect("STOR f", "150 ");
    data_of_other.open().write_all(&second).expect("taken");
    other.wait_for_bytes(second.len());
    scene.injector.heal();
    one.expect_reply("226 ");
    other.expect_reply("226 ");
    scene.server.stored().expect("f", &second);
    one.expect("QUIT", "221 ");
    other.expect("QUIT", "221 ");
    scene.expect_rest("twice at once");
}

/// The kernel looks after silent peers, on both connections.
#[test]
fn keepalive_runs_on_control_and_data_connections() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR f", "150 ");
    let data = data.open();
    ftp.expect("NOOP", "200 ");
    for client in [ftp.socket(), &data] {
        let deadline = Instant::now() + SETTLING;
        // Until our acknowledgement has come, another timer runs.
        while !keepalive_timer(client).is_some_and(|seconds| seconds <= 60.0) {
            assert!(Instant::now() < deadline, "{:?}", keepalive_timer(client));
            pause();
        }
    }
}

/// When the keepalive timer of the server's end of `client` runs out, in seconds.
fn keepalive_timer(client: &TcpStream) -> Option<f64> {
    /// What the kernel calls a timer of keepalive in `/proc/net/tcp`.
    const KEEPALIVE: &str = "02";
    const TICKS_PER_SECOND: f64 = 100.0;
    let port = |address: std::net::SocketAddr| format!(":{:04X}", address.port());
    let local = port(client.peer_addr().expect("connected"));
    let peer = port(client.local_addr().expect("connected"));
    let table = fs::read_to_string("/proc/net/tcp").expect("the kernel tells");
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_it = fields.get(1)?.ends_with(&local) && fields.get(2)?.ends_with(&peer);
        let (timer, ticks) = fields.get(5)?.split_once(':')?;
        let ticks = u32::from_str_radix(ticks, 16).ok()?;
        (is_it && timer == KEEPALIVE).then_some(f64::from(ticks) / TICKS_PER_SECOND)
    })
}

/// Set for the process that runs in a network of its own.
const ALONE: &str = "COS_FTP_TEST_NETWORK";

/// The network takes no packet any more, as when a machine loses its power or a firewall forgets a
/// connection: neither side hears of it.
#[test]
fn a_client_that_disappears_is_given_up() {
    if std::env::var_os(ALONE).is_some() {
        return disappear();
    }
    let test = std::env::current_exe().expect("this program");
    let own = "faults::clients::a_client_that_disappears_is_given_up";
    let output = Command::new("unshare")
        .args(namespace::way_to_own_network())
        .args(["sh", "-c", "ip link set lo up && exec \"$@\"", "sh"])
        .arg(test)
        .args(["--exact", own, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("unshare runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}\n{complaint}");
}

fn disappear() {
    let server = Setup::local()
        .option("partial_upload", "keep")
        .option("data_idle_timeout", "2")
        .option("idle_timeout", "2")
        .option("log_level", "DEBUG")
        .start();
    server.stored().put("large", &noise(17, 64 << 20));
    let bystander = Ftp::login(&server);
    let baseline = Resources::at_rest_local(&server, 1);
    let mut storing = Ftp::login(&server);
    let data = storing.passive();
    storing.expect("STOR f", "150 ");
    let mut stored = data.open();
    stored.write_all(b"some of it").expect("taken");
    storing.wait_for_bytes(10);
    let (_fetching, _data) = downloading(&server, "large");
    let cut = Command::new("ip").args(["link", "set", "lo", "down"]).status();
    assert!(cut.expect("ip runs").success());
    let line = verdict(&server, "upload", "f");
    assert!(line.contains("partial file kept"), "{line}");
    server.stored().expect("f", b"some of it");
    let line = verdict(&server, "download", "large");
    assert!(!line.contains("complete"), "{line}");
    baseline.expect_again_local(&server, "disappeared");
    drop(bystander);
}
