use std::collections::BTreeMap;
use std::io::Read;

use crate::soak::history::History;
use crate::support::ftp::{Data, Ftp};
use crate::support::rgw::Rgw;
use crate::support::stored::noise;

/// Larger than what is sent in one request.
const LARGE: usize = 5 << 20;

/// Who changes the bucket beside the others, in the way that is theirs.
pub(crate) struct Writer<'a> {
    pub(crate) name: String,
    pub(crate) random: fastrand::Rng,
    pub(crate) history: &'a History,
    pub(crate) bucket: &'a str,
}

/// A session of one of the servers.
pub(crate) struct FtpWriter<'a> {
    pub(crate) writer: Writer<'a>,
    pub(crate) ftp: Ftp,
    /// Whether the server remembers for a while what the store told of a name.
    pub(crate) remembers: bool,
}

impl Writer<'_> {
    /// Stores and deletes past the servers, as any tool may.
    pub(crate) fn act_past_the_servers(&mut self) {
        let file = self.history.any_file(&mut self.random);
        let _turn = self.history.turn(&[file]);
        if self.random.u8(..5) < 3 {
            let (size, bytes) = self.content();
            let put = || Rgw::shared().s3_put(self.bucket, file, &bytes);
            self.history.change(&self.name, &[(file, Some(size))], put);
        } else if self.history.held(file).is_some() {
            let delete = || Rgw::shared().s3_delete(self.bucket, file);
            self.history.change(&self.name, &[(file, None)], delete);
        }
    }

    fn content(&self) -> (usize, Vec<u8>) {
        let size = self.history.new_size();
        (size, content_of(size))
    }

    /// What stands in a directory, past the servers. For who has its turn: nothing else may stand there.
    fn look(&self, directory: &str) -> Vec<String> {
        let keys = Rgw::shared().s3_list(self.bucket, &format!("{directory}/"));
        let is_held = |file: &&str| self.history.held(file).is_some();
        let expected: Vec<&str> = self.history.files(directory).filter(is_held).collect();
        let found: Vec<&str> =
            keys.iter().map(String::as_str).filter(|key| !key.ends_with('/')).collect();
        assert_eq!(found, expected, "in the bucket");
        keys
    }
}

