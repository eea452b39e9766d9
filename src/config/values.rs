//! Single values: text in, value out, `None` for what is not accepted. What is accepted is said in
//! words by the readers of the key table.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::net::{Masquerade, MasqueradeNetworks, Networks};
use crate::store::cos::is_role_name;
use crate::users::{MountUsers, Permission};
use crate::vfs::FtpPath;

/// Longest time a time-out may be: what is longer was meant to be something else.
pub(super) const MAX_SECONDS: u64 = 7 * 24 * 3600;

/// A number within `range`.
pub(super) fn number<T: FromStr + PartialOrd>(text: &str, range: &RangeInclusive<T>) -> Option<T> {
    // `FromStr` would take a leading plus sign.
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && range.contains(number))
}

/// Bytes: a number, or one with the suffix K, M, G or KiB, MiB, GiB (all powers of 1024).
pub(super) fn size(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(unit_at);
    let shift = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => return None,
    };
    number(digits, &(0..=u64::MAX >> shift)).map(|number: u64| number << shift)
}

/// An amount of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemoryAmount {
    Bytes(u64),
    /// Per cent of what the machine has.
    Percent(u64),
}

/// A size, or a share such as `25%`.
pub(super) fn memory(text: &str) -> Option<MemoryAmount> {
    match text.strip_suffix('%') {
        Some(percent) => number(percent.trim_end(), &(1..=90)).map(MemoryAmount::Percent),
        None => size(text).map(MemoryAmount::Bytes),
    }
}

/// Bytes as people read them.
pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// A size as it is written into a configuration, no larger than `bytes`.
pub(super) fn size_at_most(bytes: u64) -> String {
    match bytes >> 20 {
        0 => bytes.to_string(),
        mebibytes if mebibytes.is_multiple_of(1024) => format!("{}G", mebibytes / 1024),
        mebibytes => format!("{mebibytes}M"),
    }
}

/// The same, no smaller than `bytes`.
pub(super) fn size_at_least(bytes: u64) -> String {
    size_at_most(bytes.div_ceil(1 << 20).saturating_mul(1 << 20))
}

/// A time: seconds, or a number with the suffix s, m or h.
pub(super) fn duration(text: &str, least: Duration) -> Option<Duration> {
    let (digits, factor) = match text.char_indices().last()? {
        (at, 's') => (&text[..at], 1),
        (at, 'm') => (&text[..at], 60),
        (at, 'h') => (&text[..at], 3600),
        _ => (text, 1),
    };
    let seconds = number(digits.trim_end(), &(0..=MAX_SECONDS / factor))? * factor;
    Some(Duration::from_secs(seconds)).filter(|time| *time >= least)
}

/// `first,last` or `first-last`; a single port means from there up, as with the replaced tool.
pub(super) fn port_range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once([',', '-']).unwrap_or((text, "65535"));
    let port = |text: &str| number(text.trim(), &(1..=u16::MAX));
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some(first..=last)
}

/// The path of a mount point, which is not the root.
pub(super) fn mount_point(text: &str) -> Option<FtpPath> {
    let is_plain = |name: &str| !matches!(name, "." | "..");
    let path = FtpPath::root().join(text).ok().filter(|path| !path.is_root())?;
    (text.starts_with('/') && text.split('/').all(is_plain)).then_some(path)
}

/// `*`, or logins separated by commas.
pub(super) fn mount_users(text: &str) -> Option<MountUsers> {
    if text == "*" {
        return Some(MountUsers::Everybody);
    }
    let names = text.split(',').map(|name| login_name(name.trim()));
    names.collect::<Option<_>>().map(MountUsers::Named)
}

/// Addresses separated by commas.
pub(super) fn addresses(text: &str) -> Option<Vec<IpAddr>> {
    text.split(',').map(|address| address.trim().parse().ok()).collect()
}

/// The address in passive replies: an IPv4 address (PASV has no room for more) or a name.
pub(super) fn masquerade(text: &str) -> Option<Masquerade> {
    let is_address = text.parse::<Ipv4Addr>().is_ok();
    let is_name = host_name(text) && !text.rsplit('.').next()?.bytes().all(|b| b.is_ascii_digit());
    (is_address || is_name).then(|| Masquerade(text.to_owned()))
}

