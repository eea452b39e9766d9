//! Arguments that are more than a path: options of LIST, numbers, the parameters of TYPE, OPTS and
//! SITE.

use super::listing::MlstFacts;
use super::parameter::{ClientOption, Protection, SiteCommand, TransferType};
use super::parse_error::ParseError;
use super::time_format::Timestamp;
use super::verb::VerbRow;
use super::word::word;

/// `LIST -la PATH`: words of a dash and letters are options of `ls`, which many clients send, and
/// change nothing: everything is listed in full anyway. `--` ends them. A file whose name looks so
/// is reached as `./-name`; `-*.csv` has other characters and is a name.
pub(super) fn without_options(argument: &str) -> &str {
    let mut rest = argument;
    while let Some(word) = rest.split(' ').next().filter(|word| word.starts_with('-')) {
        let letters = &word[1..];
        let ends_options = letters == "-";
        let is_options =
            !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !ends_options && !is_options {
            break;
        }
        rest = rest[word.len()..].strip_prefix(' ').unwrap_or_default();
        if ends_options {
            break;
        }
    }
    rest
}

/// `UTF8 ON|OFF`, `MLST facts`.
pub(super) fn client_option(
    row: &'static VerbRow,
    argument: &str,
) -> Result<ClientOption, ParseError> {
    let (name, value) = argument.trim().split_once(' ').unwrap_or((argument.trim(), ""));
    if name.eq_ignore_ascii_case("MLST") {
        return Ok(ClientOption::MlstFacts(MlstFacts::from_opts(value.trim())));
    }
    // Some clients send `OPTS UTF-8 ON`, some no value.
    word(name, &[("UTF8|UTF-8", ())]).ok_or(ParseError::UnknownOption)?;
    word(value.trim(), &[("|ON", ClientOption::Utf8On), ("OFF", ClientOption::Utf8Off)])
        .ok_or(ParseError::BadArgument(row))
}

/// `A`, `A N`, `I`, `L 8` (Lexmark scanners), also written without the blank; the rest of RFC 959
/// 3.1.1 is 504.
pub(super) fn transfer_type(
    row: &'static VerbRow,
    argument: &str,
) -> Result<TransferType, ParseError> {
    let letters = argument.split_whitespace().collect::<String>().to_ascii_uppercase();
    match letters.as_str() {
        "A" | "AN" => Ok(TransferType::Ascii),
        "I" | "L8" => Ok(TransferType::Image),
        "AT" | "AC" | "E" | "ET" | "EC" | "EN" => Err(ParseError::UnsupportedParameter(row)),
        _ if is_local_type(&letters) => Err(ParseError::UnsupportedParameter(row)),
        _ => Err(ParseError::BadArgument(row)),
    }
}

/// `L` with a number of bits.
fn is_local_type(letters: &str) -> bool {
    letters.strip_prefix('L').is_some_and(|bits| bits.parse::<u8>().is_ok())
}

/// AUTH: TLS by its names (RFC 4217 4, and SSL, which clients of before it send).
pub(super) fn mechanism(row: &'static VerbRow, argument: &str) -> Result<(), ParseError> {
    word(argument.trim(), &[("TLS|TLS-C|SSL", ())]).ok_or(ParseError::UnsupportedParameter(row))
}

/// PROT.
pub(super) fn protection(row: &'static VerbRow, argument: &str) -> Result<Protection, ParseError> {
    let words = [("C", Protection::Clear), ("P", Protection::Private), ("S|E", Protection::Other)];
    word(argument.trim(), &words).ok_or(ParseError::UnsupportedParameter(row))
}

/// Only `accepted` is ours; whatever else is asked for other servers may have, such as `STRU R` or
/// `STRU O VMS`: 504, after which clients go on.
pub(super) fn only(
    row: &'static VerbRow,
    argument: &str,
    accepted: &str,
) -> Result<(), ParseError> {
    match argument.trim() {
        "" => Err(ParseError::BadArgument(row)),
        value if value.eq_ignore_ascii_case(accepted) => Ok(()),
        _ => Err(ParseError::UnsupportedParameter(row)),
    }
}

/// `n`, `n R m` (RFC 959 4.1.3); the record size means nothing in a file of bytes.
pub(super) fn allocation(row: &'static VerbRow, argument: &str) -> Result<u64, ParseError> {
    match argument.split_whitespace().collect::<Vec<_>>()[..] {
        [bytes] => number(row, bytes),
        [bytes, r, record] if r.eq_ignore_ascii_case("R") => {
            number(row, record)?;
            number(row, bytes)
        }
        _ => Err(ParseError::BadArgument(row)),
    }
}

/// Digits only, within 64 bits: a number that was cut down would resume at the wrong place.
pub(super) fn number(row: &'static VerbRow, text: &str) -> Result<u64, ParseError> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
        .ok_or(ParseError::BadNumber(row))
}

