//! What the server does on signals: Ctrl+C by `ctrlc`, the others by `signal-hook`.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cos_ftp_server::server::Stopper;
use log::{info, warn};
use signal_hook::consts::{SIGHUP, SIGTERM, SIGUSR1};
use signal_hook::iterator::{Handle, Signals};

use crate::cli::logging::LogControl;
use crate::cli::reload::Reload;
use crate::cli::supervisor;
use cos_ftp_server::threads::{self, OwnedThread};

/// Exit status after a second Ctrl+C: 128 + SIGINT, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// The signals that are listened to. Dropping it ends the thread that does so.
#[derive(Debug)]
pub(crate) struct SignalThread {
    interrupts: Arc<AtomicU32>,
    signals: Handle,
    thread: Option<OwnedThread<()>>,
}

/// From now on Ctrl+C and SIGTERM stop the server by `stopper`; a second Ctrl+C makes it leave at
/// once, a third ends the process whatever it does. SIGHUP reads the configuration
/// again, SIGUSR1 opens the log again.
///
/// # Errors
/// When the system takes no handler or gives no thread.
pub(crate) fn listen(
    stopper: Stopper,
    mut reload: Reload,
    log: LogControl,
) -> io::Result<SignalThread> {
    let interrupts = Arc::new(AtomicU32::new(0));
    let (count, on_interrupt) = (Arc::clone(&interrupts), stopper.clone());
    ctrlc::set_handler(move || interrupt(count.fetch_add(1, Ordering::Relaxed), &on_interrupt))
        .map_err(io::Error::other)?;
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGUSR1])?;
    let handle = signals.handle();
    let thread = threads::spawn("signals", move || {
        for signal in &mut signals {
            match signal {
                SIGTERM => {
                    info!("SIGTERM: stopping");
                    supervisor::stopping();
                    stopper.stop();
                }
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
        self.interrupts.load(Ordering::Relaxed) > 1
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
