//! Files that keys name. Reading a configuration does not open them; loading it for use looks into
//! each, so that a start tells of all that cannot be used.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Access, access};
use zeroize::Zeroizing;

use crate::events::read_event_secret;
use crate::store::cos::{check_authorities, read_key_file};

use super::report::{ConfigReport, Content, NamedFile, Place};

/// Largest file that is read as a configuration: thousands of accounts fit, and what is larger
/// was named by mistake.
const MAX_CONFIG_BYTES: u64 = 16 << 20;

impl ConfigReport {
    /// Looks into the files that were named.
    pub(super) fn check_files(&mut self) {
        for NamedFile { place, path, content } in self.take_files() {
            match content {
                Content::Key => self.check_key_file(place, &path),
                Content::Signing => match read_event_secret(&path) {
                    Ok(_) => self.warn_if_exposed(place, &path),
                    Err(error) => self.problem(place, error.to_string()),
                },
                // Somebody may have named the certificate, which everybody may read.
                Content::PrivateKey if !holds_key(&path) => {}
                Content::PrivateKey | Content::Users => self.warn_if_exposed(place, &path),
                Content::Program => {
                    if let Err(errno) = access(&path, Access::EXEC_OK) {
                        let text = format!("cannot be executed: {}", io::Error::from(errno));
                        self.problem(place, text);
                    }
                }
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
            let text = "contains a secret, and other users of this machine may read or change it";
            self.exposed(place, path, text);
        }
    }
}

/// Whether a key in PEM is in the file. What cannot be read is somebody else's to tell.
fn holds_key(path: &Path) -> bool {
    let mark = b"PRIVATE KEY-----";
    read_file(path).is_ok_and(|(bytes, _)| bytes.windows(mark.len()).any(|part| part == mark))
}

/// Whether users beside owner and group may read or write the file.
fn is_open_to_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o006 != 0)
}

/// The bytes of a file and its permissions.
pub(super) fn read_file(path: &Path) -> io::Result<(Zeroizing<Vec<u8>>, u32)> {
    let file = File::open(path)?;
    let (size, mode) = (file.metadata()?.len(), file.metadata()?.permissions().mode());
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let room = size.min(MAX_CONFIG_BYTES) as usize + 1024;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_CONFIG_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "too large for a configuration"));
    }
    Ok((bytes, mode))
}
