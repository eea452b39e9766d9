use std::sync::LazyLock;

use crate::faults::parking::break_off;
use crate::faults::transfers::{Seen, abort, download, go_on, park, told, upload};
use crate::support::ftp::Ftp;
use crate::support::injector::{Injector, Request};
use crate::support::rgw::Rgw;
use crate::support::server::TestServer;
use crate::support::stored::{Stored, noise};

/// A file that goes to the store in one request.
const SMALL: usize = 100_000;

/// A file that is too large for one request: a multipart upload.
const IN_PARTS: usize = 6 << 20;

/// A file large enough to be copied inside the store: its smallest part.
const COPIED: usize = 5 << 20;

/// The file in a directory.
const INSIDE: &str = "inside";

/// A time that a client sets, and how the store keeps it.
const TIME: &str = "20200102030405";
const SECONDS: &str = "1577934245";

/// A file that a worker sends.
const SENT_BY_WORKER: usize = 3 << 20;

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    StoreSmall,
    StoreInParts,
    StoreTagged,
    AppendToSmall,
    AppendToTagged,
    AppendToLarge,
    Resume,
    RetrieveSmall,
    RetrieveLarge,
    List,
    ListTimes,
    Size,
    Delete,
    MakeDirectory,
    RemoveDirectory,
    RenameFrom,
    RenameTo,
    RenameDirectory,
    StoreUnique,
    AbortInParts,
    Park,
    GoOn,
    DeleteLast,
    ChangeDirectory,
    SetTime,
}

/// What a command runs on.
pub(crate) struct Place<'a> {
    pub(crate) server: &'a TestServer,
    pub(crate) injector: &'a Injector,
}

