//! What was meant by a word of the command line that is none.

use std::ffi::OsStr;
use std::path::Path;

use lexopt::Arg;

use super::help::COMMANDS;
use super::listen_place::ListenPlace;
use super::shell;

/// How alike two words are, at least, that differ by a slip.
const SLIP: f64 = 0.8;

/// How many letters a word has, at least, in which one that is wrong leaves enough to know it by.
const KNOWN_LETTERS: usize = 3;

/// What other programs have commands for, and what is typed here.
const OTHER_WORDS: &[(&[&str], &str)] = &[
    (&["start", "run", "daemon", "server", "up"], START),
    (&["restart"], "stop, and then cos-ftp-server alone, which starts the server"),
    (&["configure", "config", "setup", "install"], "init"),
    (&["test", "doctor", "verify", "diagnose", "checkconfig", "configtest"], "check"),
    (&["stat", "info", "show", "ps", "sessions", "top", "list"], "status"),
    (&["quit", "shutdown", "end", "down"], "stop"),
    (&["kill", "disconnect"], "kick, or stop for the whole server"),
    (&["adduser", "useradd", "add"], "user add NAME"),
    (&["passwd", "password"], "user passwd NAME, or hash-password"),
    (&["users", "accounts"], "user list"),
    (&["hup", "refresh"], "reload"),
];

const START: &str = "cos-ftp-server alone, which starts the server";

/// What other programs have options for, also by a letter, and the option here.
const OTHER_OPTIONS: &[(&[&str], &str)] = &[
    (&["port", "p", "bind", "address", "host", "listen-address"], "listen"),
    (&["password", "pass", "passwd"], "ask-password"),
    (&["pasv-ports", "ports"], "passive-ports"),
    (&["username", "login", "u"], "user"),
    (&["conf", "config-file", "configuration", "file", "f"], "config"),
    (&["test", "t", "configtest", "dry-run"], "check-config"),
];

/// The commands that options belong to which mean nothing alone.
const OPTIONS_OF: &[(&[&str], &str)] = &[
    (&["user", "listen", "ask-password", "passive-ports"], "serve DIR"),
    (&["from", "implicit-tls"], "check"),
    (&["socket", "json", "watch"], "status"),
];

/// Why `word` is no command.
pub(super) fn command(word: &OsStr) -> lexopt::Error {
    let shown = word.to_string_lossy();
    let path = Path::new(word);
    let meant = if path.is_dir() {
        Some(format!("serve {}", shell::file(path)))
    } else if path.is_file() || shown.ends_with(".conf") {
        Some(format!("--config {}", shell::file(path)))
    } else {
        meant_by(&shown.to_lowercase())
    };
    match meant {
        Some(meant) => format!("unknown command {shown:?} (did you mean {meant}?)").into(),
        None => format!("unknown command {shown:?}").into(),
    }
}

/// Why `argument` cannot stand where only `options` can.
pub(super) fn argument(argument: Arg<'_>, options: &[&'static str]) -> lexopt::Error {
    let meant = match &argument {
        Arg::Short('v') => Some("--version".to_owned()),
        Arg::Short(letter) => option_meant_by(letter.encode_utf8(&mut [0; 4]), options),
        // One that is known came a second time.
        Arg::Long(name) if options.contains(name) => None,
        Arg::Long(name) if COMMANDS.contains(name) && !is_option(name) => {
            Some(format!("cos-ftp-server {name}"))
        }
        Arg::Long(name) => option_meant_by(name, options),
        Arg::Value(value) => value
            .to_str()
            .filter(|text| options.contains(&"listen") && ListenPlace::parse(text).is_ok())
            .map(|text| format!("--listen {text}")),
    };
    let unexpected = argument.unexpected();
    match meant {
        Some(meant) => format!("{unexpected} (did you mean {meant}?)").into(),
        None => unexpected,
    }
}

