//! Whether a machine can carry the settings.

use cos_ftp_server::config::{
    self, EnvironmentKeys, LoadedConfig, MachineFacts, Problems, check_machine,
};

use super::samples::FORM_1;
use super::support::{ACCOUNT, accepted, filled_in};

const MIB: u64 = 1 << 20;

/// A machine that limits nothing but what a test says.
const ROOMY: MachineFacts = MachineFacts {
    total_memory: Some(64 << 30),
    available_memory: Some(60 << 30),
    descriptors: Some(1 << 20),
    threads: Some(13_106),
};

fn parse_on(facts: &MachineFacts, text: impl AsRef<[u8]>) -> Result<LoadedConfig, Problems> {
    config::parse(text.as_ref(), "a.conf".as_ref(), facts, &EnvironmentKeys::default())
}

#[test]
fn defaults_fit_beside_other_programs() {
    let facts = MachineFacts { available_memory: Some(2 << 30), ..ROOMY };
    let text = filled_in(FORM_1);
    let loaded = parse_on(&facts, &text).unwrap();
    assert_eq!(check_machine(&loaded.settings, &facts).unwrap(), []);
    let told = format!("{text}\n[OPTIONAL]\nbuffer_memory = 25%\n");
    let loaded = parse_on(&facts, &told).unwrap();
    assert!(check_machine(&loaded.settings, &facts).is_err(), "an explicit value is not lowered");
}

/// What is said of the settings of `[OPTIONAL]` on a machine: problems, warnings.
fn check(optional: &str, facts: MachineFacts) -> (Vec<String>, Vec<String>) {
    let settings = accepted(&format!("{ACCOUNT}[OPTIONAL]\n{optional}\n"));
    let (problems, warnings) = match check_machine(&settings, &facts) {
        Ok(warnings) => (Vec::new(), warnings),
        Err(problems) => (problems.problems, Vec::new()),
    };
    let show = |findings: Vec<config::Finding>| findings.iter().map(ToString::to_string).collect();
    (show(problems), show(warnings))
}

#[test]
fn the_sample_starts_on_small_cloud_machines() {
    for (name, total, available) in [("1 GiB", 980, 620), ("2 GiB", 1990, 1500)] {
        let facts = MachineFacts {
            total_memory: Some(total * MIB),
            available_memory: Some(available * MIB),
            descriptors: Some(4096),
            threads: Some(3700),
        };
        let text = filled_in(FORM_1);
        let loaded = parse_on(&facts, &text).unwrap();
        let warnings = check_machine(&loaded.settings, &facts)
            .unwrap_or_else(|problems| panic!("{name}: {problems}"));
        assert_eq!(warnings, [], "{name}");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_the_key_to_lower() {
    let memory = |available| MachineFacts { available_memory: Some(available * MIB), ..ROOMY };
    for (optional, facts, place, remedy) in [
        (
            "buffer_memory = 1G",
            memory(1000),
            "a.conf: [OPTIONAL] buffer_memory = 1G: buffer_memory of 1024 MiB and 512 sessions of \
             128 KiB each may need more than 60 % of the 1000 MiB of memory",
            "lower buffer_memory to at most 536M, or set config_check_enable = false",
        ),
        (
            "buffer_memory = 18446744073709551615",
            memory(1000),
            "a.conf: [OPTIONAL] buffer_memory = 17592186044415M: ",
            "lower buffer_memory to at most 536M, or",
        ),
        (
            "max_connection_num = 10000\nbuffer_memory = 64M",
            memory(1000),
            "a.conf: [OPTIONAL] max_connection_num = 10000: buffer_memory of 64 MiB and 10000",
            "lower max_connection_num to at most 4288, or",
        ),
        (
            "buffer_memory = 64M",
            memory(110),
            "a.conf: [OPTIONAL] buffer_memory = 64M: buffer_memory of 64 MiB and 512",
            "lower buffer_memory to 8M and max_connection_num to at most 463, or",
        ),
        (
            "max_connection_num = 2000",
            MachineFacts { descriptors: Some(1024), ..ROOMY },
            "a.conf: [OPTIONAL] max_connection_num = 2000: needs more descriptors than the hard \
             limit of 1024",
            "lower max_connection_num to at most 277, or raise that limit to at least 6192",
        ),
        (
            "max_connection_num = 2000",
            MachineFacts { threads: Some(1000), ..ROOMY },
            "a.conf: [OPTIONAL] max_connection_num = 2000: may need more than the 1000 threads",
            "lower max_connection_num to at most 952, or raise those limits to at least 2048",
        ),
    ] {
        let (problems, warnings) = check(optional, facts);
        assert_eq!((problems.len(), warnings.len()), (1, 0), "{optional}: {problems:#?}");
        assert!(problems[0].starts_with(place), "{}\n{place}", problems[0]);
        assert!(problems[0].contains(remedy), "{}\n{remedy}", problems[0]);
        let off = format!("{optional}\nconfig_check_enable = false");
        assert_eq!(check(&off, facts), (vec![], vec![]), "{off}");
    }
}

#[test]
fn verifying_passwords_counts() {
    let hash = "$argon2id$v=19$m=204800,t=2,p=1$c2FsdHNhbHRzYWx0$\
                DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY";
    let account = ACCOUNT.replace("hunter2\nauthority", &format!("{hash}\nauthority"));
    let facts = MachineFacts { available_memory: Some(1000 * MIB), ..ROOMY };
    let check = |checks: usize| {
        let keys = format!("[SECURITY]\npassword_checks = {checks}\n[OPTIONAL]\n");
        let text = format!("{account}{keys}buffer_memory = 64M\n");
        check_machine(&accepted(&text), &facts)
    };
    // 64 MiB for transfers, 64 MiB for sessions, 200 MiB for each password; 600 MiB are allowed.
    assert_eq!(check(2).unwrap(), []);
    let problem = check(3).unwrap_err().to_string();
    assert!(problem.contains("600 MiB to verify passwords (password_checks)"), "{problem}");
}

#[test]
fn a_remedy_works() {
    let facts = MachineFacts {
        available_memory: Some(1000 * MIB),
        descriptors: Some(1024),
        threads: Some(1000),
        ..ROOMY
    };
    for (ill, cured) in [
        ("max_connection_num = 278", "max_connection_num = 277"),
        (
            "buffer_memory = 592838657\nmax_connection_num = 277",
            "buffer_memory = 592838656\nmax_connection_num = 277",
        ),
    ] {
        assert_ne!(check(ill, facts).0, [""; 0], "{ill}");
        assert_eq!(check(cured, facts).0, [""; 0], "{cured}");
    }
}

#[test]
fn a_scanner_costs_every_upload_memory() {
    let facts = MachineFacts { available_memory: Some(1000 * MIB), ..ROOMY };
    let optional = "buffer_memory = 300M\nmax_connection_num = 512";
    assert_eq!(check(optional, facts).0, [""; 0]);
    let scanned = format!("{optional}\npartial_upload = keep\n[SCAN]\nclamd = /run/c");
    let problems = check(&scanned, facts).0;
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].contains("512 sessions of 768 KiB each may need"), "{problems:#?}");
    assert_eq!(check(&scanned.replace("512", "400"), facts).0, [""; 0]);
}