impl FtpWriter<'_> {
    pub(crate) fn act(&mut self) {
        match self.writer.random.u8(..100) {
            0..28 => self.store(),
            28..44 => self.delete(),
            44..54 => self.rename(),
            54..76 => {
                let directory = self.writer.history.any_directory(&mut self.writer.random);
                self.list(directory);
            }
            76..81 => self.size(),
            81..86 => self.retrieve(),
            86..91 => self.make_directory(),
            91..95 => self.remove_directory(),
            _ => self.rename_directory(),
        }
    }

    /// Each file of a directory is listed as it is.
    pub(crate) fn list(&mut self, directory: &str) {
        let asked = self.writer.history.now();
        let listed = self.sizes(directory);
        let who = format!("{}, listing", self.writer.name);
        for file in self.writer.history.files(directory) {
            self.writer.history.check(&asked, file, listed.get(file).copied(), &who);
        }
        let is_known = |file: &String| self.writer.history.files(directory).any(|one| one == file);
        assert!(listed.keys().all(is_known), "{listed:?}");
    }

    /// The directories that are listed are those that there are. At rest.
    pub(crate) fn list_directories(&mut self) {
        let is_there = |directory: &&str| !self.writer.look(directory).is_empty();
        let expected: Vec<&str> = self.writer.history.directories().filter(is_there).collect();
        assert_eq!(self.ftp.list("NLST"), expected, "{}", self.writer.name);
    }

    fn store(&mut self) {
        let Writer { name, random, history, .. } = &mut self.writer;
        let file = history.any_file(random);
        let _turn = history.turn(&[file]);
        let is_large = random.u8(..50) == 0;
        let size = history.new_size() + if is_large { LARGE } else { 0 };
        let store = || drop(self.ftp.store(&format!("STOR /{file}"), &content_of(size)));
        history.change(name, &[(file, Some(size))], store);
    }

    fn delete(&mut self) {
        let Writer { name, random, history, .. } = &mut self.writer;
        let file = history.any_file(random);
        let _turn = history.turn(&[file]);
        let line = format!("DELE /{file}");
        if history.held(file).is_none() {
            return drop(self.ftp.expect(&line, "550 "));
        }
        history.change(name, &[(file, None)], || drop(self.ftp.expect(&line, "250 ")));
    }

    fn rename(&mut self) {
        let Writer { name, random, history, .. } = &mut self.writer;
        let (from, to) = (history.any_file(random), history.any_file(random));
        let _turn = history.turn(&[from, to]);
        let Some(size) = history.held(from) else { return };
        self.ftp.expect(&format!("RNFR /{from}"), "350 ");
        // In this order: a name may be renamed to itself.
        let changes = [(from, None), (to, Some(size))];
        let rename = || drop(self.ftp.expect(&format!("RNTO /{to}"), "250 "));
        history.change(name, if from == to { &changes[1..] } else { &changes }, rename);
    }

    fn size(&mut self) {
        let Writer { name, random, history, .. } = &mut self.writer;
        let file = history.any_file(random);
        let asked = history.now();
        let reply = self.ftp.ask(&format!("SIZE /{file}"));
        let seen = reply.strip_prefix("213 ").map(|text| text.parse().expect("a size"));
        assert!(seen.is_some() || reply.starts_with("550 "), "{reply}");
        if !self.remembers {
            history.check(&asked, file, seen, &format!("{name}, SIZE"));
        }
    }

    fn retrieve(&mut self) {
        let Writer { name, random, history, .. } = &mut self.writer;
        let file = history.any_file(random);
        let data = self.ftp.passive();
        let asked = history.now();
        let opening = self.ftp.ask(&format!("RETR /{file}"));
        if !opening.starts_with("150 ") {
            assert!(opening.starts_with("550 "), "{opening}");
            return history.check(&asked, file, None, &format!("{name}, RETR"));
        }
        let bytes = read_all(data);
        let reply = self.ftp.reply();
        // A large file may have been replaced between two of its ranges.
        if reply.starts_with("451 ") && announced(&opening) >= LARGE {
            return;
        }
        assert!(reply.starts_with("226 "), "{reply}");
        history.check(&asked, file, Some(bytes.len()), &format!("{name}, RETR"));
        assert!(bytes == content_of(bytes.len()), "{file} holds what nobody sent");
    }

    fn make_directory(&mut self) {
        let history = self.writer.history;
        let directory = history.any_directory(&mut self.writer.random);
        let _turn = history.directory_turn(&[directory]);
        let is_there = !self.writer.look(directory).is_empty();
        self.ftp.expect(&format!("MKD /{directory}"), if is_there { "550 " } else { "257 " });
    }

    fn remove_directory(&mut self) {
        let history = self.writer.history;
        let directory = history.any_directory(&mut self.writer.random);
        let _turn = history.directory_turn(&[directory]);
        let is_empty = self.writer.look(directory) == [format!("{directory}/")];
        self.ftp.expect(&format!("RMD /{directory}"), if is_empty { "250 " } else { "550 " });
    }

    fn rename_directory(&mut self) {
        let (history, random) = (self.writer.history, &mut self.writer.random);
        let (from, to) = (history.any_directory(random), history.any_directory(random));
        let _turn = history.directory_turn(&[from, to]);
        let is_there = |directory| !self.writer.look(directory).is_empty();
        if from == to || !is_there(from) || is_there(to) {
            return;
        }
        let mut changes = Vec::new();
        for (file, target) in history.files(from).zip(history.files(to)) {
            changes.extend([(file, None), (target, history.held(file))]);
        }
        self.ftp.expect(&format!("RNFR /{from}"), "350 ");
        let rename = || drop(self.ftp.expect(&format!("RNTO /{to}"), "250 "));
        history.change(&self.writer.name, &changes, rename);
        self.writer.look(from);
        self.writer.look(to);
    }

    /// The files of a directory, if it is there, by their paths.
    fn sizes(&mut self, directory: &str) -> BTreeMap<String, usize> {
        let data = self.ftp.passive();
        let opening = self.ftp.ask(&format!("MLSD /{directory}"));
        if !opening.starts_with("150 ") {
            assert!(opening.starts_with("550 "), "{opening}");
            return BTreeMap::new();
        }
        let text = String::from_utf8(read_all(data)).expect("UTF-8");
        let reply = self.ftp.reply();
        if !reply.starts_with("226 ") {
            assert!(reply.starts_with("550 "), "{reply}");
            return BTreeMap::new();
        }
        let file = |line: &str| {
            let (facts, name) = line.split_once(' ').expect("facts and a name");
            let size = facts
                .to_lowercase()
                .split(';')
                .find_map(|fact| fact.strip_prefix("size=").map(str::to_owned));
            Some((format!("{directory}/{name}"), size?.parse().expect("a size")))
        };
        text.lines()
            .filter(|line| line.to_lowercase().contains("type=file"))
            .filter_map(file)
            .collect()
    }
}

fn read_all(data: Data) -> Vec<u8> {
    let mut bytes = Vec::new();
    data.open().read_to_end(&mut bytes).expect("the data arrive");
    bytes
}

/// The content that has this size: there is but one.
fn content_of(size: usize) -> Vec<u8> {
    noise(size as u64, size)
}

/// The size that a 150 tells.
fn announced(opening: &str) -> usize {
    let size = opening.rsplit_once('(').and_then(|(_, rest)| rest.split_once(" bytes"));
    size.and_then(|(size, _)| size.parse().ok()).unwrap_or_else(|| panic!("{opening}"))
}
