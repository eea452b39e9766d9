//! Accounts of both forms of the file: `[COS_ACCOUNT]` with `[FTP_ACCOUNT]`, whose logins share
//! one bucket, and `[COS_ACCOUNT_<n>]`, one login and its bucket each.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::session::TlsPolicy;
use crate::store::OnExists;
use crate::users::{Account, FileRules, HookCall, HookOptions, HookUsers, Password};

use super::bucket::{self, ForAllBuckets, Includes, SharedStore};
use super::forms::{LoginForm, UsersForm};
use super::keys::SectionKind;
use super::logins::{ConfiguredLogin, password, split_login_users};
use super::objects;
use super::overrides::FilesForm;
use super::report::{ConfigReport, Content, Place};
use super::section::Section;
use super::settings::StoreSettings;
use super::tls;
use super::users_file::{self, UserLine};

/// All stores and the accounts that use them.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub(super) stores: Vec<StoreSettings>,
    /// What the section of each says of files.
    pub(super) files: Vec<FileRules>,
    pub(super) accounts: Vec<Account<usize>>,
    /// The files of users.
    pub(super) users_files: Vec<PathBuf>,
    /// Those that were read, with the marks of their texts.
    pub(super) users_texts: Vec<(PathBuf, u64)>,
    /// Who is asked about everybody else.
    pub(super) hook: Option<HookUsers<usize>>,
    /// Every home so far, with its section: also of accounts that have another fault.
    homes: Vec<(String, String)>,
    /// The sections that have a store, and which.
    pub(super) sections: Vec<(String, usize)>,
    /// Every login name so far, and where it stands.
    pub(super) names: BTreeMap<String, String>,
}

/// Reads the accounts of all `sections`.
pub(super) fn read(
    sections: &[Section],
    all: &ForAllBuckets,
    tls: TlsPolicy,
    report: &mut ConfigReport,
) -> Accounts {
    let mut found = Accounts::default();
    let has_bucket = Section::only(sections, SectionKind::CosAccount).is_some();
    for section in sections {
        match section.kind {
            SectionKind::CosAccount => found.read_first_form(section, sections, all, report),
            SectionKind::NumberedAccount => found.read_numbered(section, all, tls, report),
            SectionKind::FtpAccount if !has_bucket => {
                report.problem(section.header(), "the section [COS_ACCOUNT] is missing beside it");
            }
            _ => {}
        }
    }
    if !sections.iter().any(is_account) {
        let text = "there is no account: a section [COS_ACCOUNT] with [FTP_ACCOUNT], or \
            [COS_ACCOUNT_0], is required";
        report.problem(Place::default(), text);
    }
    found
}

/// Whether a section has a store.
fn is_account(section: &Section) -> bool {
    matches!(section.kind, SectionKind::CosAccount | SectionKind::NumberedAccount)
}

impl Accounts {
    /// Whether each section that should have a store has one: what is wrong with another was told.
    pub(super) fn are_whole(&self, sections: &[Section]) -> bool {
        sections.iter().filter(|section| is_account(section)).count() == self.stores.len()
    }

    fn read_first_form(
        &mut self,
        section: &Section,
        sections: &[Section],
        all: &ForAllBuckets,
        report: &mut ConfigReport,
    ) {
        let store = bucket::read(section, all, report);
        let mut form = LoginForm::unset();
        section.read(&mut form, report);
        check_files(&form.files, &all.files, section, report);
        form.account.files = std::mem::take(&mut form.files).settle(&all.files);
        let has_home = self.take_home(&form, section, "cos_user_home_dir", report);
        let absent = Section::absent(SectionKind::FtpAccount);
        let ftp = Section::only(sections, SectionKind::FtpAccount).unwrap_or(&absent);
        let mut users = UsersForm::default();
        ftp.read(&mut users, report);
        let logins = split_login_users(&users.login_users, ftp, report);
        for login in &logins {
            let place = ftp.place("login_users");
            if let Some(text) = self.take_name(&login.name, &format!("[{}]", place.section)) {
                report.problem(place, text);
            }
        }
        // No key of this form forbids it.
        form.account.delete_enabled = true;
        check_objects(store.as_ref(), &logins, section, report);
        self.add(store.filter(|_| has_home), &form.account, logins, section, report);
    }

