//! How sizes, times and names are shown to people.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Bytes as people write them.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.into_iter().find(|(unit, _)| bytes as f64 >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / unit),
        None => format!("{bytes} B"),
    }
}

/// How long ago a time in RFC 3339 was.
pub(super) fn age(since: &str) -> String {
    OffsetDateTime::parse(since, &Rfc3339).map_or_else(
        |_| since.to_owned(),
        |since| duration((OffsetDateTime::now_utc() - since).as_seconds_f64().max(0.0)),
    )
}

/// Seconds, in the unit that suits.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        ..60.0 => format!("{seconds:.0} s"),
        60.0..3600.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// Names come from clients: they must not command the terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_people_write() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (10_600_000, "10.6 MB"),
            (3 << 40, "3.3 TB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
