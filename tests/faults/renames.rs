use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use crate::faults::scene::Scene;
use crate::faults::transfers::upload;
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};

/// Long enough for an upload that waits for nobody.
const UNHINDERED: Duration = Duration::from_millis(500);

/// Rounds of each race.
const ROUNDS: usize = 30;

/// Files of a directory that is renamed while others write into it.
const FILES: usize = 6;

/// Files of one that are copied or deleted at once.
const COPIERS: usize = 16;

/// Sessions that write meanwhile, each to files of its own.
const WRITERS: usize = 2;

/// The delete of a rename was decided on, and before the store carries it out another session
/// stores a file of that name.
#[test]
fn an_upload_is_not_deleted_by_a_rename_that_looked_before_it() {
    for (from, key) in [("f", "f"), ("d", "d/f")] {
        let Scene { injector, server, .. } = Scene::begin(&[]);
        server.stored().put(key, b"first");
        injector.inject(Rule::new(Request::DeleteObject, Fault::Stall).key(key).times(1));
        let mut renaming = Ftp::login(&server);
        renaming.expect(&format!("RNFR {from}"), "350 ");
        renaming.send("RNTO moved");
        injector.wait_for_stalls(1);
        thread::scope(|scope| {
            let (tell, told) = mpsc::channel();
            let server = &server;
            scope.spawn(move || {
                let seen = upload(&mut Ftp::login(server), &format!("STOR {key}"), b"second");
                tell.send(seen.code).expect("somebody waits");
            });
            let early = told.recv_timeout(UNHINDERED);
            injector.heal();
            renaming.expect_reply("250 ");
            let code = early.unwrap_or_else(|_| told.recv().expect("an answer"));
            assert_eq!(code, 226, "{key}");
        });
        // That of a directory looks once more for what came meanwhile.
        let confirmed = HashMap::from([(key.to_owned(), b"second".to_vec())]);
        expect_either(&server, &confirmed, |name| name.replacen(from, "moved", 1));
    }
}

/// Both names are stored anew before the renaming deletes anything: both stay, and that is told,
/// however often the old name is looked through.
#[test]
fn what_cannot_be_renamed_stays_and_is_told_once() {
    let Scene { injector, server, .. } = Scene::begin(&[]);
    for key in ["d/f", "d/g"] {
        server.stored().put(key, b"first");
    }
    injector.inject(Rule::new(Request::CopyObject, Fault::Stall).key("e/g").times(1));
    let mut renaming = Ftp::login(&server);
    renaming.expect("RNFR d", "350 ");
    renaming.send("RNTO e");
    injector.wait_for_stalls(1);
    while !server.stored().files().contains(&"e/f".to_owned()) {}
    let mut other = Ftp::login(&server);
    for (name, bytes) in [("d/f", b"second"), ("e/f", b"third!")] {
        other.store(&format!("STOR {name}"), bytes);
    }
    injector.heal();
    renaming.expect_reply("250");
    assert_eq!(server.stored().files(), ["d/f", "e/f", "e/g"]);
    server.stored().expect("d/f", b"second");
    server.stored().expect("e/f", b"third!");
    let told = "\"d/f\" stays: it was stored anew while its directory was renamed";
    assert_eq!(server.log().matches(told).count(), 1);
}

#[test]
fn a_renaming_that_breaks_off_is_told_once() {
    let Scene { injector, server, .. } = Scene::begin(&[]);
    for key in ["d/f", "d/g"] {
        server.stored().put(key, b"first");
    }
    let refusal = Fault::Refuse(403, "AccessDenied");
    injector.inject(Rule::new(Request::CopyObject, refusal).key("e/g"));
    let mut renaming = Ftp::login(&server);
    renaming.expect("RNFR d", "350 ");
    let reply = renaming.ask("RNTO e");
    assert!(
        reply.starts_with("550 ") && reply.trim_end().ends_with(" [req injected-1]"),
        "{reply}"
    );
    server.wait_for_line(|line| line.contains(" trace: ") && line.contains(" > 550 "));
    let log = server.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("[ERROR]")).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    for part in
        ["broke off, copied 1 objects, 1 removed again: CopyObject", "request-id=injected-1"]
    {
        assert!(told[0].contains(part), "{part}: {told:#?}");
    }
}