    fn read_numbered(
        &mut self,
        section: &Section,
        all: &ForAllBuckets,
        tls: TlsPolicy,
        report: &mut ConfigReport,
    ) {
        let store = bucket::read(section, all, report);
        let mut form = LoginForm::unset();
        section.read(&mut form, report);
        check_files(&form.files, &all.files, section, report);
        form.account.files = std::mem::take(&mut form.files).settle(&all.files);
        let has_home = self.take_home(&form, section, "home_dir", report);
        form.account.tls_required = tls::is_required(form.tls, tls, section, report);
        let store = store.filter(|_| has_home);
        refuse_two_ways(section, report);
        if let Some(call) = form.hook.take() {
            self.add_hook(store, form, call, section, report);
            return;
        }
        let logins = match form.users_file.take() {
            Some(path) => self.read_users_file(&path, &form, section, all, report),
            None => self.read_login(&mut form, section, report).into_iter().collect(),
        };
        check_objects(store.as_ref(), &logins, section, report);
        self.add(store, &form.account, logins, section, report);
    }

    /// Whoever is asked about the users of a section.
    fn add_hook(
        &mut self,
        store: Option<SharedStore>,
        form: LoginForm,
        call: HookCall,
        section: &Section,
        report: &mut ConfigReport,
    ) {
        let place = || section.place(call.key());
        match &call {
            HookCall::Command(words) => {
                let program = Path::new(words.first().map_or("", String::as_str));
                report.names_file(place(), program, Content::Program);
            }
            HookCall::Url(url) if url.starts_with("http://") && !is_of_this_machine(url) => {
                let text = "passwords go to another machine in plain text: use https://";
                report.warning(place(), text);
            }
            HookCall::Url(_) => {}
        }
        if self.hook.is_some() {
            let text = "another section has auth_command or auth_url already; only one can";
            report.problem(place(), text);
            return;
        }
        let LoginForm { mut account, hook_timeout, hook_cache, permission, .. } = form;
        let (Some(SharedStore { settings, homes }), Some(permission)) = (store, permission) else {
            return;
        };
        let at = self.take_store(settings, &account.files, section);
        account.permission = permission;
        let options = HookOptions { call, timeout: hook_timeout, cache: hook_cache };
        self.hook = Some(HookUsers { options, common: account.with_store(at), homes });
    }

    /// The number of the store of a section that says this of `files`.
    fn take_store(&mut self, store: StoreSettings, files: &FileRules, section: &Section) -> usize {
        let at = self.stores.len();
        self.stores.push(store);
        self.files.push(files.clone());
        self.sections.push((section.header().section, at));
        at
    }

    /// The one login of a section.
    fn read_login(
        &mut self,
        form: &mut LoginForm,
        section: &Section,
        report: &mut ConfigReport,
    ) -> Option<ConfiguredLogin> {
        let password = password(form, section, report);
        let name = form.name.take();
        if let Some(name) = &name {
            let place = section.place("ftp_login_user_name");
            if let Some(text) = self.take_name(name, &format!("[{}]", place.section)) {
                report.problem(place, text);
            }
        }
        Some(ConfiguredLogin {
            name: name?,
            password: password?,
            permission: form.permission?,
            place: None,
        })
    }

    /// The logins of a section that has a file of them.
    fn read_users_file(
        &mut self,
        path: &Path,
        form: &LoginForm,
        section: &Section,
        all: &ForAllBuckets,
        report: &mut ConfigReport,
    ) -> Vec<ConfiguredLogin> {
        let is_twice = self.users_files.iter().any(|earlier| earlier == path);
        if is_twice {
            let text = "another section uses this file already; each needs its own";
            report.problem(section.place("users_file"), text);
        }
        self.users_files.push(path.to_owned());
        if all.includes == Includes::LeftAlone || is_twice {
            return Vec::new();
        }
        let (users, mark) = users_file::read(path, section.place("users_file"), report);
        self.users_texts.push((path.to_owned(), mark));
        let mut logins = Vec::with_capacity(users.len());
        for (line, UserLine { name, password, permission, place }) in users {
            if let Some(text) = self.take_name(&name, &format!("{}:{line}", path.display())) {
                report.problem_in(path, line, text);
            }
            let Some(permission) = permission.or(form.permission) else { continue };
            logins.push(ConfiguredLogin {
                name,
                password: Password::Hashed(password),
                permission,
                place,
            });
        }
        logins
    }

