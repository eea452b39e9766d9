//! Single logins: `login_users`, which holds several, and the one of a section.

use crate::protocol::word;
use crate::users::{Password, Permission};

use super::forms::LoginForm;
use super::report::ConfigReport;
use super::section::Section;
use super::values;

/// Who one account is for. Of an account in `login_users` nothing else is told.
pub(super) struct ConfiguredLogin {
    pub(super) name: String,
    pub(super) password: Password,
    pub(super) permission: Permission,
    /// What takes the place of the name in `cos_prefix`.
    pub(super) place: Option<String>,
}

/// `ftp_login_user_password`.
pub(super) fn password(
    form: &LoginForm,
    section: &Section,
    report: &mut ConfigReport,
) -> Option<Password> {
    let place = || section.place("ftp_login_user_password");
    if form.password.as_ref().is_some_and(|text| is_quoted(text)) {
        report.warning(place(), QUOTED);
    }
    let parsed = Password::parse(form.password.as_ref()?);
    parsed.map_err(|error| report.problem(place(), error.to_string())).ok()
}

/// What is said of a password that [`is_quoted`].
const QUOTED: &str = "the quotes are part of the password, and clients must send them: leave them \
    out unless that is intended";

/// Whether a password stands in quotes, as other programs' files have them.
fn is_quoted(password: &str) -> bool {
    let pairs = [('"', '"'), ('\'', '\''), ('“', '”'), ('‘', '’')];
    pairs
        .into_iter()
        .any(|(open, close)| password.strip_prefix(open).is_some_and(|rest| rest.ends_with(close)))
}

/// `user:password:permission;…`. The user ends at the first `:`, the permission begins after the
/// last, so that a password may hold any.
pub(super) fn split_login_users(
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
                "account {number} contains a full-width '；' or '：', which is not a separator"
            );
            report.warning(section.place("login_users"), text);
        }
    }
    if logins.is_empty() && !text.is_empty() && text.trim_matches([';', ' ']).is_empty() {
        report.problem(
            section.place("login_users"),
            "contains no account; accepted is user:password:permission",
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
        Password::parse(password).map_err(|error| format!("has as its password {error}"))?;
    let permission =
        word(permission.trim(), values::PERMISSIONS).ok_or("does not end in a permission")?;
    Ok(ConfiguredLogin { name, password, permission, place: None })
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
