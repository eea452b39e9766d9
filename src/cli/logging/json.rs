//! `log_format = json`: each line of the log is one object.

use std::fmt::Write as _;
use std::io::Write;

use cos_ftp_server::threads;
use log::{Log, Metadata, Record};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::RawValue;
use time::{OffsetDateTime, UtcOffset};

use super::line::{TERMINAL_LINE_BYTES, TIME};

/// The lines of this program; what the HTTP and TLS crates say is theirs.
const OWN_TARGET: &str = "cos_ftp_server";

/// What names the thread of a session, and all that work for it.
const SESSION_NAME: &str = "session-";

/// Writes to the file and to the terminal.
pub(super) struct JsonLogger<F, T> {
    offset: UtcOffset,
    outputs: Mutex<(F, T)>,
}

/// One line.
#[derive(Serialize)]
struct JsonLine<'a> {
    time: &'a str,
    level: &'a str,
    thread: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<u64>,
    message: &'a str,
    /// What a transfer did, and how it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<&'a RawValue>,
}

impl<F, T> JsonLogger<F, T> {
    pub(super) fn new(offset: UtcOffset, file: F, terminal: T) -> Self {
        Self { offset, outputs: Mutex::new((file, terminal)) }
    }
}

impl<F: Write + Send, T: Write + Send> Log for JsonLogger<F, T> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with(OWN_TARGET)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let now = OffsetDateTime::now_utc().to_offset(self.offset);
        let message = record.args().to_string();
        let transfer = record.key_values().get("transfer".into()).map(|json| json.to_string());
        let transfer = transfer.and_then(|json| RawValue::from_string(json).ok());
        threads::with_name(|name| {
            let time = now.format(TIME).unwrap_or_default();
            let (level, session) = (record.level().as_str(), name.strip_prefix(SESSION_NAME));
            let line = JsonLine {
                time: &time,
                level,
                thread: name,
                session: session.and_then(|number| number.parse().ok()),
                message: &message,
                transfer: transfer.as_deref(),
            };
            let whole = line.to_text();
            let mut outputs = self.outputs.lock();
            // A line that cannot be written is lost; there is nobody to tell.
            let _ = outputs.0.write_all(whole.as_bytes());
            let _ = outputs.1.write_all(line.cut(whole).as_bytes());
        });
    }

    fn flush(&self) {}
}

impl JsonLine<'_> {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for character in serde_json::to_string(self).unwrap_or_default().chars() {
            match character {
                // Terminals obey them, and JSON may have them as they are.
                // Writing to a String cannot fail.
                '\u{7f}'..='\u{9f}' => drop(write!(text, "\\u{:04x}", u32::from(character))),
                _ => text.push(character),
            }
        }
        text + "\n"
    }

    /// As much of it as a terminal takes in one piece, as an object that is whole; all of it is
    /// `whole`.
    fn cut(&self, whole: String) -> String {
        let (mut text, mut left) = (whole, self.message.chars().count());
        while text.len() > TERMINAL_LINE_BYTES && left > 0 {
            left /= 2;
            let message: String = self.message.chars().take(left).collect();
            text = JsonLine { message: &message, transfer: None, ..*self }.to_text();
        }
        text
    }
}

/// The line of a log that says `message`, of no thread in particular.
pub(super) fn bare_line(time: &str, level: &str, message: &str) -> String {
    JsonLine { time, level, thread: "log", session: None, message, transfer: None }.to_text()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use log::Level;
    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What file and terminal get of a record.
    fn logged(target: &str, text: &str, transfer: Option<&str>) -> [String; 2] {
        let kept = [Kept::default(), Kept::default()];
        let logger = JsonLogger::new(UtcOffset::UTC, kept[0].clone(), kept[1].clone());
        let pairs = transfer.map(|json| ("transfer", json));
        logger.log(
            &Record::builder()
                .level(Level::Info)
                .target(target)
                .args(format_args!("{text}"))
                .key_values(&pairs)
                .build(),
        );
        kept.map(|kept| String::from_utf8(kept.0.lock().clone()).unwrap())
    }

    #[test]
    fn a_line_is_one_object() {
        let [file, terminal] =
            logged("cos_ftp_server::x", "a\n\"b\"\u{9b}2J", Some("{\"bytes\":3}"));
        assert_eq!(file, terminal);
        assert!(file.ends_with("\n") && file.matches('\n').count() == 1, "{file:?}");
        assert!(!file.contains('\u{9b}'));
        let value: Value = serde_json::from_str(&file).unwrap();
        assert_eq!(
            (&value["level"], &value["message"]),
            (&"INFO".into(), &"a\n\"b\"\u{9b}2J".into())
        );
        assert_eq!((&value["transfer"]["bytes"], &value["session"]), (&3.into(), &Value::Null));
    }

    #[test]
    fn other_crates_are_left_out() {
        assert_eq!(logged("ureq", "GET", None), [String::new(), String::new()]);
    }

    #[test]
    fn a_long_line_is_cut_on_the_terminal_and_stays_an_object() {
        let [file, terminal] = logged("cos_ftp_server", &"\u{1}".repeat(3000), Some("{}"));
        assert!(file.len() > TERMINAL_LINE_BYTES && terminal.len() <= TERMINAL_LINE_BYTES);
        for line in [file, terminal] {
            serde_json::from_str::<Value>(&line).unwrap();
        }
    }
}
