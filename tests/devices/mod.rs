//! What devices and programs say, from public reports of them, replayed over both kinds of store:
//! one file each, in the format that README.md beside them describes.

/// The format of the files.
mod dialogue;
/// Dialogues that must fail.
mod faults;
/// The device.
mod player;

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use crate::support::server::Setup;
use dialogue::Dialogue;
use player::play;

/// What is served.
#[derive(Clone, Copy, Debug)]
enum StoreKind {
    /// A bucket of the gateway.
    Bucket,
    /// A directory of this machine.
    Directory,
}

/// How many are played at the same time: most of the time is the start of their servers.
const AT_ONCE: usize = 4;

#[test]
fn every_dialogue_goes_as_written_over_a_directory() {
    play_all(StoreKind::Directory);
}

#[test]
fn every_dialogue_goes_as_written_over_a_bucket() {
    play_all(StoreKind::Bucket);
}

#[test]
fn every_dialogue_tells_of_whom_it_is_and_from_where() {
    for (name, text) in files() {
        for line in ["# Device: ", "# Source: "] {
            assert!(text.lines().any(|have| have.starts_with(line)), "{name}: no {line:?}");
        }
    }
}

fn play_all(kind: StoreKind) {
    let parse = |(name, text): (String, String)| Dialogue::parse(&name, &text).unwrap();
    let waiting: Vec<_> = files().into_iter().map(parse).collect();
    assert!(waiting.len() > 20, "{} dialogues", waiting.len());
    let waiting = Mutex::new(waiting);
    let faults = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(dialogue) = next(&waiting) {
                    let server = setup(&dialogue, kind).start();
                    if let Err(fault) = play(&dialogue, &server) {
                        faults.lock().unwrap().push(fault);
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{kind:?}\n{}", faults.join("\n"));
}

fn next(waiting: &Mutex<Vec<Dialogue>>) -> Option<Dialogue> {
    waiting.lock().unwrap().pop()
}

/// The server that the dialogue is played against.
fn setup(dialogue: &Dialogue, kind: StoreKind) -> Setup {
    let setup = match kind {
        StoreKind::Bucket => Setup::bucket(),
        StoreKind::Directory => Setup::local(),
    };
    dialogue.keys.iter().fold(setup, |setup, [section, name, value]| match section.as_str() {
        "OPTIONAL" => setup.option(name, value),
        "ACCOUNT" if name == "authority" => setup.authority(value),
        _ => panic!("{}: {name} of {section} cannot be set", dialogue.name),
    })
}

/// The names and texts of all dialogues.
fn files() -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/devices");
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}
