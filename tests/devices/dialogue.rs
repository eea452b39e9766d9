//! The text format of a dialogue, which README.md beside this file describes, read into steps.

use glob::Pattern;

use crate::support::stored::noise;

/// What one device says and must hear, and what the store holds before and behind it.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    /// The name of its file.
    pub(super) name: String,
    /// Keys of the server's configuration: section, name, value.
    pub(super) keys: Vec<[String; 3]>,
    /// Files that are there before.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// What happens, each with its line in the file.
    pub(super) steps: Vec<(usize, Step)>,
    /// All files that the store must hold in the end: patterns of their names, and contents.
    pub(super) stored: Vec<(Pattern, Vec<u8>)>,
}

/// One thing that the device does or must find.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// A new control connection in place of the one before.
    Connect,
    /// Bytes on the control connection, in one write.
    Send(Vec<u8>),
    /// No more will be sent on the control connection.
    HalfClose,
    /// The next reply begins so.
    Reply(String),
    /// The reply heard last has such a line.
    ReplyLine(Pattern),
    /// The server closes the control connection and says nothing more.
    End,
    /// Bytes on the data connection, and its end.
    Upload(Vec<u8>),
    /// The data connection brings just these bytes and its end.
    Download(Vec<u8>),
    /// The data connection brings one line for each pattern, in any order, and its end.
    Listing(Vec<Pattern>),
}

impl Dialogue {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first line that is not understood, with its number.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut dialogue = Self { name: name.to_owned(), ..Self::default() };
        let mut held = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            dialogue
                .read(line, number, &mut held)
                .map_err(|why| format!("{name}:{number}: {why}: {line:?}"))?;
        }
        if !held.is_empty() {
            return Err(format!("{name}: a line behind + is never sent"));
        }
        Ok(dialogue)
    }

    /// Reads one line; `held` are the bytes that wait for those of the next one.
    fn read(&mut self, line: &str, number: usize, held: &mut Vec<u8>) -> Result<(), String> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let step = match word {
            "key" => {
                self.keys.push(key(rest)?);
                return Ok(());
            }
            "file" => {
                let (path, bytes) = assignment(rest)?;
                self.files.push((path.to_owned(), bytes));
                return Ok(());
            }
            "stored" => {
                let (path, bytes) = assignment(rest)?;
                self.stored.push((pattern(path)?, bytes));
                return Ok(());
            }
            "+" => {
                held.extend(command(rest));
                return Ok(());
            }
            "data" => return self.read_data(rest, number),
            ">" => Step::Send([std::mem::take(held), command(rest)].concat()),
            "bytes" => Step::Send([std::mem::take(held), content(rest)?].concat()),
            "<" if !rest.is_empty() => Step::Reply(rest.to_owned()),
            "|" => Step::ReplyLine(pattern(rest)?),
            "connect" if rest.is_empty() => Step::Connect,
            "half-close" if rest.is_empty() => Step::HalfClose,
            "end" if rest.is_empty() => Step::End,
            _ => return Err("not a line of a dialogue".to_owned()),
        };
        self.push(number, step)
    }

    fn read_data(&mut self, line: &str, number: usize) -> Result<(), String> {
        let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
        let step = match sign {
            ">" => Step::Upload(content(rest)?),
            "<" => Step::Download(content(rest)?),
            "|" => {
                let pattern = pattern(rest)?;
                if let Some((_, Step::Listing(patterns))) = self.steps.last_mut() {
                    patterns.push(pattern);
                    return Ok(());
                }
                Step::Listing(vec![pattern])
            }
            _ => return Err("data goes >, < or |".to_owned()),
        };
        self.push(number, step)
    }

    fn push(&mut self, number: usize, step: Step) -> Result<(), String> {
        if self.steps.is_empty() && step != Step::Connect {
            return Err("nothing can happen before connect".to_owned());
        }
        self.steps.push((number, step));
        Ok(())
    }
}

/// `SECTION NAME = VALUE`
fn key(text: &str) -> Result<[String; 3], String> {
    let parts = text.split_once(" = ").and_then(|(left, value)| {
        let (section, name) = left.split_once(' ')?;
        Some([section, name, value].map(str::to_owned))
    });
    parts.ok_or_else(|| "a key is SECTION NAME = VALUE".to_owned())
}

/// `PATH = CONTENT`
fn assignment(text: &str) -> Result<(&str, Vec<u8>), String> {
    let (path, text) = text.split_once(" = ").ok_or("a file is PATH = CONTENT")?;
    Ok((path, content(text)?))
}

fn command(line: &str) -> Vec<u8> {
    format!("{line}\r\n").into_bytes()
}

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| error.to_string())
}

/// `"TEXT"` with escapes, or `noise BYTES`.
fn content(text: &str) -> Result<Vec<u8>, String> {
    if let Some(length) = text.strip_prefix("noise ") {
        let length: usize = length.parse().map_err(|error| format!("{error}"))?;
        return Ok(noise(length as u64, length));
    }
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    unescaped(inner.ok_or("a content is \"TEXT\" or noise BYTES")?)
}

fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend(plain.as_bytes());
        let (byte, length) = match escape.as_bytes() {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b'x', ..] => {
                let digits = escape.get(1..3).ok_or("two digits stand behind \\x")?;
                (u8::from_str_radix(digits, 16).map_err(|error| error.to_string())?, 3)
            }
            [sign @ (b'\\' | b'"'), ..] => (*sign, 1),
            _ => return Err("an escape is \\r \\n \\xHH \\\\ or \\\"".to_owned()),
        };
        bytes.push(byte);
        rest = &escape[length..];
    }
    bytes.extend(rest.as_bytes());
    Ok(bytes)
}
