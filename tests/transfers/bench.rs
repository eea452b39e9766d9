//! One transfer on the bench: a loopback data connection, a control connection that is a pair of
//! sockets, a scripted store, and everything a process would share.

/// What is said on the control connection.
mod control;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::limits;
use cos_ftp_server::net::{Stream, Wake};
use cos_ftp_server::store::{ByteRange, ObjectStore};
use cos_ftp_server::transfer::{
    Budget, Conversion, DataSender, Download, DownloadRequest, EndingThreads, Incomplete, Listing,
    OverFiles, ParkedAmong, Plan, Progress, Resources, TransferError, TransferOptions,
    TransferReport, Upload, UploadRequest, WriteMode,
};
use cos_ftp_server::vfs::FtpPath;

use self::control::Script;
pub(crate) use self::control::{Departure, Word};
use crate::support::polling::pause;
use crate::transfers::store::ScriptedStore;

/// What never lasts so long unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What all transfers of a test share. Clones share it.
#[derive(Clone)]
pub(crate) struct Bench(Arc<Shared>);

struct Shared {
    store: ScriptedStore,
    options: TransferOptions,
    budget: Budget,
    ending_threads: EndingThreads,
}

/// One transfer to run.
#[derive(Clone, Copy)]
pub(crate) struct Order {
    pub(crate) path: &'static str,
    pub(crate) mode: WriteMode,
    pub(crate) announced: Option<u64>,
    pub(crate) conversion: Conversion,
    pub(crate) departure: Option<Departure>,
}

/// STOR without anything special.
pub(crate) const STOR: Order = Order {
    path: "/file",
    mode: WriteMode::Replace,
    announced: None,
    conversion: Conversion::None,
    departure: None,
};

/// A transfer under way, seen from the client.
pub(crate) struct Client {
    data: Option<TcpStream>,
    control: Option<UnixStream>,
    outcome: Receiver<Result<TransferReport, TransferError>>,
}

impl Bench {
    pub(crate) fn new(store: ScriptedStore, options: TransferOptions) -> Self {
        let budget = Budget::new(options.buffer_memory);
        let ending_threads = EndingThreads::default();
        Self(Arc::new(Shared { store, options, budget, ending_threads }))
    }

    pub(crate) fn store(&self) -> &ScriptedStore {
        &self.0.store
    }

    /// Checks the bytes of a file without printing all of them.
    #[track_caller]
    pub(crate) fn assert_stored(&self, path: &str, expected: &[u8]) {
        let stored = self.store().read(path).expect("the file is there");
        let differs = stored.iter().zip(expected).position(|(stored, expected)| stored != expected);
        assert!(
            *stored == *expected,
            "{} bytes stored, {} expected, first difference at {differs:?}",
            stored.len(),
            expected.len(),
        );
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.0.budget
    }

    /// Begins an upload.
    pub(crate) fn upload(&self, order: Order) -> Client {
        self.begin(move |shared, wake, data, control| shared.run_upload(order, wake, data, control))
    }

    /// Begins a download of `order.path` from byte `first` on.
    pub(crate) fn download(&self, order: Order, first: u64) -> Client {
        self.begin(move |shared, wake, data, control| {
            shared.run_download(order, first, wake, data, control)
        })
    }

    /// Sends `bytes` as a listing is sent.
    pub(crate) fn send(&self, bytes: Vec<u8>) -> Client {
        self.begin(move |shared, wake, data, control| {
            let mut sender = DataSender::new(data, shared.resources(wake), Progress::begin());
            let why = sender.send(&bytes, control).expect_err("nobody reads it");
            Ok(refused(why))
        })
    }

    fn begin(
        &self,
        run: impl FnOnce(&Shared, &Wake, Stream, &mut Script) -> Result<TransferReport, TransferError>
        + Send
        + 'static,
    ) -> Client {
        let (ours, theirs) = tcp_pair();
        let (control, script) = UnixStream::pair().unwrap();
        control.set_read_timeout(Some(PATIENCE)).unwrap();
        let (tell, outcome) = channel();
        let shared = Arc::clone(&self.0);
        thread::spawn(move || {
            let wake = Wake::new().unwrap();
            let mut script = Script::new(script);
            let mut result = run(&shared, &wake, Stream::Plain(ours), &mut script);
            // A session reads on for a while; here a client that still sends is cut off.
            if let Ok(report) = &mut result {
                drop(report.unended.take());
            }
            // Nobody listens when the test has failed already.
            let _ = tell.send(result);
        });
        Client { data: Some(theirs), control: Some(control), outcome }
    }

    /// Lists a directory: the names of all its pages.
    pub(crate) fn list(&self) -> Result<Vec<String>, Incomplete> {
        self.list_slowly(|_| ())
    }

    /// The same, where `meanwhile` is called while so many pages have come and the last is held.
    pub(crate) fn list_slowly(&self, meanwhile: impl Fn(usize)) -> Result<Vec<String>, Incomplete> {
        let (_client, control) = UnixStream::pair().unwrap();
        let (wake, mut script) = (Wake::new().unwrap(), Script::new(control));
        let store: Arc<dyn ObjectStore> = Arc::new(self.store().clone());
        let directory = FtpPath::root();
        let listing = Listing { store, directory, name_prefix: String::new(), with_times: false };
        let first = listing.first_page().unwrap();
        let memory = self.budget().try_borrow(limits::LISTING_PAGE_BYTES as u64);
        let memory = memory.ok_or(Incomplete::Failed(TransferError::NoBuffer))?;
        let mut pages = listing.after(&first, memory, self.0.resources(&wake))?;
        let mut entries = first.entries;
        let mut come = 1;
        meanwhile(come);
        while let Some(page) = pages.next(&mut script, &Progress::begin())? {
            entries.extend(page.entries);
            come += 1;
            meanwhile(come);
        }
        Ok(entries.into_iter().map(|entry| entry.name).collect())
    }

