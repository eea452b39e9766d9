//! How values are read: the code that takes one, and the words that say what is taken, made of
//! the same range or list.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::words::Words;
use crate::config::values;
use crate::net::Networks;
use crate::protocol::word;

/// Reads a value; `None` for what is not accepted.
type Read<T> = dyn Fn(&str) -> Option<T> + Send + Sync;

/// Reads the values of one key.
pub(in crate::config) struct Reader<T> {
    accepts: Words,
    read: Arc<Read<T>>,
}

impl<T> Clone for Reader<T> {
    fn clone(&self) -> Self {
        Self { accepts: self.accepts.clone(), read: Arc::clone(&self.read) }
    }
}

impl<T: 'static> Reader<T> {
    /// A reader of what `read` accepts, in words.
    pub(super) fn new(
        english: impl Into<String>,
        chinese: impl Into<String>,
        read: impl Fn(&str) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        Self { accepts: Words::new(english, chinese), read: Arc::new(read) }
    }

    /// The same, with a remark behind the words.
    pub(super) fn noting(mut self, english: &str, chinese: &str) -> Self {
        self.accepts.english += &format!("; {english}");
        self.accepts.chinese += &format!("；{chinese}");
        self
    }

    /// The same, whose values are made into others.
    pub(super) fn map<U: 'static>(self, into: fn(T) -> U) -> Reader<U> {
        let Self { accepts, read } = self;
        Reader { accepts, read: Arc::new(move |text| read(text).map(into)) }
    }
}

impl<T> Reader<T> {
    /// The values that are accepted.
    pub(super) fn accepts(&self) -> &Words {
        &self.accepts
    }

    /// What `text` says; `None` if it is not accepted.
    pub(super) fn read(&self, text: &str) -> Option<T> {
        (self.read)(text)
    }
}

/// A number within `range`.
pub(super) fn number<T>(range: RangeInclusive<T>) -> Reader<T>
where
    T: FromStr + PartialOrd + Display + Send + Sync + 'static,
{
    let (least, most) = (range.start(), range.end());
    let english = format!("a number from {least} to {most}");
    let chinese = format!("{least} 到 {most} 的数字");
    Reader::new(english, chinese, move |text| values::number(text, &range))
}

/// A number of things, of which 0 means something else.
pub(super) fn count() -> Reader<Option<u32>> {
    number(0..=1_000_000).map(|number: u32| (number > 0).then_some(number))
}

/// A number of things, of which 0 means that there is no limit.
pub(super) fn limit() -> Reader<Option<u32>> {
    count().noting("0 is no limit", "0 表示不限制")
}

/// A port to listen on.
pub(super) fn port() -> Reader<u16> {
    let ports = 0..=u16::MAX;
    Reader::new("a port from 0 to 65535", "0 到 65535 的端口", move |text| {
        values::number(text, &ports)
    })
    .noting("0 lets the system choose", "0 表示由系统选择")
}

/// A range of ports for data connections.
pub(super) fn ports() -> Reader<RangeInclusive<u16>> {
    Reader::new(
        "`first,last` or `first-last`, from 1 to 65535",
        "`first,last` 或 `first-last`，1 到 65535",
        values::port_range,
    )
}

/// A time of at least so many seconds.
pub(super) fn seconds(least: u64) -> Reader<Duration> {
    let most = values::MAX_SECONDS;
    Reader::new(
        format!("seconds from {least} to {most}, or a number with `s`, `m` or `h`"),
        format!("{least} 到 {most} 秒，或带 `s`、`m`、`h` 的数字"),
        move |text| values::duration(text, Duration::from_secs(least)),
    )
}

/// A time, of which 0 means never.
pub(super) fn seconds_or_off() -> Reader<Option<Duration>> {
    let some = |time: Duration| (!time.is_zero()).then_some(time);
    seconds(0).map(some).noting("0 is off", "0 表示关闭")
}

/// A program and its arguments.
pub(super) fn program() -> Reader<Vec<String>> {
    Reader::new(
        "an absolute path and arguments, separated by blanks",
        "绝对路径和参数，用空格分隔",
        values::program,
    )
}

/// Where a service is asked.
pub(super) fn service() -> Reader<String> {
    Reader::new(
        "`https://host/path`, or `http://host:port/path`",
        "`https://host/path` 或 `http://host:port/path`",
        values::service,
    )
}

