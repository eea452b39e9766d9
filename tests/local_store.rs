//! What the contract of stores does not say, because only a directory of this machine has it:
//! links, foreign files, leftovers, what stands on disk.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cos_ftp_server::store::local::{LocalOptions, LocalStore};
use cos_ftp_server::store::{
    Body, ByteRange, Cancel, CopySource, ErrorKind, Expected, FileTree, Freshness, ListRequest,
    Multipart, MultipartUpload, ObjectStore, OwnUploadState, ParkedUpload, PartPlace, PartReceipt,
    Result, Stored,
};
use cos_ftp_server::vfs::FtpPath;
use tempfile::TempDir;

const WORK_DIRECTORY: &str = ".cos-ftp-server";

/// A store in `root`, with something beside it that must stay out of reach.
struct Setup {
    directory: TempDir,
    store: LocalStore,
}

impl Setup {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("root")).unwrap();
        fs::create_dir(directory.path().join("outside")).unwrap();
        fs::write(directory.path().join("outside/secret"), "secret").unwrap();
        let store = open(&directory.path().join("root")).unwrap();
        Self { directory, store }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    fn outside(&self) -> PathBuf {
        self.directory.path().join("outside")
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<Stored> {
        self.store.put_object(&at(path), &Body::new(&[bytes], &Cancel::new()), &Expected::Anything)
    }

    fn part(&self, upload: &MultipartUpload, number: u32, offset: u64) -> PartReceipt {
        let place = PartPlace { number, offset };
        self.store.upload_part(upload, place, &Body::new(&[b"1234"], &Cancel::new())).unwrap()
    }

    fn names(&self, directory: &str) -> (Vec<String>, usize) {
        let directory = &at(directory);
        let request = ListRequest { directory, name_prefix: "", after: None, with_times: false };
        let page = self.store.list(&request, None).unwrap();
        (page.entries.into_iter().map(|entry| entry.name).collect(), page.unnameable)
    }

    /// What is left of uploads; there may be no place for them yet.
    fn leftovers(&self) -> usize {
        fs::read_dir(self.root().join(WORK_DIRECTORY)).map_or(0, Iterator::count)
    }
}

fn open(root: &Path) -> std::io::Result<LocalStore> {
    LocalStore::open(&LocalOptions { root: root.to_owned() })
}

fn at(path: &str) -> FtpPath {
    FtpPath::root().join(path).unwrap()
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.err().expect("it should have failed").kind
}

/// Every call that takes a name, tried on `path`: none may succeed.
fn assert_out_of_reach(setup: &Setup, path: &str) {
    let store = &setup.store;
    let name = &at(path);
    assert_eq!(kind(store.stat(name, Freshness::Recent)), ErrorKind::NotFound, "stat {path}");
    let got = store.get_object(name, ByteRange::from(0), None);
    assert_eq!(kind(got), ErrorKind::NotFound, "get {path}");
    let listed = store.list(
        &ListRequest { directory: name, name_prefix: "", after: None, with_times: false },
        None,
    );
    assert_eq!(kind(listed), ErrorKind::NotFound, "list {path}");
    assert_eq!(kind(store.delete_object(name)), ErrorKind::NotFound, "delete {path}");
    assert_eq!(kind(store.remove_directory(name)), ErrorKind::NotFound, "rmdir {path}");
    assert_eq!(kind(store.rename(name, &at("/stolen"))), ErrorKind::NotFound, "rename {path}");
    setup.put("/mine", b"mine").unwrap();
    for refused in [
        kind(setup.put(path, b"x")),
        kind(store.create_multipart_upload(name)),
        kind(store.create_directory(name)),
        kind(store.rename(&at("/mine"), name)),
    ] {
        let expected =
            [ErrorKind::AccessDenied, ErrorKind::NotADirectory, ErrorKind::AlreadyExists];
        assert!(expected.contains(&refused), "writing {path}: {refused:?}");
    }
    assert_eq!(kind(store.stat(&at("/stolen"), Freshness::Recent)), ErrorKind::NotFound);
}

