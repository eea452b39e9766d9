use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::terminal::Terminal;

const TYPED: &str = "typed by hand";

fn init(config: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.args(["init", "--config", config]).env("LC_ALL", "C.UTF-8");
    command
}

/// Answers, each when its question is asked.
fn answer(terminal: &mut Terminal, answers: &[(&str, &str)]) {
    for (question, answer) in answers {
        terminal.wait_for(question);
        terminal.type_line(answer);
    }
}

#[test]
fn a_mistyped_directory_is_not_made_unasked() {
    let place = TempDir::new().unwrap();
    let [right, wrong] = ["data", "dtaa"].map(|name| place.path().join(name));
    fs::create_dir(&right).unwrap();
    let config = place.path().join("server.conf");
    let mut terminal = Terminal::run(&init(config.to_str().unwrap()));
    let make = " does not exist. Create it? y or n [y]: ";
    answer(
        &mut terminal,
        &[
            ("1, 2 or 3 [1]: ", "3"),
            ("Directory: ", wrong.to_str().unwrap()),
            (make, "what?"),
            (make, "n"),
            ("Directory: ", right.to_str().unwrap()),
            ("FTP user [ftpuser]: ", ""),
            ("Password (leave empty to generate one): ", ""),
        ],
    );
    let (shown, _) = terminal.end();
    assert!(shown.contains("Wrote ") && !shown.contains("Created the directory"), "{shown}");
    assert!(!wrong.exists());

    // A pipe cannot be asked: it is told.
    let other = place.path().join("other.conf");
    let mut command = init(other.to_str().unwrap());
    let answers = place.path().join("answers");
    fs::write(&answers, format!("3\n{}\n\n\n", wrong.display())).unwrap();
    command.stdin(Stdio::from(fs::File::open(answers).unwrap()));
    let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let made = format!("Created the directory {}\n", fs::canonicalize(&wrong).unwrap().display());
    assert!(told.contains(&made), "{told}");
}

#[test]
fn a_typo_in_the_password_loses_no_answer() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("server.conf");
    let mut terminal = Terminal::run(&init(config.to_str().unwrap()));
    answer(
        &mut terminal,
        &[
            ("1, 2 or 3 [1]: ", "3"),
            ("Directory: ", place.path().to_str().unwrap()),
            ("FTP user [ftpuser]: ", ""),
        ],
    );
    for (question, typed) in [
        ("Password (leave empty to generate one): ", TYPED),
        ("Once more: ", "typed by hnad"),
        ("the two passwords differ\r\nPassword (leave empty to generate one): ", TYPED),
        ("Once more: ", TYPED),
    ] {
        terminal.wait_for(question);
        terminal.type_hidden(typed);
    }
    let (shown, _) = terminal.end();
    assert!(shown.contains("Wrote ") && config.exists(), "{shown}");
}

#[test]
fn a_bucket_that_cannot_be_one_is_asked_for_again() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("server.conf");
    let mut terminal = Terminal::run(&init(config.to_str().unwrap()));
    answer(
        &mut terminal,
        &[
            ("1, 2 or 3 [1]: ", "2"),
            ("Endpoint, as in https://s3.example.com: ", "https://s3.example.com/bucket"),
            ("the bucket is asked for next\r\nEndpoint, as in https://s3.example.com: ", "ftp://h"),
            (
                "the bucket is asked for next\r\nEndpoint, as in https://s3.example.com: ",
                "http://h",
            ),
            ("Bucket: ", "a/b"),
            ("a bucket's name has letters, digits, hyphens and dots, as in files\r\nBucket: ", "b"),
            ("Region [us-east-1]: ", "us east"),
            ("the region is a word without spaces\r\nRegion [us-east-1]: ", ""),
        ],
    );
    terminal.wait_for("Access key id: ");
    assert!(!config.exists());
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_is_asked() {
    // To root it looks as if it could be written.
    let config = "/proc/cos-ftp-server/server.conf";
    let output = init(config).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("/proc cannot be written, so nothing is asked: "), "{told}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("1, 2 or 3"), "{told}");
}