/// The same; the sample's `XXX.XXX.XXX.XXX` means that there is none.
pub(super) fn masquerade_or_sample(text: &str) -> Option<Option<Masquerade>> {
    if text.eq_ignore_ascii_case("XXX.XXX.XXX.XXX") {
        return Some(None);
    }
    masquerade(text).map(Some)
}

/// Networks of clients, each with what passive replies name to them.
pub(super) fn masquerade_networks(text: &str) -> Option<MasqueradeNetworks> {
    MasqueradeNetworks::parse(text, masquerade).ok()
}

/// The entry of such a list that is wrong, and why.
pub(super) fn wrong_masquerade_network(text: &str) -> Option<String> {
    MasqueradeNetworks::parse(text, masquerade).err()
}

/// The entry of a list of networks that is none.
pub(super) fn wrong_network(text: &str) -> Option<String> {
    let wrong = text.split(',').map(str::trim).find(|entry| entry.parse::<Networks>().is_err())?;
    Some(format!("{wrong:?} is neither a network such as 10.0.0.0/8 nor an address"))
}

/// The entry of a list of addresses that is none.
pub(super) fn wrong_address(text: &str) -> Option<String> {
    let wrong = text.split(',').map(str::trim).find(|entry| entry.parse::<IpAddr>().is_err())?;
    Some(format!("{wrong:?} is not an IP address"))
}

/// The URL of something that is asked over HTTP.
pub(super) fn web_address(text: &str) -> Option<String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))?;
    let host = rest.split(['/', '?', '#']).next()?;
    let fits =
        !host.is_empty() && !host.contains('@') && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

/// Whether `text` may be a DNS name or an IPv4 address.
pub(super) fn host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// The name of a directory in the root of an account, without the slash that may stand behind it.
pub(super) fn directory_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('/').unwrap_or(text);
    // What files are gathered in where they are kept in a directory.
    let is_ours = name.eq_ignore_ascii_case(".cos-ftp-server");
    (FtpPath::root().child(name).is_some() && name.len() <= 64 && !is_ours).then(|| name.to_owned())
}

/// What is appended to the name of a file.
pub(super) fn name_ending(text: &str) -> Option<String> {
    let is_name = !text.contains(['/', ' ']) && !text.chars().any(char::is_control);
    (is_name && (1..=32).contains(&text.len())).then(|| text.to_owned())
}

/// The path of a file, from the root on: a server's working directory is nobody's choice.
pub(super) fn absolute_path(text: &str) -> Option<PathBuf> {
    let fits = text.starts_with('/') && !text.ends_with('/') && !text.contains('\0');
    fits.then(|| text.into())
}

/// A program by its absolute path, and its arguments.
pub(super) fn program(text: &str) -> Option<Vec<String>> {
    let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
    absolute_path(words.first()?)?;
    Some(words)
}

/// The URL of an HTTP service.
pub(super) fn service(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
    let fits = !authority.is_empty()
        && !authority.contains('@')
        && text.chars().all(|c| c.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

/// The words of an account's permission.
pub(super) const PERMISSIONS: &[(&str, Permission)] =
    &[("R", Permission::Read), ("W", Permission::Write), ("RW|WR", Permission::ReadWrite)];

/// The name of a bucket.
pub(super) fn bucket_name(text: &str) -> Option<String> {
    let fits = text.len() <= 255
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    fits.then(|| text.to_owned())
}

/// What is wrong with a bucket's name that was meant as an address.
pub(super) fn wrong_bucket_name(text: &str) -> Option<String> {
    text.contains('/').then(|| {
        "an address or a path is no bucket's name: write the name alone, and a directory in the \
         bucket as cos_prefix"
            .to_owned()
    })
}

/// The name of a region.
pub(super) fn region(text: &str) -> Option<String> {
    // A label of the host that it is put into.
    (host_name(text) && !text.contains('.')).then(|| text.to_owned())
}

/// Digits and nothing else.
pub(super) fn digits(text: &str) -> Option<String> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.to_owned())
}