#[test]
fn links_lead_nowhere() {
    let setup = Setup::new();
    fs::create_dir(setup.root().join("sub")).unwrap();
    for (target, link) in [
        (setup.outside(), "to-directory"),
        (setup.outside().join("secret"), "to-file"),
        (setup.outside().join("not yet"), "dangling"),
        (PathBuf::from("../outside"), "relative"),
        (PathBuf::from("../../outside/secret"), "sub/below"),
        (PathBuf::from("sub"), "inside"),
        (PathBuf::from("/"), "to-slash"),
    ] {
        symlink(target, setup.root().join(link)).unwrap();
        assert_out_of_reach(&setup, link);
    }
    for path in ["to-directory/secret", "to-directory/new", "relative/secret", "to-slash/etc"] {
        assert_out_of_reach(&setup, path);
    }
    assert_eq!(setup.names("/"), (vec!["mine".to_owned(), "sub".to_owned()], 0));
    assert_eq!(setup.names("/sub").0, Vec::<String>::new());
    let outside: Vec<_> = fs::read_dir(setup.outside()).unwrap().collect();
    assert_eq!(outside.len(), 1, "only the secret");
    assert_eq!(fs::read_to_string(setup.outside().join("secret")).unwrap(), "secret");
    assert!(setup.root().join("to-file").is_symlink(), "the link itself stays");
}

#[test]
fn a_link_put_in_place_during_an_upload_leads_nowhere() {
    let setup = Setup::new();
    let upload = setup.store.create_multipart_upload(&at("/d/file")).unwrap();
    let part = setup.part(&upload, 1, 0);
    symlink(setup.outside(), setup.root().join("d")).unwrap();
    let completed = setup.store.complete_multipart_upload(&upload, &[part], &Expected::Anything);
    assert_eq!(kind(completed), ErrorKind::NotADirectory);
    assert!(!setup.outside().join("file").exists());
}

#[test]
fn the_work_directory_is_out_of_reach_at_any_depth() {
    let setup = Setup::new();
    fs::create_dir_all(setup.root().join("account").join(WORK_DIRECTORY)).unwrap();
    fs::write(setup.root().join("account").join(WORK_DIRECTORY).join("draft"), "x").unwrap();
    for path in [
        WORK_DIRECTORY,
        ".cos-ftp-server/file",
        "account/.cos-ftp-server",
        "account/.cos-ftp-server/draft",
    ] {
        assert_out_of_reach(&setup, path);
    }
    assert_eq!(setup.names("/").0, ["account", "mine"]);
    assert_eq!(setup.names("/account").0, Vec::<String>::new());
}

#[test]
fn foreign_files_and_names_are_left_out() {
    let setup = Setup::new();
    let _socket = std::os::unix::net::UnixListener::bind(setup.root().join("socket")).unwrap();
    fs::write(setup.root().join("new\nline"), "x").unwrap();
    fs::write(setup.root().join(OsStr::from_bytes(b"latin-\xe9")), "x").unwrap();
    let fifo = setup.root().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
    assert_out_of_reach(&setup, "socket");
    assert_out_of_reach(&setup, "fifo");
    assert_eq!(setup.names("/"), (vec!["mine".to_owned()], 2));
    let request = ListRequest {
        directory: &FtpPath::root(),
        name_prefix: "",
        after: Some(&cos_ftp_server::store::PageToken("a".to_owned())),
        with_times: false,
    };
    assert_eq!(setup.store.list(&request, None).unwrap().unnameable, 0, "counted once");
}

#[test]
fn a_file_never_takes_a_directorys_place() {
    let setup = Setup::new();
    setup.put("/file", b"x").unwrap();
    setup.store.create_directory(&at("/d")).unwrap();
    for (path, expected) in [
        ("/file/below", ErrorKind::NotADirectory),
        ("/file/far/below", ErrorKind::NotADirectory),
        ("/d", ErrorKind::IsADirectory),
        ("/", ErrorKind::IsADirectory),
    ] {
        assert_eq!(kind(setup.put(path, b"y")), expected, "put {path}");
        let begun = setup.store.create_multipart_upload(&at(path));
        assert_eq!(kind(begun), expected, "upload {path}");
    }
    assert_eq!(fs::read(setup.root().join("file")).unwrap(), b"x");
    assert_eq!(kind(setup.store.remove_directory(&FtpPath::root())), ErrorKind::AccessDenied);
    assert_eq!(setup.leftovers(), 0);
}

