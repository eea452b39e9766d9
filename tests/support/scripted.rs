//! A store that answers what a test wrote down and remembers the requests: for what a healthy
//! store never does. What a test does not want to write down a real store behind it answers.

#![allow(clippy::unwrap_used, reason = "a broken script fails its test")]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread::{self, JoinHandle};

/// What happens to one request.
pub(crate) enum Act {
    /// The request is read, this is the answer. With a Content-Length the connection stays open.
    Answer(String),
    /// The request is read, then the connection is closed without a word.
    Hang,
    /// This is answered before the request's body is read, then the connection is closed.
    Refuse(String),
    /// The same, but the connection stays open.
    RefuseAndStay(String),
    /// The request is read and nothing ever happens.
    Silence,
    /// The store with this host and port answers, over a connection of its own.
    Forward(String),
    /// First that thread must have ended, then the store with this host and port answers.
    Behind(JoinHandle<()>, String),
    /// First all others that wait at the barrier must have come, then this happens.
    Meet(Arc<Barrier>, Box<Act>),
}

/// A request that was seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Request line and headers, in lower case.
    pub(crate) head: String,
    /// What was read of its body.
    pub(crate) body: Vec<u8>,
    /// Which connection it came over, counted from 0.
    pub(crate) connection: usize,
}

/// The store.
pub(crate) struct Scripted {
    /// Host and port.
    pub(crate) endpoint: String,
    stage: Arc<Stage>,
}

/// Chooses what happens to a request by its head.
type Script = Box<dyn FnMut(&str) -> Option<Act> + Send>;

struct Stage {
    script: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
    arrived: Condvar,
}

/// An answer with a body of known length.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Act {
    Act::Answer(text(status, headers, body))
}

/// The text of an answer; `headers` are whole lines.
pub(crate) fn text(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// The body of an error.
pub(crate) fn error(code: &str) -> String {
    format!("<Error><Code>{code}</Code><Message>scripted</Message></Error>")
}

impl Scripted {
    /// A store that performs `acts`, one per request. Its threads end with the process.
    pub(crate) fn new(acts: Vec<Act>) -> Self {
        let mut acts = VecDeque::from(acts);
        Self::acting(move |_| acts.pop_front())
    }

    /// A store that does what `script` says to the head of each request, in lower case.
    pub(crate) fn acting(script: impl FnMut(&str) -> Option<Act> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        let stage = Arc::new(Stage {
            script: Mutex::new(Box::new(script)),
            seen: Mutex::default(),
            arrived: Condvar::new(),
        });
        let shared = Arc::clone(&stage);
        thread::spawn(move || {
            for (number, connection) in listener.incoming().enumerate() {
                let stage = Arc::clone(&shared);
                let connection = connection.unwrap();
                thread::spawn(move || while stage.perform(&connection, number) {});
            }
        });
        Self { endpoint, stage }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.stage.seen.lock().unwrap().clone()
    }

    /// Waits until so many requests were seen.
    pub(crate) fn wait_for(&self, count: usize) {
        let seen = self.stage.seen.lock().unwrap();
        drop(self.stage.arrived.wait_while(seen, |seen| seen.len() < count).unwrap());
    }
}

impl Stage {
    /// Serves one request; whether the connection goes on.
    fn perform(&self, mut stream: &TcpStream, connection: usize) -> bool {
        let Some(sent) = read_head(stream) else { return false };
        let head = sent.to_lowercase();
        let act = (self.script.lock().unwrap())(&head);
        let mut body = Vec::new();
        if !matches!(act, Some(Act::Refuse(_) | Act::RefuseAndStay(_))) {
            if head.contains("expect: 100-continue") {
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
            }
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            let length = length.map_or(0, |text| text.parse().unwrap());
            let _ = stream.take(length).read_to_end(&mut body);
        }
        self.seen.lock().unwrap().push(Seen { head, body: body.clone(), connection });
        self.arrived.notify_all();
        let act = match act {
            Some(Act::Behind(thread, endpoint)) => {
                thread.join().unwrap();
                Some(Act::Forward(endpoint))
            }
            Some(Act::Meet(barrier, act)) => {
                barrier.wait();
                Some(*act)
            }
            act => act,
        };
        match act {
            Some(Act::Forward(endpoint)) => {
                forward(&endpoint, &sent, &body, stream);
                false
            }
            Some(Act::Answer(text)) => stream.write_all(text.as_bytes()).is_ok(),
            Some(Act::Refuse(text)) => {
                let _ = stream.write_all(text.as_bytes());
                false
            }
            Some(Act::RefuseAndStay(text)) => {
                let _ = stream.write_all(text.as_bytes());
                let _ = stream.read_to_end(&mut Vec::new());
                false
            }
            Some(Act::Silence) => {
                let _ = stream.read_to_end(&mut Vec::new());
                false
            }
            Some(Act::Hang | Act::Meet(..) | Act::Behind(..)) | None => false,
        }
    }
}

fn read_head(mut stream: &TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8(head).unwrap())
}

fn forward(endpoint: &str, head: &str, body: &[u8], mut near: &TcpStream) {
    let mut far = TcpStream::connect(endpoint).unwrap();
    let (first, rest) = head.split_once("\r\n").unwrap();
    far.write_all(format!("{first}\r\nConnection: close\r\n{rest}").as_bytes()).unwrap();
    far.write_all(body).unwrap();
    let _ = std::io::copy(&mut far, &mut near);
}
