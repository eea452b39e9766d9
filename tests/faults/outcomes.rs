use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::faults::commands::{Command, End, Place};
use crate::faults::outcome_rows::{ALIKE, FAULTS, REASONS, REQUESTS, reason_against};
use crate::faults::parking::{go_on_if_parked, put_earlier};
use crate::faults::transfers::{Seen, upload};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule, Spelling};
use crate::support::resources::{Resources, SETTLING, expect_no_buffers};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::Stored;

/// Any command must be answered within this time. What the server may take: [`HASTY`] are a few
/// seconds for each request, and no command makes more than three that fail.
const BOUND: Duration = Duration::from_secs(20);

/// Time limits of a server whose store fails.
const HASTY: &[(&str, &str)] = &[
    ("connect_timeout", "1"),
    ("send_timeout", "4"),
    ("response_timeout", "2"),
    ("complete_timeout", "2"),
    ("retry_timeout", "3"),
];

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/architecture/outcomes.md");

/// Where the table stands in the document.
const BEGIN: &str = "<!-- outcomes: begin -->";
const END: &str = "<!-- outcomes: end -->";

/// Set to write the table instead of comparing it.
const REWRITE: &str = "COS_FTP_WRITE_OUTCOMES";

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lasting {
    Once,
    ForGood,
}

#[test]
fn every_command_ends_well_whatever_fails() {
    let told = document();
    let first: Vec<Option<String>> = thread::scope(|scope| {
        let rows: Vec<_> = REQUESTS
            .iter()
            .map(|&(command, request)| scope.spawn(move || row(command, request)))
            .collect();
        rows.into_iter().map(|row| row.join().ok()).collect()
    });
    let lines: Vec<String> = first
        .into_iter()
        .zip(REQUESTS)
        .map(|(line, &(command, request))| {
            let is_as_told = |line: &String| is_rewriting() || told.contains(line);
            // Among so many servers at once a healthy request can outlast its time limit. What is
            // wrong is wrong alone as well.
            line.filter(is_as_told).unwrap_or_else(|| row(command, request))
        })
        .collect();
    compare_with_document(&table(&lines));
}

