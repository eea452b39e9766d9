//! Where the configuration is looked for, and where a new one is put.

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{self, Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::process::geteuid;

use super::shell;
use super::unit::Service;

/// What the configuration may be called: the name of this program, or that of the replaced tool.
const NAMES: [&str; 2] = ["cos-ftp-server.conf", "vsftpd.conf"];

/// Where it is, below the working directory.
const LOCAL_DIRECTORY: &str = "conf";

/// Where it is below the prefix of an installation, and below `/`.
const INSTALLED_DIRECTORY: &str = "etc/cos-ftp-server";

/// What the name of a configuration may end in that is called otherwise.
const CANDIDATE_ENDINGS: [&str; 3] = ["cfg", "conf", "ini"];

/// How many of them are told of.
const MOST_CANDIDATES: usize = 5;

/// A configuration, and whether it takes naming to have it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    is_named: bool,
}

impl ConfigFile {
    /// One that has just been written at `path`.
    pub(crate) fn written(path: PathBuf) -> Self {
        let is_found = find_config(None).is_ok_and(|found| found.path == path);
        Self { path, is_named: !is_found }
    }

    /// What is typed to have `command` done with it.
    pub(crate) fn command(&self, command: &str) -> String {
        self.typed(&format!("{} {command}", program()))
    }

    /// What is typed to start the server with it.
    pub(crate) fn start(&self) -> String {
        self.typed(&program())
    }

    /// In whatever directory.
    fn typed(&self, words: &str) -> String {
        if self.is_named {
            format!("{words} --config {}", shell::file(&anywhere(&self.path)))
        } else {
            words.to_owned()
        }
    }
}

/// What is typed to call this program: a path if it was called by one, as the shell may not find
/// it otherwise.
pub(crate) fn program() -> String {
    let called = env::args_os().next().map(PathBuf::from).unwrap_or_default();
    match called.to_str() {
        Some(path) if path.contains('/') => shell::file(&anywhere(&called)),
        _ => "cos-ftp-server".to_owned(),
    }
}

