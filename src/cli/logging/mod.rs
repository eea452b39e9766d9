//! The log: the terminal and `<log_dir>/cos_v5.log`, by `simplelog`.
//!
//! Each line reaches the kernel in one write(2), so that lines of several processes, or of
//! `tail -f` and us, never mix. Nothing that happens to the terminal or to the file stops or delays
//! the server.

mod file;
mod file_kind;
mod json;
mod line;
mod rotation;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cos_ftp_server::config::{LogFormat, LogOptions, Rotation, TransferLogOptions};
use cos_ftp_server::events::TransferLog;
use cos_ftp_server::net::{Interest, wait};
use cos_ftp_server::threads;
use log::{LevelFilter, Log, Metadata, Record, error};
use simplelog::{ConfigBuilder, WriteLogger};
use time::UtcOffset;

pub(crate) use file::FILE_NAME;
use file::{LogFile, Wishes};
use file_kind::FileKind;
pub(crate) use file_kind::LogError;
use json::JsonLogger;
use line::{TERMINAL_LINE_BYTES, TIME};

/// What may be asked of the log while the server runs.
#[derive(Clone, Debug)]
pub(crate) struct LogControl {
    log: Arc<Wishes>,
    transfers: Arc<Wishes>,
    /// Of the local time.
    offset: UtcOffset,
}

/// Opens the log: on the terminal, and in a file if it is `kept`. Must be called before any other
/// thread starts: the offset of the local time cannot be asked for safely later.
///
/// # Errors
/// When the directory cannot be made or the file in it cannot be written.
pub(crate) fn init((options, kept): (&LogOptions, bool)) -> Result<LogControl, LogError> {
    let local_offset = UtcOffset::current_local_offset();
    let offset = local_offset.unwrap_or(UtcOffset::UTC);
    let control = LogControl { log: Arc::default(), transfers: Arc::default(), offset };
    let terminal = Terminal::open();
    let kind = FileKind::Log(options.format);
    let path = options.directory.join(FILE_NAME);
    let open = || LogFile::open(kind, &path, offset, Arc::clone(&control.log), terminal);
    let file: Box<dyn Write + Send> = if kept { Box::new(open()?) } else { Box::new(io::sink()) };
    let logger: Box<dyn Log> = match options.format {
        LogFormat::Text => {
            let config = config_builder().set_time_offset(offset).build();
            // The level is one for all, and may change: see `LogControl::set`.
            let all = LevelFilter::Debug;
            let lines = LineWriter::new(Both { file, terminal });
            Box::new(Named(WriteLogger::new(all, config, lines)))
        }
        LogFormat::Json => Box::new(JsonLogger::new(offset, file, terminal)),
    };
    log::set_boxed_logger(logger).map_err(|error| {
        let (path, source) = (options.directory.clone(), io::Error::other(error));
        LogError { kind, path, source }
    })?;
    control.set(options.level, options.rotation);
    if local_offset.is_err() {
        log::warn!("the local time zone is not known: times in the log are UTC");
    }
    log_panics();
    Ok(control)
}

impl LogControl {
    /// What is logged from now on, and when the file is put aside.
    pub(crate) fn set(&self, level: LevelFilter, rotation: Option<Rotation>) {
        *self.log.rotation.lock() = rotation;
        *self.transfers.rotation.lock() = rotation;
        log::set_max_level(level);
    }

    /// Opens the files again at their paths before the next line is written to them.
    pub(crate) fn reopen(&self) {
        self.log.reopen.store(true, Ordering::Release);
        self.transfers.reopen.store(true, Ordering::Release);
    }

    /// Opens the transfer log, which is put aside and opened again with the log.
    ///
    /// # Errors
    /// When its directory cannot be made or the file cannot be written.
    pub(crate) fn open_transfers(
        &self,
        options: &TransferLogOptions,
    ) -> Result<TransferLog, LogError> {
        let (kind, wishes) = (FileKind::Transfers, Arc::clone(&self.transfers));
        let file = LogFile::open(kind, &options.path, self.offset, wishes, IntoLog)?;
        Ok(TransferLog::new(options.format, self.offset, Box::new(file)))
    }
}

/// Tells in the log what is wrong with another file.
#[derive(Debug)]
struct IntoLog;

impl Write for IntoLog {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        error!("{}", String::from_utf8_lossy(text).trim_end());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Names the thread in each line, which is named after its session.
struct Named<L>(L);

impl<L: Log> Log for Named<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        threads::with_name(|name| {
            let text = format_args!("({name}) {}", record.args());
            let (level, target) = (record.level(), record.target());
            self.0.log(&Record::builder().level(level).target(target).args(text).build());
        });
    }

    fn flush(&self) {
        self.0.flush();
    }
}

/// Only our own lines: what the HTTP and TLS crates say is theirs, and may hold secrets.
fn config_builder() -> ConfigBuilder {
    let mut builder = ConfigBuilder::new();
    builder
        .set_time_format_custom(TIME)
        .set_thread_level(LevelFilter::Off)
        .set_target_level(LevelFilter::Off)
        .set_location_level(LevelFilter::Off)
        .add_filter_allow_str("cos_ftp_server");
    builder
}

