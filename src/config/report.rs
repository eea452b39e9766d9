//! What is said about a configuration file: problems, which refuse it, and warnings, which do not.

use std::fmt;
use std::path::{Path, PathBuf};

/// What a message shows in place of a secret.
pub(super) const HIDDEN: &str = "***";

/// One thing to be said about the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The configuration file.
    pub file: PathBuf,
    /// Where in the file.
    pub place: Place,
    /// What it is about.
    pub kind: FindingKind,
    /// What is wrong, and what is accepted instead.
    pub text: String,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// What the configuration file says.
    Setting,
    /// Other users of the machine have access to this file, which holds a secret.
    Exposed(PathBuf),
    /// Clients of the server have access to this file, which is the server's own.
    Served(PathBuf),
}

/// A place in the file. Whatever is not known or does not apply is left empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from 1.
    pub line: Option<usize>,
    /// Section without its brackets.
    pub section: String,
    /// Key.
    pub key: String,
    /// The value as it may be shown: `***` for a secret.
    pub value: Option<String>,
}

impl Place {
    /// A line of the file of which nothing more is known.
    pub(super) fn line(line: usize) -> Self {
        Self { line: Some(line), ..Self::default() }
    }
}

impl Finding {
    /// The file, line, section, key and value, as far as they are known, with what stands between
    /// them and the text: `conf/vsftpd.conf:12: [NETWORK] listen_port = abc: `.
    pub fn whereabouts(&self) -> String {
        let (place, mut shown) = (&self.place, String::new());
        // Not every configuration is a file.
        if !self.file.as_os_str().is_empty() {
            shown += &self.file.display().to_string();
            shown.extend(place.line.map(|line| format!(":{line}")));
            shown += ": ";
        }
        if !place.section.is_empty() {
            shown += &format!("[{}] ", Printable(&place.section));
        }
        if !place.key.is_empty() {
            shown += &Printable(&place.key).to_string();
            let value = place.value.as_ref();
            shown.extend(value.map(|value| format!(" = {}", Printable(value))));
            shown += ": ";
        }
        shown
    }

    /// Something about what stands at `place` of `file`.
    pub(super) fn of_setting(file: &Path, place: Place, text: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place, kind: FindingKind::Setting, text: text.into() }
    }

    /// That others have access to `exposed`, which `place` of `file` names.
    pub(super) fn of_exposed(
        file: &Path,
        place: Place,
        exposed: &Path,
        text: impl Into<String>,
    ) -> Self {
        let kind = FindingKind::Exposed(exposed.to_owned());
        Self { file: file.to_owned(), place, kind, text: text.into() }
    }

    /// That clients have access to `served`, a file of the server itself.
    pub(super) fn of_served(file: &Path, served: &Path, text: impl Into<String>) -> Self {
        let (kind, place) = (FindingKind::Served(served.to_owned()), Place::default());
        Self { file: file.to_owned(), place, kind, text: text.into() }
    }
}

impl fmt::Display for Finding {
    /// `conf/vsftpd.conf:12: [NETWORK] listen_port = abc: accepted is …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.whereabouts(), Printable(&self.text))
    }
}

/// A text from the file, which may hold anything, as it may go to a terminal.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| write!(f, "{}", if c.is_control() { '?' } else { c }))
    }
}

/// Why a configuration is refused: every problem it has, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// What refuses it.
    pub problems: Vec<Finding>,
    /// What would have been warned of: a misspelt key is often why another one is missing.
    pub warnings: Vec<Finding>,
}

impl Problems {
    /// The one problem of a file as a whole.
    pub(super) fn of_file(file: &Path, text: String) -> Self {
        Self::of(Finding::of_setting(file, Place::default(), text))
    }

    /// This one alone.
    pub(super) fn of(problem: Finding) -> Self {
        Self { problems: vec![problem], warnings: Vec::new() }
    }

    /// Takes in what else was `found`. Of a key that has a problem already nothing more is told.
    pub(super) fn take(&mut self, found: Result<Vec<Finding>, Problems>) {
        let Self { problems, warnings } = match found {
            Ok(warnings) => Self { problems: Vec::new(), warnings },
            Err(problems) => problems,
        };
        self.warnings.extend(warnings);
        let known: Vec<_> = self.problems.iter().map(|problem| problem.place.key.clone()).collect();
        let is_new =
            |problem: &Finding| problem.place.key.is_empty() || !known.contains(&problem.place.key);
        self.problems.extend(problems.into_iter().filter(is_new));
    }
}

