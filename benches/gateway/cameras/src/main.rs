//! Cameras: each logs in for every picture, stores it, and leaves. So many at once, as fast as they
//! can; a client that is never the limit.
//!
//!   cameras PORT USER PASSWORD CAMERAS PICTURES BYTES [tls]
//!
//! connect, USER, PASS, TYPE I, PASV, STOR, QUIT for each of PICTURES pictures of BYTES bytes; with
//! `tls` AUTH TLS before, PROT P, and a data connection that resumes the session of its control
//! connection. Prints JSON: how many, those that failed, seconds in all, milliseconds for one.

mod connection;

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use connection::Connection;

struct Cameras {
    port: u16,
    user: String,
    password: String,
    /// `None`: plain FTP.
    tls: Option<ClientConfig>,
    picture: Vec<u8>,
    pictures: usize,
    taken: AtomicUsize,
}

struct Control(BufReader<Connection>);

impl Control {
    fn connect(port: u16, tls: Option<&Arc<ClientConfig>>) -> io::Result<Self> {
        let mut control = Self(BufReader::new(Connection::open(port)?));
        control.expect("220")?;
        let Some(tls) = tls else { return Ok(control) };
        control.ask("AUTH TLS", "234")?;
        Ok(Self(BufReader::new(control.0.into_inner().secure(tls)?)))
    }

    fn ask(&mut self, command: &str, code: &str) -> io::Result<String> {
        let connection = self.0.get_mut();
        connection.write_all(format!("{command}\r\n").as_bytes())?;
        connection.flush()?;
        self.expect(code)
    }

    /// The last line of the next reply.
    fn expect(&mut self, code: &str) -> io::Result<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) == Some(&b'-') || line.starts_with(' ') {
                continue;
            }
            return if line.starts_with(code) { Ok(line) } else { Err(io::Error::other(line)) };
        }
    }
}

impl Cameras {
    fn take(&self, number: usize) -> io::Result<()> {
        let tls = self.tls.as_ref().map(connection::switched_on);
        let mut control = Control::connect(self.port, tls.as_ref())?;
        control.ask(&format!("USER {}", self.user), "331")?;
        control.ask(&format!("PASS {}", self.password), "230")?;
        control.ask("TYPE I", "200")?;
        if tls.is_some() {
            control.ask("PBSZ 0", "200")?;
            control.ask("PROT P", "200")?;
        }
        let place = control.ask("PASV", "227")?;
        let mut data = Connection::open(passive_port(&place).ok_or(io::ErrorKind::InvalidData)?)?;
        control.ask(&format!("STOR picture{:04}.jpg", number % 1000), "150")?;
        if let Some(tls) = &tls {
            data = data.secure(tls)?;
        }
        data.write_all(&self.picture)?;
        data.finish()?;
        control.expect("226")?;
        control.ask("QUIT", "221")?;
        Ok(())
    }

    /// One camera: how long each of its pictures took, and how many failed.
    fn run(&self) -> (Vec<Duration>, usize) {
        let (mut times, mut failed) = (Vec::new(), 0);
        loop {
            let number = self.taken.fetch_add(1, Ordering::Relaxed);
            if number >= self.pictures {
                return (times, failed);
            }
            let begun = Instant::now();
            match self.take(number) {
                Ok(()) => times.push(begun.elapsed()),
                Err(error) => {
                    failed += 1;
                    eprintln!("picture {number}: {error}");
                }
            }
        }
    }
}

/// Of `227 Entering Passive Mode (127,0,0,1,p1,p2)`.
fn passive_port(reply: &str) -> Option<u16> {
    let inner = reply.split_once('(')?.1.split_once(')')?.0;
    let numbers: Vec<u16> = inner.split(',').map_while(|number| number.parse().ok()).collect();
    Some(numbers.get(4)? * 256 + numbers.get(5)?)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, user, password, cameras, pictures, bytes, encrypted @ ..] = arguments.as_slice()
    else {
        eprintln!("cameras PORT USER PASSWORD CAMERAS PICTURES BYTES [tls]");
        return ExitCode::from(64);
    };
    let number = |text: &String| text.parse::<usize>().expect("a number");
    let all = Cameras {
        port: port.parse().expect("a port"),
        user: user.clone(),
        password: password.clone(),
        tls: (!encrypted.is_empty()).then(|| connection::tls().expect("ring speaks TLS 1.3")),
        // Not one byte again and again, as of no real picture.
        picture: (0..number(bytes)).map(|n| (n * 31 % 251) as u8).collect(),
        pictures: number(pictures),
        taken: AtomicUsize::new(0),
    };
    let begun = Instant::now();
    let (mut times, mut failed) = (Vec::new(), 0);
    thread::scope(|scope| {
        let running: Vec<_> = (0..number(cameras)).map(|_| scope.spawn(|| all.run())).collect();
        for camera in running {
            let (its_times, its_failures) = camera.join().expect("a camera does not panic");
            times.extend(its_times);
            failed += its_failures;
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    times.sort();
    let at = |share: usize| {
        let place = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    println!(
        "{{\"n\": {}, \"failed\": {failed}, \"seconds\": {seconds:.3}, \"p50_ms\": {:.3}, \
         \"p99_ms\": {:.3}}}",
        times.len(),
        at(50),
        at(99)
    );
    ExitCode::SUCCESS
}
