//! What `--help` prints, and what `help COMMAND` prints of it.

/// What `--help` prints.
pub(crate) const HELP: &str = "\
An FTP server whose disk is a Tencent COS (or any S3-compatible) bucket.

Usage: cos-ftp-server [--config FILE] [--check-config]
       cos-ftp-server serve DIR [--user NAME] [--listen [ADDRESS:]PORT] [--ask-password]
                                [--passive-ports FIRST-LAST]
       cos-ftp-server init [--config FILE]
       cos-ftp-server check [FILE] [--json]
       cos-ftp-server check --from [USER@]HOST[:PORT] [--implicit-tls] [--json]
       cos-ftp-server status [--config FILE | --socket FILE] [--json | --watch]
       cos-ftp-server reload [--config FILE] [--pid PID]
       cos-ftp-server stop [--config FILE | --socket FILE]
       cos-ftp-server kick SESSION|USER [--config FILE | --socket FILE]
       cos-ftp-server ban ADDRESS|USER [for TIME] [--config FILE | --socket FILE]
       cos-ftp-server unban ADDRESS|USER [--config FILE | --socket FILE]
       cos-ftp-server log-level LEVEL [--config FILE | --socket FILE]
       cos-ftp-server user add NAME [--permission R|W|RW] [--prefix PREFIX]
       cos-ftp-server user passwd NAME | list   [--users-file FILE] [--config FILE]
       cos-ftp-server verify-ledger [FILE] [--config FILE]
       cos-ftp-server hash-password
       cos-ftp-server version
       cos-ftp-server help [COMMAND]

    serve DIR       serve a directory without a configuration, to the user ftpuser or --user NAME,
                    on port 2121 or --listen [ADDRESS:]PORT. The password is taken from the variable
                    COS_FTP_PASSWORD, asked for (--ask-password), or generated and printed.
                    Data connections use the ports FIRST-LAST, by default 60000-65535. A directory
                    that this process may not write to is served read-only
    init            ask a few questions, write a configuration and check it. A sample configuration
                    that nobody has changed is replaced, and so is one that init has written and
                    that did not pass its check
    check           try everything that the configuration needs: the machine, and each bucket for
                    real, with a small object that is deleted again. Each problem is shown with what
                    to do about it. --json prints the result for programs
    check --from    run this where a client is: it logs in to the server at HOST, port 21 or PORT,
                    or at a URL such as ftp://USER@HOST:PORT/, tries TLS, PASV, EPSV and a small
                    file each way, and shows which hop is closed. User and password are asked for,
                    or taken from the variables COS_FTP_USER and COS_FTP_PASSWORD. TLS begins with
                    the connection (implicit TLS) at port 990, with --implicit-tls or ftps://, and
                    at a server that says nothing until it does
    status          show the running server's sessions and the progress of their transfers.
                    --json prints them for programs; --watch refreshes every 2 seconds until Ctrl+C.
                    A server that was started by serve has no configuration: name the --socket FILE
                    that it printed when it started
    reload          make the running server read its configuration again, and show which changes
                    took effect and which need a restart. A server that was started by serve has no
                    configuration to read again. One that cannot be asked, as with
                    control_socket = off, gets SIGHUP if it is named as the process PID
    stop            stop the running server, and wait until it has ended; --socket FILE as for
                    status
    kick            end a session of the running server, or all of a user, as status shows them: the
                    client hears 421, and a transfer is interrupted
    ban             let nobody in from an address (of IPv6: from its /64), or as a user, for 90s,
                    30m, 2h or 7d, or until the server ends; sessions that are there end
    unban           end a ban, also one that failed logins have brought about
    log-level       log from DEBUG, INFO, WARNING or ERROR on, or with OFF nothing, until the
                    configuration is read again
    user add NAME   add a user to the users_file of the configuration, or to --users-file FILE, for
                    which no configuration is needed; the server lets the user in after the next
                    reload. The password is asked for on a terminal, or taken from the variable
                    COS_FTP_PASSWORD or from a line of standard input; only its hash is stored
    user passwd NAME change a user's password
    user list       list the users of the file
    verify-ledger   tell whether the ledger of the configuration, or FILE, is as it was written, and
                    where it is not; with a configuration also whether the stores still have what
                    it tells. FILE without --config: no store is asked
    hash-password   read a password and print its hash, which may take the password's place in the
                    configuration; asks on a terminal, otherwise reads a line of standard input
    version         print the version, and exit
    help            print this text, or with COMMAND the part about that command
    --config FILE   the configuration (also -c FILE), or the directory that it is in. If it is not
                    named, the first of these that exists is used:
                        ./conf/cos-ftp-server.conf
                        what the installed systemd unit names, if it runs this program
                        PREFIX/etc/cos-ftp-server/cos-ftp-server.conf, if PREFIX/bin has the program
                        /etc/cos-ftp-server/cos-ftp-server.conf
                        or, each time, vsftpd.conf in the same place
    --check-config  check the configuration, and whether what it names can be used for a start,
                    and exit
    --version       print the version, and exit
    --help          print this text, and exit

