//! Many files into the trash. `COS_FTP_TRASH_FILES=10000 tests/run --test suite kept::many --
//! --nocapture` does with ten thousand what is done here with fewer.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use super::{files, with};
use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};

/// Sessions that store and delete at once.
const SESSIONS: usize = 4;

fn count() -> usize {
    let told = std::env::var("COS_FTP_TRASH_FILES");
    told.map_or(200, |count| count.parse().expect("a number of files"))
}

/// Has the sessions do `work` for each of `count` files. Tells how long that took.
fn each(server: &TestServer, count: usize, work: impl Fn(&mut Ftp, usize) + Sync) -> Duration {
    let begun = Instant::now();
    thread::scope(|scope| {
        for session in 0..SESSIONS {
            let work = &work;
            scope.spawn(move || {
                let mut ftp = Ftp::login(server);
                (session..count).step_by(SESSIONS).for_each(|at| work(&mut ftp, at));
            });
        }
    });
    begun.elapsed()
}

#[test]
fn many_deleted_files_all_lie_in_the_trash() {
    let count = count();
    for setup in [Setup::local(), Setup::bucket()] {
        let server = with(setup, &[("on_delete", "trash")]).start();
        let name = |at: usize| format!("d{}/file-{at}.bin", at % 7);
        let stored = each(&server, count, |ftp, at| {
            drop(ftp.store(&format!("STOR {}", name(at)), format!("content {at}").as_bytes()));
        });
        let deleted = each(&server, count, |ftp, at| {
            drop(ftp.expect(&format!("DELE {}", name(at)), "250 "));
        });
        let a_second = count as f64 / deleted.as_secs_f64();
        println!(
            "{count} files: stored in {stored:.1?}, deleted in {deleted:.1?}, {a_second:.0} a second"
        );
        let kept: BTreeSet<_> = files(&server).into_iter().collect();
        let expected: BTreeSet<_> =
            (0..count).map(|at| format!(".trash/DAY/{}", name(at))).collect();
        assert!(kept == expected, "{} files of {count}", kept.intersection(&expected).count());
    }
}

/// The last of many of one name finds a free one as fast as the first.
#[test]
fn one_name_is_deleted_again_and_again() {
    let count = (count() / 10).max(20);
    for setup in [Setup::local(), Setup::bucket()] {
        let server = with(setup, &[("on_delete", "trash")]).start();
        let mut ftp = Ftp::login(&server);
        let begun = Instant::now();
        for at in 0..count {
            ftp.store("STOR d/again.bin", format!("content {at}").as_bytes());
            ftp.expect("DELE d/again.bin", "250 ");
        }
        println!("{count} times one name in {:.1?}", begun.elapsed());
        let stored = server.stored().files();
        let kept = stored.iter().filter(|name| name.starts_with(".trash/"));
        let held: BTreeSet<_> = kept.map(|name| server.stored().bytes(name)).collect();
        assert_eq!(held.len(), count, "each of them, and none twice");
    }
}