/// It breaks off because a file came first under the new name: that is no copy, though it is as
/// empty as the one that should have been copied.
#[test]
fn a_renaming_that_breaks_off_removes_nothing_but_its_copies() {
    let Scene { injector, server, .. } = Scene::begin(&[]);
    for key in ["d/empty", "d/other"] {
        server.stored().put(key, b"");
    }
    injector.inject(Rule::new(Request::HeadObject, Fault::Stall).key("d/empty").times(1));
    let mut renaming = Ftp::login(&server);
    renaming.expect("RNFR d", "350 ");
    renaming.send("RNTO e");
    injector.wait_for_stalls(1);
    Ftp::login(&server).store("STOR e/empty", b"");
    injector.heal();
    renaming.expect_reply("550");
    assert_eq!(server.stored().files(), ["d/empty", "d/other", "e/empty"]);
}

/// It breaks off because the store refused a copy: what another client stores there afterwards is
/// none, though it holds the same bytes, or as few. One that failed in another way may be one.
#[test]
fn what_others_store_where_a_copy_was_refused_stays() {
    for (bytes, fault, left) in [
        (&b"same"[..], Fault::Refuse(403, "AccessDenied"), &["d/f", "d/g", "e/f"][..]),
        (b"", Fault::Refuse(400, "InvalidRequest"), &["d/f", "d/g", "e/f"]),
        (b"same", Fault::ErrorIn200("AccessDenied"), &["d/f", "d/g"]),
    ] {
        let Scene { injector, server, .. } = Scene::begin(&[]);
        for key in ["d/f", "d/g"] {
            server.stored().put(key, bytes);
        }
        injector.inject(Rule::new(Request::CopyObject, fault).key("e/f").times(1));
        // The look of who removes copies again.
        injector.inject(Rule::new(Request::HeadObject, Fault::Stall).key("e/f").times(1));
        let mut renaming = Ftp::login(&server);
        renaming.expect("RNFR d", "350 ");
        renaming.send("RNTO e");
        injector.wait_for_stalls(1);
        server.stored().put("e/f", bytes);
        injector.heal();
        let reply = renaming.reply();
        assert!(reply.starts_with("550") || reply.starts_with("451"), "{reply}");
        assert_eq!(server.stored().files(), left, "{fault:?}");
    }
}

/// What a listing has shown under the new name may be gone before the old name is deleted.
#[test]
fn what_a_listing_showed_a_while_ago_is_no_reason_to_delete() {
    let Scene { injector, server, .. } = Scene::begin(&[]);
    let names: Vec<String> = (0..=COPIERS).map(|number| format!("{number:02}")).collect();
    for name in &names {
        server.stored().put(&format!("d/{name}"), b"same");
    }
    injector.inject(Rule::new(Request::DeleteObject, Fault::Stall).within("d"));
    let mut renaming = Ftp::login(&server);
    renaming.expect("RNFR d", "350 ");
    renaming.send("RNTO e");
    injector.wait_for_stalls(COPIERS);
    // The last one's turn has not come.
    let mut other = Ftp::login(&server);
    other.expect(&format!("DELE e/{COPIERS}"), "250 ");
    other.store(&format!("STOR d/{COPIERS}"), b"same");
    injector.heal();
    renaming.expect_reply("250");
    let moved: Vec<String> = names.iter().map(|name| format!("e/{name}")).collect();
    assert_eq!(server.stored().files(), moved);
}