#[test]
fn a_cancelled_put_leaves_nothing_on_disk() {
    let setup = Setup::new();
    let cancel = Cancel::new();
    cancel.raise();
    let put =
        setup.store.put_object(&at("/d/file"), &Body::new(&[b"x"], &cancel), &Expected::Anything);
    assert_eq!(kind(put), ErrorKind::Cancelled);
    assert_eq!(setup.leftovers(), 0);
    assert!(!setup.root().join("d").exists(), "nor an implied directory");
}

#[test]
fn a_directory_does_not_take_a_links_place() {
    let setup = Setup::new();
    symlink(setup.outside(), setup.root().join("link")).unwrap();
    setup.store.create_directory(&at("/d")).unwrap();
    let renamed = setup.store.rename(&at("/d"), &at("/link"));
    assert_eq!(kind(renamed), ErrorKind::AccessDenied);
    assert!(setup.root().join("link").is_symlink());
    let moved = setup.store.rename(&at("/d"), &at("/link/d"));
    assert_eq!(kind(moved), ErrorKind::NotADirectory);
    assert!(!setup.outside().join("d").exists());
}

#[test]
fn a_name_may_be_too_long() {
    let setup = Setup::new();
    let name = format!("/{}", "x".repeat(256));
    assert_eq!(kind(setup.put(&name, b"y")), ErrorKind::BadName);
    assert_eq!(kind(setup.store.create_directory(&at(&name))), ErrorKind::BadName);
    assert_eq!(setup.leftovers(), 0);
    let deep = "/deep".repeat(1000);
    setup.put(&deep, b"longer than PATH_MAX").unwrap();
    assert_eq!(setup.store.stat(&at(&deep), Freshness::Recent).unwrap().metadata.size, 20);
}

#[test]
fn parts_with_gaps_are_refused() {
    let setup = Setup::new();
    let upload = setup.store.create_multipart_upload(&at("/file")).unwrap();
    let (one, two, late) =
        (setup.part(&upload, 1, 0), setup.part(&upload, 2, 4), setup.part(&upload, 3, 9));
    let swapped = PartReceipt { number: 1, ..two.clone() };
    for parts in [
        &[][..],
        std::slice::from_ref(&two),
        &[one.clone(), late.clone()],
        &[two.clone(), one.clone()],
        &[one.clone(), one.clone()],
        &[one.clone(), swapped],
    ] {
        let completed = setup.store.complete_multipart_upload(&upload, parts, &Expected::Anything);
        assert_eq!(kind(completed), ErrorKind::Other, "{parts:?}");
    }
    assert_eq!(kind(setup.store.stat(&at("/file"), Freshness::Recent)), ErrorKind::NotFound);
    setup.store.complete_multipart_upload(&upload, &[one, two], &Expected::Anything).unwrap();
    assert_eq!(fs::read(setup.root().join("file")).unwrap(), b"12341234");
}