    /// Adds the accounts of a section, if its store is whole; what is not was reported. `common` is
    /// what holds for all of them.
    fn add(
        &mut self,
        store: Option<SharedStore>,
        common: &Account<()>,
        logins: Vec<ConfiguredLogin>,
        section: &Section,
        report: &mut ConfigReport,
    ) {
        let Some(SharedStore { settings, homes }) = store else { return };
        let at = self.take_store(settings, &common.files, section);
        for ConfiguredLogin { name, password, permission, place } in logins {
            let Some(home) = homes.of(&name, place.as_deref()) else {
                let text = format!(
                    "the user {name:?} cannot take the place of %u: its name contains / or \\, \
                     begins with . or is too long"
                );
                // It may be the same with all of them.
                report.problem(section.place("cos_prefix"), text);
                break;
            };
            let account = Account { name, password, permission, home, ..common.clone() };
            self.accounts.push(account.with_store(at));
        }
    }

    /// Takes the home of a section, if it has one. Two sections must not have the same: with the
    /// replaced tool the later took the earlier's bucket.
    fn take_home(
        &mut self,
        form: &LoginForm,
        section: &Section,
        key: &str,
        report: &mut ConfigReport,
    ) -> bool {
        let Some(home) = &form.home else { return false };
        let same = match home.trim_end_matches('/') {
            "" => "/",
            home => home,
        };
        let place = section.place(key);
        match self.homes.iter().find(|(earlier, _)| earlier == same) {
            Some((_, at)) => {
                let text =
                    format!("[{at}] has this home already; each account section needs its own");
                report.problem(place, text);
            }
            None => self.homes.push((same.to_owned(), place.section)),
        }
        true
    }

    /// Takes a login name that stands at `at`; tells what is wrong if another has it.
    fn take_name(&mut self, name: &str, at: &str) -> Option<String> {
        if let Some(earlier) = self.names.get(name) {
            return Some(format!("the user {name} is in {earlier} already; names must differ"));
        }
        self.names.insert(name.to_owned(), at.to_owned());
        None
    }
}

/// Reports that a section says in more than one way who its users are.
fn refuse_two_ways(section: &Section, report: &mut ConfigReport) {
    let ways = ["auth_command", "auth_url", "users_file"].map(|key| (key, section.has(key)));
    let Some((way, _)) = ways.iter().find(|(_, is_there)| *is_there) else { return };
    let others = ["auth_url", "users_file", "ftp_login_user_name", "ftp_login_user_password"];
    for other in others.into_iter().filter(|other| other != way && section.has(other)) {
        let text = format!(
            "cannot be combined with {way}: the users of a section come from one \
            place"
        );
        report.problem(section.place(other), text);
    }
}

/// Whether the service of a URL is on this machine.
fn is_of_this_machine(url: &str) -> bool {
    let authority = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    let is_loopback = host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    is_loopback || host == "localhost"
}

/// Reports what the section says of new objects that cannot be said of those of its logins.
fn check_objects(
    store: Option<&SharedStore>,
    logins: &[ConfiguredLogin],
    section: &Section,
    report: &mut ConfigReport,
) {
    if let Some(StoreSettings::Cos(bucket)) = store.map(|store| &store.settings) {
        let names = logins.iter().map(|login| login.name.as_str());
        objects::check_logins(&bucket.objects, names, section, report);
    }
}

/// Reports what contradicts itself in a section that says `own` of files, where `all` holds for
/// every account.
fn check_files(own: &FilesForm, all: &FilesForm, section: &Section, report: &mut ConfigReport) {
    if own.publishes_by_marker.or(all.publishes_by_marker) != Some(true) {
        return;
    }
    let place = || section.place("publish_after_marker");
    if own.done_marker.as_ref().or(all.done_marker.as_ref()).is_none_or(Option::is_none) {
        report.problem(place(), "on needs done_marker, the ending of markers, such as .ok");
    }
    let on_exists = own.on_exists.or(all.on_exists).unwrap_or_default();
    if on_exists != OnExists::Replace {
        report.problem(place(), "on needs on_exists = replace, as files are published so");
    }
}