#[test]
fn nothing_is_lost_when_a_directory_is_renamed_while_others_write_into_it() {
    let server = Setup::bucket().start();
    let mut renaming = Ftp::login(&server);
    for round in 0..ROUNDS {
        let (old, new) = (format!("old{round}"), format!("new{round}"));
        for file in 0..FILES {
            renaming.store(&format!("STOR {old}/f{file}"), b"old");
        }
        let names: Vec<String> = (0..FILES).map(|file| format!("{old}/f{file}")).collect();
        let confirmed = while_others_store(&server, &names, || {
            rename(&mut renaming, &old, &new);
        });
        expect_either(&server, &confirmed, |name| name.replace(&old, &new));
    }
}

#[test]
fn nothing_is_lost_when_a_file_is_renamed_while_others_store_it() {
    let server = Setup::bucket().start();
    let mut renaming = Ftp::login(&server);
    for round in 0..ROUNDS {
        let (old, new) = (format!("old{round}"), format!("new{round}"));
        renaming.store(&format!("STOR {old}"), b"old");
        let confirmed = while_others_store(&server, &[old.as_str()], || {
            rename(&mut renaming, &old, &new);
        });
        expect_either(&server, &confirmed, |_| new.clone());
    }
}

/// Renames; where that takes long, the server tells so meanwhile.
fn rename(ftp: &mut Ftp, old: &str, new: &str) {
    ftp.expect(&format!("RNFR {old}"), "350 ");
    ftp.expect(&format!("RNTO {new}"), "250");
}

/// Tells the writers that it is over, also where a test has failed: they would go on for ever.
struct EndsWith<'a>(&'a AtomicBool);

impl Drop for EndsWith<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Does `act` while sessions store `names` again and again, each its share of them; the last bytes
/// of each that were confirmed.
fn while_others_store<N: AsRef<str> + Sync>(
    server: &TestServer,
    names: &[N],
    act: impl FnOnce(),
) -> HashMap<String, Vec<u8>> {
    let is_over = AtomicBool::new(false);
    let (tell, told) = mpsc::channel();
    let store = |writer: usize, begun: Sender<()>| {
        let mut ftp = Ftp::login(server);
        let mut confirmed = HashMap::new();
        for number in 0.. {
            if is_over.load(Ordering::SeqCst) {
                break;
            }
            let own = names.iter().skip(writer).step_by(WRITERS);
            for name in own.map(AsRef::as_ref) {
                let bytes = format!("{number} of {writer}").into_bytes();
                if upload(&mut ftp, &format!("STOR {name}"), &bytes).code == 226 {
                    confirmed.insert(name.to_owned(), bytes);
                }
            }
            // Only the first is waited for.
            let _ = begun.send(());
        }
        confirmed
    };
    thread::scope(|scope| {
        let ends = EndsWith(&is_over);
        let store = &store;
        let writers = WRITERS.min(names.len());
        let writers: Vec<_> = (0..writers)
            .map(|writer| {
                let begun = tell.clone();
                scope.spawn(move || store(writer, begun))
            })
            .collect();
        for _ in 0..writers.len() {
            told.recv().expect("every writer begins");
        }
        act();
        drop(ends);
        writers.into_iter().flat_map(|writer| writer.join().expect("a writer ends well")).collect()
    })
}

/// What was confirmed stands under its own name or, `renamed`, under the other one.
fn expect_either(
    server: &TestServer,
    confirmed: &HashMap<String, Vec<u8>>,
    renamed: impl Fn(&str) -> String,
) {
    let (rgw, bucket) = (Rgw::shared(), server.stored().bucket());
    let names = confirmed.keys().flat_map(|name| [name.clone(), renamed(name)]);
    let mut names: Vec<String> = names.collect();
    let there = rgw.s3_list(bucket, "");
    names.retain(|name| there.contains(name));
    let held: HashMap<_, _> = names.iter().zip(rgw.s3_get_all(bucket, &names)).collect();
    for (name, bytes) in confirmed {
        let holds = |name: &String| held.get(name) == Some(bytes);
        let told = String::from_utf8_lossy(bytes);
        assert!(holds(name) || holds(&renamed(name)), "{told:?} of {name} is lost: {held:?}");
    }
}