/// Which of `options`, or of another command's, is called `name` elsewhere or was misspelt.
fn option_meant_by(name: &str, options: &[&'static str]) -> Option<String> {
    let other = OTHER_OPTIONS.iter().find(|(names, _)| names.contains(&name));
    let wanted = other.map_or(name, |(_, option)| *option);
    if options.contains(&wanted) {
        return Some(format!("--{wanted}"));
    }
    if let Some(nearest) = nearest(wanted, options.iter().copied()) {
        return Some(format!("--{nearest}"));
    }
    let (_, command) = OPTIONS_OF.iter().find(|(names, _)| names.contains(&wanted))?;
    Some(format!("cos-ftp-server {command} --{wanted}"))
}

/// Whether any command has this option.
fn is_option(name: &str) -> bool {
    OPTIONS_OF.iter().any(|(names, _)| names.contains(&name))
}

fn meant_by(word: &str) -> Option<String> {
    let other = |word: &str| {
        let known = OTHER_WORDS.iter().find(|(words, _)| words.contains(&word));
        known.map(|(_, meant)| (*meant).to_owned())
    };
    other(word).or_else(|| {
        let others = || OTHER_WORDS.iter().flat_map(|(words, _)| words.iter().copied());
        let command = nearest(word, COMMANDS.iter().copied()).map(str::to_owned);
        command.or_else(|| other(nearest(word, others())?))
    })
}

/// The first of those in `known` that are most like `word`, if they are like it: letters that have
/// changed places are one slip.
fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(known, word);
    let nearest = known.min_by(|a, b| likeness(b).total_cmp(&likeness(a)))?;
    let slips = strsim::damerau_levenshtein(nearest, word);
    let is_slip = slips == 1 && word.chars().count() >= KNOWN_LETTERS;
    (is_slip || likeness(nearest) >= SLIP).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_word() {
        for (word, meant) in [
            ("stauts", "status"),
            ("strat", START),
            ("stat", "status"),
            ("start", START),
            ("sotp", "stop"),
            ("chekc", "check"),
            ("relaod", "reload"),
            ("verify-leger", "verify-ledger"),
            ("hash_password", "hash-password"),
            ("servee", "serve"),
            ("adduser", "user add NAME"),
        ] {
            assert_eq!(meant_by(word).as_deref(), Some(meant), "{word}");
        }
        for word in ["", "nonsense", "x", "p", "as", "u", "banana"] {
            assert_eq!(meant_by(word), None, "{word}");
        }
    }

    #[test]
    fn a_place_is_no_command_and_is_told_how_it_is_named() {
        let told = |word: &str| command(OsStr::new(word)).to_string();
        assert_eq!(told("/"), "unknown command \"/\" (did you mean serve /?)");
        let of_a_file = told("my own.conf");
        assert!(of_a_file.ends_with("(did you mean --config 'my own.conf'?)"), "{of_a_file}");
        assert_eq!(told("STOP"), "unknown command \"STOP\" (did you mean stop?)");
        assert_eq!(told("nonsense"), "unknown command \"nonsense\"");
    }

    #[test]
    fn a_misspelt_option_is_told_with_one_that_can_stand_there() {
        let told = |name: &str| argument(Arg::Long(name), &["config", "socket"]).to_string();
        assert_eq!(told("cofnig"), "invalid option '--cofnig' (did you mean --config?)");
        assert_eq!(told("nonsense"), "invalid option '--nonsense'");
        assert!(told("watch").ends_with("(did you mean cos-ftp-server status --watch?)"));
        assert!(told("listen").ends_with("(did you mean cos-ftp-server serve DIR --listen?)"));
        assert!(told("port").ends_with("(did you mean cos-ftp-server serve DIR --listen?)"));
        assert!(told("user").ends_with("(did you mean cos-ftp-server serve DIR --user?)"));
        let of_serve =
            |arg: Arg<'_>| argument(arg, &["user", "listen", "ask-password"]).to_string();
        for (arg, meant) in [
            (Arg::Short('p'), "--listen"),
            (Arg::Short('v'), "--version"),
            (Arg::Long("password"), "--ask-password"),
            (Arg::Value("2121".into()), "--listen 2121"),
        ] {
            let told = of_serve(arg);
            assert!(told.ends_with(&format!("(did you mean {meant}?)")), "{told}");
        }
        assert_eq!(of_serve(Arg::Value("d".into())), "unexpected argument \"d\"");
        assert!(told("serve").ends_with("(did you mean cos-ftp-server serve?)"));
        assert_eq!(told("config"), "invalid option '--config'");
    }
}
