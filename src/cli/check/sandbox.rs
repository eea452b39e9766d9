//! What the unit of an installed service lets it write: with `ProtectSystem=strict` the system is
//! read-only to it, which nobody who looks from outside meets.

use std::fs;
use std::path::{Path, PathBuf};

use cos_ftp_server::config::{ServerSettings, StoreSettings};

use super::report::{CheckLine, CheckReport};
use crate::cli::made::{made_by, unit_of, values};

/// Says where the service that names `config` may not write but has to, if there is one.
pub(super) fn check(config: &Path, settings: &ServerSettings, report: &mut CheckReport) {
    let Some((unit, text)) = unit_of(config) else { return };
    let Some(writable) = writable(&text) else { return };
    let shown = writable.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let (unit, shown) = (unit.display(), shown.join(" "));
    let wanted = written(settings).into_iter().map(|path| in_its_place(path, &text));
    let barred: Vec<_> = wanted.filter(|path| !is_below(path, &writable)).collect();
    for path in &barred {
        let path = path.display();
        let fix = format!(
            "add ReadWritePaths={path} to it (systemctl edit), or choose another directory"
        );
        report.add(CheckLine::failed(
            "service",
            format!("{unit} lets the service write {shown} only, not {path}"),
            fix,
        ));
    }
    if barred.is_empty() {
        report.add(CheckLine::passed(
            "service",
            format!("{unit} lets the service write {shown} only"),
        ));
    }
}

/// What the server writes: its log, what it records of files, and the directories where somebody
/// may store them.
fn written(settings: &ServerSettings) -> Vec<&Path> {
    let stores = settings.stores.iter().enumerate().filter_map(|(number, store)| {
        let StoreSettings::Local(options) = store else { return None };
        settings.is_written(number).then_some(options.root.as_path())
    });
    let transfers = settings.transfer_log.iter().map(|log| log.path.as_path());
    let records = transfers.chain(settings.ledger.as_deref());
    stores.chain([settings.log.directory.as_path()]).chain(records).collect()
}

/// What may be written by the unit that says `text`; `None`: whatever its user may.
fn writable(text: &str) -> Option<Vec<PathBuf>> {
    if values(text, "ProtectSystem").last() != Some(&"strict") {
        return None;
    }
    let named = values(text, "ReadWritePaths").into_iter();
    let named = named.map(|path| PathBuf::from(path.trim_start_matches(['-', '+'])));
    Some(named.chain(made_by(text).map(|(_, path)| path)).collect())
}

/// Where `path` is for a service that works elsewhere.
fn in_its_place(path: &Path, text: &str) -> PathBuf {
    let directory = values(text, "WorkingDirectory").last().copied().unwrap_or("/");
    Path::new(directory).join(path)
}

fn is_below(path: &Path, writable: &[PathBuf]) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let path = real(path);
    writable.iter().any(|there| path.starts_with(real(there)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_tells_what_may_be_written() {
        let packaged = include_str!("../../../conf/cos-ftp-server.service");
        let expected = ["/var/lib", "/var/log", "/run"].map(|at| format!("{at}/cos-ftp-server"));
        assert_eq!(writable(packaged), Some(expected.map(PathBuf::from).to_vec()));
        assert_eq!(writable("[Service]\nReadWritePaths=/srv\n"), None);
        assert_eq!(writable(&format!("{packaged}ProtectSystem=full\n")), None);
        let edited = "ProtectSystem=strict\nReadWritePaths=/a\nReadWritePaths=\n\
                      ReadWritePaths = -/srv/ftp /b\n";
        assert_eq!(writable(edited), Some(["/srv/ftp", "/b"].map(PathBuf::from).to_vec()));
    }

    #[test]
    fn what_lies_below_may_be_written() {
        let writable = ["/srv/ftp", "/var/log/cos-ftp-server"].map(PathBuf::from);
        for path in ["/srv/ftp", "/srv/ftp/data", "/var/log/cos-ftp-server"] {
            assert!(is_below(Path::new(path), &writable), "{path}");
        }
        for path in ["/srv", "/srv/ftp2", "/var/log"] {
            assert!(!is_below(Path::new(path), &writable), "{path}");
        }
        let elsewhere = in_its_place(Path::new("log"), "WorkingDirectory=/srv/ftp\n");
        assert_eq!(elsewhere, Path::new("/srv/ftp/log"));
        assert_eq!(in_its_place(Path::new("/log"), ""), Path::new("/log"));
    }
}
