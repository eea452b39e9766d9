//! The manual pages are made here: of what `--help` prints, and of the key table.

use std::process::Command;

use cos_ftp_server::config::{KEYS, Key, WhenAbsent, plain};
use roff::{Inline, Roff, bold, italic, roman};

use super::generated::{self, Generated, sentence};
use super::reference::chapters;

/// When the pages were last given a new form.
const DATE: &str = "2026-11-25";

/// The pages.
pub(super) fn pages() -> Vec<Generated> {
    let pages = [("8", command_page(&help())), ("conf.5", configuration_page())];
    let page = |(name, text)| Generated::new(&format!("conf/man/cos-ftp-server.{name}"), text);
    pages.into_iter().map(page).collect()
}

/// The pages as they are committed.
fn manuals() -> &'static [Generated] {
    &generated::files()[..2]
}

#[test]
fn manuals_are_without_faults() {
    for Generated { file, .. } in manuals() {
        for (program, arguments) in [
            ("mandoc", &["-T", "lint", "-W", "warning"][..]),
            ("groff", &["-man", "-ww", "-z", "-K", "utf8", "-T", "utf8"]),
        ] {
            let output = Command::new(program).args(arguments).arg(file).output();
            let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
            let told = [output.stdout, output.stderr].concat();
            let told = String::from_utf8_lossy(&told);
            assert!(output.status.success() && told.trim().is_empty(), "{program}: {told}");
        }
    }
}

#[test]
fn manuals_tell_every_key_and_every_option() {
    let [command, configuration] = manuals() else { panic!("two pages") };
    let page = rendered(configuration);
    for key in KEYS.iter() {
        assert!(super::names(&page, key.name), "{} is missing:\n{page}", key.name);
    }
    let page = rendered(command);
    let help = help();
    let options = help.split_whitespace().filter(|word| word.starts_with("--"));
    for option in options {
        assert!(page.contains(option.trim_end_matches([']', ',', ';', '.'])), "{option}:\n{page}");
    }
    for status in ["0", "1", "64", "78", "130"] {
        assert!(super::names(&page, status), "exit status {status}:\n{page}");
    }
}

fn help() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server")).arg("--help").output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

/// The page as a reader sees it, without marks of bold and underlined.
fn rendered(manual: &Generated) -> String {
    let mut command = Command::new("mandoc");
    command.args(["-T", "utf8", "-O", "width=100"]).arg(&manual.file);
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let mut plain = String::new();
    for character in text.chars() {
        match character {
            '\u{8}' => drop(plain.pop()),
            '‐' | '−' => plain.push('-'),
            other => plain.push(other),
        }
    }
    plain
}

/// A page with its head and the line that whatis(1) shows.
fn page(name: &str, section: &str, title: &str, purpose: &str) -> Roff {
    let source = concat!("cos-ftp-server ", env!("CARGO_PKG_VERSION"));
    let mut page = Roff::new();
    page.control("TH", [name.to_uppercase().as_str(), section, DATE, source, title]);
    // Left-aligned, and no word is broken: most of them are names.
    page.control("ad", ["l"]).control("nh", []);
    page.control("SH", ["NAME"]).text([roman(format!("{name} - {purpose}"))]);
    page
}

/// `cos-ftp-server(8)`. Paragraphs of the help become chapters by how they look: usage, a list of
/// options, the exit statuses, and text.
fn command_page(help: &str) -> String {
    let mut paragraphs = help.trim_end().split("\n\n");
    let purpose = paragraphs.next().unwrap().trim_end_matches('.');
    let purpose = purpose.strip_prefix("An ").unwrap_or(purpose);
    let mut page = page("cos-ftp-server", "8", "System administration", purpose);
    let (mut text, mut options, mut statuses) = (Vec::new(), Vec::new(), "");
    for paragraph in paragraphs {
        if let Some(usage) = paragraph.strip_prefix("Usage:") {
            page.control("SH", ["SYNOPSIS"]);
            literal(&mut page, usage.lines());
        } else if let Some(status) = paragraph.strip_prefix("Exit status:") {
            statuses = status;
        } else if paragraph.starts_with("    ") {
            options.push(paragraph);
        } else {
            text.push(paragraph);
        }
    }
    page.control("SH", ["DESCRIPTION"]).text([
        roman("The server stays in the foreground. Its configuration is described in "),
        bold("cos-ftp-server.conf"),
        roman("(5)."),
    ]);
    for paragraph in text {
        page.control("PP", []).text([roman(joined(paragraph))]);
    }
    page.control("SH", ["COMMANDS AND OPTIONS"]);
    options.into_iter().for_each(|list| option_list(&mut page, list));
    page.control("SH", ["EXIT STATUS"]).text([roman(joined(statuses))]);
    page.control("SH", ["FILES"]);
    for (file, what) in [
        ("/etc/cos-ftp-server/vsftpd.conf", "the configuration"),
        ("log_dir/cos_v5.log", "the log"),
    ] {
        page.control("TP", []).text([italic(file)]).text([roman(what)]);
    }
    see_also(&mut page, &[("cos-ftp-server.conf", "5"), ("systemctl", "1")]);
    page.to_roff()
}

