//! The READMEs are short, and each page stands in both languages, with the same structure.

use std::collections::BTreeSet;
use std::fs;

use super::{CHINESE, ENGLISH, Manual, read, root};

const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];

/// What a reader takes in before the first click.
const README_BYTES: usize = 10 * 1024;

#[test]
fn the_readmes_are_short() {
    for name in READMES {
        let length = read(name).len();
        assert!(length <= README_BYTES, "{name} has {length} bytes of {README_BYTES}");
    }
}

#[test]
fn both_languages_have_the_same_pages() {
    assert_eq!(names(&ENGLISH), names(&CHINESE));
}

/// Whoever reads a README finds every page.
#[test]
fn the_readmes_lead_to_every_page() {
    for (readme, manual) in READMES.iter().zip([ENGLISH, CHINESE]) {
        let text = read(readme);
        for name in names(&manual) {
            let link = format!("]({}/{name}.md)", manual.directory);
            assert!(text.contains(&link), "{readme} has no {link}");
        }
    }
}

#[test]
fn both_languages_have_the_same_structure() {
    let [english, chinese] = READMES;
    assert_eq!(outline(&read(english)), outline(&read(chinese)), "{chinese}");
    for name in names(&ENGLISH) {
        let [english, chinese] = [ENGLISH, CHINESE].map(|manual| outline(&manual.page(&name)));
        assert_eq!(english, chinese, "{name}.md");
    }
}

/// The pages of a language, without `.md`.
fn names(manual: &Manual) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(manual.directory)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)).collect()
}

/// Levels of the headings, and what the code blocks are and hold, but for comments.
fn outline(text: &str) -> Vec<String> {
    let mut outline = Vec::new();
    let (mut in_code, mut block) = (false, 0);
    for line in text.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
            // What stands in a drawing is said in the language of its page.
            if outline[block..].iter().any(|line: &String| line.contains('┌')) {
                outline.truncate(block);
                outline.push("a drawing".to_owned());
            }
            outline.push(line.to_owned());
            block = outline.len();
        } else if in_code && !line.starts_with('#') && !line.contains('<') {
            outline.push(line.to_owned());
        } else if !in_code && line.starts_with('#') {
            outline.push(line.split(' ').next().unwrap().to_owned());
        } else if !in_code && line.starts_with('|') {
            outline.push(format!("{} cells", line.matches(" | ").count() + 1));
        }
    }
    outline
}

#[test]
fn an_outline_is_of_headings_tables_and_code() {
    let text = "# a\n\ntext # b\n\n```sh\n# c\nls <dir>\nls\n```\n\n| d | e |\n";
    assert_eq!(outline(text), ["#", "```sh", "ls", "```", "2 cells"]);
    let text = "# a\n```\n 客户端\n┌──┐\n```\n";
    assert_eq!(outline(text), ["#", "```", "a drawing", "```"]);
}

#[test]
fn every_document_tells_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    let changelog = read("CHANGELOG.md");
    let headings: Vec<_> = changelog.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(headings[0], "## [Unreleased]");
    assert!(headings[1].starts_with(&format!("## [{version}] - 20")), "{headings:?}");

    let minor = version.rsplit_once('.').unwrap().0;
    let mut told = vec![("SECURITY.md".to_owned(), format!("| {minor} | yes |"))];
    told.extend(READMES.map(|name| (name.to_owned(), version.to_owned())));
    for Manual { directory, .. } in [ENGLISH, CHINESE] {
        let package = format!("cos-ftp-server_{version}-1_amd64.deb");
        told.push((format!("{directory}/installing.md"), package));
        let status = format!("cos-ftp-server {version}, process");
        told.push((format!("{directory}/operations.md"), status));
    }
    for (name, text) in told {
        assert!(read(&name).contains(&text), "{name} does not say {text:?}");
    }
}

/// `make help` prints what stands behind the `##`.
#[test]
fn the_makefile_explains_each_of_its_targets() {
    let makefile = read("Makefile");
    let phony = makefile.lines().find_map(|line| line.strip_prefix(".PHONY: ")).unwrap();
    let is_target = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let targets: Vec<_> = makefile.lines().filter(is_target).collect();
    assert!(targets.len() > 5, "{targets:?}");
    for line in &targets {
        let (target, explanation) = line.split_once(": ## ").unwrap_or_else(|| panic!("{line}"));
        assert!(phony.split(' ').any(|name| name == target), "{target} is not phony");
        assert!(!explanation.is_empty(), "{line}");
    }
    assert_eq!(phony.split(' ').count(), targets.len(), "{phony}");
}

/// One word for each thing: a server replies to clients (回复) and a store answers (响应); who
/// sends a size or an address declares it (声明).
#[test]
fn the_chinese_of_pages_and_messages_has_one_word_for_each_thing() {
    let mut seen = 0;
    let mut broken = Vec::new();
    let mut directories = vec![root().join("docs/zh-CN"), root().join("src"), root().join("conf")];
    let mut files = vec![root().join("README.zh-CN.md"), root().join("install.sh")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { &mut directories } else { &mut files }.push(path);
        }
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        seen += usize::from(text.contains("回复"));
        let others = ["应答", "答复", "通告"].into_iter().filter(|word| text.contains(word));
        broken.extend(others.map(|word| format!("{word} in {}", file.display())));
    }
    assert!(seen > 10, "{seen}");
    assert_eq!(broken, Vec::<String>::new());
}
