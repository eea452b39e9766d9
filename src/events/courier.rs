//! The threads that tell: some that deliver events, one that settles what a crash left open.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::chronicle::Chronicle;
use super::command;
use super::line::IntentLine;
use super::not_taken::NotTaken;
use super::options::{EventOptions, EventReceiver};
use super::queue::{EventQueue, Taken, pause};
use super::record::Event;
use super::service::EventService;
use super::settling::{self, Settlement};
use crate::limits;
use crate::store::ObjectStore;
use crate::threads::{self, OwnedThread};

/// The threads. Whoever starts them stops them.
#[derive(Debug)]
pub struct Couriers {
    queue: Arc<EventQueue>,
    threads: Vec<OwnedThread<()>>,
}

/// Who is told, ready to be.
enum Way {
    Command(Vec<String>, Duration),
    Service(EventService),
}

impl Couriers {
    /// Starts them, where `chronicle` has a queue. `stores` gives those that are served now.
    ///
    /// # Errors
    /// When the system gives no thread, or the file of the secret cannot be read.
    pub fn start(
        chronicle: &Arc<Chronicle>,
        stores: impl Fn() -> Vec<Arc<dyn ObjectStore>> + Send + 'static,
    ) -> io::Result<Option<Self>> {
        let Some(queue) = &chronicle.queue else { return Ok(None) };
        let way = Arc::new(Way::to(queue)?);
        let mut couriers = Self { queue: Arc::clone(queue), threads: Vec::new() };
        if let Err(error) = couriers.start_all(&way, chronicle, stores) {
            for thread in couriers.stop() {
                // One that has panicked has ended, too.
                let _ = thread.join();
            }
            return Err(error);
        }
        Ok(Some(couriers))
    }

    fn start_all(
        &mut self,
        way: &Arc<Way>,
        chronicle: &Arc<Chronicle>,
        stores: impl Fn() -> Vec<Arc<dyn ObjectStore>> + Send + 'static,
    ) -> io::Result<()> {
        for number in 1..=self.queue.options().workers {
            let (queue, way) = (Arc::clone(&self.queue), Arc::clone(way));
            let deliver = move || {
                while let Some(taken) = queue.next_event() {
                    deliver(&queue, &way, &taken);
                }
            };
            self.threads.push(threads::spawn(format!("events-{number}"), deliver)?);
        }
        let (queue, chronicle) = (Arc::clone(&self.queue), Arc::clone(chronicle));
        let settle = move || {
            while let Some(taken) = queue.next_intent() {
                settle(&queue, &chronicle, taken, &stores());
            }
        };
        self.threads.push(threads::spawn("events", settle)?);
        Ok(())
    }

    /// Ends them: what is not told stays on the disk. They may wait for a receiver or a store until
    /// the threads that this returns have ended.
    pub fn stop(&mut self) -> Vec<OwnedThread<()>> {
        self.queue.stop();
        std::mem::take(&mut self.threads)
    }
}

impl Way {
    fn to(queue: &EventQueue) -> io::Result<Self> {
        let EventOptions { timeout, workers, .. } = *queue.options();
        Ok(match &queue.options().receiver {
            EventReceiver::Command(words) => Self::Command(words.clone(), timeout),
            EventReceiver::Service { url, secret_file } => {
                Self::Service(EventService::new(url, secret_file.as_deref(), timeout, workers)?)
            }
        })
    }

    fn tell(&self, event: &Event, is_wanted: &dyn Fn() -> bool) -> Result<(), NotTaken> {
        match self {
            Self::Command(words, timeout) => command::tell(words, event, *timeout, is_wanted),
            Self::Service(service) => service.tell(event),
        }
    }
}

fn deliver(queue: &EventQueue, way: &Way, taken: &Taken<Event>) {
    let Taken { pending, what: event } = taken;
    let about = || format!("{} of {:?} ({})", event.kind.name(), event.path, event.id);
    match way.tell(event, &|| !queue.is_stopping()) {
        Ok(()) => {
            log::debug!("event {} was told", about());
            queue.delivered(pending.number);
        }
        Err(why) if queue.failed(pending) => {
            log::error!("event {} is given up: {why}", about());
        }
        // The first of a row is for everybody to see; the rest would fill the log.
        Err(why) if pending.tries == 1 => {
            log::warn!("event {} was not taken, and is tried again: {why}", about());
        }
        Err(why) => log::debug!("event {} was not taken again: {why}", about()),
    }
}

fn settle(
    queue: &EventQueue,
    chronicle: &Chronicle,
    taken: Taken<IntentLine>,
    stores: &[Arc<dyn ObjectStore>],
) {
    let Taken { pending, what: intent } = taken;
    let found = settling::look(&intent, stores);
    let is_given_up = queue.is_too_old(pending.since);
    let IntentLine { mut event, is_directory, .. } = intent;
    match found {
        Ok(Settlement::Done(stat)) => {
            if let Some(stat) = stat {
                event.size = Some(stat.metadata.size);
                event.etag = stat.etag.map(|etag| etag.0.trim_matches('"').to_owned());
            }
            log::info!("event {} of {:?}: the store has it", event.kind.name(), event.path);
            chronicle.settle(Some(pending.number), event, is_directory);
        }
        Ok(Settlement::Nothing) if settling::is_past_doubt(pending.since) => {
            log::info!("event {} of {:?} came to nothing", event.kind.name(), event.path);
            queue.withdraw(pending.number);
        }
        _ if is_given_up => {
            log::error!(
                "event {} of {:?} is given up: the store does not tell what became of it",
                event.kind.name(),
                event.path
            );
            queue.withdraw(pending.number);
        }
        // Often enough to know it soon behind the time of doubt.
        Ok(Settlement::Nothing) => {
            let most = limits::EVENT_DOUBT / 8;
            queue.let_go(pending.number, pause(pending.tries - 1).min(most));
        }
        Ok(Settlement::Nowhere) | Err(_) => {
            if let Err(error) = found {
                log::debug!("events: {error}");
            }
            queue.let_go(pending.number, pause(pending.tries - 1));
        }
    }
}
