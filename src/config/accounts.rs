//! Accounts of both forms of the file: `[COS_ACCOUNT]` with `[FTP_ACCOUNT]`, whose logins share
//! one bucket, and `[COS_ACCOUNT_<n>]`, one login and its bucket each.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::protocol::word;
use crate::session::TlsPolicy;
use crate::users::{Account, Password, Permission};

use super::bucket::{self, ForAllBuckets, Includes, SharedStore};
use super::forms::{LoginForm, UsersForm};
use super::keys::SectionKind;
use super::objects;
use super::report::{ConfigReport, Place};
use super::section::Section;
use super::settings::StoreSettings;
use super::users_file::{self, UserLine};
use super::{tls, values};

/// All stores and the accounts that use them.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub(super) stores: Vec<StoreSettings>,
    pub(super) accounts: Vec<Account<usize>>,
    /// The files of users.
    pub(super) users_files: Vec<PathBuf>,
    /// Every home so far, with its section: also of accounts that have another fault.
    homes: Vec<(String, String)>,
    /// Every login name so far, and where it stands.
    names: HashMap<String, String>,
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
    let is_account = |section: &Section| {
        matches!(section.kind, SectionKind::CosAccount | SectionKind::NumberedAccount)
    };
    if !sections.iter().any(is_account) {
        let text = "no account: a section [COS_ACCOUNT] with [FTP_ACCOUNT], or [COS_ACCOUNT_0], \
                    is required";
        report.problem(Place::default(), text);
    }
    found
}

/// Who one account is for. Of an account in `login_users` nothing else is told.
struct Login {
    name: String,
    password: Password,
    permission: Permission,
    /// What takes the place of the name in `cos_prefix`.
    place: Option<String>,
}

impl Accounts {
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
        let has_home = self.take_home(&form, section, "home_dir", report);
        form.account.tls_required = tls::is_required(form.tls, tls, section, report);
        let logins = match form.users_file.take() {
            Some(path) => self.read_users_file(&path, &form, section, all, report),
            None => self.read_login(&mut form, section, report).into_iter().collect(),
        };
        check_objects(store.as_ref(), &logins, section, report);
        self.add(store.filter(|_| has_home), &form.account, logins, section, report);
    }

    /// The one login of a section.
    fn read_login(
        &mut self,
        form: &mut LoginForm,
        section: &Section,
        report: &mut ConfigReport,
    ) -> Option<Login> {
        let password = password(form, section, report);
        let name = form.name.take();
        if let Some(name) = &name {
            let place = section.place("ftp_login_user_name");
            if let Some(text) = self.take_name(name, &format!("[{}]", place.section)) {
                report.problem(place, text);
            }
        }
        Some(Login { name: name?, password: password?, permission: form.permission?, place: None })
    }

    /// The logins of a section that has a file of them.
    fn read_users_file(
        &mut self,
        path: &Path,
        form: &LoginForm,
        section: &Section,
        all: &ForAllBuckets,
        report: &mut ConfigReport,
    ) -> Vec<Login> {
        for key in ["ftp_login_user_name", "ftp_login_user_password"] {
            if section.has(key) {
                let text = "cannot stand beside users_file: give the user a line in that file";
                report.problem(section.place(key), text);
            }
        }
        let is_twice = self.users_files.iter().any(|earlier| earlier == path);
        if is_twice {
            let text = "another section has this file already; each needs its own";
            report.problem(section.place("users_file"), text);
        }
        self.users_files.push(path.to_owned());
        if all.includes == Includes::LeftAlone || is_twice {
            return Vec::new();
        }
        let users = users_file::read(path, section.place("users_file"), report);
        let mut logins = Vec::with_capacity(users.len());
        for (line, UserLine { name, password, permission, place }) in users {
            if let Some(text) = self.take_name(&name, &format!("{}:{line}", path.display())) {
                report.problem_in(path, line, text);
            }
            let Some(permission) = permission.or(form.permission) else { continue };
            logins.push(Login { name, password: Password::Hashed(password), permission, place });
        }
        logins
    }

    /// Adds the accounts of a section, if its store is whole; what is not was reported. `common` is
    /// what holds for all of them.
    fn add(
        &mut self,
        store: Option<SharedStore>,
        common: &Account<()>,
        logins: Vec<Login>,
        section: &Section,
        report: &mut ConfigReport,
    ) {
        let Some(SharedStore { settings, homes }) = store else { return };
        let at = self.stores.len();
        self.stores.push(settings);
        for Login { name, password, permission, place } in logins {
            let Some(home) = homes.of(&name, place.as_deref()) else {
                let text = format!(
                    "the user {name:?} cannot stand in the place of %u: its name holds / or \\, \
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
                    format!("[{at}] has this home already; each account section needs another");
                report.problem(place, text);
            }
            None => self.homes.push((same.to_owned(), place.section)),
        }
        true
    }

    /// Takes a login name that stands at `at`; tells what is wrong if another has it.
    fn take_name(&mut self, name: &str, at: &str) -> Option<String> {
        if let Some(earlier) = self.names.get(name) {
            return Some(format!("the user {name} stands in {earlier} already; names must differ"));
        }
        self.names.insert(name.to_owned(), at.to_owned());
        None
    }
}

