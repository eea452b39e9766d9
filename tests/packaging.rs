//! What the package for Debian is made of, and the unit for systemd.

/// The package, the archive and the container.
mod built;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cos_ftp_server::config::{self, EnvironmentKeys, MachineFacts};

const UNIT: &str = "conf/cos-ftp-server.service";
const CONFIG: &str = "/etc/cos-ftp-server/vsftpd.conf";
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

#[test]
fn the_maintainer_scripts_are_scripts() {
    for name in SCRIPTS {
        let script = path("conf/debian").join(name);
        assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o755, "{name}");
        let checked = Command::new("sh").arg("-n").arg(&script).output().unwrap();
        assert!(checked.status.success() && checked.stderr.is_empty(), "{name}: {checked:?}");
    }
    let postinst = fs::read_to_string(path("conf/debian/postinst")).unwrap();
    assert!(postinst.contains(&format!("\nCONFIG={CONFIG}\n")));
    assert!(postinst.contains(&format!("\nUSER_NAME={}\n", unit_key("User"))));
}

#[test]
fn the_packaged_configuration_lacks_an_account_and_nothing_else() {
    let text = fs::read_to_string(path("conf/debian/vsftpd.conf")).unwrap();
    let file = Path::new(CONFIG);
    let machine = MachineFacts { total_memory: Some(1 << 30), ..MachineFacts::default() };
    let problems = config::parse(text.as_bytes(), file, &machine, &EnvironmentKeys::default())
        .unwrap_err()
        .problems;
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    // Nobody may log in with a password that everybody knows.
    assert!(told.iter().any(|problem| problem.contains("ftp_login_user_password")), "{told:#?}");
    for problem in &told {
        let expected = ["still the sample's placeholder", "the value is missing"];
        assert!(expected.iter().any(|text| problem.contains(text)), "{problem}");
    }
    let filled_in = text
        .replace("XXXXXX", "AKIDEXAMPLE")
        .replace("name-123456789", "data-1250000000")
        .replace("ap-xxx", "ap-guangzhou")
        .replace("user_password =", "user_password = secret");
    let loaded =
        config::parse(filled_in.as_bytes(), file, &machine, &EnvironmentKeys::default()).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let log = loaded.settings.log.directory.display().to_string();
    assert_eq!(log, format!("/var/log/{}", unit_key("LogsDirectory")));
}

#[test]
fn systemd_accepts_the_unit() {
    let told = systemd_analyze(&["verify", "--man=no"]);
    assert_eq!(told, "");
}

#[test]
fn the_unit_is_as_little_exposed_as_the_documentation_says() {
    let told = systemd_analyze(&["security", "--offline=yes", "--no-pager"]);
    let (_, level) = told.split_once("exposure level for cos-ftp-server.service: ").unwrap();
    let level = level.split(' ').next().unwrap();
    for name in ["docs/operations.md", "docs/zh-CN/operations.md"] {
        let text = fs::read_to_string(path(name)).unwrap();
        assert!(text.contains(&format!("**{level}**")), "{name} does not say {level}");
    }
}

#[test]
fn the_unit_writes_logs_state_and_runtime_files_alone_and_gains_one_capability() {
    for (key, value) in [
        ("User", "cos-ftp"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("AmbientCapabilities", "CAP_NET_BIND_SERVICE"),
        ("CapabilityBoundingSet", "CAP_NET_BIND_SERVICE"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("LimitCORE", "0"),
        ("TasksMax", "infinity"),
    ] {
        assert_eq!(unit_key(key), value, "{key}");
    }
    assert!(!unit().contains("ReadWritePaths"));
    // The directory, in which all look for the same file first.
    let directory = Path::new(CONFIG).parent().unwrap().display().to_string();
    assert_eq!(unit_key("ExecStart"), format!("/usr/bin/cos-ftp-server --config {directory}"));
    // It fails where the configuration is not taken.
    let reload = format!("/usr/bin/cos-ftp-server reload --config {directory} --pid ${{MAINPID}}");
    assert_eq!(unit_key("ExecReload"), reload);
}

/// What `systemd-analyze` says of the unit with the binary under test.
fn systemd_analyze(arguments: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("cos-ftp-server.service");
    let built = env!("CARGO_BIN_EXE_cos-ftp-server");
    fs::write(&file, unit().replace("/usr/bin/cos-ftp-server", built)).unwrap();
    let output = Command::new("systemd-analyze").args(arguments).arg(&file).output().unwrap();
    let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{told}");
    told
}

fn unit() -> String {
    fs::read_to_string(path(UNIT)).unwrap()
}

fn unit_key(key: &str) -> String {
    let unit = unit();
    let mut values = unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    values.next().unwrap_or_else(|| panic!("no {key}")).to_owned()
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
