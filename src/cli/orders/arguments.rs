//! The words of orders on the command line.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use super::OperatorOrder;

/// The words that begin an order.
pub(crate) const VERBS: [&str; 4] = ["kick", "ban", "unban", "log-level"];

/// An order, the configuration that was named, and the socket that was.
type OrderLine = (OperatorOrder, Option<PathBuf>, Option<PathBuf>);

/// What the rest of the line, behind `verb`, asks for; `None`: how all of this is used.
///
/// # Errors
/// What is not understood.
pub(crate) fn arguments(
    verb: &str,
    parser: &mut Parser,
) -> Result<Option<OrderLine>, lexopt::Error> {
    let (mut words, mut config, mut socket) = (Vec::new(), None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Short('c') | Arg::Long("config") if config.is_none() => {
                config = Some(parser.value()?.into());
            }
            Arg::Long("socket") if socket.is_none() => socket = Some(parser.value()?.into()),
            Arg::Value(word) if words.len() < 3 => words.push(word.string()?),
            argument => return Err(argument.unexpected()),
        }
    }
    if config.is_some() && socket.is_some() {
        return Err("--socket is for a server without a configuration: give one of the two".into());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let order = match (verb, &words[..]) {
        ("kick", [whom]) => OperatorOrder::Kick((*whom).to_owned()),
        ("ban", [whom]) => OperatorOrder::Ban { whom: (*whom).to_owned(), seconds: None },
        ("ban", [whom, "for", time]) => {
            let seconds = time_of(time).ok_or("ban needs a time such as 90s, 30m, 2h or 7d")?;
            OperatorOrder::Ban { whom: (*whom).to_owned(), seconds: Some(seconds.as_secs()) }
        }
        ("unban", [whom]) => OperatorOrder::Unban((*whom).to_owned()),
        ("log-level", [level]) => OperatorOrder::LogLevel((*level).to_owned()),
        ("kick", _) => return Err("kick needs a SESSION or USER that `status` tells".into()),
        ("ban", _) => return Err("ban needs an ADDRESS or USER, and may have for TIME".into()),
        ("unban", _) => return Err("unban needs an ADDRESS or USER".into()),
        _ => return Err("log-level needs one of DEBUG, INFO, WARNING, ERROR and OFF".into()),
    };
    Ok(Some((order, config, socket)))
}

/// `90`, `90s`, `30m`, `2h`, `7d`; none of them is 0.
fn time_of(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return None,
    };
    let seconds = digits.parse::<u64>().ok()?.checked_mul(unit)?;
    (seconds > 0).then_some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<OperatorOrder> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let parsed = arguments(verb, &mut Parser::from_args(rest.split_whitespace()));
        Some(parsed.ok()??.0)
    }

    #[test]
    fn words_become_orders() {
        let ban = |whom: &str, seconds| OperatorOrder::Ban { whom: whom.to_owned(), seconds };
        for (line, order) in [
            ("kick session-7", OperatorOrder::Kick("session-7".to_owned())),
            ("kick alice --socket s", OperatorOrder::Kick("alice".to_owned())),
            ("ban 192.0.2.7", ban("192.0.2.7", None)),
            ("ban 192.0.2.7 for 90", ban("192.0.2.7", Some(90))),
            ("ban -c f alice for 2h", ban("alice", Some(7200))),
            ("ban for for 7d", ban("for", Some(604_800))),
            ("unban 2001:db8::1", OperatorOrder::Unban("2001:db8::1".to_owned())),
            ("log-level debug", OperatorOrder::LogLevel("debug".to_owned())),
        ] {
            assert_eq!(parsed(line), Some(order), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "kick",
            "kick a b",
            "ban",
            "ban a for",
            "ban a 2h",
            "ban a for 0",
            "ban a for 2w",
            "ban a for 99999999999999999999d",
            "ban a for 999999999999999999d",
            "unban",
            "log-level",
            "log-level DEBUG INFO",
            "kick a -c f --socket s",
            "kick a --json",
        ] {
            assert_eq!(parsed(line), None, "{line}");
        }
    }
}