    /// Waits for what outlived its transfer, then checks that nothing is left of any.
    pub(crate) fn assert_clean(&self) {
        let left = self.0.ending_threads.join_all(Instant::now() + PATIENCE);
        assert_eq!(left, 0, "workers that do not end");
        assert_eq!(self.0.budget.in_use(), 0, "bytes of the budget");
        assert_eq!(self.0.store.unfinished(), 0, "unfinished uploads");
    }
}

impl Shared {
    fn resources<'a>(&'a self, wake: &'a Wake) -> Resources<'a> {
        let Self { options, budget, ending_threads, .. } = self;
        Resources { options, budget, ending_threads, wake }
    }

    fn run_upload(
        &self,
        order: Order,
        wake: &Wake,
        data: Stream,
        control: &mut Script,
    ) -> Result<TransferReport, TransferError> {
        let path = FtpPath::root().join(order.path).unwrap();
        let Order { mode, announced, conversion, .. } = order;
        control.departure = order.departure;
        let store: Arc<dyn ObjectStore> = Arc::new(self.store.clone());
        let plan = Plan::make(&*store, &path, mode, ParkedAmong::None, OverFiles::default())?;
        let request =
            UploadRequest { announced, conversion, ..UploadRequest::new(store, path, plan) };
        Ok(match Upload::admit(request, self.resources(wake), control) {
            Ok(upload) => upload.run(data, control),
            Err(why) => refused(why),
        })
    }

    fn run_download(
        &self,
        order: Order,
        first: u64,
        wake: &Wake,
        data: Stream,
        control: &mut Script,
    ) -> Result<TransferReport, TransferError> {
        let path = FtpPath::root().join(order.path).unwrap();
        let store: Arc<dyn ObjectStore> = Arc::new(self.store.clone());
        let object = store.get_object(&path, ByteRange::from(first), None)?;
        let conversion = order.conversion;
        let request = DownloadRequest { store, path, object, first, conversion };
        Ok(match Download::admit(request, self.resources(wake), control) {
            Ok(download) => download.run(data, control),
            Err(why) => refused(why),
        })
    }
}

impl Client {
    /// Sends bytes over the data connection.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.data.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Sends bytes for as long as the server takes them.
    pub(crate) fn send_what_is_taken(&mut self, bytes: &[u8]) {
        // A server that has enough closes the connection.
        drop(self.data.as_mut().unwrap().write_all(bytes));
    }

    /// The end of the data, as a client that is done makes it.
    pub(crate) fn end_data(&mut self) {
        drop(self.data.take());
    }

    /// Resets the data connection.
    pub(crate) fn reset_data(&mut self) {
        let data = self.data.take().unwrap();
        socket2::SockRef::from(&data).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Reads the data connection to its end.
    pub(crate) fn receive(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        self.data.as_mut().unwrap().read_to_end(&mut all).unwrap();
        all
    }

    /// Reads some of the data.
    pub(crate) fn receive_some(&mut self, bytes: usize) -> Vec<u8> {
        let mut some = vec![0; bytes];
        self.data.as_mut().unwrap().read_exact(&mut some).unwrap();
        some
    }

    /// Says something on the control connection.
    pub(crate) fn say(&mut self, word: Word) {
        self.control.as_mut().unwrap().write_all(&[word as u8]).unwrap();
    }

    /// Ends the control connection.
    pub(crate) fn end_control(&mut self) {
        drop(self.control.take());
    }

    /// Waits until the server has moved so many bytes, as STAT tells it.
    pub(crate) fn await_bytes(&mut self, bytes: u64) {
        let deadline = Instant::now() + PATIENCE;
        while self.ask().expect("the server answers") < bytes {
            assert!(Instant::now() < deadline, "the server does not move");
            pause();
        }
    }

    /// Asks for the bytes moved so far; `None` once the server does not answer any more.
    pub(crate) fn ask(&mut self) -> Option<u64> {
        let control = self.control.as_mut()?;
        let mut answer = [0; 8];
        control.write_all(&[Word::Status as u8]).ok()?;
        control.read_exact(&mut answer).ok()?;
        Some(u64::from_ne_bytes(answer))
    }

    /// Whether the transfer is still under way.
    pub(crate) fn has_no_report_yet(&self) -> bool {
        matches!(self.outcome.try_recv(), Err(TryRecvError::Empty))
    }

    /// How the transfer ended. The connections stay as they are until then.
    pub(crate) fn report(&self) -> TransferReport {
        self.outcome.recv_timeout(PATIENCE).expect("the transfer hangs").unwrap()
    }

    /// Why the transfer was refused before it began.
    pub(crate) fn refusal(&self) -> TransferError {
        self.outcome.recv_timeout(PATIENCE).expect("the transfer hangs").unwrap_err()
    }
}

fn refused(why: Incomplete) -> TransferReport {
    let (elapsed, tail) = (Duration::ZERO, Duration::ZERO);
    let verdict = Err(why).into();
    TransferReport {
        verdict,
        bytes: 0,
        kept: 0,
        elapsed,
        tail,
        parts: 0,
        stored: None,
        seen: None,
        renamed: None,
        is_parked: false,
        parked: None,
        unended: None,
    }
}

/// The server's end of a data connection, and the client's.
fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    server.set_nonblocking(true).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.set_write_timeout(Some(PATIENCE)).unwrap();
    (server, client)
}

/// Bytes that look like nothing, the same for the same seed.
pub(crate) fn content(seed: u64, bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut all = vec![0; bytes];
    random.fill(&mut all);
    all
}
