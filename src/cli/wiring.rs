//! From settings to a server: the one place that knows the configuration and every store.

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cos_ftp_server::config::{
    self, ConfigMarks, EnvironmentKeys, Finding, LoadedConfig, LogOptions, MachineFacts,
    ServerSettings, StoreSettings, certificate_finding, check_machine,
};
use cos_ftp_server::events::{Chronicle, EventQueue, Ledger};
use cos_ftp_server::net::tls::{CertificateError, TlsContext};
use cos_ftp_server::server::ServerOptions;
use cos_ftp_server::store::cos::Buckets;
use cos_ftp_server::store::local::{LocalOptions, LocalStore};
use cos_ftp_server::store::{ObjectStore, TrashStore};
use cos_ftp_server::users::{HookUsers, Password, Permission, Users};

use super::failure::{Cause, CommandError};
use super::listen_place::ListenPlace;
use super::locations::{ConfigFile, program};
use super::logging::LogControl;
use super::made::MadeDirectories;
use super::mounts;
use super::opening::{is_read_only, open_bucket, open_directory};
use super::probes::Probes;
use super::shell;
use super::summary;
use super::written;

/// A key that takes effect at the start only, and its value.
pub(crate) type StartValue = (&'static str, Option<String>);

/// A configuration that is right and fits the machine.
#[derive(Debug)]
pub(crate) struct ServerPlan {
    settings: ServerSettings,
    warnings: Vec<Finding>,
    origin: Origin,
}

/// Where a plan comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    File(ConfigFile),
    CommandLine,
}

/// What is to be served without a configuration.
#[derive(Debug)]
pub(crate) struct Served {
    /// The directory.
    pub(crate) root: PathBuf,
    /// Who may log in, and do everything.
    pub(crate) user: String,
    /// By what.
    pub(crate) password: Password,
    /// Where, unless at all addresses and the usual port.
    pub(crate) listen: Option<ListenPlace>,
    /// The ports of data connections, unless the usual ones.
    pub(crate) passive_ports: Option<RangeInclusive<u16>>,
    /// Where the server is asked, if anywhere.
    pub(crate) control_socket: Option<PathBuf>,
}

/// The configuration of such a server, but for what [`Served`] tells.
const WITHOUT_FILE: &str = "[COS_ACCOUNT_0]\ncos_endpoint = file:///\nhome_dir = /\n\
    ftp_login_user_name = user\nftp_login_user_password = password\nauthority = RW\n\
    delete_enable = true\n[OPERATIONS]\ncontrol_socket = off\n";

impl ServerPlan {
    /// Reads and checks the configuration, and whether this machine can carry it.
    ///
    /// # Errors
    /// One line for each problem.
    pub(crate) fn read(file: ConfigFile) -> Result<Self, Cause> {
        let loaded = config::load_for_start(&file.path, &MachineFacts::of_this_machine());
        let LoadedConfig { mut settings, mut warnings } = loaded?;
        warnings.extend(open_tls(&mut settings)?);
        Ok(Self { settings, warnings, origin: Origin::File(file) })
    }

    /// Reads and checks the configuration for a server that runs. What the machine has left tells
    /// nothing then, as the server itself uses it.
    ///
    /// # Errors
    /// One line for each problem.
    pub(crate) fn read_again(file: ConfigFile) -> Result<Self, Cause> {
        let LoadedConfig { mut settings, mut warnings } = config::load(&file.path)?;
        warnings.extend(open_tls(&mut settings)?);
        Ok(Self { settings, warnings, origin: Origin::File(file) })
    }

    /// What serves `served`, whatever files there are.
    ///
    /// # Errors
    /// When this machine cannot carry it.
    pub(crate) fn of_directory(served: Served) -> Result<Self, String> {
        let machine = MachineFacts::of_this_machine();
        let keys = EnvironmentKeys::default();
        let text = without_file(&machine);
        let parsed = config::parse(text.as_bytes(), Path::new(""), &machine, &keys);
        let LoadedConfig { mut settings, .. } = parsed.map_err(|problems| problems.to_string())?;
        let Served { root, user, password, listen, passive_ports, control_socket } = served;
        let options = LocalOptions { root };
        let permission =
            if is_read_only(&options) { Permission::Read } else { Permission::ReadWrite };
        settings.stores = vec![StoreSettings::Local(options)];
        settings.control_socket = control_socket;
        for account in &mut settings.accounts {
            (account.name, account.password) = (user.clone(), password.clone());
            account.permission = permission;
        }
        if let Some(place) = listen {
            settings.server.listen_port = place.port();
            if let ListenPlace::Address(address) = place {
                settings.server.listen_addresses = vec![address.ip()];
            }
        }
        if let Some(ports) = passive_ports {
            settings.server.passive_ports = ports;
        }
        let warnings =
            check_machine(&settings, &machine).map_err(|problems| problems.to_string())?;
        Ok(Self { settings, warnings, origin: Origin::CommandLine })
    }

    /// What a server that was started with the values `begun` will only do after a restart.
    pub(crate) fn needs_restart(&self, begun: &[StartValue]) -> Vec<String> {
        self.settings.needs_restart(begun)
    }