/// The same file, in whatever directory it is named.
pub(crate) fn anywhere(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The configuration to read: the one that was named, by its file or by the directory around it,
/// else the first that exists of the usual ones. The error tells which were tried and how to get
/// one.
pub(crate) fn find_config(named: Option<PathBuf>) -> Result<ConfigFile, MissingConfig> {
    if let Some(named) = named {
        let path = file_in(&named);
        return match candidates(&named).filter(|_| !path.exists()) {
            Some(candidates) => Err(MissingConfig::Within { directory: named, candidates }),
            None => Ok(ConfigFile { path, is_named: true }),
        };
    }
    let path = first_of(&usual_configs_here())?;
    Ok(ConfigFile { path, is_named: false })
}

/// The file that is meant by `named`: itself, or in a directory the first that exists of what a
/// configuration may be called. If there is none yet, what it should be called.
pub(crate) fn file_in(named: &Path) -> PathBuf {
    if !named.is_dir() {
        return named.to_owned();
    }
    let all = NAMES.map(|name| named.join(name));
    let [own, _] = &all;
    all.iter().find(|path| path.exists()).unwrap_or(own).clone()
}

/// The files in `directory` that could be meant by it, if that can be looked into and is one.
fn candidates(directory: &Path) -> Option<Vec<PathBuf>> {
    let is_candidate = |path: &PathBuf| {
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        CANDIDATE_ENDINGS.contains(&ending) && path.is_file()
    };
    let within = fs::read_dir(directory).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<_> = within.filter(is_candidate).collect();
    found.sort();
    found.truncate(MOST_CANDIDATES);
    Some(found)
}

/// The configuration that the installed service names, if that runs this program. It need not be
/// there.
pub(crate) fn config_of_service() -> Option<PathBuf> {
    let service = Service::installed()?;
    service.runs(env::current_exe().ok().as_deref()).then_some(())?;
    service.config().map(file_in)
}

/// Where a new configuration goes that nobody named: to the place of the one that would be read.
pub(crate) fn new_config() -> Result<PathBuf, String> {
    let usual = usual_configs_here();
    if let Ok(found) = first_of(&usual) {
        return Ok(found);
    }
    if let Some(of_service) = config_of_service().filter(|_| geteuid().is_root()) {
        return Ok(of_service);
    }
    // That of the installation, wherever it is; else root's is the system's, and anybody else has
    // the local one.
    let (local, installed) = usual.split_at(NAMES.len());
    let can_be_written = |path: &&PathBuf| {
        let directory = path.parent().unwrap_or(Path::new("/"));
        access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    };
    let usual = if geteuid().is_root() { installed.first() } else { local.first() };
    let own = installed.iter().find(can_be_written).or(usual);
    own.cloned().ok_or_else(|| "name the file with --config FILE".to_owned())
}

fn first_of(usual: &[PathBuf]) -> Result<PathBuf, MissingConfig> {
    if let Some(found) = usual.iter().find(|path| path.exists()) {
        return Ok(found.clone());
    }
    let is_hidden = |path: &&PathBuf| path.try_exists().is_err_and(|error| is_refusal(&error));
    Err(match usual.iter().find(is_hidden) {
        Some(path) => MissingConfig::Hidden(path.clone()),
        None => MissingConfig::Nowhere(usual.to_vec()),
    })
}

/// Whether `file` is there, and this user may not read it.
pub(crate) fn is_kept_from_us(file: &Path) -> bool {
    access(file, Access::READ_OK).is_err_and(|errno| is_refusal(&errno.into()))
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

/// There is no configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MissingConfig {
    /// None was named, and there is none in any of these places.
    Nowhere(Vec<PathBuf>),
    /// None was named, and this user may not look whether there is this one.
    Hidden(PathBuf),
    /// A directory was named that has none under its usual names, but perhaps under another.
    Within { directory: PathBuf, candidates: Vec<PathBuf> },
}

impl MissingConfig {
    /// What is missing where.
    pub(crate) fn what(&self) -> String {
        let [own, replaced] = NAMES;
        match self {
            Self::Nowhere(places) => {
                let shown: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
                format!("there is none, neither {}", shown.join(" nor "))
            }
            Self::Hidden(path) => {
                format!("this user may not look whether there is {}", path.display())
            }
            Self::Within { directory, .. } => {
                format!("{} is a directory without {own} and {replaced}", directory.display())
            }
        }
    }

    /// What to do about it.
    pub(crate) fn fix(&self) -> String {
        match self {
            Self::Nowhere(_) => {
                "cos-ftp-server init writes one; or name yours with --config FILE".to_owned()
            }
            Self::Hidden(_) => {
                "call this as root or as the user of the server, or name your own configuration \
                 with --config FILE"
                    .to_owned()
            }
            Self::Within { directory, candidates } if candidates.is_empty() => {
                let directory = shell::file(&anywhere(directory));
                format!(
                    "name the file, or have it written: {} init --config {directory}",
                    program()
                )
            }
            Self::Within { candidates, .. } => {
                let shown: Vec<_> = candidates.iter().map(|path| shell::file(path)).collect();
                format!("name the file, perhaps one of these: {}", shown.join(" "))
            }
        }
    }
}

impl fmt::Display for MissingConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Nowhere(places) = self else {
            return write!(f, "{}: {}", self.what(), self.fix());
        };
        f.write_str("there is no configuration. These places were searched:\n")?;
        places.iter().try_for_each(|path| writeln!(f, "    {}", path.display()))?;
        f.write_str(
            "cos-ftp-server init asks some questions and writes one; cos-ftp-server serve DIR \
             needs none; or name yours with --config FILE.",
        )
    }
}

impl Error for MissingConfig {}

/// Those of this program on this machine.
fn usual_configs_here() -> Vec<PathBuf> {
    usual_configs(env::current_exe().ok().as_deref(), config_of_service())
}

