//! What the server does on signals: Ctrl+C by `ctrlc`, the others by `signal-hook`.

use std::io::{self, IsTerminal};
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cos_ftp_server::server::Stopper;
use log::{info, warn};
use parking_lot::Mutex;
use rustix::process::getppid;
use signal_hook::consts::{SIGHUP, SIGTERM, SIGUSR1};
use signal_hook::iterator::exfiltrator::origin::{Origin, WithOrigin};
use signal_hook::iterator::{Handle, SignalsInfo};
use signal_hook::low_level::siginfo::Cause;

use crate::cli::logging::LogControl;
use crate::cli::reload::Reload;
use crate::cli::supervisor;
use cos_ftp_server::threads::{self, OwnedThread};

/// Exit status after a second Ctrl+C: 128 + SIGINT, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Within this time two interrupts are one.
const ONE_PRESS: Duration = Duration::from_millis(500);

/// The signals that are listened to. Dropping it ends the thread that does so.
#[derive(Debug)]
pub(crate) struct SignalThread {
    interrupts: Arc<Interrupts>,
    signals: Handle,
    thread: Option<OwnedThread<()>>,
}

/// From now on Ctrl+C and SIGTERM stop the server by `stopper`; a second Ctrl+C makes it leave at
/// once, a third ends the process whatever it does. SIGHUP reads the configuration
/// again, SIGUSR1 opens the log again. `stop_command` is what stops it too, if anything does.
///
/// # Errors
/// When the system takes no handler or gives no thread.
pub(crate) fn listen(
    stopper: Stopper,
    mut reload: Reload,
    log: LogControl,
    stop_command: Option<String>,
) -> io::Result<SignalThread> {
    let interrupts: Arc<Interrupts> = Arc::default();
    let (counted, on_interrupt) = (Arc::clone(&interrupts), stopper.clone());
    ctrlc::set_handler(move || {
        if let Some(earlier) = counted.count() {
            interrupt(earlier, &on_interrupt);
        }
    })
    .map_err(io::Error::other)?;
    // At the end of its line, where it can be copied.
    let ends_it = match (stop_command, process::id()) {
        (Some(command), _) => command,
        (None, own) => format!("kill {own}"),
    };
    let terminal = Terminal::at_the_start();
    let mut signals = SignalsInfo::<WithOrigin>::new([SIGTERM, SIGHUP, SIGUSR1])?;
    let handle = signals.handle();
    let thread = threads::spawn("signals", move || {
        for origin in &mut signals {
            match origin.signal {
                SIGTERM => {
                    info!("SIGTERM: stopping");
                    supervisor::stopping();
                    stopper.stop();
                }
                SIGHUP if terminal.hung_up(&origin) => warn!(
                    "the terminal is closed: the server goes on as process {}; to stop it: {ends_it}",
                    process::id()
                ),
                SIGHUP => {
                    info!("SIGHUP: reading the configuration");
                    supervisor::reloading();
                    reload.run();
                    supervisor::ready();
                }
                _ => {
                    log.reopen();
                    // This line is the first in the new file.
                    info!("SIGUSR1: opened the log again");
                }
            }
        }
    })?;
    Ok(SignalThread { interrupts, signals: handle, thread: Some(thread) })
}

/// The terminal that the server was started at, if it was.
#[derive(Clone, Copy, Debug)]
struct Terminal {
    was_there: bool,
    /// The shell that the server was started by, or what stands in its place.
    parent: Option<i32>,
}

impl Terminal {
    fn at_the_start() -> Self {
        let parent = getppid().map(|parent| parent.as_raw_nonzero().get());
        Self { was_there: io::stderr().is_terminal(), parent }
    }

    /// Whether this SIGHUP says that the terminal is closed, and is nobody's wish: the kernel sends
    /// it, and so does the shell that goes with the terminal.
    fn hung_up(self, origin: &Origin) -> bool {
        let sender = origin.process.as_ref().map(|process| process.pid);
        let is_wish =
            origin.cause != Cause::Kernel && sender.is_some_and(|pid| Some(pid) != self.parent);
        self.was_there && !io::stderr().is_terminal() && !is_wish
    }
}

/// Ctrl+C as it is meant: what comes twice within a moment was one press, passed on by a wrapper as
/// well as by the terminal.
#[derive(Debug, Default)]
struct Interrupts(Mutex<(u32, Option<Instant>)>);

impl Interrupts {
    /// One more. Tells how many came before it, unless it is to be ignored.
    fn count(&self) -> Option<u32> {
        let mut counted = self.0.lock();
        let (count, last) = *counted;
        if last.is_some_and(|last| last.elapsed() < ONE_PRESS) {
            return None;
        }
        *counted = (count + 1, Some(Instant::now()));
        Some(count)
    }

    fn so_far(&self) -> u32 {
        self.0.lock().0
    }
}

fn interrupt(earlier: u32, stopper: &Stopper) {
    match earlier {
        0 => {
            info!("Ctrl+C: stopping; once more to leave at once");
            supervisor::stopping();
            stopper.stop();
        }
        1 => {
            warn!("Ctrl+C again: leaving at once");
            stopper.stop_now();
        }
        _ => process::exit(INTERRUPTED.into()),
    }
}

impl SignalThread {
    /// Whether Ctrl+C was pressed a second time.
    pub(crate) fn hurried(&self) -> bool {
        self.interrupts.so_far() > 1
    }
}

impl Drop for SignalThread {
    fn drop(&mut self) {
        self.signals.close();
        if let Some(thread) = self.thread.take() {
            // It has nothing that could panic, and if it had, the server is ending anyway.
            let _ = thread.join();
        }
    }
}