Ctrl+C or SIGTERM stops the server; running transfers have shutdown_grace to finish. A second
Ctrl+C ends it at once. SIGHUP makes it read its configuration again, SIGUSR1 makes it reopen its
log file.

Exit status: 0 after a stop; 1 when the server cannot start, or did not stop in time; 64 for a wrong
argument; 78 for a wrong configuration; 130 after a second Ctrl+C. Of check: 0 when nothing failed,
otherwise 1. Of what asks a running server: 1 when none answers, or it refuses; of stop also when the
server ended before everything was done, or was killed. Of verify-ledger: 1 when the chain is broken,
3 when it is whole and a store has something else.
";

/// The commands that there is help on.
pub(crate) const COMMANDS: &[&str] = &[
    "serve",
    "init",
    "check",
    "status",
    "reload",
    "stop",
    "kick",
    "ban",
    "unban",
    "log-level",
    "user",
    "verify-ledger",
    "hash-password",
    "version",
    "help",
];

/// What [`HELP`] says of the command `word`: how it is used, and what it does.
pub(crate) fn on(word: &str) -> String {
    let (_, behind) = HELP.split_once("Usage:").unwrap_or_default();
    let (usage, behind) = behind.split_once("\n\n").unwrap_or_default();
    let (entries, _) = behind.split_once("\n\n").unwrap_or_default();
    let mut text = String::new();
    for line in parts(usage, |line| line.trim_start().starts_with("cos-ftp-server")) {
        if names(&line).any(|name| name == word) {
            text += if text.is_empty() { "Usage: " } else { "       " };
            text += line.trim_start();
        }
    }
    text.push('\n');
    let is_entry = |line: &str| line.strip_prefix("    ").is_some_and(|it| !it.starts_with(' '));
    let of_word = |entry: &String| entry.split_whitespace().next() == Some(word);
    text.extend(parts(entries, is_entry).into_iter().filter(of_word));
    text + "\ncos-ftp-server help explains all commands.\n"
}

/// The lines of `text` in groups, each with its end; a group begins with a line that `begins` one.
fn parts(text: &str, begins: impl Fn(&str) -> bool) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in text.lines() {
        match parts.last_mut().filter(|_| !begins(line)) {
            Some(part) => *part += &format!("{line}\n"),
            None => parts.push(format!("{line}\n")),
        }
    }
    parts
}

/// The commands that a line of the usage is about.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase() || c == '|');
    line.split_whitespace().skip(1).take_while(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_help_on_each_command() {
        for (word, parts) in [
            (
                "serve",
                &["Usage: cos-ftp-server serve DIR [", "[--passive-ports ", "    serve DIR "][..],
            ),
            ("status", &["Usage: cos-ftp-server status [", "    status   ", "--watch"]),
            ("stop", &["Usage: cos-ftp-server stop [", "    stop   "]),
            ("user", &["\n       cos-ftp-server user passwd ", "    user add ", "    user list "]),
            ("hash-password", &["Usage: cos-ftp-server hash-password\n", "    hash-password "]),
            ("version", &["Usage: cos-ftp-server version\n", "    version   "]),
            ("help", &["Usage: cos-ftp-server help [COMMAND]\n", "    help    "]),
        ] {
            let told = on(word);
            for part in parts {
                assert!(told.contains(part), "{part:?}: {told}");
            }
            let lines =
                told.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
            assert!(lines.clone().all(|line| line.trim_start().starts_with(word)), "{told}");
        }
    }
}
