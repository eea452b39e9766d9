//! From settings to a server: the one place that knows the configuration and every store.

use std::path::{Path, PathBuf};

use cos_ftp_server::server::ServerOptions;
use cos_ftp_server::users::Users;
use log::LevelFilter;

/// A configuration that is right and fits the machine.
#[derive(Debug)]
pub(crate) struct Plan {
    file: PathBuf,
}

impl Plan {
    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// One line for each problem.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        match file.try_exists() {
            Ok(true) => Ok(Self { file: file.to_owned() }),
            _ => Err(format!("{}: cannot be read", file.display())),
        }
    }

    /// The configuration file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// What the operator should know.
    pub(crate) fn warnings(&self) -> &[String] {
        &[]
    }

    /// Level and directory of the log.
    pub(crate) fn log(&self) -> (LevelFilter, &Path) {
        (LevelFilter::Info, Path::new("log"))
    }

    /// What the server will do, for people; no secrets.
    pub(crate) fn summary(&self) -> String {
        String::new()
    }

    /// Opens the stores and hands them to their accounts.
    ///
    /// # Errors
    /// Naming the store that cannot be opened.
    pub(crate) fn wire(self) -> Result<(ServerOptions, Users), String> {
        Ok((ServerOptions::default(), Users::default()))
    }
}
