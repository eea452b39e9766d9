//! A clamd that answers by a script: it speaks the protocol, keeps what it was sent, and finds a
//! word that a test tells it.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// It finds the word, or nothing.
    Finds(&'static str),
    /// It takes all and answers when [`Clamd::release`] was called.
    Waits,
    /// It takes nothing, and keeps the connection.
    Stops,
    /// It takes so many bytes and says that it takes no more.
    Limit(usize),
    /// It closes each connection at once.
    Closes,
}

/// It runs until the test ends.
pub(crate) struct Clamd {
    shared: Arc<Shared>,
    address: String,
    _directory: TempDir,
}

struct Shared {
    habit: Habit,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What was sent, of each connection that sent all.
    streams: Vec<Vec<u8>>,
    is_released: bool,
}

/// What a test waits for at most.
const PATIENCE: Duration = Duration::from_secs(20);

impl Clamd {
    /// At a socket.
    pub(crate) fn start(habit: Habit) -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("clamd");
        let listener = UnixListener::bind(&path).unwrap();
        let shared = Shared::new(habit);
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                serving.clone().serve(stream);
            }
        });
        Self { shared, address: path.display().to_string(), _directory: directory }
    }

    /// At a port.
    pub(crate) fn start_at_port(habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Shared::new(habit);
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                serving.clone().serve(stream);
            }
        });
        Self { shared, address, _directory: TempDir::new().unwrap() }
    }

    /// For `clamd`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What it was sent so far, of each connection that sent all.
    pub(crate) fn streams(&self) -> Vec<Vec<u8>> {
        self.shared.state.lock().unwrap().streams.clone()
    }

    /// Waits until it was sent `count` of them.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Vec<u8>> {
        let state = self.shared.state.lock().unwrap();
        let lacks = |state: &mut State| state.streams.len() < count;
        let (state, waited) =
            self.shared.changed.wait_timeout_while(state, PATIENCE, lacks).unwrap();
        assert!(!waited.timed_out(), "it was sent {} of {count}", state.streams.len());
        state.streams.clone()
    }

    /// Lets it answer.
    pub(crate) fn release(&self) {
        self.shared.state.lock().unwrap().is_released = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn new(habit: Habit) -> Arc<Self> {
        Arc::new(Self { habit, state: Mutex::default(), changed: Condvar::new() })
    }

    fn serve(self: Arc<Self>, mut stream: impl Read + Write + Send + 'static) {
        thread::spawn(move || {
            if let Some(answer) = self.hear(&mut stream).unwrap_or_default() {
                // Whoever asked may be gone.
                let _ = stream.write_all(format!("{answer}\0").as_bytes());
            }
        });
    }

    /// What it answers.
    fn hear(&self, stream: &mut impl Read) -> io::Result<Option<String>> {
        match self.habit {
            Habit::Closes => return Ok(None),
            Habit::Stops => {
                self.wait_for_release();
                return Ok(None);
            }
            Habit::Finds(_) | Habit::Waits | Habit::Limit(_) => {}
        }
        let mut command = Vec::new();
        let mut byte = [0];
        while stream.read(&mut byte)? > 0 && byte[0] != 0 {
            command.push(byte[0]);
        }
        match command.as_slice() {
            b"zPING" => return Ok(Some("PONG".to_owned())),
            b"zINSTREAM" => {}
            _ => return Ok(Some("UNKNOWN COMMAND".to_owned())),
        }
        let mut all = Vec::new();
        loop {
            let mut length = [0; 4];
            stream.read_exact(&mut length)?;
            let length = u32::from_be_bytes(length) as usize;
            if length == 0 {
                break;
            }
            let start = all.len();
            all.resize(start + length, 0);
            stream.read_exact(&mut all[start..])?;
            if let Habit::Limit(most) = self.habit
                && all.len() > most
            {
                return Ok(Some("INSTREAM size limit exceeded. ERROR".to_owned()));
            }
        }
        let found = match self.habit {
            Habit::Finds(word) => all.windows(word.len()).any(|bytes| bytes == word.as_bytes()),
            _ => false,
        };
        self.state.lock().unwrap().streams.push(all);
        self.changed.notify_all();
        if self.habit == Habit::Waits {
            self.wait_for_release();
        }
        Ok(Some(if found { "stream: Test.Word-1 FOUND" } else { "stream: OK" }.to_owned()))
    }

    fn wait_for_release(&self) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_timeout_while(state, PATIENCE, |state| !state.is_released).unwrap());
    }
}