/// `YYYYMMDDHHMMSS path` (draft-somers-ftp-mfxx 3.1): the time, and what is behind one space.
pub fn timed_path(argument: &str) -> Option<(Timestamp, &str)> {
    let (time, path) = argument.split_once(' ')?;
    Some((Timestamp::parse(time)?, path)).filter(|(_, path)| !path.is_empty())
}

/// The first word decides.
pub(super) fn site_command(
    row: &'static VerbRow,
    argument: &str,
) -> Result<SiteCommand, ParseError> {
    let (first, rest) = argument.trim_start().split_once(' ').unwrap_or((argument.trim(), ""));
    if first.eq_ignore_ascii_case("UTIME") {
        let (time, path) = utime(rest).ok_or(ParseError::BadArgument(row))?;
        return Ok(SiteCommand::SetModificationTime { time, path: path.to_owned() });
    }
    let words = [("HELP", SiteCommand::Help), ("CHMOD", SiteCommand::ChangeMode)];
    let known = words.into_iter().find(|(name, _)| first.eq_ignore_ascii_case(name));
    Ok(known.map_or(SiteCommand::Unknown, |(_, command)| command))
}

/// `path atime mtime ctime UTC`, as ncftp and older FileZilla send it, of which the second counts;
/// or `YYYYMMDDhhmm[ss] path`.
fn utime(argument: &str) -> Option<(Timestamp, &str)> {
    let with_three_times = || {
        let mut words = argument.trim_end().rsplitn(5, ' ');
        words.next().filter(|zone| zone.eq_ignore_ascii_case("UTC"))?;
        let times = [words.next()?, words.next()?, words.next()?].map(time_of_utime);
        let [Some(_), Some(modified), Some(_)] = times else { return None };
        Some((modified, words.next()?))
    };
    let with_one = || {
        let (time, path) = argument.split_once(' ')?;
        Some((time_of_utime(time)?, path))
    };
    with_three_times().or_else(with_one).filter(|(_, path)| !path.is_empty())
}

