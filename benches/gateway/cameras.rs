//! Cameras: each logs in for every picture, stores it, and leaves. So many at once, as fast as they
//! can; a client that is never the limit.
//!
//!   cameras PORT USER PASSWORD CAMERAS PICTURES BYTES
//!
//! connect, USER, PASS, TYPE I, PASV, STOR, QUIT for each of PICTURES pictures of BYTES bytes. Prints
//! JSON: how many, those that failed, seconds in all, milliseconds for one. Standard library only.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

struct Cameras {
    port: u16,
    user: String,
    password: String,
    picture: Vec<u8>,
    pictures: usize,
    taken: AtomicUsize,
}

struct Control {
    socket: TcpStream,
    replies: BufReader<TcpStream>,
}

impl Control {
    fn connect(port: u16) -> io::Result<Self> {
        let socket = connect(port)?;
        let replies = BufReader::new(socket.try_clone()?);
        let mut control = Self { socket, replies };
        control.expect("220")?;
        Ok(control)
    }

    fn ask(&mut self, command: &str, code: &str) -> io::Result<String> {
        self.socket.write_all(format!("{command}\r\n").as_bytes())?;
        self.expect(code)
    }

    /// The last line of the next reply.
    fn expect(&mut self, code: &str) -> io::Result<String> {
        loop {
            let mut line = String::new();
            if self.replies.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) == Some(&b'-') || line.starts_with(' ') {
                continue;
            }
            return if line.starts_with(code) { Ok(line) } else { Err(io::Error::other(line)) };
        }
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(socket)
}

impl Cameras {
    fn take(&self, number: usize) -> io::Result<()> {
        let mut control = Control::connect(self.port)?;
        control.ask(&format!("USER {}", self.user), "331")?;
        control.ask(&format!("PASS {}", self.password), "230")?;
        control.ask("TYPE I", "200")?;
        let place = control.ask("PASV", "227")?;
        let mut data = connect(passive_port(&place).ok_or(io::ErrorKind::InvalidData)?)?;
        control.ask(&format!("STOR picture{:04}.jpg", number % 1000), "150")?;
        data.write_all(&self.picture)?;
        drop(data);
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
    let [port, user, password, cameras, pictures, bytes] = arguments.as_slice() else {
        eprintln!("cameras PORT USER PASSWORD CAMERAS PICTURES BYTES");
        return ExitCode::from(64);
    };
    let number = |text: &String| text.parse::<usize>().expect("a number");
    let all = Cameras {
        port: port.parse().expect("a port"),
        user: user.clone(),
        password: password.clone(),
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