/// A request that no row tells of could fail in any way.
#[test]
fn every_request_of_every_command_stands_in_the_table() {
    let mut commands: Vec<Command> = REQUESTS.iter().map(|(command, _)| *command).collect();
    commands.dedup();
    let mut missing = Vec::new();
    for command in commands {
        let injector = Injector::before(Rgw::shared().endpoint());
        let (server, mut ftp) = begin(&injector, command, &[]);
        command.prepare("f", server.stored(), &mut ftp);
        let before = injector.seen().len();
        let seen = command.run("f", &mut ftp, &Place { server: &server, injector: &injector });
        let breaks = matches!(command, Command::AbortInParts | Command::Park);
        assert!(seen.is_success() || breaks, "{command:?}: {seen:?}");
        for (request, key) in injector.seen().split_off(before) {
            let row = (command, request);
            if !REQUESTS.contains(&row) && !ALIKE.contains(&row) {
                missing.push((row, key));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// One line of the table: a server, a store and a session of its own.
fn row(command: Command, request: Request) -> String {
    let injector = Injector::before(Rgw::shared().endpoint());
    let (mut server, mut ftp) = begin(&injector, command, HASTY);
    if command == Command::Park {
        // Every other one replaces a file.
        let names = (0..FAULTS.len()).map(|number| name_of(number, Lasting::ForGood));
        put_earlier(names, server.stored());
    }
    let mut baseline = Resources::at_rest(&server, &injector, 1);
    let mut line = format!("| {} | {request:?} |", command.title());
    let mut failed = Vec::new();
    for (number, (title, fault)) in FAULTS.iter().enumerate() {
        if let Some(reason) = reason_against(command, request, *fault) {
            let _ = write!(line, " {reason} |");
            continue;
        }
        let mut outcomes = Vec::new();
        for lasting in [Lasting::Once, Lasting::ForGood] {
            let name = name_of(number, lasting);
            let cell = Cell { command, request, fault: *fault, lasting, name: &name };
            let place = Place { server: &server, injector: &injector };
            let play = AssertUnwindSafe(|| cell.play(&place, &mut ftp, &baseline));
            let outcome = catch_unwind(play).unwrap_or_else(|_| {
                // The other cells are worth knowing, too.
                failed.push(format!("{title}, {lasting:?}"));
                injector.heal();
                ftp = Ftp::login(&server);
                Outcome { code: 0, is_parked: false }
            });
            outcomes.push(cell.shown(outcome));
            if cell.ends_asking() {
                (server, ftp) = begin(&injector, command, HASTY);
                baseline = Resources::at_rest(&server, &injector, 1);
            }
        }
        let _ = write!(line, " {} |", outcomes.join(" / "));
    }
    assert!(failed.is_empty(), "{command:?} {request:?}: {failed:?}");
    line
}

/// What a cell's command works on.
fn name_of(fault: usize, lasting: Lasting) -> String {
    format!("f{fault}-{}", u8::from(lasting == Lasting::ForGood))
}

/// A server and a session that has stored a file. One after another, so that the store is not
/// asked for all buckets at once.
fn begin(injector: &Injector, command: Command, time_limits: &[(&str, &str)]) -> (TestServer, Ftp) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut setup = Setup::bucket_behind(&injector.endpoint());
    if !command.options().iter().any(|(key, _)| *key == "partial_upload") {
        // What is parked would be left behind.
        setup = setup.option("partial_upload", "keep");
    }
    for (key, value) in command.options().iter().chain(time_limits) {
        setup = setup.option(key, value);
    }
    let server = setup
        .option("metadata_cache_time", "0")
        // The least there is: a part that a transfer kept would be missing to the next one.
        .option("buffer_memory", "8M")
        .operations("metrics_listen", "127.0.0.1:0")
        // No command's requests.
        .operations("abort_unfinished_after", "0")
        .start();
    let mut ftp = Ftp::login(&server);
    ftp.expect("TYPE I", "200 ");
    assert_eq!(upload(&mut ftp, "STOR first", b"first").code, 226);
    // Not the requests of the start either.
    let _ = Resources::at_rest(&server, injector, 1);
    (server, ftp)
}

/// One command with one fault.
struct Cell<'a> {
    command: Command,
    request: Request,
    fault: Fault,
    lasting: Lasting,
    name: &'a str,
}

/// How a cell ended.
#[derive(Clone, Copy)]
struct Outcome {
    /// Code of the reply.
    code: u16,
    /// Whether what had arrived was there to go on with.
    is_parked: bool,
}

impl Cell<'_> {
    fn play(&self, place: &Place<'_>, ftp: &mut Ftp, baseline: &Resources) -> Outcome {
        let Self { command, request, fault, lasting, name } = *self;
        let Place { server, injector } = place;
        let told = format!("{command:?} {request:?} {fault:?} {lasting:?}");
        injector.tell_checksums(match lasting {
            Lasting::Once => Spelling::Cos,
            Lasting::ForGood => Spelling::Amz,
        });
        command.prepare(name, server.stored(), ftp);
        // Directory markers and the like are struck as well: whatever the command asks.
        let rule = Rule::new(request, self.fault());
        let before = injector.struck();
        injector.inject(match lasting {
            Lasting::Once => rule.times(1),
            Lasting::ForGood => rule,
        });
        let begun = Instant::now();
        let seen = command.run(name, ftp, place);
        assert!(begun.elapsed() < BOUND, "{told}: {:?}", begun.elapsed());
        assert!(injector.struck() > before || fault == Fault::Stale, "{told}: never struck");
        injector.heal();
        self.judge(&seen, &told);
        let may_be_done = self.may_be_done();
        command.check(name, &seen, &End { request, may_be_done, stored: server.stored() });
        let named = (name, lasting == Lasting::ForGood);
        let is_parked =
            command == Command::Park && go_on_if_parked(named, &seen, ftp, server.stored());
        if command == Command::GoOn && !seen.is_success() {
            let stands = server.stored().files().iter().any(|file| file == name);
            // What the store says to be gone is given up.
            let is_gone = matches!(fault, Fault::Refuse(404, _));
            assert!(stands || is_gone || has_upload(name, server), "{told}: it is gone");
        } else if self.leaves_upload() {
            assert!(has_upload(name, server), "{told}: no upload is left");
        } else {
            expect_no_upload(name, server, &told);
        }
        ftp.expect("NOOP", "200 ");
        assert_eq!(upload(ftp, "STOR good", name.as_bytes()).code, 226, "after {told}");
        baseline.expect_again(server, injector, &told);
        expect_no_buffers(server, &told);
        Outcome { code: seen.code, is_parked }
    }

    /// The fault itself. One that lasts lets no byte of an answer through: else each try would
    /// bring the download a little further.
    fn fault(&self) -> Fault {
        match (self.fault, self.lasting) {
            (Fault::ResetInAnswer(_), Lasting::ForGood) => Fault::ResetInAnswer(0),
            (fault, _) => fault,
        }
    }

    /// Whether the store carried the request out although the server heard no answer.
    fn may_be_done(&self) -> bool {
        matches!(self.fault, Fault::LoseAnswer | Fault::ResetInAnswer(_))
    }

    /// Whether the server sends such a request no more: a key that may not read ACLs goes on without.
    fn ends_asking(&self) -> bool {
        self.request == Request::GetObjectAcl && matches!(self.fault, Fault::Refuse(403, _))
    }

    /// What passes is not noticed; what stays is told.
    fn judge(&self, seen: &Seen, told: &str) {
        let is_download = matches!(self.command, Command::RetrieveSmall | Command::RetrieveLarge);
        let is_final = matches!(self.fault, Fault::Refuse(403 | 404, _));
        // What DELE does beyond deleting is to keep the emptied directory, as far as it can; a file
        // stands when its tags are set.
        let is_beyond = matches!(self.command, Command::DeleteLast | Command::StoreTagged);
        let expected = match (self.fault, self.lasting) {
            _ if matches!(self.command, Command::AbortInParts | Command::Park) => Some(false),
            _ if is_beyond || self.ends_asking() => Some(true),
            // Who may list but not read is told the store's own times.
            (Fault::Refuse(403, _), _) if self.command == Command::ListTimes => Some(true),
            (Fault::Latency(_) | Fault::Stale | Fault::Bandwidth(_), _) => Some(true),
            // The client has the bytes before their checksum is known.
            (Fault::FlipInAnswer(_), _) if is_download => Some(false),
            // Whether the refusal arrives before the connection breaks is chance.
            (Fault::RefuseEarly(403, _), Lasting::Once) => None,
            (_, Lasting::Once) => Some(!is_final),
            // The object itself may tell what became of it.
            (_, Lasting::ForGood) if self.may_be_done() => None,
            (_, Lasting::ForGood) => Some(false),
        };
        assert!(expected.is_none_or(|good| good == seen.is_success()), "{told}: {seen:?}");
        assert!(seen.code < 600 && seen.code / 100 != 1, "{told}: {seen:?}");
    }

    /// What stands in the table.
    fn shown(&self, Outcome { code, is_parked }: Outcome) -> String {
        match (self.fault, self.lasting) {
            _ if self.command == Command::Park => self.shown_of_parking(code, is_parked),
            (Fault::RefuseEarly(403, _), Lasting::Once) if self.command != Command::StoreTagged => {
                "226 or 550".to_owned()
            }
            _ if self.command == Command::GoOn && code >= 400 => format!("{code}²"),
            _ if self.leaves_upload() => format!("{code}¹"),
            _ => code.to_string(),
        }
    }

    /// The same of what broke off. Whether the client hears of a refusal, or that its line broke, is
    /// chance where both happen at once; so is whether something is parked then.
    fn shown_of_parking(&self, code: u16, is_parked: bool) -> String {
        let refused = match self.fault {
            Fault::Refuse(403, _) | Fault::RefuseEarly(403, _) => 550,
            Fault::Refuse(404, _) => 451,
            _ => {
                let marks = match (is_parked, self.leaves_upload()) {
                    (true, true) => "³ ¹",
                    (true, false) => "³",
                    (false, true) => "¹",
                    (false, false) => "",
                };
                return format!("{code}{marks}");
            }
        };
        assert!(code == 426 || code == refused, "{:?}: {code}", self.fault);
        format!("426 or {refused}")
    }

    /// Whether an upload stays: nobody can know the one that was begun, or the store does not
    /// take the request to abort it.
    fn leaves_upload(&self) -> bool {
        let passes = match (self.fault, self.lasting) {
            (Fault::LoseAnswer | Fault::Latency(_) | Fault::Stale | Fault::Bandwidth(_), _) => true,
            (Fault::Refuse(403 | 404, _), _) => false,
            (_, lasting) => lasting == Lasting::Once,
        };
        match self.request {
            Request::CreateMultipartUpload => self.may_be_done(),
            Request::AbortMultipartUpload => !passes,
            _ => false,
        }
    }
}

fn has_upload(name: &str, server: &TestServer) -> bool {
    let Stored::Bucket(bucket) = server.stored() else { panic!("a bucket") };
    Rgw::shared().s3_list_uploads(bucket).iter().any(|key| key == name)
}

fn expect_no_upload(name: &str, server: &TestServer, told: &str) {
    // An upload is aborted when the last request for it has ended.
    let deadline = Instant::now() + SETTLING;
    while has_upload(name, server) {
        assert!(Instant::now() < deadline, "{told}: an upload is left");
        thread::sleep(Duration::from_millis(50));
    }
}

fn table(lines: &[String]) -> String {
    let mut text = String::from("| Command | Request that fails |");
    for (title, _) in FAULTS {
        let _ = write!(text, " {title} |");
    }
    text.push_str("\n|---|---|");
    text.push_str(&"---|".repeat(FAULTS.len()));
    for line in lines {
        let _ = write!(text, "\n{line}");
    }
    let reasons: Vec<_> =
        REASONS.iter().map(|(letter, why)| format!("*{letter}*: {why}")).collect();
    let _ = write!(
        text,
        "\n\n*¹* An unfinished upload stays: its id is not known, or the store does not take the \
         request to abort it. It is aborted after `abort_unfinished_after`. *²* What was parked stays \
         parked, or stands as the whole file. *³* Parked: `SIZE` tells where to go on, and the file \
         became whole there; without the mark nothing was left. Of *426 or* another code, either \
         may be.\n\nDoes not apply: {}.\n",
        reasons.join("; ")
    );
    text
}

/// The document's table is this one. With [`REWRITE`] in the environment it becomes it.
fn compare_with_document(table: &str) {
    let document = document();
    let (head, rest) = document.split_once(BEGIN).expect("where the table begins");
    let (told, tail) = rest.split_once(END).expect("where the table ends");
    if is_rewriting() {
        let text = format!("{head}{BEGIN}\n{table}{END}{tail}");
        fs::write(DOCUMENT, text).expect("the document can be written");
    } else {
        assert!(
            told.trim() == table.trim(),
            "docs/architecture/outcomes.md tells otherwise; {REWRITE}=1 tests/run --test suite outcomes writes it:\n{table}"
        );
    }
}

fn document() -> String {
    fs::read_to_string(DOCUMENT).expect("the document")
}

fn is_rewriting() -> bool {
    std::env::var_os(REWRITE).is_some()
}
