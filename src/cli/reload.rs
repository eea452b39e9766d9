//! SIGHUP: the configuration is read again while the server runs. A file that is wrong changes
//! nothing.

use cos_ftp_server::config::ConfigMarks;
use cos_ftp_server::metrics;
use cos_ftp_server::server::Reloader;
use cos_ftp_server::store::cos::Buckets;
use log::{error, info, warn};

use crate::cli::locations::ConfigFile;
use crate::cli::logging::LogControl;
use crate::cli::status::{ReloadChanges, ReloadRecord};
use crate::cli::wiring::{ServerPlan, StartValue};
use cos_ftp_server::threads::OwnedThread;

/// What it takes to read the configuration again.
#[derive(Debug)]
pub(crate) struct Reload {
    /// None for a server that has no configuration.
    file: Option<ConfigFile>,
    /// What the server was started with, without its secrets.
    begun: Vec<StartValue>,
    /// The same of all its values, and of those that were taken last.
    begun_marks: ConfigMarks,
    taken_marks: ConfigMarks,
    /// Where what was taken is told.
    record: ReloadRecord,
    buckets: Buckets,
    reloader: Reloader,
    log: LogControl,
    /// Looks whether the stores answer.
    probing: Option<OwnedThread<()>>,
}

impl Reload {
    /// For a server that was started by `begun` on `buckets`.
    pub(crate) fn new(
        begun: &ServerPlan,
        buckets: Buckets,
        reloader: Reloader,
        log: LogControl,
        record: ReloadRecord,
    ) -> Self {
        let (file, marks) = (begun.file().cloned(), begun.marks());
        Self {
            file,
            begun: begun.at_start(),
            begun_marks: marks.clone(),
            taken_marks: marks.clone(),
            record,
            buckets,
            reloader,
            log,
            probing: None,
        }
    }

    /// Reads the configuration and does what it says; where it is wrong, the log tells why and
    /// everything stays as it was.
    pub(crate) fn run(&mut self) {
        let done = self.try_run();
        metrics::note_reload(done.is_ok());
        if let Err(problems) = done {
            problems.lines().for_each(|line| error!("{line}"));
            error!("configuration not taken: the server goes on as before");
        }
    }

    fn try_run(&mut self) -> Result<(), String> {
        let file = self.file.clone().ok_or("it was started without a configuration")?;
        let plan = ServerPlan::read_again(file).map_err(|error| error.to_string())?;
        let (options, users, probes) = plan.wire(&self.buckets)?;
        plan.warnings().iter().for_each(|warning| warn!("{warning}"));
        plan.accounts().lines().for_each(|line| info!("{line}"));
        let ended = self.reloader.apply(options, users);
        let (log, _) = plan.log();
        self.log.set(log.level, log.rotation);
        for change in plan.needs_restart(&self.begun) {
            warn!("{change}: takes effect at the next start");
        }
        self.tell_changes(plan.marks());
        info!("configuration read again, sessions of removed accounts that end: {ended}");
        // While the last look still waits for a store, another would tell no more.
        if self.probing.as_ref().is_none_or(OwnedThread::is_finished) {
            self.probing = probes.begin();
        }
        Ok(())
    }

    /// Tells what took effect, and remembers it for who asks.
    fn tell_changes(&mut self, marks: &ConfigMarks) {
        let taken = marks.changed_since(&self.taken_marks);
        let waiting = marks.waiting_since(&self.begun_marks);
        match taken.as_slice() {
            [] => info!("no change took effect"),
            changed => info!("took effect: {}", changed.join(", ")),
        }
        self.taken_marks = marks.clone();
        self.record.set(ReloadChanges { taken, waiting });
    }
}
