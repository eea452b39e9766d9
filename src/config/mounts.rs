//! `[MOUNT_<n>]`: what of whose files, where, and who sees it.

use crate::session::TlsPolicy;
use crate::users::{Account, FileRules, MountUsers, MountedAccount, UNPUBLISHED_DIRECTORY};
use crate::vfs::NamePatterns;

use super::accounts::Accounts;
use super::forms::MountForm;
use super::keys::SectionKind;
use super::report::ConfigReport;
use super::section::Section;

/// Reads the mounts of all `sections`, of a server that demands `tls`.
pub(super) fn read(
    sections: &[Section],
    accounts: &Accounts,
    tls: TlsPolicy,
    report: &mut ConfigReport,
) -> Vec<MountedAccount<usize>> {
    let mut mounts = Vec::new();
    for section in sections.iter().filter(|section| section.kind == SectionKind::Mount) {
        let mount = read_one(section, sections, accounts, report);
        if let Some(mount) = mount {
            refuse_same_path(&mounts, &mount, section, report);
            if tls != TlsPolicy::Required {
                warn_of_plain(&mount, accounts, section, report);
            }
            mounts.push(mount);
        }
    }
    mounts
}

fn read_one(
    section: &Section,
    sections: &[Section],
    accounts: &Accounts,
    report: &mut ConfigReport,
) -> Option<MountedAccount<usize>> {
    let mut form = MountForm::unset();
    section.read(&mut form, report);
    if let Some(MountUsers::Named(names)) = &form.users {
        refuse_strangers(names, accounts, section, report);
    }
    let MountForm { path, account, prefix, users, permission, delete_enabled } = form;
    let account = account?;
    let place = place_of(&account, accounts);
    // What is wrong with an account that is there was told.
    let is_there = accounts.names.contains_key(&account)
        || sections.iter().any(|section| section.is_called(&account));
    if place.is_none() && !is_there && may_know_all(accounts) {
        let text = "no login and no account section is called so; accepted is a login, or an \
                    account section such as COS_ACCOUNT_1";
        report.problem(section.place("account"), text);
    }
    let (store, home) = place?;
    let home = format!("{home}{prefix}");
    let (path, users, permission) = (path?, users?, permission?);
    let hidden = hidden_in(store, accounts);
    Some(MountedAccount { path, users, permission, delete_enabled, hidden, home, store })
}

/// The store of the login or section `name`, and where in it its files are.
fn place_of(name: &str, accounts: &Accounts) -> Option<(usize, String)> {
    let login = accounts.accounts.iter().find(|account| account.name == name);
    let is_section = |(section, _): &&(String, usize)| section.eq_ignore_ascii_case(name);
    let section = || accounts.sections.iter().find(is_section);
    login
        .map(|account| (account.store, account.home.clone()))
        .or_else(|| section().map(|(_, store)| (*store, String::new())))
}

/// What the users of the store of this number do not see of it, and where those who publish by a
/// marker have their files wait in a mount.
fn hidden_in(store: usize, accounts: &Accounts) -> NamePatterns {
    // The section says it, also while it has no login.
    let hidden = accounts.files.get(store).map(FileRules::hidden_names).unwrap_or_default();
    match accounts.files.iter().any(|files| files.published_by.is_some()) {
        true => hidden.with_name(UNPUBLISHED_DIRECTORY),
        false => hidden,
    }
}

/// Whether the logins of all files were read.
fn may_know_all(accounts: &Accounts) -> bool {
    accounts.users_files.len() == accounts.users_texts.len()
}

/// Reports logins that are not there: a misspelt one would see nothing.
fn refuse_strangers(
    names: &[String],
    accounts: &Accounts,
    section: &Section,
    report: &mut ConfigReport,
) {
    // Whoever is asked about users knows others.
    if accounts.hook.is_some() || !may_know_all(accounts) {
        return;
    }
    for name in names.iter().filter(|name| !accounts.names.contains_key(name.as_str())) {
        let text = format!("no login is called {name:?}; accepted are logins, or * for everybody");
        report.problem(section.place("users"), text);
    }
}

/// Warns where the mounted account demands TLS, and somebody who sees the mount need not use it.
fn warn_of_plain(
    mount: &MountedAccount<usize>,
    accounts: &Accounts,
    section: &Section,
    report: &mut ConfigReport,
) {
    let is_owner = |account: &&Account<usize>| account.store == mount.store;
    let may_be_plain =
        |account: &&Account<usize>| !account.tls_required && mount.users.include(&account.name);
    let demands = accounts.accounts.iter().filter(is_owner).any(|owner| owner.tls_required);
    if let Some(user) = accounts.accounts.iter().find(may_be_plain).filter(|_| demands) {
        let text = format!(
            "its tls = required does not hold below the mount: set it for {} and whoever else \
             sees the mount, too",
            user.name
        );
        report.warning(section.place("account"), text);
    }
}

/// Reports that somebody would see two mounts at one path.
fn refuse_same_path(
    earlier: &[MountedAccount<usize>],
    mount: &MountedAccount<usize>,
    section: &Section,
    report: &mut ConfigReport,
) {
    let has_both = |other: &&MountedAccount<usize>| {
        other.path == mount.path
            && match (&other.users, &mount.users) {
                (MountUsers::Named(one), MountUsers::Named(_)) => {
                    one.iter().any(|name| mount.users.include(name))
                }
                _ => true,
            }
    };
    if earlier.iter().any(|other| has_both(&other)) {
        let text = "another mount has this path, for the same users; each needs its own";
        report.problem(section.place("path"), text);
    }
}
