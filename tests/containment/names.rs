use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use crate::support::ftp::{Data, Ftp};
use crate::support::server::{Setup, TestServer};

/// What stands in every file outside.
const CONTENT: &[u8] = b"content-of-the-neighbour";
/// A name that exists outside and is never asked for.
const UNASKED: &str = "only-outside";

/// Ways to spell a name outside. Bytes, as not all of them are text.
const SPELLINGS: &[&[u8]] = &[
    b"../neighbours-file",
    b"/../neighbours-file",
    b"//../neighbours-file",
    b"/own/../../neighbours-file",
    b"own/./.././../neighbours-file",
    b"....//neighbours-file",
    b"..;/neighbours-file",
    b"~/../neighbours-file",
    b"*/../../neighbours-file",
    b"..",
    b"../",
    b"../..",
    // another account, whose prefix begins like this one's
    b"../inner/neighbours-file",
    b"ner/neighbours-file",
    // what somebody behind us might decode once more
    b"%2e%2e/neighbours-file",
    b"%2e%2e%2fneighbours-file",
    b"..%2fneighbours-file",
    b"..%5cneighbours-file",
    b"..%00/neighbours-file",
    b"..\\neighbours-file",
    b"\\..\\neighbours-file",
    b"..\0/neighbours-file",
    b"../neighbours-file\0.txt",
    b"..\r/neighbours-file",
    // overlong UTF-8 of "." and "/", full-width and one-dot-leader dots
    b"\xc0\xae\xc0\xae/neighbours-file",
    b"..\xc0\xafneighbours-file",
    b"..\xe0\x80\xafneighbours-file",
    "．．/neighbours-file".as_bytes(),
    "․․/neighbours-file".as_bytes(),
    "..／neighbours-file".as_bytes(),
    // GBK: halves of characters, and characters that end in a backslash or a bar
    b"\x81\x5c../neighbours-file",
    b"\x81/../neighbours-file",
    b"\x81\x30/../neighbours-file",
    b"..\x81\x5cneighbours-file",
    // Telnet commands between the dots
    b".\xff\xf4./neighbours-file",
    b".\xff\xfb\x01./neighbours-file",
    b"..\xff\xff/neighbours-file",
    // patterns
    b"../*",
    b"..*/*",
    b"[.][.]/neighbours-file",
    b"?./neighbours-file",
    b"*/../*",
    b"../neighbours-[f]ile",
    b"-la ../",
    b"-R ../..",
];

/// A server with one account whose root has neighbours.
struct Scene {
    server: TestServer,
    /// What its replies must not name: where the root is.
    place: String,
}

impl Scene {
    fn bucket() -> Self {
        let server =
            Setup::bucket().account_key("cos_prefix", "in").option("preserve_mtime", "on").start();
        for key in [
            "neighbours-file",
            "inner/neighbours-file",
            "inner/only-outside",
            "in-only-outside",
            "only-outside",
        ] {
            server.stored().put(key, CONTENT);
        }
        server.stored().put("in/own/file", b"own");
        Self { server, place: "in/".to_owned() }
    }

    fn directory() -> Self {
        let server = Setup::local().start();
        // Beside the served directory.
        for name in ["../neighbours-file", "../only-outside", "only-outside"] {
            fs::write(server.scratch().join(name), CONTENT).unwrap();
        }
        server.stored().put("own/file", b"own");
        let place = server.config().parent().unwrap().display().to_string();
        Self { server, place }
    }

    /// All that is not the account's.
    fn outside(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        if self.place == "in/" {
            for key in self.server.stored().files() {
                if !key.starts_with("in/") {
                    files.insert(key.clone(), self.server.stored().bytes(&key));
                }
            }
        } else {
            let root = Path::new(&self.place);
            for entry in fs::read_dir(root).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    files.insert(path.display().to_string(), fs::read(&path).unwrap());
                } else {
                    let entries = fs::read_dir(&path).unwrap().count();
                    let served = path.ends_with("data") || path.ends_with("log");
                    let entries = if served { 0 } else { entries };
                    files.insert(path.display().to_string(), vec![u8::try_from(entries).unwrap()]);
                }
            }
        }
        files
    }
}

/// A session that keeps all that the server says and sends.
struct Session {
    ftp: Ftp,
    heard: Vec<u8>,
}

impl Session {
    /// Sends `VERB argument`, takes the reply, and what a data connection brings.
    fn say(&mut self, verb: &str, argument: &[u8], data: Option<Data>) -> String {
        self.ftp.send_bytes(&[verb.as_bytes(), b" ", argument, b"\r\n"].concat());
        let mut reply = self.reply();
        if reply.starts_with("150") {
            let mut stream = data.expect("a verb with data").open();
            if matches!(verb, "STOR" | "APPE" | "STOU") {
                stream.write_all(b"mine").unwrap();
            } else {
                stream.read_to_end(&mut self.heard).unwrap();
            }
            drop(stream);
            reply = self.reply();
        }
        reply
    }

    fn reply(&mut self) -> String {
        // One line at a time, as names in GBK are no text.
        let mut line = self.ftp.reply_bytes();
        let first = String::from_utf8_lossy(&line).into_owned();
        let end = [&line[..3], b" "].concat();
        self.heard.extend_from_slice(&line);
        while !line.starts_with(&end) {
            line = self.ftp.reply_bytes();
            self.heard.extend_from_slice(&line);
        }
        first
    }
}

fn nothing_leads_out_of(scene: &Scene) {
    let before = scene.outside();
    assert!(before.values().any(|content| content == CONTENT));
    for encoding in ["utf-8", "gbk"] {
        let mut session = Session { ftp: Ftp::login(&scene.server), heard: Vec::new() };
        if encoding == "gbk" {
            session.ftp.expect("OPTS UTF8 OFF", "200 ");
        }
        for spelling in SPELLINGS {
            session.heard.clear();
            for verb in ["SIZE", "MDTM", "MLST", "STAT", "DELE", "RMD", "MKD"] {
                session.say(verb, spelling, None);
            }
            session.say("MFMT 20200101000000", spelling, None);
            session.say("SITE CHMOD 777", spelling, None);
            for verb in ["LIST", "NLST", "MLSD", "RETR", "STOR", "APPE", "STOU"] {
                let data = session.ftp.passive();
                session.say(verb, spelling, Some(data));
            }
            // Out, in, and to somebody's name.
            for [from, to] in [[b"own/file", *spelling], [spelling, b"own/stolen"]] {
                if session.say("RNFR", from, None).starts_with("350") {
                    session.say("RNTO", to, None);
                }
            }
            session.say("CWD", spelling, None);
            for verb in ["LIST", "NLST", "RETR"] {
                let data = session.ftp.passive();
                let argument: &[u8] = if verb == "RETR" { b"neighbours-file" } else { b"*" };
                session.say(verb, argument, Some(data));
            }
            session.say("CWD", b"/", None);
            let heard = String::from_utf8_lossy(&session.heard);
            for secret in [str::from_utf8(CONTENT).unwrap(), &scene.place, UNASKED] {
                assert!(
                    !heard.contains(secret),
                    "{}: {secret} in {heard}",
                    spelling.escape_ascii()
                );
            }
            session.ftp.expect("MKD own", "5");
        }
    }
    assert_eq!(scene.outside(), before, "what is outside stands as it stood");
}

#[test]
fn no_name_leads_out_of_a_prefix() {
    nothing_leads_out_of(&Scene::bucket());
}

#[test]
fn no_name_leads_out_of_a_directory() {
    nothing_leads_out_of(&Scene::directory());
}
