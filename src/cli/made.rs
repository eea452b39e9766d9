//! Directories that systemd makes for the installed service of a configuration when it starts:
//! before its first start they are not there yet, and nobody has to make them.

use std::env;
use std::path::{Path, PathBuf};

use super::locations;
use super::unit::{Service, is_same};

/// The keys of a unit that name them, and where they are.
const MADE: &[(&str, &str)] = &[
    ("StateDirectory", "/var/lib"),
    ("CacheDirectory", "/var/cache"),
    ("LogsDirectory", "/var/log"),
    ("RuntimeDirectory", "/run"),
];

/// Whether it is a service of this program with `config`.
pub(crate) fn is_of(service: &Service, config: &Path) -> bool {
    let is_named = |named: &Path| is_same(&locations::file_in(named), config);
    service.runs(env::current_exe().ok().as_deref()) && service.config().is_some_and(is_named)
}

/// The unit of the installed service that names `config`, and what it and its additions say.
pub(crate) fn unit_of(config: &Path) -> Option<(PathBuf, String)> {
    let service = Service::installed().filter(|service| is_of(service, config))?;
    let text = service.text()?;
    Some((service.unit, text))
}

/// Those that the unit with this `text` has made.
pub(crate) fn made_by(text: &str) -> impl Iterator<Item = (&'static str, PathBuf)> {
    MADE.iter().flat_map(move |(key, parent)| {
        let names = values(text, key).into_iter();
        // What stands behind a colon is a link to it.
        let names = names.map(|name| name.split(':').next().unwrap_or(name));
        names.map(move |name| (*key, Path::new(parent).join(name)))
    })
}

/// The words behind `key` of a unit; an empty value takes back those before it.
pub(crate) fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let mut words = Vec::new();
    for line in text.lines() {
        match line.trim().split_once('=').filter(|(name, _)| name.trim() == key) {
            Some((_, value)) if value.trim().is_empty() => words.clear(),
            Some((_, value)) => words.extend(value.split_whitespace()),
            None => {}
        }
    }
    words
}

/// What will be there once the service has been started.
#[derive(Debug, Default)]
pub(crate) struct MadeDirectories {
    unit: PathBuf,
    directories: Vec<(&'static str, PathBuf)>,
}

/// A directory that is not there yet, and who makes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AwaitedDirectory {
    pub(crate) path: PathBuf,
    /// The key of the unit.
    key: &'static str,
    unit: PathBuf,
}

impl MadeDirectories {
    /// Those of the installed service that names `config`, if there is one.
    pub(crate) fn for_service_with(config: &Path) -> Self {
        let Some((unit, text)) = unit_of(config) else { return Self::default() };
        Self { unit, directories: made_by(&text).collect() }
    }

    /// The one that `directory` is or lies in, if it is not there yet.
    pub(crate) fn awaited(&self, directory: &Path) -> Option<AwaitedDirectory> {
        let mut around = self.directories.iter().filter(|(_, made)| directory.starts_with(made));
        // Systemd makes those around the innermost one, too.
        let (key, path) = around.clone().max_by_key(|(_, made)| made.as_os_str().len())?;
        around.all(|(_, made)| !made.exists()).then_some(())?;
        Some(AwaitedDirectory { path: path.clone(), key, unit: self.unit.clone() })
    }
}

impl AwaitedDirectory {
    /// In words.
    pub(crate) fn describe(&self) -> String {
        let Self { path, key, unit } = self;
        format!(
            "{} is not there yet: systemd makes it when the service starts ({key} in {}); who \
             starts the server without systemd makes it first",
            path.display(),
            unit.display()
        )
    }

    /// What has systemd make `below`, too.
    pub(crate) fn how_to_have(&self, below: &Path) -> String {
        let Self { key, unit, .. } = self;
        let parent = MADE.iter().find(|(name, _)| name == key).map_or("/", |(_, parent)| *parent);
        let name = below.strip_prefix(parent).unwrap_or(below).display();
        format!("add {key}={name} to {} (systemctl edit)", unit.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> MadeDirectories {
        MadeDirectories { unit: "/u".into(), directories: made_by(text).collect() }
    }

    #[test]
    fn what_is_not_there_yet_is_awaited() {
        let unit = "StateDirectory=cos-ftp-nowhere cos-ftp-nowhere/a\nLogsDirectory = b:link\n\
                    RuntimeDirectory=.\n";
        let made = of(unit);
        let awaited = |path: &str| made.awaited(Path::new(path)).map(|awaited| awaited.path);
        for (path, expected) in [
            ("/var/lib/cos-ftp-nowhere", Some("/var/lib/cos-ftp-nowhere")),
            ("/var/lib/cos-ftp-nowhere/x", Some("/var/lib/cos-ftp-nowhere")),
            ("/var/lib/cos-ftp-nowhere/a/x", Some("/var/lib/cos-ftp-nowhere/a")),
            ("/var/log/b", Some("/var/log/b")),
            // It is there.
            ("/run/x", None),
            ("/srv/x", None),
        ] {
            assert_eq!(awaited(path), expected.map(PathBuf::from), "{path}");
        }
        let one = made.awaited(Path::new("/var/lib/cos-ftp-nowhere/x")).unwrap();
        assert_eq!(
            one.how_to_have(Path::new("/var/lib/cos-ftp-nowhere/x")),
            "add StateDirectory=cos-ftp-nowhere/x to /u (systemctl edit)"
        );
        assert_eq!(MadeDirectories::default().awaited(Path::new("/var/lib/x")), None);
    }
}