/// A panic ends a session, not the server; it belongs into the log.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        error!("fault of the server: {}", panic.to_string().replace('\n', " "));
    }));
}

/// Gathers the pieces of a line and passes the whole on in one write. A line that cannot be
/// written is lost; there is nobody to tell.
struct LineWriter<W> {
    line: Vec<u8>,
    out: W,
}

impl<W: Write> LineWriter<W> {
    fn new(out: W) -> Self {
        Self { line: Vec::new(), out }
    }
}

impl<W: Write> Write for LineWriter<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(piece);
        if piece.ends_with(b"\n") {
            self.line.pop();
            // Names come from clients: they must not forge lines or command the terminal.
            disarm(&mut self.line);
            self.line.push(b'\n');
            let _ = self.out.write_all(&self.line);
            self.line.clear();
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Puts `?` in the place of control characters: those of ASCII, and U+0080 to U+009F, in UTF-8 two
/// bytes, which terminals obey as well.
fn disarm(line: &mut [u8]) {
    for at in 0..line.len() {
        match line[at..] {
            [0xc2, 0x80..=0x9f, ..] => line[at..at + 2].fill(b'?'),
            [byte, ..] if byte.is_ascii_control() => line[at] = b'?',
            _ => {}
        }
    }
}

/// Two places for each line, which is put together once.
struct Both<F, T> {
    file: F,
    terminal: T,
}

impl<F: Write, T: Write> Write for Both<F, T> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // First, so that a line that is seen on the terminal stands in the file.
        let kept = self.file.write_all(line);
        self.terminal.write_all(line)?;
        kept.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Standard error, which may be a pipe that nobody reads or a terminal that is halted: what
/// would block is left out.
#[derive(Clone, Copy, Debug)]
struct Terminal {
    /// A file: it need not be asked for each line.
    never_blocks: bool,
}

impl Terminal {
    fn open() -> Self {
        let stderr = io::stderr().as_fd().try_clone_to_owned();
        let metadata = stderr.and_then(|stderr| File::from(stderr).metadata());
        Self { never_blocks: metadata.is_ok_and(|metadata| metadata.is_file()) }
    }
}

impl Write for Terminal {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let stderr = io::stderr();
        let takes_it = self.never_blocks
            || wait([(stderr.as_fd(), Interest::Write)], Some(Duration::ZERO))? == [true];
        if takes_it {
            stderr.lock().write_all(shortened(line).as_ref())?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn shortened(line: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if line.len() <= TERMINAL_LINE_BYTES {
        return line.into();
    }
    let mut short = line[..TERMINAL_LINE_BYTES - 1].to_vec();
    short.push(b'\n');
    short.into()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use log::Level;
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    use super::*;

    #[test]
    fn a_line_is_one_write() {
        let lines = logged(&[("cos_ftp_server::session", "a, b and c")]);
        assert_eq!(lines.len(), 1);
        let (time, rest) = lines[0].split_once(' ').unwrap();
        OffsetDateTime::parse(time, &Rfc3339).unwrap();
        let thread = std::thread::current().name().unwrap().to_owned();
        assert_eq!(rest, format!("[INFO] ({thread}) a, b and c\n"));
    }

    #[test]
    fn other_crates_are_left_out() {
        assert_eq!(logged(&[("ureq::run", "GET"), ("rustls", "hello")]), Vec::<String>::new());
    }

    #[test]
    fn control_characters_forge_nothing() {
        let lines = logged(&[("cos_ftp_server", "a\nb\r\u{1b}[2Jc\u{9b}2J\u{a0}é中文")]);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with(" a?b??[2Jc??2J\u{a0}é中文\n"), "{lines:?}");
    }

    #[test]
    fn a_failing_output_loses_lines_and_nothing_else() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writer = LineWriter::new(Broken);
        writer.write_all(b"lost\n").unwrap();
        assert!(writer.line.is_empty());
    }

    #[test]
    fn long_lines_are_cut_on_the_terminal() {
        let mut long = vec![b'x'; 2 * TERMINAL_LINE_BYTES];
        long.push(b'\n');
        let short = shortened(&long);
        assert_eq!(short.len(), TERMINAL_LINE_BYTES);
        assert!(short.ends_with(b"x\n"));
        assert_eq!(shortened(b"short\n").as_ref(), b"short\n");
    }

    /// Each write that the log makes for records of these targets and texts.
    fn logged(records: &[(&str, &str)]) -> Vec<String> {
        struct Writes(Sender<String>);
        impl Write for Writes {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.send(String::from_utf8(bytes.to_vec()).unwrap()).unwrap();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (sender, receiver) = channel();
        let config = config_builder().build();
        let logger = LineWriter::new(Writes(sender));
        let logger = Named(WriteLogger::new(LevelFilter::Info, config, logger));
        for (target, text) in records {
            let mut record = Record::builder();
            record.level(Level::Info).target(target);
            logger.log(&record.args(format_args!("{text}")).build());
        }
        drop(logger);
        receiver.iter().collect()
    }
}
