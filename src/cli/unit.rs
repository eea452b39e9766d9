//! The unit for systemd of an installed service, as it stands in its file.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// What the unit is called.
const UNIT: &str = "cos-ftp-server.service";

/// Where systemd looks for units, in its order.
const PLACES: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Other places instead, as systemd has it.
const PLACES_VARIABLE: &str = "SYSTEMD_UNIT_PATH";

/// The service that is installed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) unit: PathBuf,
    pub(crate) user: String,
    /// The words of `ExecStart`.
    command: Vec<String>,
}

impl Service {
    /// The one that systemd would take.
    pub(crate) fn installed() -> Option<Self> {
        places().into_iter().map(|place| place.join(UNIT)).find_map(|unit| {
            let text = fs::read_to_string(&unit).ok()?;
            Some(Self::read(unit, &text))
        })
    }

    fn read(unit: PathBuf, text: &str) -> Self {
        let of = |key: &str| {
            let mut lines = text.lines().map(str::trim).filter_map(|line| line.split_once('='));
            lines.find(|(name, _)| *name == key).map(|(_, value)| value.trim())
        };
        let user = of("User").unwrap_or("root").to_owned();
        let command = of("ExecStart").unwrap_or_default().split_whitespace();
        Self { unit, user, command: command.map(str::to_owned).collect() }
    }

    /// What it names behind `--config`: a file, or a directory that has one.
    pub(crate) fn config(&self) -> Option<&Path> {
        let named = self.command.iter().position(|word| word == "--config")?;
        self.command.get(named + 1).map(Path::new)
    }

    /// Whether it runs `program`.
    pub(crate) fn runs(&self, program: Option<&Path>) -> bool {
        let word = self.command.first().map(Path::new);
        word.zip(program).is_some_and(|(word, program)| is_same(word, program))
    }

    /// What the unit and its additions say.
    pub(crate) fn text(&self) -> Option<String> {
        let mut text = fs::read_to_string(&self.unit).ok()?;
        let mut additions: Vec<_> = places()
            .into_iter()
            .filter_map(|place| fs::read_dir(place.join(format!("{UNIT}.d"))).ok())
            .flat_map(|directory| directory.filter_map(Result::ok))
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|it| it == "conf"))
            .collect();
        additions.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
        for addition in additions {
            text.push('\n');
            text += &fs::read_to_string(addition).unwrap_or_default();
        }
        Some(text)
    }
}

/// Whether both names lead to one file.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some_and(|one| real(other) == Some(one))
}

/// Where units are looked for.
fn places() -> Vec<PathBuf> {
    match env::var(PLACES_VARIABLE) {
        Ok(places) => places.split(':').map(PathBuf::from).collect(),
        Err(_) => PLACES.iter().map(PathBuf::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_tells_user_and_command() {
        let text = include_str!("../../conf/cos-ftp-server.service");
        let service = Service::read(UNIT.into(), text);
        assert_eq!(service.user, "cos-ftp");
        assert_eq!(service.config(), Some(Path::new("/etc/cos-ftp-server")));
        let empty = Service::read(UNIT.into(), "[Service]\n");
        assert_eq!((empty.user.as_str(), empty.config()), ("root", None));
    }

    #[test]
    fn a_service_is_known_by_its_program() {
        let program = env::current_exe().unwrap();
        let text = format!("ExecStart={} --config /etc/hosts", program.display());
        let service = Service::read(UNIT.into(), &text);
        assert!(service.runs(Some(&program)));
        assert!(!service.runs(Some(Path::new("/bin/sh"))) && !service.runs(None));
    }
}
