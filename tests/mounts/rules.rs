//! Who sees a mount, what `check` and the start tell of it, and what a reload takes.

use rustix::process::Signal;

use super::{ARCHIVE, Mounted, READS, VAULT};
use crate::support::ftp::Ftp;
use crate::support::server::Setup;

#[test]
fn only_those_who_are_named_see_it() {
    let setup = Setup::local().account("bob", "RW", "true");
    let mounted = Mounted::directory(setup, ARCHIVE);
    mounted.other.put("file", b"file");
    let mut bob = Ftp::login_as(&mounted.server, "bob");
    assert_eq!(bob.list("NLST"), [""; 0]);
    bob.play(&[("CWD archive", "550"), ("SIZE archive/file", "550")]);
    // To him it is a name like any other.
    bob.expect("MKD archive", "257");
    assert_eq!(mounted.login().list("NLST archive"), ["archive/file"]);
}

/// Users whom no file names are asked about like all others.
#[test]
fn everybody_is_everybody() {
    let hash = "$6$saltsalt$Sz3kiTlz9z1weA0rv6ZP1VXe3w.3OdcNstYOBf59DJTlfS58158ixzQsRnlFKkTl\
                SpUlPhsu88bFFaza8fOVR0";
    let users = format!("cam1:{hash}\ncam2:{hash}:R\n");
    let keys = [("path", "/common"), ("account", VAULT), ("users", "*"), READS];
    let setup = Setup::local()
        .replace(
            "cos_endpoint = file://@DATA@\n",
            "cos_endpoint = file://@DATA@\ncos_prefix = %u\n",
        )
        .users_file(&users)
        .directory_account(VAULT)
        .mount(&keys)
        .mount(&[("path", "/first"), ("account", "cam1"), ("users", VAULT), READS]);
    let written = setup.write();
    let told = written.command(&["--check-config"]).output().unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success(), "{text}{}", String::from_utf8_lossy(&told.stderr));
    assert!(text.contains("mount /common (R: *): directory "), "{text}");
    let home = written.dir().join("data/cam1");
    assert!(text.contains(&format!("mount /first (R: {VAULT}): directory {}", home.display())));
}

#[test]
fn check_tells_what_is_mounted_and_tries_what_it_takes() {
    let keys = [("path", "/archive"), ("account", VAULT), ("users", "alice"), ("authority", "RW")];
    let setup = Setup::local().directory_account(VAULT).replace(
        "ftp_login_user_name = vault\nftp_login_user_password = secret-1\nauthority = RW",
        "ftp_login_user_name = vault\nftp_login_user_password = secret-1\nauthority = R",
    );
    let written = setup.mount(&keys).write();
    let told = written.command(&["check"]).env("LANG", "C").output().unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    let of_vault = text.split("for vault; mounted at /archive (RW: alice)").nth(1);
    let of_vault = of_vault.unwrap_or_else(|| panic!("{text}"));
    assert!(of_vault.lines().nth(1).is_some_and(|line| line.contains("stored")), "{text}");
}

#[test]
fn a_reload_is_for_those_who_log_in_afterwards() {
    let server = Setup::local().directory_account(VAULT).start();
    let mut before = Ftp::login(&server);
    assert_eq!(before.list("NLST"), [""; 0]);
    server.rewrite_config(|text| {
        let keys: Vec<_> =
            ARCHIVE.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        format!("{text}[MOUNT_0]\n{}", keys.concat())
    });
    server.signal(Signal::HUP);
    let line = server.wait_for_log("[MOUNT_0] added");
    assert!(!line.contains("restart"), "{line}");
    assert_eq!(Ftp::login(&server).list("NLST"), ["archive"]);
    // Who is logged in goes on as before.
    assert_eq!(before.list("NLST"), [""; 0]);
    before.expect("USER alice", "331");
    before.expect("PASS secret-1", "230");
    assert_eq!(before.list("NLST"), ["archive"]);
}
