//! Whether the machine can carry what the settings allow. Better a refusal at start, which names
//! the key to lower, than a server that fails when it is busiest.

use crate::limits;

use super::machine::MachineFacts;
use super::report::{ConfigReport, Finding, Place, Problems};
use super::settings::ServerSettings;
use super::values::{self, mebibytes};
use crate::users::Effort;

/// One client that transfers: its control connection and the data connection.
const LEAST_CONNECTIONS: u64 = 2;

/// What the machine may have too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Memory for buffers and sessions.
    Memory,
    /// Open files and sockets.
    Descriptors,
    /// Threads of sessions and their workers.
    Threads,
}

/// Compares one resource with what `settings` may come to need of it, whatever
/// `config_check_enable` says.
///
/// # Errors
/// As [`check_machine`].
pub fn check_resource(
    settings: &ServerSettings,
    facts: &MachineFacts,
    resource: Resource,
) -> Result<Vec<Finding>, Problems> {
    let mut report = ConfigReport::new(&settings.file);
    MachineNeeds::of(settings).check(resource, facts, &mut report);
    report.finish()
}

/// Compares memory, threads and descriptors with what `settings` may come to need. Gives
/// warnings where only the extreme does not fit. Nothing is compared when `config_check_enable`
/// is off.
///
/// # Errors
/// What does not fit, with the key to lower.
pub fn check_machine(
    settings: &ServerSettings,
    facts: &MachineFacts,
) -> Result<Vec<Finding>, Problems> {
    let mut report = ConfigReport::new(&settings.file);
    if settings.config_check {
        let needs = MachineNeeds::of(settings);
        for resource in [Resource::Memory, Resource::Descriptors, Resource::Threads] {
            needs.check(resource, facts, &mut report);
        }
        if needs.connections.is_none() {
            warn_of_no_limit(facts, &mut report);
        }
    }
    report.finish()
}

/// What the settings may come to need.
struct MachineNeeds {
    connections: Option<u64>,
    buffer_memory: u64,
    /// Bytes that verifying passwords takes, as many at once as may be.
    password_memory: u64,
    /// Bytes beside these that each session takes, half of which transfer.
    session_bytes: u64,
    /// Threads that one transfer begins with beside its session's: part-upload workers, or a copier
    /// with its fetchers. What it adds later is no need: it goes on without.
    workers: u64,
}

impl MachineNeeds {
    fn of(settings: &ServerSettings) -> Self {
        let transfer = &settings.server.session.transfer;
        let efforts = settings.accounts.iter().filter_map(|account| account.password.effort());
        let begins_with = |threads: usize| threads.min(limits::FIRST_WORKERS) as u64;
        let dearest = efforts.map(Effort::memory_bytes).max().unwrap_or_default();
        let (scan_bytes, scanners) = match transfer.scan {
            Some(_) => (limits::SCAN_MEMORY_BYTES / 2, 1),
            None => (0, 0),
        };
        Self {
            connections: settings.server.max_connections.map(|connections| connections as u64),
            buffer_memory: transfer.buffer_memory,
            password_memory: dearest * settings.password_checks as u64,
            session_bytes: limits::SESSION_FIXED_BYTES + scan_bytes,
            workers: (begins_with(transfer.upload_threads) + scanners)
                .max(begins_with(transfer.download_threads) + 1),
        }
    }

    fn check(&self, resource: Resource, facts: &MachineFacts, report: &mut ConfigReport) {
        match resource {
            Resource::Memory => self.check_memory(facts, report),
            Resource::Descriptors => self.check_descriptors(facts, report),
            Resource::Threads => self.check_threads(facts, report),
        }
    }

    fn check_memory(&self, facts: &MachineFacts, report: &mut ConfigReport) {
        let Some(available) = facts.available_memory else { return };
        let allowed = available / 100 * limits::PLANNED_MEMORY_PERCENT;
        let sessions = self.connections.unwrap_or_default();
        let fixed = sessions * self.session_bytes;
        let needed = self.buffer_memory.saturating_add(fixed).saturating_add(self.password_memory);
        if needed <= allowed {
            return;
        }
        let passwords = match self.password_memory {
            0 => String::new(),
            bytes => format!(", {} to verify passwords (password_checks)", mebibytes(bytes)),
        };
        let sum = format!(
            "buffer_memory of {}{passwords} and {sessions} sessions of {} KiB each may need more \
             than {} % of the {} of memory that are available",
            mebibytes(self.buffer_memory),
            self.session_bytes / 1024,
            limits::PLANNED_MEMORY_PERCENT,
            mebibytes(available),
        );
        let allowed = allowed.saturating_sub(self.password_memory);
        let (place, remedy) = self.memory_remedy(allowed, fixed);
        report.problem(place, format!("{sum}: {remedy}, or set config_check_enable = false"));
    }

