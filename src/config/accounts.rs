//! Accounts of both forms of the file: `[COS_ACCOUNT]` with `[FTP_ACCOUNT]`, whose logins share
//! one bucket, and `[COS_ACCOUNT_<n>]`, one login and its bucket each.

use crate::protocol::word;
use crate::session::TlsPolicy;
use crate::users::{Account, Password, Permission};

use super::bucket::{self, ForAllBuckets};
use super::forms::{LoginForm, UsersForm};
use super::keys::SectionKind;
use super::objects;
use super::report::{ConfigReport, Place};
use super::section::Section;
use super::settings::StoreSettings;
use super::{tls, values};

/// All stores and the accounts that use them.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub(super) stores: Vec<StoreSettings>,
    pub(super) accounts: Vec<Account<usize>>,
    /// Every home so far, with its section: also of accounts that have another fault.
    homes: Vec<(String, String)>,
    /// Every login name so far, likewise.
    names: Vec<(String, String)>,
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
struct ConfiguredLogin {
    name: String,
    password: Password,
    permission: Permission,
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
            self.take_name(&login.name, ftp.place("login_users"), report);
        }
        // No key of this form forbids it.
        form.account.delete_enabled = true;
        check_objects(store.as_ref(), &logins, section, report);
        self.add(store.filter(|_| has_home), &form.account, logins);
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
        let password = password(&form, section, report);
        form.account.tls_required = tls::is_required(form.tls, tls, section, report);
        if let Some(name) = &form.name {
            self.take_name(name, section.place("ftp_login_user_name"), report);
        }
        if let (Some(name), Some(password), Some(permission)) =
            (form.name, password, form.permission)
        {
            let logins = vec![ConfiguredLogin { name, password, permission }];
            check_objects(store.as_ref(), &logins, section, report);
            self.add(store.filter(|_| has_home), &form.account, logins);
        }
    }

    /// Adds the accounts of a section, if its store is whole; what is not was reported. `common` is
    /// what holds for all of them.
    fn add(
        &mut self,
        store: Option<StoreSettings>,
        common: &Account<()>,
        logins: Vec<ConfiguredLogin>,
    ) {
        let Some(store) = store else { return };
        let at = self.stores.len();
        self.stores.push(store);
        self.accounts.extend(logins.into_iter().map(
            |ConfiguredLogin { name, password, permission }| {
                Account { name, password, permission, ..common.clone() }.with_store(at)
            },
        ));
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

    fn take_name(&mut self, name: &str, place: Place, report: &mut ConfigReport) {
        match self.names.iter().find(|(earlier, _)| earlier == name) {
            Some((_, at)) => {
                let text = format!("the user {name} stands in [{at}] already; names must differ");
                report.problem(place, text);
            }
            None => self.names.push((name.to_owned(), place.section)),
        }
    }
}

/// Reports what the section says of new objects that cannot be said of those of its logins.
fn check_objects(
    store: Option<&StoreSettings>,
    logins: &[ConfiguredLogin],
    section: &Section,
    report: &mut ConfigReport,
) {
    if let Some(StoreSettings::Cos(bucket)) = store {
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
fn split_login_users(
    text: &str,
    section: &Section,
    report: &mut ConfigReport,
) -> Vec<ConfiguredLogin> {
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
fn login(account: &str) -> Result<ConfiguredLogin, String> {
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
    Ok(ConfiguredLogin { name, password, permission })
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