/// A list as `--help` has it: terms at a column, their texts at another one, and lines that are
/// indented deeper stand as they are.
fn option_list(page: &mut Roff, list: &str) {
    let text_at = list.lines().find_map(text_column).unwrap();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = list.lines().peekable();
    while let Some(line) = lines.next() {
        let (term, text) = line.split_at(text_at.min(line.len()));
        page.control("TP", []).text([bold(term.trim())]);
        let mut text = vec![text.trim()];
        while let Some(more) = lines.next_if(|line| indent(line) == text_at) {
            text.push(more.trim());
        }
        page.text([roman(text.join(" ").trim())]);
        let shown: Vec<_> =
            std::iter::from_fn(|| lines.next_if(|line| indent(line) > text_at)).collect();
        if !shown.is_empty() {
            page.control("RS", ["11"]);
            literal(page, shown.into_iter());
            page.control("RE", []);
        }
    }
}

/// Where the text behind a term begins: after two spaces.
fn text_column(line: &str) -> Option<usize> {
    let term_at = line.len() - line.trim_start().len();
    let gap = term_at + line[term_at..].find("  ")?;
    Some(line.len() - line[gap..].trim_start().len())
}

/// Lines that stand as they are.
fn literal<'a>(page: &mut Roff, lines: impl Iterator<Item = &'a str>) {
    page.control("nf", []);
    for line in lines {
        page.text([roman(line.trim())]);
    }
    page.control("fi", []);
}

/// `cos-ftp-server.conf(5)`: one chapter for each group of sections that share keys.
fn configuration_page() -> String {
    let purpose = "configuration of cos-ftp-server, the file vsftpd.conf";
    let mut page = page("cos-ftp-server.conf", "5", "File formats", purpose);
    page.control("SH", ["SYNOPSIS"]).text([italic("/etc/cos-ftp-server/vsftpd.conf")]);
    page.control("SH", ["DESCRIPTION"]);
    for (n, paragraph) in INTRODUCTION.iter().enumerate() {
        if n > 0 {
            page.control("PP", []);
        }
        page.text([roman(*paragraph)]);
    }
    for sections in chapters() {
        let names: Vec<_> = sections.iter().map(|kind| format!("[{}]", kind.name())).collect();
        page.control("SH", [names.join(" and ").as_str()]);
        for key in KEYS.iter().filter(|key| key.sections == sections) {
            page.control("TP", []).text([bold(key.name)]);
            page.text([roman(plain(&sentence(&key.doc.english)))]);
            page.control("br", []).text(accepted(key));
        }
    }
    page.control("SH", ["ENVIRONMENT"]);
    page.text([roman("Of buckets whose section tells no key pair:")]);
    for (name, what) in [
        ("COS_SECRETID", "the SecretId"),
        ("COS_SECRETKEY", "the SecretKey"),
        ("COS_SESSION_TOKEN", "the token of a temporary key pair"),
    ] {
        page.control("TP", []).text([bold(name)]).text([roman(what)]);
    }
    see_also(&mut page, &[("cos-ftp-server", "8")]);
    page.to_roff()
}

/// What holds for all keys.
const INTRODUCTION: &[&str] = &[
    "An INI file in UTF-8 or GB18030: sections in brackets, and in each of them lines of the form \
     key = value. Spaces around the sign do not matter. A comment stands on a line of its own and \
     begins with # or ;, or it follows a value after white space (in login_users only with #).",
    "Sizes are bytes, or a number with K, M, G, KiB, MiB or GiB, all powers of 1024. Times are \
     seconds, or a number with s, m or h. In [OPTIONAL] the word default stands for the default.",
    "A section [COS_ACCOUNT_<n>] is one login and its bucket; <n> is any number. The older form \
     has one section [COS_ACCOUNT] for the bucket and one section [FTP_ACCOUNT] for all logins. A \
     file holds one form or the other.",
    "A wrong value or a missing key keeps the server from starting, with one message for each \
     problem. An unknown key is a warning.",
];

fn accepted(key: &Key) -> Vec<Inline> {
    let mut text = vec![italic("Accepted:"), roman(format!(" {}.", key.accepted()))];
    match key.default {
        WhenAbsent::Required => text.push(roman(" Required.")),
        WhenAbsent::Unset | WhenAbsent::Empty => {}
        WhenAbsent::Value(value) => {
            text.extend([roman(" "), italic("Default:"), roman(format!(" {value}."))]);
        }
    }
    text
}

fn see_also(page: &mut Roff, pages: &[(&str, &str)]) {
    page.control("SH", ["SEE ALSO"]);
    let last = pages.len() - 1;
    for (n, (name, section)) in pages.iter().enumerate() {
        let end = if n == last { "" } else { "," };
        page.text([bold(*name), roman(format!("({section}){end}"))]);
    }
}

fn joined(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}