    /// What to lower so that buffers and sessions fit into `allowed` bytes: the larger of the
    /// two, or both when that is not enough. `fixed`: what all sessions cost.
    fn memory_remedy(&self, allowed: u64, fixed: u64) -> (Place, String) {
        let least = limits::LEAST_BUFFER_MEMORY_BYTES;
        let sessions = |buffers: u64| allowed.saturating_sub(buffers) / self.session_bytes;
        if self.buffer_memory >= fixed && fixed + least <= allowed {
            let most = values::size_at_most(allowed - fixed);
            (self.memory_place(), format!("lower buffer_memory to at most {most}"))
        } else if self.buffer_memory < fixed && sessions(self.buffer_memory) > 1 {
            let most = sessions(self.buffer_memory);
            (self.connections_place(), format!("lower max_connection_num to at most {most}"))
        } else {
            let text = match sessions(least) {
                ..LEAST_CONNECTIONS => "give the machine more memory".to_owned(),
                most => format!(
                    "lower buffer_memory to {} and max_connection_num to at most {most}",
                    values::size_at_most(least)
                ),
            };
            (self.memory_place(), text)
        }
    }

    fn check_descriptors(&self, facts: &MachineFacts, report: &mut ConfigReport) {
        let (Some(connections), Some(limit)) = (self.connections, facts.descriptors) else {
            return;
        };
        let most = connections_for_descriptors(limit);
        if connections > most {
            let text = format!(
                "needs more descriptors than the hard limit of {limit} (ulimit -Hn): {}",
                lower_or_raise(most, "that limit", descriptors_for(connections))
            );
            report.problem(self.connections_place(), text);
        }
    }

    /// A session needs its thread; a transfer goes on with fewer workers than it would like.
    fn check_threads(&self, facts: &MachineFacts, report: &mut ConfigReport) {
        let (Some(connections), Some(limit)) = (self.connections, facts.threads) else { return };
        let most = limit.saturating_sub(limits::SPARE_THREADS);
        // A transfer takes two connections.
        let busiest = connections / 2 * (1 + self.workers);
        let limit = format!(
            "the {limit} threads this process may have (vm.max_map_count / 5, pids.max of its \
             control group, ulimit -u)"
        );
        if connections > most {
            let enough = connections.saturating_add(limits::SPARE_THREADS);
            let remedy = lower_or_raise(most, "those limits", enough);
            let text = format!("may need more than {limit}: {remedy}");
            report.problem(self.connections_place(), text);
        } else if busiest > most {
            let text = format!(
                "{} transfers with {} workers each exceed {limit}: some will have fewer workers",
                connections / 2,
                self.workers
            );
            report.warning(self.connections_place(), text);
        }
    }

    fn connections_place(&self) -> Place {
        optional_key("max_connection_num", self.connections.unwrap_or_default().to_string())
    }

    fn memory_place(&self) -> Place {
        optional_key("buffer_memory", values::size_at_most(self.buffer_memory))
    }
}

/// Nobody set a limit; the machine has one all the same.
fn warn_of_no_limit(facts: &MachineFacts, report: &mut ConfigReport) {
    if let Some(most) = most_connections(facts) {
        let text = format!(
            "any number of connections is allowed, but this machine has threads and descriptors \
             for about {most} only"
        );
        let place = optional_key("max_connection_num", "0".to_owned());
        if most < LEAST_CONNECTIONS {
            let (descriptors, threads) =
                (descriptors_for(LEAST_CONNECTIONS), LEAST_CONNECTIONS + limits::SPARE_THREADS);
            let text = format!(
                "{text}: raise its limits, to at least {descriptors} descriptors (ulimit -Hn) and \
                 {threads} threads (ulimit -u)"
            );
            report.problem(place, text);
        } else {
            report.warning(place, text);
        }
    }
}

/// The connections that this machine has threads and descriptors for, or what a transfer takes if
/// these are fewer. `None`: any number.
pub fn connections_that_fit(facts: &MachineFacts) -> Option<u64> {
    most_connections(facts).map(|most| most.max(LEAST_CONNECTIONS))
}

fn most_connections(facts: &MachineFacts) -> Option<u64> {
    let threads = facts.threads.map(|limit| limit.saturating_sub(limits::SPARE_THREADS));
    let descriptors = facts.descriptors.map(connections_for_descriptors);
    threads.into_iter().chain(descriptors).min()
}

/// What is to be done where `most` connections fit, and `enough` would do for all. Nobody is told
/// to allow fewer than a transfer takes: 0 would mean any number.
fn lower_or_raise(most: u64, limits: &str, enough: u64) -> String {
    let raise = format!("raise {limits} to at least {enough}");
    if most < LEAST_CONNECTIONS {
        return raise;
    }
    format!("lower max_connection_num to at most {most}, or {raise}")
}

fn connections_for_descriptors(limit: u64) -> u64 {
    limit.saturating_sub(limits::SPARE_DESCRIPTORS) / limits::DESCRIPTORS_PER_CONNECTION
}

fn descriptors_for(connections: u64) -> u64 {
    let theirs = connections.saturating_mul(limits::DESCRIPTORS_PER_CONNECTION);
    theirs.saturating_add(limits::SPARE_DESCRIPTORS)
}

/// Without a line: the value may be the default of a key that is not in the file.
fn optional_key(key: &str, value: String) -> Place {
    Place { line: None, section: "OPTIONAL".to_owned(), key: key.to_owned(), value: Some(value) }
}
