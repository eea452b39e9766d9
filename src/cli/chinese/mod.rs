//! What is said in Chinese: the report of `check`, the summary of `--check-config`, what `init`
//! asks, what `serve`, `user` and `status` tell, what comes of orders, and what is wrong with a
//! command line. The words are made in
//! English where they are needed; here they are known again and said in Chinese. What the system or
//! the store says stays as it is.

mod accounts;
mod arguments;
mod check;
mod commands;
mod from;
mod machine;
mod running;
mod settings;
mod stores;
mod summary;

use std::sync::LazyLock;

use cos_ftp_server::config::{KEYS, plain};

/// A text, and the same in Chinese.
type Row = (&'static str, &'static str);

/// The first of the characters that are written without blanks between them.
const FIRST_CHINESE: char = '\u{2e80}';

/// What stands for what differs.
const GAP: &str = "{}";

/// What was looked at.
pub(crate) fn title(english: &str) -> String {
    said(check::TITLES.iter(), english).unwrap_or_else(|| english.to_owned())
}

/// What was found, or what to do about it.
pub(crate) fn text(english: &str) -> String {
    known_text(english).unwrap_or_else(|| english.to_owned())
}

fn known_text(english: &str) -> Option<String> {
    accepted(english).map(str::to_owned).or_else(|| said(texts(), english))
}

/// All that is said but for titles and for what keys accept.
fn texts() -> impl Iterator<Item = &'static Row> {
    let of_the_report = [commands::TEXTS, check::TEXTS, from::TEXTS, machine::TEXTS, stores::TEXTS];
    let of_the_server = [running::TEXTS, arguments::TEXTS];
    let of_the_configuration = [settings::TEXTS, accounts::TEXTS, summary::TEXTS];
    of_the_report.into_iter().chain(of_the_configuration).chain(of_the_server).flatten()
}

/// What a key accepts, from the table of keys.
fn accepted(english: &str) -> Option<&'static str> {
    static ACCEPTED: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let words = KEYS.iter().map(|key| &key.accepts);
        words.map(|words| (plain(&words.english), plain(&words.chinese))).collect()
    });
    let known = ACCEPTED.iter().find(|(from, _)| from == english)?;
    Some(&known.1)
}

/// By the row that says most of it.
fn said(rows: impl Iterator<Item = &'static Row>, english: &str) -> Option<String> {
    let known = rows.filter_map(|(from, to)| {
        let gaps = gaps(from, english)?;
        if !has_words(from) && !gaps.iter().all(|gap| is_known(gap)) {
            return None;
        }
        Some((from.len() - GAP.len() * gaps.len(), gaps, *to))
    });
    let (_, gaps, to) = known.max_by_key(|(said, ..)| *said)?;
    let mut pieces = to.split(GAP);
    let mut chinese = pieces.next().unwrap_or_default().to_owned();
    for (gap, piece) in gaps.into_iter().zip(pieces) {
        // A single word may be a name.
        let gap = if gap.contains(' ') { text(gap) } else { gap.to_owned() };
        join(&mut chinese, &gap);
        join(&mut chinese, piece);
    }
    Some(chinese)
}

/// Puts `more` behind `text`. A blank stands between Chinese and other characters, not between
/// Chinese ones.
fn join(text: &mut String, more: &str) {
    let is_chinese = |character: Option<char>| character.is_some_and(|c| c >= FIRST_CHINESE);
    let (before, behind) = (text.trim_end_matches(' '), more.trim_start_matches(' '));
    let both = is_chinese(before.chars().next_back()) && is_chinese(behind.chars().next());
    if both {
        text.truncate(before.len());
        text.push_str(behind);
    } else {
        text.push_str(more);
    }
}

/// Whether a row says anything of its own. One that only puts texts together would change the marks
/// in what somebody else says.
fn has_words(from: &str) -> bool {
    from.contains(char::is_alphabetic)
}

/// Whether a gap is a name, or can be said.
fn is_known(gap: &str) -> bool {
    !gap.contains(' ') || known_text(gap).is_some()
}

/// What stands in the gaps of `pattern`, if `text` is of its form.
fn gaps<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces: Vec<_> = pattern.split(GAP).collect();
    let last = pieces.pop()?;
    let Some((first, between)) = pieces.split_first() else {
        return (text == last).then(Vec::new);
    };
    let mut rest = text.strip_prefix(first)?.strip_suffix(last)?;
    let mut gaps = Vec::new();
    for piece in between {
        let (gap, behind) = rest.split_once(piece)?;
        gaps.push(gap);
        rest = behind;
    }
    gaps.push(rest);
    Some(gaps)
}

#[cfg(test)]
mod tests;
