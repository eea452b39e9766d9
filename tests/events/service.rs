//! A service to which events are sent, as bad as a test wants it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::server::TestServer;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(100);

/// What the service does with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Takes it.
    Good,
    /// Refuses so many of a hundred.
    Fails(u8),
    /// Takes it down, and never answers.
    Silent,
    /// Closes the connection before it has read anything.
    Gone,
}

/// An event that came.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) event: Value,
    pub(crate) body: Vec<u8>,
    /// By their names in lower case.
    pub(crate) headers: HashMap<String, String>,
    /// Whether it was answered with 200.
    pub(crate) is_taken: bool,
}

impl Told {
    /// A field that is a text.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.event[field].as_str().unwrap_or_else(|| panic!("{field}: {}", self.event))
    }
}

struct Shared {
    state: Mutex<(Mood, Vec<Told>, fastrand::Rng)>,
    changed: Condvar,
}

/// The service. Its threads end with their connections.
pub(crate) struct Service {
    port: u16,
    shared: Arc<Shared>,
}

impl Service {
    pub(crate) fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Mutex::new((mood, Vec::new(), fastrand::Rng::with_seed(7)));
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&own);
                thread::spawn(move || shared.serve(&connection));
            }
        });
        Self { port, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/events", self.port)
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.shared.state.lock().unwrap().0 = mood;
    }

    /// All that came so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.shared.state.lock().unwrap().1.clone()
    }

    /// Waits until what came satisfies `is_enough`.
    pub(crate) fn wait(&self, is_enough: impl Fn(&[Told]) -> bool) -> Vec<Told> {
        let state = self.shared.state.lock().unwrap();
        let (state, waited) = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, |(_, told, _)| !is_enough(told))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "told so far: {:#?}", state.1);
        state.1.clone()
    }

    /// Waits for so many events.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Told> {
        self.wait(|told| told.len() >= count)
    }
}

impl Shared {
    fn serve(&self, connection: &TcpStream) {
        let mut reader = BufReader::new(connection);
        while let Some((headers, body)) = self.request(&mut reader) {
            let event = serde_json::from_slice(&body).expect("an event is JSON");
            let mut state = self.state.lock().unwrap();
            let mood = state.0;
            let fails = match mood {
                Mood::Fails(percent) => state.2.u8(..100) < percent,
                Mood::Good | Mood::Silent | Mood::Gone => false,
            };
            let is_taken = mood != Mood::Silent && !fails;
            state.1.push(Told { event, body, headers, is_taken });
            drop(state);
            self.changed.notify_all();
            if mood == Mood::Silent {
                // Until whoever asks has gone.
                let _ = reader.read(&mut [0]);
                return;
            }
            let status = if fails { "503 Service Unavailable" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok");
            let mut stream = connection;
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn request(
        &self,
        reader: &mut BufReader<&TcpStream>,
    ) -> Option<(HashMap<String, String>, Vec<u8>)> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if self.state.lock().unwrap().0 == Mood::Gone {
            return None;
        }
        assert!(line.starts_with("POST /events "), "{line}");
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        reader.read_exact(&mut body).ok()?;
        Some((headers, body))
    }
}

/// What `cos-ftp-server status` says.
pub(crate) fn status(server: &TestServer) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    let output = command.arg("status").arg("--config").arg(server.config()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
