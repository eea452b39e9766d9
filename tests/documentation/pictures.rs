//! The pictures show the figures that are written down.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::{read, root};

#[test]
fn the_pictures_are_drawn_from_the_figures_that_are_written_down() {
    let drawn = TempDir::new().unwrap();
    let script = root().join("benches/gateway/pictures.py");
    let mut python = Command::new("python3");
    let output =
        python.arg(script).arg("--output").arg(drawn.path()).output().expect("python3 runs");
    assert!(output.status.success(), "{output:?}");
    for picture in ["growth.svg", "peers.svg"] {
        let again = fs::read_to_string(drawn.path().join(picture)).unwrap();
        assert!(again == read(&format!("benches/{picture}")), "{picture} shows other figures");
    }
}