impl Command {
    /// In the words of the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::StoreSmall => "`STOR`, small",
            Self::StoreInParts => "`STOR`, in parts",
            Self::StoreTagged => "`STOR` with tags, in parts",
            Self::AppendToSmall => "`APPE` to a small file",
            Self::AppendToTagged => "`APPE` to a file with tags",
            Self::AppendToLarge => "`APPE` to a large file",
            Self::Resume => "`REST`, `STOR`",
            Self::RetrieveSmall => "`RETR`, small",
            Self::RetrieveLarge => "`RETR`, large",
            Self::List => "`LIST`",
            Self::ListTimes => "`MLSD` with clients' times",
            Self::Size => "`SIZE`",
            Self::Delete => "`DELE`",
            Self::MakeDirectory => "`MKD`",
            Self::RemoveDirectory => "`RMD`",
            Self::RenameFrom => "`RNFR`",
            Self::RenameTo => "`RNTO`",
            Self::RenameDirectory => "`RNTO` of a directory",
            Self::StoreUnique => "`STOU`",
            Self::AbortInParts => "`ABOR` of `STOR`",
            Self::Park => "`STOR` that breaks, parked",
            Self::GoOn => "`SIZE`, `REST`, `STOR` of what is parked",
            Self::DeleteLast => "`DELE` of the last file",
            Self::ChangeDirectory => "`CWD`",
            Self::SetTime => "`MFMT`",
        }
    }

    /// What its server needs to be told.
    pub(crate) fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            // The log tells when the upload was aborted.
            Self::AbortInParts => &[("partial_upload", "discard"), ("log_level", "DEBUG")],
            Self::Park | Self::GoOn => &[("partial_upload", "park")],
            Self::StoreTagged | Self::AppendToTagged => &[("object_tags", "a=b")],
            Self::SetTime | Self::ListTimes => &[("preserve_mtime", "on")],
            _ => &[],
        }
    }

    /// Makes what the command needs, under `name`.
    pub(crate) fn prepare(self, name: &str, stored: &Stored, ftp: &mut Ftp) {
        match self {
            // By way of the injector, which then knows its checksum.
            Self::RetrieveSmall
            | Self::RetrieveLarge
            | Self::AppendToSmall
            | Self::AppendToTagged => {
                ftp.store(&format!("STOR {name}"), self.earlier());
            }
            Self::MakeDirectory | Self::StoreUnique | Self::Park => {}
            Self::GoOn => park(ftp, name, self.sent()),
            Self::DeleteLast => stored.put(&format!("{name}/{INSIDE}"), self.earlier()),
            Self::ChangeDirectory => {
                stored.put(&format!("{name}/{INSIDE}"), self.earlier());
                // They stand between the file that could hide the directory and what lies in it: a
                // list of two keys does not tell, and HEAD is asked, too.
                stored.put(&format!("{name}-1"), self.earlier());
                stored.put(&format!("{name}-2"), self.earlier());
            }
            Self::RenameDirectory => {
                stored.put(&format!("{name}/"), b"");
                stored.put(&format!("{name}/{INSIDE}"), self.earlier());
            }
            Self::RemoveDirectory => stored.put(&format!("{name}/"), b""),
            _ => stored.put(name, self.earlier()),
        }
        if matches!(self, Self::RenameTo | Self::RenameDirectory) {
            ftp.expect(&format!("RNFR {name}"), "350 ");
        }
    }

    /// Does it. Returns when nothing of it goes on.
    pub(crate) fn run(self, name: &str, ftp: &mut Ftp, place: &Place<'_>) -> Seen {
        let sent = self.sent();
        match self {
            Self::StoreSmall | Self::StoreInParts | Self::StoreTagged => {
                upload(ftp, &format!("STOR {name}"), sent)
            }
            Self::AppendToSmall | Self::AppendToTagged | Self::AppendToLarge => {
                upload(ftp, &format!("APPE {name}"), sent)
            }
            Self::Resume => {
                ftp.expect(&format!("REST {COPIED}"), "350 ");
                upload(ftp, &format!("STOR {name}"), sent)
            }
            Self::RetrieveSmall | Self::RetrieveLarge => download(ftp, &format!("RETR {name}")),
            Self::List => download(ftp, "LIST"),
            Self::ListTimes => download(ftp, "MLSD"),
            Self::Size => told(ftp.ask(&format!("SIZE {name}"))),
            Self::Delete => told(ftp.ask(&format!("DELE {name}"))),
            Self::MakeDirectory => told(ftp.ask(&format!("MKD {name}"))),
            Self::RemoveDirectory => told(ftp.ask(&format!("RMD {name}"))),
            Self::RenameFrom => told(ftp.ask(&format!("RNFR {name}"))),
            Self::RenameTo | Self::RenameDirectory => told(ftp.ask(&format!("RNTO {name}.new"))),
            Self::StoreUnique => upload(ftp, &format!("STOU {name}"), sent),
            Self::AbortInParts => abort(ftp, name, sent, place),
            Self::Park => break_off(ftp, name),
            Self::GoOn => go_on(ftp, name, sent),
            Self::DeleteLast => told(ftp.ask(&format!("DELE {name}/{INSIDE}"))),
            Self::ChangeDirectory => {
                let seen = told(ftp.ask(&format!("CWD {name}")));
                ftp.expect("CWD /", "250 ");
                seen
            }
            Self::SetTime => told(ftp.ask(&format!("MFMT {TIME} {name}"))),
        }
    }

    /// Checks what was answered and what the store holds now. `request`: what failed.
    pub(crate) fn check(self, name: &str, seen: &Seen, end: &End<'_>) {
        let End { request, stored, .. } = end;
        let (ok, earlier, data) = (seen.is_success(), self.earlier(), &seen.data);
        let there = |key: &str| keys(stored, name).iter().any(|have| have == key);
        // What failed is as if it had not been tried, unless only the answer was lost.
        let is_as = |done: bool| done == ok || (end.may_be_done && done);
        match self {
            Self::StoreSmall
            | Self::StoreInParts
            | Self::StoreTagged
            | Self::AppendToSmall
            | Self::AppendToTagged
            | Self::AppendToLarge
            | Self::Resume => {
                let changed = self.is_changed(name, seen, stored);
                assert!(is_as(changed), "{name}, changed {changed}: {seen:?}");
            }
            Self::RetrieveSmall | Self::RetrieveLarge => {
                assert!(!ok || data == earlier, "{name}: {seen:?}");
            }
            Self::List | Self::ListTimes => {
                let shown = String::from_utf8_lossy(data).contains(&format!(" {name}\r\n"));
                assert!(!ok || shown, "{name}: {seen:?}");
            }
            Self::Size => assert!(!ok || seen.reply == format!("213 {SMALL}"), "{seen:?}"),
            // What is parked is looked at by going on with it.
            Self::RenameFrom | Self::ChangeDirectory | Self::Park => {}
            Self::StoreUnique => {
                let made = keys(stored, name);
                assert!(is_as(!made.is_empty()) && made.len() < 2, "{made:?}: {seen:?}");
                made.iter().for_each(|key| stored.expect(key, self.sent()));
            }
            Self::AbortInParts => {
                assert_eq!(seen.code, 426, "{seen:?}");
                stored.expect(name, earlier);
            }
            Self::GoOn => {
                let stands = there(name);
                assert!(is_as(stands), "{name}: {seen:?}");
                if stands {
                    stored.expect(name, self.sent());
                }
            }
            Self::DeleteLast => {
                let is_there = there(&format!("{name}/{INSIDE}"));
                assert!(is_as(!is_there), "{name}: {seen:?}");
            }
            Self::SetTime => {
                stored.expect(name, earlier);
                let Stored::Bucket(bucket) = stored else { panic!("a bucket") };
                let head = Rgw::shared().s3_head(bucket, name).expect("it stays");
                let is_set = head.get("x-amz-meta-mtime").is_some_and(|time| time == SECONDS);
                assert!(is_as(is_set), "{name}: {seen:?}");
            }
            Self::RenameDirectory => self.check_moved(name, seen, end),
            Self::Delete => assert!(is_as(!there(name)), "{name}: {seen:?}"),
            Self::MakeDirectory => assert!(is_as(there(&format!("{name}/"))), "{name}: {seen:?}"),
            Self::RemoveDirectory => {
                assert!(is_as(!there(&format!("{name}/"))), "{name}: {seen:?}");
            }
            Self::RenameTo => {
                // The old name goes when the copy under the new one is confirmed.
                let target = format!("{name}.new");
                let copied = ok || *request == Request::DeleteObject;
                stored.expect(if copied { &target } else { name }, earlier);
                assert!(is_as(!there(name)), "{name}: {seen:?}");
            }
        }
    }

    /// Checks the two names of a directory that was renamed.
    fn check_moved(self, name: &str, seen: &Seen, end: &End<'_>) {
        let End { request, stored, .. } = end;
        let (ok, earlier) = (seen.is_success(), self.earlier());
        let there = |key: &str| keys(stored, name).iter().any(|have| have == key);
        let is_as = |done: bool| done == ok || (end.may_be_done && done);
        // All of it stands under one of the names, or under both.
        let (old, new) = (format!("{name}/{INSIDE}"), format!("{name}.new/{INSIDE}"));
        let is_left = there(&old);
        // The markers go when all else has gone.
        let is_moved = *request == Request::DeleteObject && !is_left;
        assert!(is_moved || is_as(!is_left), "{name}: {seen:?}");
        if is_left {
            stored.expect(&old, earlier);
        }
        if !is_left || there(&new) {
            stored.expect(&new, earlier);
        }
        let is_gone = keys(stored, &format!("{name}/")).is_empty();
        assert!(!ok || is_gone, "{name}: {seen:?}");
    }

    /// Whether the file was changed as a whole; else it is as it was.
    fn is_changed(self, name: &str, seen: &Seen, stored: &Stored) -> bool {
        let held = stored.bytes(name);
        let changed = held == self.changed();
        assert!(changed || held == self.earlier(), "{name} is half-written: {seen:?}");
        changed
    }

    /// What stands under the name before.
    fn earlier(self) -> &'static [u8] {
        static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| noise(1, COPIED));
        &BYTES[..match self {
            Self::AppendToLarge | Self::Resume => COPIED,
            Self::RetrieveLarge => SENT_BY_WORKER,
            _ => SMALL,
        }]
    }

    /// What the client sends.
    fn sent(self) -> &'static [u8] {
        static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| noise(2, IN_PARTS));
        let is_large = matches!(
            self,
            Self::StoreInParts | Self::StoreTagged | Self::AbortInParts | Self::GoOn
        );
        &BYTES[..if is_large { IN_PARTS } else { SMALL }]
    }

    /// What stands under the name when the upload succeeded.
    fn changed(self) -> Vec<u8> {
        let kept = match self {
            Self::AppendToSmall | Self::AppendToTagged | Self::AppendToLarge | Self::Resume => {
                self.earlier()
            }
            _ => &[],
        };
        [kept, self.sent()].concat()
    }
}

/// What a command left behind.
pub(crate) struct End<'a> {
    /// The request that failed.
    pub(crate) request: Request,
    /// Whether the store carried it out although the answer was lost.
    pub(crate) may_be_done: bool,
    /// What is looked at.
    pub(crate) stored: &'a Stored,
}

fn keys(stored: &Stored, prefix: &str) -> Vec<String> {
    let Stored::Bucket(bucket) = stored else { panic!("faults are those of a bucket") };
    Rgw::shared().s3_list(bucket, prefix)
}