    /// The values of the keys that take effect at the start only.
    pub(crate) fn at_start(&self) -> Vec<StartValue> {
        self.settings.at_start.clone()
    }

    /// What tells its values from others.
    pub(crate) fn marks(&self) -> &ConfigMarks {
        &self.settings.marks
    }

    /// The configuration file, if there is one.
    pub(crate) fn file(&self) -> Option<&ConfigFile> {
        match &self.origin {
            Origin::File(file) => Some(file),
            Origin::CommandLine => None,
        }
    }

    /// What is typed to have `command` done with it.
    pub(crate) fn command(&self, command: &str) -> String {
        match (&self.origin, self.control_socket()) {
            (Origin::File(file), _) => file.command(command),
            (Origin::CommandLine, Some(socket)) => {
                format!("{} {command} --socket {}", program(), shell::file(socket))
            }
            (Origin::CommandLine, None) => format!("{} {command}", program()),
        }
    }

    /// Whether anybody may store files.
    pub(crate) fn is_written(&self) -> bool {
        self.settings.accounts.iter().any(|account| account.permission.writes())
    }

    /// Where it comes from, in words.
    pub(crate) fn origin(&self) -> String {
        let named = |file: &ConfigFile| file.path.display().to_string();
        self.file().map_or("from the command line".to_owned(), named)
    }

    /// What the operator should know.
    pub(crate) fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// Where the status of the running server is told.
    pub(crate) fn control_socket(&self) -> Option<&Path> {
        self.settings.control_socket.as_deref()
    }

    /// The log, and whether it is kept in a file beside being shown.
    pub(crate) fn log(&self) -> (&LogOptions, bool) {
        (&self.settings.log, self.file().is_some())
    }

    /// What the server will do, for people; no secrets.
    pub(crate) fn summary(&self) -> String {
        match &self.origin {
            Origin::File(_) => summary::of_configuration(&self.settings),
            Origin::CommandLine => summary::of(&self.settings),
        }
    }

    /// A line for each account, or for those of a large section together: where its files are.
    pub(crate) fn accounts(&self) -> String {
        summary::accounts(&self.settings)
    }

    /// Opens the stores and hands them to their accounts. Those on a bucket that is among `buckets`
    /// share it.
    ///
    /// # Errors
    /// Naming the store that cannot be opened.
    pub(crate) fn wire(&self, buckets: &Buckets) -> Result<(ServerOptions, Users, Probes), String> {
        let settings = self.settings.clone();
        let is_bucket = |store: &StoreSettings| matches!(store, StoreSettings::Cos(_));
        let are_buckets: Vec<_> = settings.stores.iter().map(is_bucket).collect();
        let opened = settings.stores.into_iter().enumerate().map(|(number, store)| match store {
            StoreSettings::Cos(options) => open_bucket(options, buckets),
            StoreSettings::Local(options) => {
                open_directory(&options, self.settings.is_written(number))
                    .inspect(|_| self.tell_of_directory(&options.root))
                    .map_err(|error| self.why_no_directory(&options.root, &error))
            }
        });
        let opened = opened.enumerate().map(|(number, store)| self.with_trash(number, store?));
        let stores = opened.collect::<Result<Vec<_>, _>>()?;
        let accounts = settings.accounts.into_iter().map(|account| {
            let store = Arc::clone(&stores[account.store]);
            account.with_store(store)
        });
        let users = Users::new(accounts, self.settings.password_checks);
        let users = match settings.hook {
            Some(HookUsers { options, common, homes }) => {
                let store = Arc::clone(&stores[common.store]);
                users.with_hook(HookUsers { options, common: common.with_store(store), homes })
            }
            None => users,
        };
        let users = users.with_mounts(mounts::open(&self.settings, &stores)?);
        let far_away = stores.into_iter().zip(are_buckets).filter(|(_, is_bucket)| *is_bucket);
        let stores = far_away.map(|(store, _)| store).collect();
        let fragments = settings.server.session.transfer.partial;
        let probes = Probes::new(stores, fragments, self.command("check"));
        Ok((settings.server, users, probes))
    }

    /// The store of this number as its accounts use it.
    fn with_trash(
        &self,
        number: usize,
        store: Arc<dyn ObjectStore>,
    ) -> Result<Arc<dyn ObjectStore>, String> {
        // They are of one section, and all have what that says.
        let terms = self.settings.terms_of(number).find_map(|account| account.files.trash.as_ref());
        let Some(terms) = terms else { return Ok(store) };
        let trash = TrashStore::over(store, terms);
        let trash = trash.ok_or_else(|| format!("no trash can be called {}", terms.directory))?;
        Ok(Arc::new(trash))
    }