/// Reports what the section says of new objects that cannot be said of those of its logins.
fn check_objects(
    store: Option<&SharedStore>,
    logins: &[Login],
    section: &Section,
    report: &mut ConfigReport,
) {
    if let Some(StoreSettings::Cos(bucket)) = store.map(|store| &store.settings) {
        let names = logins.iter().map(|login| login.name.as_str());
        objects::check_logins(&bucket.objects, names, section, report);
    }
}

/// `ftp_login_user_password`.
fn password(form: &LoginForm, section: &Section, report: &mut ConfigReport) -> Option<Password> {
    let place = || section.place("ftp_login_user_password");
    if form.password.as_ref().is_some_and(|text| is_quoted(text)) {
        report.warning(place(), QUOTED);
    }
    let parsed = Password::parse(form.password.as_ref()?);
    parsed.map_err(|error| report.problem(place(), error.to_string())).ok()
}

/// What is said of a password that [`is_quoted`].
const QUOTED: &str = "the quotes around the password belong to it, and clients must send them: \
                      leave them out unless that is meant";

/// Whether a password stands in quotes, as other programs' files have them.
fn is_quoted(password: &str) -> bool {
    let pairs = [('"', '"'), ('\'', '\''), ('“', '”'), ('‘', '’')];
    pairs
        .into_iter()
        .any(|(open, close)| password.strip_prefix(open).is_some_and(|rest| rest.ends_with(close)))
}

/// `user:password:permission;…`. The user ends at the first `:`, the permission begins after the
/// last, so that a password may hold any.
fn split_login_users(text: &str, section: &Section, report: &mut ConfigReport) -> Vec<Login> {
    let accounts = text.split(';').map(str::trim).filter(|account| !account.is_empty());
    let mut logins = Vec::new();
    for (number, account) in (1..).zip(accounts) {
        match login(account) {
            Ok(login) => logins.push(login),
            Err(wrong) => {
                let text = format!(
                    "account {number} {wrong}; accepted is user:password:permission, several \
                     separated by ';', permission R, W or RW"
                );
                report.problem(section.place("login_users"), text);
            }
        }
        let password = account.split_once(':').and_then(|(_, rest)| rest.rsplit_once(':'));
        if password.is_some_and(|(password, _)| is_quoted(password.trim())) {
            report.warning(section.place("login_users"), format!("account {number}: {QUOTED}"));
        }
        // Typed with a Chinese input method, and taken for part of a password.
        if account.contains(['；', '：']) {
            let text = format!(
                "account {number} holds a full-width '；' or '：', which separates nothing"
            );
            report.warning(section.place("login_users"), text);
        }
    }
    if logins.is_empty() && !text.is_empty() && text.trim_matches([';', ' ']).is_empty() {
        report.problem(
            section.place("login_users"),
            "no account; accepted is user:password:permission",
        );
    }
    logins
}

/// One account, or what is wrong with it: in words that repeat nothing of it, as what stands in the
/// place of a name or a permission may be the rest of a password that holds a `:` or `;`.
fn login(account: &str) -> Result<Login, String> {
    let (name, rest) = account.split_once(':').ok_or("has no ':'")?;
    let (password, permission) =
        rest.rsplit_once(':').ok_or("has one ':' only, so password or permission is missing")?;
    let name = values::login_name(name.trim()).ok_or("has no user name")?;
    let password = password.trim();
    if password.is_empty() {
        return Err("has no password".to_owned());
    }
    let password =
        Password::parse(password).map_err(|error| format!("has for its password {error}"))?;
    let permission =
        word(permission.trim(), values::PERMISSIONS).ok_or("does not end in a permission")?;
    Ok(Login { name, password, permission, place: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_splits_at_the_first_and_the_last_colon() {
        use Permission::{Read, ReadWrite, Write};
        for (account, name, password, permission) in [
            ("u:p:RW", "u", "p", ReadWrite),
            ("u:p:r", "u", "p", Read),
            (" u : p : W ", "u", "p", Write),
            ("u:a:b:c:RW", "u", "a:b:c", ReadWrite),
            ("u::::R", "u", "::", Read),
            ("u:#p#:R", "u", "#p#", Read),
            ("u:50%=a b:R", "u", "50%=a b", Read),
            ("用户:密码:R", "用户", "密码", Read),
        ] {
            let login = login(account).unwrap();
            assert_eq!(login.name, name, "{account}");
            let Password::Plain(plain) = login.password else { panic!("{account}") };
            assert_eq!(plain.expose(), password, "{account}");
            assert_eq!(login.permission, permission, "{account}");
        }
    }

    #[test]
    fn a_bad_login_is_told_without_its_password() {
        for (account, expected) in [
            ("hunter2", "has no ':'"),
            ("u:hunter2", "has one ':' only, so password or permission is missing"),
            (":hunter2:RW", "has no user name"),
            ("u::RW", "has no password"),
            ("u:hun:ter2", "does not end in a permission"),
        ] {
            let wrong = login(account).err().unwrap();
            assert_eq!(wrong, expected, "{account}");
        }
    }
}