/// `of_service`: what the installed service of this program names.
fn usual_configs(program: Option<&Path>, of_service: Option<PathBuf>) -> Vec<PathBuf> {
    let mut directories = vec![Path::new(".").join(LOCAL_DIRECTORY)];
    if let Some(bin) = program.and_then(Path::parent)
        && bin.ends_with("bin")
        && let Some(prefix) = bin.parent()
    {
        directories.push(prefix.join(INSTALLED_DIRECTORY));
    }
    let system = Path::new("/").join(INSTALLED_DIRECTORY);
    if !directories.contains(&system) {
        directories.push(system);
    }
    let names = |directory: PathBuf| NAMES.map(|name| directory.join(name));
    let mut all: Vec<_> = directories.into_iter().flat_map(names).collect();
    if let Some(file) = of_service {
        all.retain(|path| *path != file);
        all.insert(NAMES.len(), file);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_looked_for_beside_the_program() {
        const LOCAL: &str = "./conf";
        const SYSTEM: &str = "/etc/cos-ftp-server";
        for (program, expected) in [
            (None, vec![LOCAL, SYSTEM]),
            (Some("/src/target/release/cos-ftp-server"), vec![LOCAL, SYSTEM]),
            (
                Some("/home/a/.local/bin/cos-ftp-server"),
                vec![LOCAL, "/home/a/.local/etc/cos-ftp-server", SYSTEM],
            ),
            (
                Some("/usr/local/bin/cos-ftp-server"),
                vec![LOCAL, "/usr/local/etc/cos-ftp-server", SYSTEM],
            ),
            (Some("/bin/cos-ftp-server"), vec![LOCAL, SYSTEM]),
        ] {
            let names = |directory| NAMES.map(|name| Path::new(directory).join(name));
            let expected: Vec<PathBuf> = expected.into_iter().flat_map(names).collect();
            assert_eq!(usual_configs(program.map(Path::new), None), expected, "{program:?}");
        }
    }

    #[test]
    fn what_the_service_names_comes_before_what_is_installed() {
        let usual = |of_service: &str| usual_configs(None, Some(of_service.into()));
        let names = |directory: &str| NAMES.map(|name| Path::new(directory).join(name)).to_vec();
        let [local, system] = [names("./conf"), names("/etc/cos-ftp-server")];
        let custom = PathBuf::from("/srv/own.conf");
        assert_eq!(usual("/srv/own.conf"), [local.clone(), vec![custom], system.clone()].concat());
        let [own, replaced] = [system[0].clone(), system[1].clone()];
        assert_eq!(
            usual("/etc/cos-ftp-server/vsftpd.conf"),
            [local, vec![replaced, own]].concat(),
            "each once"
        );
    }

    #[test]
    fn a_directory_means_the_configuration_in_it() {
        let directory = tempfile::TempDir::new().unwrap();
        let [own, replaced] = NAMES.map(|name| directory.path().join(name));
        assert_eq!(file_in(directory.path()), own, "there is none yet");
        let missing = || find_config(Some(directory.path().into())).unwrap_err().to_string();
        let told = missing();
        assert!(told.contains(" is a directory without cos-ftp-server.conf and vsftpd"), "{told}");
        assert!(told.contains(" init --config "), "{told}");
        for name in ["other.conf", "site.ini", "notes.txt"] {
            std::fs::write(directory.path().join(name), "").unwrap();
        }
        let [conf, ini] = ["other.conf", "site.ini"].map(|name| directory.path().join(name));
        let told = missing();
        let named = format!("one of these: {} {}", conf.display(), ini.display());
        assert!(told.ends_with(&named), "{told}");
        for file in [replaced, own] {
            std::fs::write(&file, "").unwrap();
            assert_eq!(file_in(directory.path()), file);
            assert_eq!(find_config(Some(directory.path().into())).unwrap().path, file);
            assert_eq!(file_in(&file), file);
        }
    }

    #[test]
    fn the_first_configuration_that_exists_is_taken() {
        let missing = ["/nowhere/a.conf", "/nowhere/b.conf"].map(PathBuf::from);
        let error = first_of(&missing).unwrap_err().to_string();
        for part in ["/nowhere/a.conf", "/nowhere/b.conf", "cos-ftp-server init", "--config"] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
        let existing = env::current_exe().unwrap();
        let [first, last] = missing;
        assert_eq!(first_of(&[first, existing.clone(), last]), Ok(existing));
    }

    #[test]
    fn a_named_configuration_is_taken_as_it_is() {
        let named = find_config(Some("/nowhere/at/all.conf".into())).unwrap();
        assert_eq!(named.path, Path::new("/nowhere/at/all.conf"));
        let typed = format!("{} stop --config /nowhere/at/all.conf", program());
        assert_eq!(named.command("stop"), typed);
        let relative = find_config(Some("all.conf".into())).unwrap().command("check");
        assert!(relative.ends_with("/all.conf") && relative.contains("--config /"), "{relative}");
        let usual = ConfigFile { is_named: false, ..named };
        assert_eq!(usual.command("stop"), format!("{} stop", program()));
    }
}