/// As where it could not be published, on a file system of whole seconds.
#[test]
fn what_is_parked_once_more_is_the_same_and_not_newer_than_itself() {
    let setup = Setup::new();
    let upload = setup.store.create_multipart_upload(&at("/file")).unwrap();
    let parts = vec![setup.part(&upload, 1, 0)];
    let begun = setup.store.now();
    let first = ParkedUpload { upload, parts, lost: 0, begun };
    let parked = setup.store.park_multipart_upload(&first).unwrap();
    let resumed = setup.store.resume_own_parked(&parked).unwrap();
    assert_eq!(setup.store.own_parked_upload(&parked).unwrap(), OwnUploadState::Taken);
    assert_eq!(setup.store.resume_own_parked(&parked), None);
    let again = ParkedUpload { upload: resumed, ..first };
    assert_eq!(setup.store.park_multipart_upload(&again), Some(parked.clone()));
    let file = setup.root().join(WORK_DIRECTORY).join(&parked.upload_id);
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_modified(SystemTime::from(begun) - Duration::from_secs(1)).unwrap();
    match setup.store.own_parked_upload(&parked).unwrap() {
        OwnUploadState::Waits(found, newer) => {
            assert_eq!((found.upload, found.begun, newer), (parked, begun, Vec::new()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_upload_id_is_no_path() {
    let setup = Setup::new();
    for upload_id in ["", ".", "..", "../file", "/etc/passwd", &"../".repeat(11)[..32]] {
        let upload = MultipartUpload { path: at("/file"), upload_id: upload_id.to_owned() };
        let aborted = setup.store.abort_multipart_upload(&upload);
        assert_eq!(kind(aborted), ErrorKind::NotFound, "{upload_id:?}");
        let place = PartPlace { number: 1, offset: 0 };
        let body_cancel = Cancel::new();
        let sent = setup.store.upload_part(&upload, place, &Body::new(&[b"x"], &body_cancel));
        assert_eq!(kind(sent), ErrorKind::NotFound, "{upload_id:?}");
    }
}

#[test]
fn a_copied_range_ends_within_the_file() {
    let setup = Setup::new();
    setup.put("/file", b"12345").unwrap();
    let upload = setup.store.create_multipart_upload(&at("/file")).unwrap();
    let place = PartPlace { number: 1, offset: 0 };
    for (first, end) in [(0, 6), (4, 3), (6, 7)] {
        let source = CopySource { first, end, etag: None };
        let copied = setup.store.upload_part_copy(&upload, place, &source);
        assert_eq!(kind(copied), ErrorKind::InvalidRange, "{first}..{end}");
    }
    let source = CopySource { first: 1, end: 5, etag: None };
    let part = setup.store.upload_part_copy(&upload, place, &source).unwrap();
    setup.store.complete_multipart_upload(&upload, &[part], &Expected::Anything).unwrap();
    assert_eq!(fs::read(setup.root().join("file")).unwrap(), b"2345");
}

#[test]
fn a_file_changed_in_place_is_another_version() {
    let setup = Setup::new();
    let etag = setup.put("/file", b"12345").unwrap().etag.unwrap();
    fs::write(setup.root().join("file"), "123456").unwrap();
    let got = setup.store.get_object(&at("/file"), ByteRange::from(0), Some(&etag));
    assert_eq!(kind(got), ErrorKind::PreconditionFailed);
}

#[test]
fn files_stand_under_their_names() {
    let setup = Setup::new();
    fs::write(setup.root().join("given"), "by the operator").unwrap();
    setup.put("/数据/文件 #1", b"ours").unwrap();
    assert_eq!(fs::read(setup.root().join("数据/文件 #1")).unwrap(), b"ours");
    let mut object = setup.store.get_object(&at("/given"), ByteRange::from(0), None).unwrap();
    let mut text = String::new();
    object.body.read_to_string(&mut text).unwrap();
    assert_eq!(text, "by the operator");
}

#[test]
fn old_leftovers_are_removed_before_writing_and_young_ones_are_not() {
    let setup = Setup::new();
    let work = setup.root().join(WORK_DIRECTORY);
    let upload = setup.store.create_multipart_upload(&at("/file")).unwrap();
    let part = setup.part(&upload, 1, 0);
    let old = fs::File::create(work.join("0123456789abcdef0123456789abcdef")).unwrap();
    old.set_modified(SystemTime::now() - Duration::from_secs(25 * 60 * 60)).unwrap();
    assert_eq!(setup.leftovers(), 2);
    let another = open(&setup.root()).unwrap();
    assert_eq!(setup.leftovers(), 2, "whoever only reads leaves everything as it is");
    another.prepare().unwrap();
    assert_eq!(setup.leftovers(), 1);
    another.complete_multipart_upload(&upload, &[part], &Expected::Anything).unwrap();
    assert_eq!(setup.leftovers(), 0);
}

#[test]
fn a_root_that_cannot_be_served_is_named() {
    let setup = Setup::new();
    fs::write(setup.root().join("file"), "x").unwrap();
    for name in ["missing", "file"] {
        let error = open(&setup.root().join(name)).err().expect("no directory").to_string();
        assert!(error.contains(name), "{error}");
    }
}