/// Bytes within `range`.
pub(super) fn size(range: RangeInclusive<u64>) -> Reader<u64> {
    let (least, most) = (shown(*range.start()), shown(*range.end()));
    let english = format!("a size from {least} to {most}");
    let chinese = format!("{least} 到 {most}").replace("byte ", "字节");
    Reader::new(english, chinese, move |text| {
        values::size(text).filter(|size| range.contains(size))
    })
}

/// Bytes from the start of `range` on. Its end is there only because nothing larger makes sense.
pub(super) fn size_of_at_least(range: RangeInclusive<u64>) -> Reader<u64> {
    let least = shown(*range.start());
    Reader::new(format!("a size of at least {least}"), format!("至少 {least}"), move |text| {
        values::size(text).filter(|size| range.contains(size))
    })
}

/// A size as an operator would write it.
fn shown(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        _ if bytes.is_multiple_of(1 << 30) => format!("{}G", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}M", bytes >> 20),
        _ => bytes.to_string(),
    }
}

/// Bytes per second; 0 stays 0.
pub(super) fn rate() -> Reader<u64> {
    Reader::new("a size such as `10M`", "大小，如 `10M`", values::size)
        .noting("0 for no limit", "0 表示不限速")
}

/// One of `words`, whatever its case. A word may have other spellings behind a `|`, which are not
/// told.
pub(super) fn one_of<T: Copy + Send + Sync>(words: &'static [(&'static str, T)]) -> Reader<T> {
    let first = |(word, _): &(&'static str, T)| word.split('|').next();
    let told: Vec<_> = words.iter().filter_map(first).map(|word| format!("`{word}`")).collect();
    let (last, others) = told.split_last().map_or(("", [].as_slice()), |(l, o)| (l.as_str(), o));
    let english = format!("{} or {last}", others.join(", "));
    let chinese = format!("{} 或 {last}", others.join("、"));
    Reader::new(english, chinese, move |text| word(text, words))
}

/// Yes or no, as INI files spell them.
pub(super) fn boolean() -> Reader<bool> {
    one_of(&[("true|yes|on|1", true), ("false|no|off|0", false)])
}

/// The same of what is turned on and off.
pub(super) fn on_or_off() -> Reader<bool> {
    one_of(&[("on|yes|true|1", true), ("off|no|false|0", false)])
}

/// The path of a file, from the root on.
pub(super) fn absolute_path() -> Reader<PathBuf> {
    Reader::new("the absolute path of a file", "文件的绝对路径", values::absolute_path)
}

/// Addresses and networks.
pub(super) fn networks() -> Reader<Networks> {
    Reader::new(
        "addresses and networks such as `10.0.0.0/8`, separated by commas",
        "地址和网段，例如 `10.0.0.0/8`，用逗号分隔",
        |text| text.parse().ok(),
    )
}

/// Any text: `english` and `chinese` say what it is.
pub(super) fn text(english: &str, chinese: &str) -> Reader<String> {
    Reader::new(english, chinese, |text| Some(text.to_owned()))
}

/// The same of what holds secrets, and is wiped from memory with its field.
pub(super) fn secret_text(english: &str, chinese: &str) -> Reader<Zeroizing<String>> {
    Reader::new(english, chinese, |text| Some(Zeroizing::new(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_in_one_spelling() {
        let words = one_of(&[("auto", 0), ("utf-8|utf8", 1), ("gbk|gb18030|gb2312", 2)]);
        assert_eq!(words.accepts().english, "`auto`, `utf-8` or `gbk`");
        assert_eq!(words.accepts().chinese, "`auto`、`utf-8` 或 `gbk`");
        assert_eq!(boolean().read("Yes"), Some(true));
        assert_eq!(on_or_off().read("off"), Some(false));
        assert_eq!(boolean().read("2"), None);
    }

    #[test]
    fn what_is_told_is_what_is_checked() {
        let reader = size(1..=5 << 30);
        assert_eq!(reader.accepts().english, "a size from 1 byte to 5G");
        assert_eq!(reader.accepts().chinese, "1 字节到 5G");
        assert_eq!((reader.read("0"), reader.read("5G")), (None, Some(5 << 30)));
        assert_eq!(size_of_at_least(5 << 20..=1 << 30).accepts().english, "a size of at least 5M");
        let reader = number(1..=64_usize);
        assert_eq!(reader.accepts().english, "a number from 1 to 64");
        assert_eq!((reader.read("64"), reader.read("65")), (Some(64), None));
        assert_eq!(limit().accepts().english, "a number from 0 to 1000000; 0 is no limit");
        assert_eq!((limit().read("0"), limit().read("7")), (Some(None), Some(Some(7))));
        assert_eq!(seconds_or_off().read("0s"), Some(None));
    }
}
