//! Files that keys name. Reading a configuration does not open them; loading it for use looks into
//! each, so that a start tells of all that cannot be used.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::store::cos::{check_authorities, read_key_file};

use super::report::{ConfigReport, Content, NamedFile, Place};

impl ConfigReport {
    /// Looks into the files that were named.
    pub(super) fn check_files(&mut self) {
        for NamedFile { place, path, content } in self.take_files() {
            match content {
                Content::Key => self.check_key_file(place, &path),
                Content::PrivateKey | Content::Users => self.warn_if_exposed(place, &path),
                Content::Authorities => {
                    if let Err(error) = check_authorities(&path) {
                        self.problem(place, error.to_string());
                    }
                }
            }
        }
    }

    fn check_key_file(&mut self, place: Place, path: &Path) {
        if let Err(error) = read_key_file(path) {
            self.problem(place, error.to_string());
        } else {
            self.warn_if_exposed(place, path);
        }
    }

    fn warn_if_exposed(&mut self, place: Place, path: &Path) {
        if is_open_to_others(path) {
            let text = "holds a secret, and other users of this machine may read or change it";
            self.exposed(place, path, text);
        }
    }
}

/// Whether users beside owner and group may read or write the file.
fn is_open_to_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o006 != 0)
}