    /// Opens what is written of files, if anything is: the journal of what is to be told, the
    /// ledger, and the transfer log by `log`. A server that runs has them already.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub(crate) fn open_chronicle(&self, log: &LogControl) -> Result<Chronicle, String> {
        let transfers = self.settings.transfer_log.as_ref();
        let transfers = transfers.map(|options| log.open_transfers(options)).transpose();
        let transfers = transfers.map_err(|error| error.to_string())?;
        let ledger = self.settings.ledger.as_deref().map(|path| {
            let named = |error| format!("ledger = {}: {error}", path.display());
            Ledger::open(path).map_err(named)
        });
        Ok(Chronicle { queue: self.open_events()?, ledger: ledger.transpose()?, transfers })
    }

    /// Where the ledger is, if there is one.
    pub(crate) fn ledger(&self) -> Option<&Path> {
        self.settings.ledger.as_deref()
    }

    fn open_events(&self) -> Result<Option<Arc<EventQueue>>, String> {
        let Some(options) = self.settings.events.clone() else { return Ok(None) };
        let directory = options.queue_dir.display().to_string();
        log::info!("events are told by {}, what waits is in {directory}", options.receiver.key());
        let opened = EventQueue::open(options);
        opened.map(Arc::new).map(Some).map_err(|error| format!("queue_dir = {directory}: {error}"))
    }

    /// Why the directory `root` cannot be served, and what to do about it. What `error` is about is
    /// named once, if that is the root itself.
    fn why_no_directory(&self, root: &Path, error: &io::Error) -> String {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "create it (mkdir -p)",
            io::ErrorKind::NotADirectory => "it must be a directory",
            _ => "give the user that runs the server access to it",
        };
        let root = root.display();
        match &self.origin {
            Origin::File(_) => {
                let error = error.to_string();
                let why = error.strip_prefix(&format!("{root}: ")).unwrap_or(&error);
                format!("cos_endpoint = file://{root}: {why}: {remedy}, or correct cos_endpoint")
            }
            Origin::CommandLine => format!("{error}: {remedy}, or serve another one"),
        }
    }

    /// What ends a start whose stores cannot be opened: no configuration is wrong where there is
    /// none.
    pub(crate) fn cannot_open(&self, text: String) -> CommandError {
        match &self.origin {
            Origin::File(_) => CommandError::config(text),
            Origin::CommandLine => CommandError::operation(text),
        }
    }

    /// Looks into the directories that it serves. Nothing is made there.
    ///
    /// # Errors
    /// One that cannot be served.
    pub(crate) fn look_into_directories(&self) -> Result<(), CommandError> {
        for store in &self.settings.stores {
            let StoreSettings::Local(options) = store else { continue };
            let opened = LocalStore::open(options);
            let why = |error| self.why_no_directory(&options.root, &error);
            opened.map(drop).map_err(|error| self.cannot_open(why(error)))?;
        }
        Ok(())
    }

    /// Looks whether what it writes beside the files of its users can be written, and tells what
    /// only systemd makes.
    ///
    /// # Errors
    /// What cannot.
    pub(crate) fn look_into_records(&self) -> Result<Vec<String>, CommandError> {
        let made = self.file().map(|file| MadeDirectories::for_service_with(&file.path));
        written::look(&self.settings, &made.unwrap_or_default())
            .map_err(|obstacle| CommandError::operation(obstacle.to_string()))
    }

    /// What names keys that say where to listen, as whoever reads it knows them.
    pub(crate) fn in_its_words(&self, text: &str) -> String {
        match &self.origin {
            Origin::File(_) => text.to_owned(),
            Origin::CommandLine => {
                let text = text.replace("a server with this configuration", "such a server");
                text.replace("listen_address", "--listen").replace("listen_port", "--listen")
            }
        }
    }

    /// Who has a configuration may have meant a bucket; who named a directory meant that.
    fn tell_of_directory(&self, root: &Path) {
        let serving = format!("serving the directory {}", root.display());
        match &self.origin {
            Origin::File(_) => log::warn!(
                "{serving}: files stay on this machine; name a bucket in the configuration to \
                 serve it",
            ),
            Origin::CommandLine if self.is_written() => log::info!("{serving}"),
            Origin::CommandLine => {
                log::warn!("{serving} read-only: this process may not write to it");
            }
        }
    }
}

/// The configuration of a server without one, with no more connections than the machine is enough
/// for: there is no key that could be lowered.
fn without_file(machine: &MachineFacts) -> String {
    let usual = ServerOptions::default().max_connections.map(|most| most as u64);
    match config::connections_that_fit(machine) {
        Some(most) if usual.is_none_or(|usual| most < usual) => {
            format!("{WITHOUT_FILE}[OPTIONAL]\nmax_connection_num = {most}\n")
        }
        _ => WITHOUT_FILE.to_owned(),
    }
}

/// Loads certificate and key, which is the only way to know that they can be used.
fn open_tls(settings: &mut ServerSettings) -> Result<Option<Finding>, String> {
    let Some(options) = settings.tls.clone() else { return Ok(None) };
    let finding = |error: CertificateError| certificate_finding(&settings.file, &error);
    let (context, warning) =
        TlsContext::open(options).map_err(|error| finding(error).to_string())?;
    let warning = warning.map(finding);
    settings.server.tls = Some(Arc::new(context));
    Ok(warning)
}