impl fmt::Display for Problems {
    /// One line per finding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        for (i, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// What a file that a key names must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// One part of a key pair.
    Key,
    /// Certificates in PEM.
    Authorities,
    /// A program.
    Program,
    /// The secret that events are signed with.
    Signing,
    /// Users and the hashes of their passwords.
    Users,
    /// The key of a certificate, in PEM. Whether it is one is looked into when TLS is set up.
    PrivateKey,
}

/// A file that a key names.
#[derive(Debug)]
pub(super) struct NamedFile {
    pub(super) place: Place,
    pub(super) path: PathBuf,
    pub(super) content: Content,
}

/// Gathers findings while the file is read, so that all of them are told at once.
#[derive(Debug)]
pub(super) struct ConfigReport {
    file: PathBuf,
    problems: Vec<Finding>,
    warnings: Vec<Finding>,
    files: Vec<NamedFile>,
}

impl ConfigReport {
    /// Nothing found yet.
    pub(super) fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            problems: Vec::new(),
            warnings: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Something that refuses the file.
    pub(super) fn problem(&mut self, place: Place, text: impl Into<String>) {
        self.problems.push(Finding::of_setting(&self.file, place, text));
    }

    /// Something in another file that is part of the configuration.
    pub(super) fn problem_in(&mut self, file: &Path, line: usize, text: impl Into<String>) {
        self.problems.push(Finding::of_setting(file, Place::line(line), text));
    }

    /// Something the operator should know.
    pub(super) fn warning(&mut self, place: Place, text: impl Into<String>) {
        self.warnings.push(Finding::of_setting(&self.file, place, text));
    }

    /// That others have access to the file that `place` names.
    pub(super) fn exposed(&mut self, place: Place, path: &Path, text: &str) {
        self.warnings.push(Finding::of_exposed(&self.file, place, path, text));
    }

    /// A file that `place` names and that must hold `content`.
    pub(super) fn names_file(&mut self, place: Place, path: &Path, content: Content) {
        self.files.push(NamedFile { place, path: path.to_owned(), content });
    }

    /// The files that were named.
    pub(super) fn take_files(&mut self) -> Vec<NamedFile> {
        std::mem::take(&mut self.files)
    }

    /// The warnings, if nothing refuses the file.
    pub(super) fn finish(mut self) -> Result<Vec<Finding>, Problems> {
        let line = |finding: &Finding| finding.place.line.unwrap_or(usize::MAX);
        self.problems.sort_by_key(line);
        self.warnings.sort_by_key(line);
        if self.problems.is_empty() {
            return Ok(self.warnings);
        }
        Err(Problems { problems: self.problems, warnings: self.warnings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_what_is_known() {
        let show =
            |place: Place| Finding::of_setting(Path::new("a.conf"), place, "wrong").to_string();
        let full = Place {
            line: Some(3),
            section: "NETWORK".to_owned(),
            key: "listen_port".to_owned(),
            value: Some("a\x1bb".to_owned()),
        };
        let hostile = Place { key: "a\x1b[2J".to_owned(), ..Place::default() };
        assert_eq!(show(hostile), "a.conf: a?[2J: wrong");
        assert_eq!(show(full.clone()), "a.conf:3: [NETWORK] listen_port = a?b: wrong");
        assert_eq!(
            show(Place { value: None, ..full.clone() }),
            "a.conf:3: [NETWORK] listen_port: wrong"
        );
        assert_eq!(show(Place { key: String::new(), ..full }), "a.conf:3: [NETWORK] wrong");
        assert_eq!(show(Place::line(7)), "a.conf:7: wrong");
        assert_eq!(show(Place::default()), "a.conf: wrong");
    }

    #[test]
    fn findings_come_in_the_order_of_the_file_warnings_first() {
        let mut report = ConfigReport::new(Path::new("a.conf"));
        report.problem(Place::default(), "last");
        report.problem(Place::line(9), "second");
        report.warning(Place::line(5), "hint");
        report.problem(Place::line(2), "first");
        let problems = report.finish().unwrap_err();
        assert_eq!(
            problems.to_string(),
            "warning: a.conf:5: hint\na.conf:2: first\na.conf:9: second\na.conf: last"
        );
    }
}
