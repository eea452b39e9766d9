//! Files of the server itself that lie in a directory which it serves: whoever may write there
//! could replace the configuration, and whoever may delete, the log.

use std::fs;
use std::path::{Path, PathBuf};

use super::report::Finding;
use super::settings::{ServerSettings, StoreSettings};

/// A warning for each of them.
pub(super) fn find(config: &Path, settings: &ServerSettings) -> Vec<Finding> {
    let mut files = vec![("the configuration", config), ("log_dir", &*settings.log.directory)];
    files.extend(settings.transfer_log.iter().map(|log| ("transfer_log", &*log.path)));
    files.extend(settings.ledger.iter().map(|ledger| ("ledger", &**ledger)));
    files.extend(settings.users_files.iter().map(|file| ("users_file", &**file)));
    files.extend(settings.tls.iter().map(|tls| ("tls_key_file", &*tls.key_file)));
    let mut findings = Vec::new();
    for store in &settings.stores {
        let StoreSettings::Local(served) = store else { continue };
        let root = resolved(&served.root);
        for (what, path) in files.iter().filter(|(_, path)| resolved(path).starts_with(&root)) {
            let text = format!(
                "{what}, {}, lies in {}, which is served: clients may read, replace or delete it",
                path.display(),
                served.root.display()
            );
            findings.push(Finding::of_served(config, path, text));
        }
    }
    findings
}

/// Without links, as far as the path is there.
fn resolved(path: &Path) -> PathBuf {
    let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    fs::canonicalize(path).unwrap_or_else(|_| absolute())
}