#[test]
fn fewer_workers_are_a_warning() {
    let facts = MachineFacts { threads: Some(1500), ..ROOMY };
    let (problems, warnings) = check("", facts);
    assert_eq!((problems.len(), warnings.len()), (0, 1), "{problems:#?}");
    assert!(warnings[0].contains("256 transfers with 5 workers each exceed"), "{warnings:?}");
    // More than a transfer begins with is nobody's need.
    assert_eq!(check("upload_thread_num = 200\ndownload_thread_num = 200", facts).1, warnings);
    assert_eq!(check("upload_thread_num = 2\ndownload_thread_num = 2", facts), (vec![], vec![]));
}

#[test]
fn no_limit_of_connections_is_a_warning_that_tells_the_machines() {
    let (problems, warnings) =
        check("max_connection_num = 0", MachineFacts { descriptors: Some(4096), ..ROOMY });
    assert_eq!((problems.len(), warnings.len()), (0, 1), "{problems:#?}");
    assert!(warnings[0].ends_with("for about 1301 only"), "{warnings:?}");
}

#[test]
fn what_the_machine_does_not_tell_is_not_compared() {
    let nothing = MachineFacts::default();
    assert_eq!(
        check("buffer_memory = 900G\nmax_connection_num = 1000000", nothing),
        (vec![], vec![])
    );
}

#[test]
fn nobody_is_told_to_allow_no_connection() {
    let few = MachineFacts { descriptors: Some(64), ..ROOMY };
    let (problems, _) = check("max_connection_num = 512", few);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(
        problems[0].ends_with("(ulimit -Hn): raise that limit to at least 1728"),
        "{problems:#?}"
    );
    assert_eq!(check("", MachineFacts { descriptors: Some(1728), ..ROOMY }).0, [""; 0]);
    let (problems, _) = check("max_connection_num = 0", few);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(
        problems[0].contains("for about 0 only: raise its limits, to at least 198"),
        "{problems:#?}"
    );
    let (problems, _) = check("", MachineFacts { threads: Some(20), ..ROOMY });
    assert!(problems[0].ends_with(": raise those limits to at least 560"), "{problems:#?}");
    let (problems, _) = check("", MachineFacts { available_memory: Some(MIB), ..ROOMY });
    assert!(problems[0].contains("give the machine more memory, or"), "{problems:#?}");
}
