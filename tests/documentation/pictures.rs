//! The pictures show the figures that are written down.

use std::collections::BTreeSet;
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

#[test]
fn each_bar_says_whose_it_is_and_of_what() {
    let picture = read("benches/peers.svg");
    for row in picture.split("class=\"title\">").skip(1) {
        let is_memory = row.contains(" MiB</text>");
        assert_eq!(row.contains("(less is better)"), is_memory, "{row}");
        assert_eq!(row.contains("(more is better)"), !is_memory, "{row}");
        // A name, and in the bar what it was measured with.
        let bars = row.split("text-anchor=\"end\">").skip(1).map(|bar| {
            let (name, bar) = bar.split_once("</text>").unwrap();
            let condition = bar.split("class=\"inside\">").nth(1).unwrap_or_default();
            (name, condition.split("</text>").next().unwrap())
        });
        let bars: Vec<_> = bars.collect();
        let once: BTreeSet<_> = bars.iter().collect();
        assert!(bars.len() > 1 && once.len() == bars.len(), "{bars:?}");
    }
}

/// A page with pictures is still fetched over a telephone.
#[test]
fn the_screenshot_is_small_and_stands_in_both_languages() {
    let picture = fs::read(root().join("docs/status-page.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"), "no PNG");
    assert!(picture.len() <= 100 * 1024, "{} bytes", picture.len());
    let side = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    let (width, height) = (side(16), side(20));
    assert!((600..=1200).contains(&width) && height <= 1000, "{width} x {height}");
    for (page, link) in [
        ("docs/operations.md", "](status-page.png)"),
        ("docs/zh-CN/operations.md", "](../status-page.png)"),
    ] {
        assert!(read(page).contains(link), "{page} does not show it");
    }
}