/// A time of UTIME: its seconds may be left out.
fn time_of_utime(text: &str) -> Option<Timestamp> {
    match text.len() {
        12 => Timestamp::parse(&format!("{text}00")),
        _ => Timestamp::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> &'static VerbRow {
        VerbRow::find(name).unwrap()
    }

    #[test]
    fn options_of_list() {
        for (argument, rest) in [
            ("", ""),
            ("dir", "dir"),
            // FileZilla's and old browsers' habit
            ("-a", ""),
            ("-la", ""),
            ("-la ", ""),
            ("-a dir", "dir"),
            ("-l -a my dir", "my dir"),
            // one space separates, the next belongs to the name
            ("-a  x", " x"),
            // names that begin with a dash
            ("./-la", "./-la"),
            ("-", "-"),
            ("-- -la", "-la"),
            ("--", ""),
            ("-*.csv", "-*.csv"),
            ("-report.txt", "-report.txt"),
            ("dir -la", "dir -la"),
        ] {
            assert_eq!(without_options(argument), rest, "{argument:?}");
        }
    }

    #[test]
    fn numbers_are_never_cut_down() {
        let row = row("REST");
        for (text, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("99999999999999999999999", None),
            ("-1", None),
            ("+1", None),
            ("", None),
            ("1.5", None),
            ("0x10", None),
            ("١", None),
        ] {
            assert_eq!(number(row, text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_time_stands_before_its_path() {
        for (argument, path) in [
            ("20240102030405 a b", Some("a b")),
            ("20240102030405  f", Some(" f")),
            // no time: a name
            ("20240102030405", None),
            ("20240102030405 ", None),
            ("20241302030405 f", None),
            ("./20240102030405 f", None),
        ] {
            assert_eq!(timed_path(argument).map(|(_, path)| path), path, "{argument:?}");
        }
    }

    #[test]
    fn sizes_of_allo() {
        let row = row("ALLO");
        for (text, expected) in [
            ("1024", Ok(1024)),
            // RFC 959 4.1.3
            ("1024 R 80", Ok(1024)),
            ("1024 r 80 ", Ok(1024)),
            ("1024 R", Err(ParseError::BadArgument(row))),
            ("1024 X 80", Err(ParseError::BadArgument(row))),
            ("R 80", Err(ParseError::BadArgument(row))),
            ("much", Err(ParseError::BadNumber(row))),
            (" ", Err(ParseError::BadArgument(row))),
        ] {
            assert_eq!(allocation(row, text), expected, "{text:?}");
        }
    }

    #[test]
    fn types() {
        let row = row("TYPE");
        for (text, expected) in [
            ("A", Ok(TransferType::Ascii)),
            ("a n", Ok(TransferType::Ascii)),
            ("I", Ok(TransferType::Image)),
            // Lexmark scanners
            ("L 8", Ok(TransferType::Image)),
            ("l8", Ok(TransferType::Image)),
            ("AN", Ok(TransferType::Ascii)),
            ("AT", Err(ParseError::UnsupportedParameter(row))),
            ("L7", Err(ParseError::UnsupportedParameter(row))),
            ("L 7", Err(ParseError::UnsupportedParameter(row))),
            ("E", Err(ParseError::UnsupportedParameter(row))),
            ("A T", Err(ParseError::UnsupportedParameter(row))),
            ("L", Err(ParseError::BadArgument(row))),
            ("I N", Err(ParseError::BadArgument(row))),
            ("X", Err(ParseError::BadArgument(row))),
            (" ", Err(ParseError::BadArgument(row))),
        ] {
            assert_eq!(transfer_type(row, text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_one_mode_and_structure() {
        for (verb, argument, expected) in [
            ("MODE", "S", Ok(())),
            ("MODE", "s ", Ok(())),
            ("MODE", "B", Err(ParseError::UnsupportedParameter(row("MODE")))),
            ("MODE", "SB", Err(ParseError::UnsupportedParameter(row("MODE")))),
            ("STRU", "O VMS", Err(ParseError::UnsupportedParameter(row("STRU")))),
            ("MODE", " ", Err(ParseError::BadArgument(row("MODE")))),
        ] {
            assert_eq!(only(row(verb), argument, "S"), expected, "{verb} {argument:?}");
        }
    }

    #[test]
    fn options_of_clients() {
        let row = row("OPTS");
        let facts = |text| Ok(ClientOption::MlstFacts(MlstFacts::from_opts(text)));
        for (text, expected) in [
            // Windows ftp.exe and Explorer, before the login
            ("utf8 on", Ok(ClientOption::Utf8On)),
            ("UTF8 ON", Ok(ClientOption::Utf8On)),
            ("UTF-8 ON", Ok(ClientOption::Utf8On)),
            ("UTF8", Ok(ClientOption::Utf8On)),
            ("UTF8 OFF", Ok(ClientOption::Utf8Off)),
            ("UTF8 MAYBE", Err(ParseError::BadArgument(row))),
            // lftp asks for UNIX.* too
            ("MLST type;size;modify;UNIX.mode;", facts("type;size;modify;")),
            ("mlst", facts("")),
            ("HASH SHA-256", Err(ParseError::UnknownOption)),
            ("", Err(ParseError::UnknownOption)),
        ] {
            assert_eq!(client_option(row, text), expected, "{text:?}");
        }
    }

    #[test]
    fn site_commands() {
        let row = row("SITE");
        let set = |time, path: &str| {
            let (time, path) = (Timestamp::parse(time).unwrap(), path.to_owned());
            Ok(SiteCommand::SetModificationTime { time, path })
        };
        let bad = || Err(ParseError::BadArgument(row));
        for (text, expected) in [
            ("HELP", Ok(SiteCommand::Help)),
            (" help ", Ok(SiteCommand::Help)),
            ("chmod 644 a file", Ok(SiteCommand::ChangeMode)),
            ("UMASK 022", Ok(SiteCommand::Unknown)),
            ("", Ok(SiteCommand::Unknown)),
            ("UTIME 20240102030405 a b", set("20240102030405", "a b")),
            ("utime 202401020304 a  b ", set("20240102030400", "a  b ")),
            ("UTIME 20240102030405.5 f", set("20240102030405", "f")),
            // ncftp, of an access in 2021 and a change of the inode in 2023
            (
                "UTIME a b 20210101000000 20220102030405 20230101000000 UTC",
                set("20220102030405", "a b"),
            ),
            ("UTIME f 202101010000 202201020304 202301010000 utc ", set("20220102030400", "f")),
            (
                "UTIME 20240102030405 20210101000000 20220102030405 20230101000000 UTC",
                set("20220102030405", "20240102030405"),
            ),
            // One time, and a path that looks like more.
            (
                "UTIME 20240102030405 x 20220102030405 UTC",
                set("20240102030405", "x 20220102030405 UTC"),
            ),
            ("UTIME", bad()),
            ("UTIME ", bad()),
            ("UTIME f", bad()),
            ("UTIME 20240102030405", bad()),
            ("UTIME 20240102030405 ", bad()),
            ("UTIME 20241302030405 f", bad()),
            ("UTIME 2024010203.5 f", bad()),
            ("UTIME f 20210101000000 20220102030405 20230101000000", bad()),
            ("UTIME f 20210101000000 20221302030405 20230101000000 UTC", bad()),
        ] {
            assert_eq!(site_command(row, text), expected, "{text:?}");
        }
    }
}
