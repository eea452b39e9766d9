//! `[EVENTS]`: who is told what happens to files.

use std::path::Path;

use crate::events::{EventOptions, EventReceiver, QueueFull};

use super::forms::EventsForm;
use super::report::{ConfigReport, Content};
use super::section::Section;

/// Settles what the section says; without a receiver nothing is told.
pub(super) fn settle(
    form: EventsForm,
    section: &Section,
    report: &mut ConfigReport,
) -> Option<EventOptions> {
    if section.has("command") && section.has("url") {
        let text = "cannot be combined with command: there is one receiver";
        report.problem(section.place("url"), text);
    }
    if !section.has("command") && !section.has("url") {
        if section.has("queue_dir") {
            let text = "there is no receiver: command or url is missing";
            report.warning(section.header(), text);
        }
        return None;
    }
    if !section.has("queue_dir") {
        let text = "the key is required beside command or url; accepted is an absolute path";
        report.problem(section.place("queue_dir"), text);
    }
    if let Some(program) = form.command.as_ref().and_then(|words| words.first()) {
        report.names_file(section.place("command"), Path::new(program), Content::Program);
    }
    if let Some(path) = form.secret_file.as_ref().filter(|_| section.has("url")) {
        report.names_file(section.place("secret_file"), path, Content::Signing);
    }
    let receiver = match (form.command, form.url) {
        (Some(words), _) => EventReceiver::Command(words),
        (None, Some(url)) => EventReceiver::Service { url, secret_file: form.secret_file },
        // That it has no value was reported.
        (None, None) => return None,
    };
    Some(EventOptions {
        on: form.on,
        names: form.names,
        receiver,
        timeout: form.timeout,
        give_up_after: form.give_up_after,
        queue_dir: form.queue_dir?,
        queue_max: form.queue_max,
        queue_full: form.queue_full.unwrap_or(QueueFull::Refuse),
        workers: form.workers,
    })
}
