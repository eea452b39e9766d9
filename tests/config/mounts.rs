//! `[MOUNT_<n>]`.

use cos_ftp_server::users::{MountUsers, Permission};

use super::support::{ACCOUNT, accepted, refused, warned};

/// Two more logins, of which one has a part of its bucket.
const OTHERS: &str = "[COS_ACCOUNT_1]\ncos_secretid = AKID\ncos_secretkey = hunter2\n\
    cos_bucket = archive-1250000000\ncos_region = ap-beijing\ncos_prefix = of/%u\n\
    home_dir = /home/user1\nftp_login_user_name = user1\nftp_login_user_password = hunter2\n\
    authority = R\n\
    [COS_ACCOUNT_2]\ncos_endpoint = file:///srv\nhome_dir = /home/user2\n\
    ftp_login_user_name = user2\nftp_login_user_password = hunter2\nauthority = W\n";

fn with(lines: &str) -> String {
    format!("{ACCOUNT}{OTHERS}{lines}")
}

#[test]
fn a_mount_is_a_part_of_somebodys_files() {
    assert!(accepted(&with("")).mounts.is_empty());
    let named = |names: &[&str]| MountUsers::Named(names.iter().map(ToString::to_string).collect());
    for (lines, store, home, users, permission) in [
        (
            "account = user1\nusers = user0, user2\nauthority = R",
            1,
            "user1/",
            named(&["user0", "user2"]),
            Permission::Read,
        ),
        (
            "account = cos_account_1\nusers = *\nauthority = RW",
            1,
            "",
            MountUsers::Everybody,
            Permission::ReadWrite,
        ),
        (
            "account = user1\nprefix = /2026/a\nusers = *\nauthority = R",
            1,
            "user1/2026/a/",
            MountUsers::Everybody,
            Permission::Read,
        ),
        (
            "account = user2\nusers = user0\nauthority = w",
            2,
            "",
            named(&["user0"]),
            Permission::Write,
        ),
    ] {
        let settings = accepted(&with(&format!("[MOUNT_1]\npath = /a/b/\n{lines}\n")));
        let [mount] = &settings.mounts[..] else { panic!("{lines}") };
        assert_eq!((mount.store, mount.home.as_str()), (store, home), "{lines}");
        assert_eq!((&mount.users, mount.permission), (&users, permission), "{lines}");
        assert!(mount.path.as_str() == "/a/b" && mount.delete_enabled);
    }
    // The same path for others, and a limit.
    let settings = accepted(&with(
        "[MOUNT_1]\npath = /a\naccount = user1\nusers = user0\nauthority = R\n\
         [MOUNT_2]\npath = /a\naccount = user2\nusers = user1\ndelete_enable = no\nauthority = R\n\
         [OPTIONAL]\nmount_rename_limit = 3M\n",
    ));
    assert_eq!(settings.mount_rename_limit, 3 << 20);
    assert!(!settings.mounts[1].delete_enabled);
    assert!(settings.is_written(2) && !settings.is_written(1));
    assert_eq!(accepted(&with("")).mount_rename_limit, 1 << 30);
}

/// Also while it has no login, as its file of users may be empty.
#[test]
fn what_the_section_hides_is_hidden() {
    let bucket = "cos_endpoint = file:///srv/users\nhome_dir = /home/user3\nauthority = R\n";
    let settings = accepted(&with(&format!(
        "[COS_ACCOUNT_3]\n{bucket}users_file = /nowhere/users\nhide_names = secret*\n\
         on_delete = trash\n\
         [MOUNT_1]\npath = /a\naccount = COS_ACCOUNT_3\nusers = user0\nauthority = R\n"
    )));
    let hidden = &settings.mounts[0].hidden;
    assert!(hidden.fit("secret-1") && hidden.fit(".trash") && !hidden.fit("other"));
}

#[test]
fn what_is_wrong_is_told_at_its_key() {
    for (lines, expected) in [
        ("path = /\naccount = user1\nusers = *", "path = /: not accepted; accepted is an absolute"),
        ("path = a\naccount = user1\nusers = *", "path = a: not accepted"),
        ("path = /a/../b\naccount = user1\nusers = *", "path = /a/../b: not accepted"),
        ("path = /a\nusers = *", "account: the key is required"),
        ("path = /a\naccount = user1", "users: the key is required"),
        (
            "path = /a\naccount = user9\nusers = *",
            "account = user9: no login and no account section",
        ),
        (
            "path = /a\naccount = user1\nusers = user0, user9",
            "users = user0, user9: no login is called",
        ),
        ("path = /a\naccount = user1\nusers = a,,b", "users = a,,b: not accepted"),
        ("path = /a\naccount = user1\nusers = *\nprefix = ..", "prefix = ..: not accepted"),
        ("path = /a\naccount = user1\nusers = *\nauthority = X", "authority = X: not accepted"),
        (
            "path = /a\naccount = user1\nusers = *\n[MOUNT_b]\nauthority = R\npath = /a/\naccount = user2\nusers = user1",
            "path = /a/: another mount has this path",
        ),
    ] {
        let own = lines.split("[MOUNT_b]").next().unwrap();
        let authority = if own.contains("authority") { "" } else { "authority = R\n" };
        let problems = refused(with(&format!("[MOUNT_a]\n{authority}{lines}\n")));
        let [problem] = &problems[..] else { panic!("{lines}: {problems:#?}") };
        let told = problem.split("] ").nth(1);
        assert!(told.is_some_and(|told| told.starts_with(expected)), "{lines}: {problem}");
    }
    // Of an account that is wrong itself nothing more is told.
    let broken = with("[MOUNT_a]\npath = /a\naccount = user1\nusers = *\nauthority = R\n")
        .replace("cos_bucket = archive-1250000000\n", "");
    assert_eq!(refused(broken).len(), 1);
}

/// What the owner demands does not hold there: who sees it has to be told of it.
#[test]
fn a_mount_that_is_seen_in_plain_text_is_warned_of() {
    let tls = |policy: &str| {
        format!("[TLS]\ntls = {policy}\ntls_cert_file = /nowhere/a\ntls_key_file = /nowhere/b\n")
    };
    let mounted = |policy: &str, own: &str, users: &str| {
        let text = format!(
            "{}[MOUNT_1]\npath = /a\naccount = user1\nusers = {users}\nauthority = R\n{}",
            with("").replace("authority = R\n", "authority = R\ntls = required\n"),
            tls(policy),
        );
        warned(&text.replace("authority = W\n", &format!("authority = W\n{own}"))).1
    };
    let told = mounted("optional", "", "user1, user2");
    assert!(
        matches!(&told[..], [one] if one.contains("[MOUNT_1] account = user1: its tls = required \
        does not hold below the mount: set it for user2 and whoever else")),
        "{told:?}"
    );
    for (policy, own, users) in [
        ("required", "", "user1, user2"),
        ("optional", "tls = required\n", "user1, user2"),
        ("optional", "", "user1"),
    ] {
        assert_eq!(mounted(policy, own, users), [""; 0], "{policy} {own} {users}");
    }
}