/// The name of a CAM role; the inner `None` stands for `auto`.
pub(super) fn cam_role(text: &str) -> Option<Option<String>> {
    if text.eq_ignore_ascii_case("auto") {
        return Some(None);
    }
    is_role_name(text).then(|| Some(text.to_owned()))
}

/// The name of a login.
pub(super) fn login_name(text: &str) -> Option<String> {
    let fits = !text.is_empty() && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("21474836480", Some(21_474_836_480)),
            ("5K", Some(5 << 10)),
            ("5 MiB", Some(5 << 20)),
            ("200g", Some(200 << 30)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("17179869184G", None),
            ("5MB", None),
            ("1.5G", None),
            ("+5", None),
            ("-5", None),
            ("G", None),
            ("", None),
        ] {
            assert_eq!(size(text), expected, "{text:?}");
        }
    }

    #[test]
    fn sizes_are_shown_as_they_are_written() {
        for (bytes, at_most, at_least) in [
            (1000, "1000", "1M"),
            (8 << 20, "8M", "8M"),
            (562_036_736, "536M", "536M"),
            (562_036_737, "536M", "537M"),
            (2 << 30, "2G", "2G"),
        ] {
            assert_eq!((&*size_at_most(bytes), &*size_at_least(bytes)), (at_most, at_least));
        }
    }

    #[test]
    fn shares_of_memory() {
        for (text, expected) in [
            ("25%", Some(MemoryAmount::Percent(25))),
            ("25 %", Some(MemoryAmount::Percent(25))),
            ("1G", Some(MemoryAmount::Bytes(1 << 30))),
            ("0%", None),
            ("91%", None),
            ("%", None),
        ] {
            assert_eq!(memory(text), expected, "{text:?}");
        }
    }

    #[test]
    fn durations() {
        let second = Duration::from_secs(1);
        for (text, expected) in [
            ("1", Some(1)),
            ("300", Some(300)),
            ("30s", Some(30)),
            ("5m", Some(300)),
            ("2 h", Some(7200)),
            ("604800", Some(604_800)),
            ("604801", None),
            ("99999999999999999h", None),
            ("0", None),
            ("5d", None),
            ("秒", None),
            ("", None),
        ] {
            assert_eq!(duration(text, second), expected.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(duration("0", Duration::ZERO), Some(Duration::ZERO));
    }

    #[test]
    fn port_ranges() {
        for (text, expected) in [
            ("60000,65535", Some(60000..=65535)),
            ("60000-65535", Some(60000..=65535)),
            ("60000 , 60010", Some(60000..=60010)),
            ("60000,60000", Some(60000..=60000)),
            ("60000", Some(60000..=65535)),
            ("60010,60000", None),
            ("0,10", None),
            ("60000,65536", None),
            ("60000,", None),
            ("60000,60001,60002", None),
        ] {
            assert_eq!(port_range(text), expected, "{text:?}");
        }
    }

    #[test]
    fn masquerade_addresses() {
        for text in ["203.0.113.7", "ftp.example.com", "nat-1"] {
            assert_eq!(masquerade(text), Some(Masquerade(text.to_owned())), "{text:?}");
        }
        for text in ["300.1.1.1", "1.2.3", "::1", "a b", "a..b", "-a.b", "主机", ""] {
            assert_eq!(masquerade(text), None, "{text:?}");
        }
    }

    #[test]
    fn names_of_a_trash_and_endings_of_markers() {
        for (text, expected) in [
            (".trash/", Some(".trash")),
            ("bin", Some("bin")),
            ("回收站/", Some("回收站")),
            ("a/b/", None),
            ("/a", None),
            ("/", None),
            ("", None),
            (".", None),
            ("../", None),
            (".cos-ftp-server/", None),
        ] {
            assert_eq!(directory_name(text).as_deref(), expected, "{text:?}");
        }
        for (text, accepted) in [(".ok", true), ("_done", true), ("", false), ("a/b", false)] {
            assert_eq!(name_ending(text).is_some(), accepted, "{text:?}");
        }
        assert_eq!(name_ending(&"x".repeat(33)), None);
    }

    #[test]
    fn lists_of_addresses() {
        assert_eq!(addresses("127.0.0.1, ::1").map(|all| all.len()), Some(2));
        assert_eq!(addresses("127.0.0.1,"), None);
    }
}
