/// The commands for directories.
mod directories;

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::soak::draw::{Action, Draw, Trouble};
use crate::soak::end::{End, Figures};
use crate::soak::model::{Content, Model};
use crate::soak::shared::Shared;
use crate::support::ftp::Ftp;
use crate::support::injector::{Injector, Rule};
use crate::support::server::TestServer;
use crate::support::stored::{Stored, noise, sha256};

/// A file that grows beyond this is begun anew.
const LARGEST: usize = 12 << 20;

/// One client with a directory of its own.
pub(crate) struct Session<'a> {
    random: fastrand::Rng,
    ftp: Ftp,
    server: &'a TestServer,
    bucket: &'a str,
    injector: &'a Injector,
    model: &'a mut Model,
    shared: &'a Shared,
    figures: Figures,
    /// How often the store itself was late when the command began.
    late: usize,
    /// The upload that the command did not bring to its end: its name, and what was to stand there.
    cut: Option<(String, Vec<u8>)>,
    /// The last commands, for the message of a failure.
    diary: Vec<String>,
}

impl<'a> Session<'a> {
    pub(crate) fn begin(
        seed: u64,
        server: &'a TestServer,
        injector: &'a Injector,
        model: &'a mut Model,
        shared: &'a Shared,
    ) -> Self {
        let Stored::Bucket(bucket) = server.stored() else { panic!("a bucket") };
        Self {
            random: fastrand::Rng::with_seed(seed),
            ftp: login(server),
            server,
            bucket,
            injector,
            model,
            shared,
            figures: Figures::default(),
            late: 0,
            cut: None,
            diary: Vec::new(),
        }
    }

    /// So many commands, then goodbye.
    pub(crate) fn run(mut self, commands: usize) -> Figures {
        for _ in 0..commands {
            let draw = Draw::from(&mut self.random);
            self.diary.push(format!("{draw:?}"));
            self.inject(&draw.trouble);
            self.late = self.injector.late();
            self.act(&draw);
            self.injector.heal_within(&self.model.directory);
            // What nobody waits for any more may still be carried out.
            self.injector.wait_for_the_store();
            if let Some((name, whole)) = self.cut.take() {
                self.come_back(&name, &whole);
            }
            self.figures.commands += 1;
        }
        self.ftp.expect("QUIT", "221 ");
        self.figures
    }

    fn inject(&self, trouble: &Trouble) {
        let within = |request, fault| Rule::new(request, fault).within(&self.model.directory);
        match trouble.clone() {
            Trouble::None => {}
            Trouble::Once(request, fault) => self.injector.inject(within(request, fault).times(1)),
            Trouble::ForGood(request, fault) => self.injector.inject(within(request, fault)),
        }
    }

    fn act(&mut self, draw: &Draw) {
        match draw.action {
            Action::Store => self.store(draw),
            Action::Append => self.append(draw),
            Action::Resume => self.resume(draw),
            Action::Retrieve => self.retrieve(draw, 0),
            Action::RetrieveRest => {
                let size = self.model.get(&draw.name).map_or(0, |bytes| bytes.len());
                self.retrieve(draw, draw.share(size));
            }
            Action::Size => self.size(draw),
            Action::List => self.list(draw),
            Action::Delete => self.delete(draw),
            Action::Rename => self.rename(draw),
            Action::Reset => self.reset(draw),
            Action::MakeDirectory => self.make_directory(draw),
            Action::RemoveDirectory => self.remove_directory(draw),
            Action::RenameDirectory => self.rename_directory(draw),
            Action::StoreShared => self.store_shared(draw),
            Action::RetrieveShared => self.retrieve_shared(draw),
            Action::DeleteShared => {
                let end = self.ask(&format!("DELE /{}", Shared::name(draw.noise)));
                let is_known = end.is_good() || end.code == 550;
                assert!(is_known || !self.must_succeed(draw), "{}", self.told(&end));
            }
        }
    }

    fn store(&mut self, draw: &Draw) {
        let bytes = noise(draw.noise, draw.size);
        let end = self.upload(&format!("STOR {}", self.path(&draw.name)), &bytes);
        self.settle(draw, &end, &[(&draw.name, Some(bytes))]);
    }

    fn append(&mut self, draw: &Draw) {
        let earlier = self.model.get(&draw.name).unwrap_or_default();
        let bytes = noise(draw.noise, draw.size);
        if earlier.len() + bytes.len() > LARGEST {
            return self.delete(draw);
        }
        let end = self.upload(&format!("APPE {}", self.path(&draw.name)), &bytes);
        self.settle(draw, &end, &[(&draw.name, Some([earlier, bytes].concat()))]);
    }

    fn resume(&mut self, draw: &Draw) {
        let earlier = self.model.get(&draw.name).unwrap_or_default();
        let kept = draw.share(earlier.len());
        let bytes = noise(draw.noise, draw.size);
        let mut go_on = || {
            if kept > 0 {
                self.ftp.expect(&format!("REST {kept}"), "350 ");
            }
            self.upload(&format!("STOR {}", self.path(&draw.name)), &bytes)
        };
        let mut end = go_on();
        // Said once where an upload of that name has failed: who asks again means it.
        if kept > 0 && end.code == 554 && end.reply.contains("was interrupted: send REST 0") {
            end = go_on();
        }
        // What stood behind the new end stays, but of a file that is stored from its beginning.
        let behind = earlier.get(kept + bytes.len()..).filter(|_| kept > 0).unwrap_or_default();
        let changed = [&earlier[..kept], &bytes, behind].concat();
        self.settle(draw, &end, &[(&draw.name, Some(changed))]);
    }

    fn retrieve(&mut self, draw: &Draw, first: usize) {
        let held = self.model.get(&draw.name);
        if first > 0 {
            self.ftp.expect(&format!("REST {first}"), "350 ");
        }
        let end = self.download(&format!("RETR {}", self.path(&draw.name)));
        match held {
            None => assert!(!end.is_good(), "{}", self.told(&end)),
            Some(bytes) => {
                let must = self.must_succeed(draw);
                assert!(end.is_good() || !must, "{}", self.told(&end));
                assert!(!end.is_good() || end.data == bytes[first..], "{}", self.told(&end));
            }
        }
        self.count(&end);
    }

    fn size(&mut self, draw: &Draw) {
        let end = self.ask(&format!("SIZE {}", self.path(&draw.name)));
        match self.model.get(&draw.name) {
            Some(bytes) if end.is_good() => {
                assert_eq!(end.reply, format!("213 {}", bytes.len()), "{}", self.told(&end));
            }
            Some(_) => assert!(!self.must_succeed(draw), "{}", self.told(&end)),
            None => assert!(!end.is_good(), "{}", self.told(&end)),
        }
        self.count(&end);
    }

    fn list(&mut self, draw: &Draw) {
        let end = self.download(&format!("NLST /{}", self.model.directory));
        if end.is_good() {
            let text = String::from_utf8_lossy(&end.data).into_owned();
            let last = |line: &str| line.rsplit('/').next().unwrap_or_default().to_owned();
            let mut shown: Vec<String> = text.lines().map(last).collect();
            shown.sort();
            assert_eq!(shown, self.model.listed(), "{}", self.told(&end));
        } else {
            // Without a file there is no directory.
            let is_there = !self.model.listed().is_empty();
            assert!(!is_there || !self.must_succeed(draw), "{}", self.told(&end));
        }
        self.count(&end);
    }

    fn delete(&mut self, draw: &Draw) {
        let end = self.ask(&format!("DELE {}", self.path(&draw.name)));
        if self.model.get(&draw.name).is_none() {
            assert!(!end.is_good(), "{}", self.told(&end));
        }
        self.settle(draw, &end, &[(&draw.name, None)]);
    }

    fn rename(&mut self, draw: &Draw) {
        let (from, to) = (&draw.name, &draw.other);
        let held = self.model.get(from);
        let first = self.ask(&format!("RNFR {}", self.path(from)));
        if held.is_none() {
            return assert!(!first.is_good(), "{}", self.told(&first));
        }
        let end =
            if first.is_good() { self.ask(&format!("RNTO {}", self.path(to))) } else { first };
        // In this order: a name may be renamed to itself.
        self.settle(draw, &end, &[(from, None), (to, held.clone())]);
        let is_left = self.model.get(from) == held || self.model.get(to) == held;
        assert!(is_left, "neither name has it: {}", self.told(&end));
    }

    /// The client breaks off.
    fn reset(&mut self, draw: &Draw) {
        let bytes = noise(draw.noise, draw.size);
        let sent = draw.share(bytes.len());
        let data = self.ftp.passive();
        let opening = self.ftp.ask(&format!("STOR {}", self.path(&draw.name)));
        assert!(opening.starts_with("150 "), "{opening}");
        let mut stream = data.open();
        // A server that gave up does not take the rest.
        let _ = stream.write_all(&bytes[..sent]);
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a socket");
        drop(stream);
        let end = self.end();
        self.injector.wait_for_the_store();
        let found = self.model.look(self.bucket, &draw.name);
        let is_kept = found.as_ref().is_some_and(|found| bytes.starts_with(found));
        assert!(!end.is_good(), "{}", self.told(&end));
        assert!(is_kept || found == self.model.get(&draw.name), "{}", self.told(&end));
        self.model.set(&draw.name, found);
        self.model.look_for_markers(self.bucket);
        self.figures.interrupted += 1;
        self.cut = Some((draw.name.clone(), bytes));
    }

    /// Goes on with what is parked of an upload that was cut, as its client does: `whole` stands
    /// under the name then.
    fn come_back(&mut self, name: &str, whole: &[u8]) {
        let store = format!("STOR {}", self.path(name));
        while let Some(offset) = self.model.parked(self.bucket, name) {
            let late = self.injector.late();
            let first = if self.is_offered(name, offset) { offset } else { 0 };
            if first > 0 {
                self.ftp.expect(&format!("REST {first}"), "350 ");
            }
            let end = self.upload(&store, &whole[first..]);
            self.injector.wait_for_the_store();
            if end.is_good() {
                self.figures.resumed += usize::from(first > 0);
                self.model.set(name, Some(whole.to_vec()));
                return self.model.look_for_markers(self.bucket);
            }
            assert!(self.injector.late() != late, "behind {first}: {}", self.told(&end));
            let found = self.model.look(self.bucket, name);
            let is_known = found.as_deref() == Some(whole) || found == self.model.get(name);
            assert!(is_known, "{name} is half done: {}", self.told(&end));
            self.model.set(name, found);
        }
    }

    /// Whether SIZE tells what is parked. What was begun in the second in which the file was
    /// stored is not offered; a request may still be ending that the client does not wait for.
    fn is_offered(&mut self, name: &str, offset: usize) -> bool {
        let deadline = Instant::now() + Duration::from_secs(1);
        loop {
            if self.ask(&format!("SIZE {}", self.path(name))).reply == format!("213 {offset}") {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn store_shared(&mut self, draw: &Draw) {
        let bytes = noise(draw.noise, draw.size);
        self.shared.will_be_sent(&bytes);
        let end = self.upload(&format!("STOR /{}", Shared::name(draw.noise)), &bytes);
        assert!(end.is_good() || !self.must_succeed(draw), "{}", self.told(&end));
    }

    fn retrieve_shared(&mut self, draw: &Draw) {
        let name = Shared::name(draw.noise);
        let end = self.download(&format!("RETR /{name}"));
        if end.is_good() {
            self.shared.expect_known(&name, &sha256(&end.data));
        }
        // Somebody may have deleted or replaced it meanwhile.
        let is_known = end.is_good() || matches!(end.code, 550 | 451);
        assert!(is_known || !self.must_succeed(draw), "{}", self.told(&end));
    }

    /// Takes over what a command did: all of `changes` where it succeeded; where it failed, as it
    /// then must be allowed to, each name holds what it held or what it was to hold.
    fn settle(&mut self, draw: &Draw, end: &End, changes: &[(&str, Content)]) {
        if end.is_good() {
            for (name, content) in changes {
                self.model.set(name, content.clone());
            }
        } else {
            let is_impossible = changes.len() == 1 && self.model.get(changes[0].0) == changes[0].1;
            assert!(is_impossible || !self.must_succeed(draw), "{}", self.told(end));
            self.injector.wait_for_the_store();
            if let [(name, Some(content))] = changes {
                self.cut = Some(((*name).to_owned(), content.clone()));
            }
            for (name, content) in changes {
                let found = self.model.look(self.bucket, name);
                let is_known = found == *content || found == self.model.get(name);
                assert!(is_known, "{name} is half done: {}", self.told(end));
                self.model.set(name, found);
            }
        }
        // A file that leaves a directory may leave its marker behind, and a moved one takes it.
        self.model.look_for_markers(self.bucket);
        self.count(end);
    }

    /// Whether nothing stood in the way but what passes: no lasting fault, and no store that is
    /// silent by itself for longer than the server waits, as on a machine that is too busy.
    fn must_succeed(&self, draw: &Draw) -> bool {
        !matches!(draw.trouble, Trouble::ForGood(..)) && self.injector.late() == self.late
    }

    fn count(&mut self, end: &End) {
        self.figures.refused += usize::from(!end.is_good());
    }

    fn path(&self, name: &str) -> String {
        format!("/{}/{name}", self.model.directory)
    }

    fn told(&self, end: &End) -> String {
        let last = &self.diary[self.diary.len().saturating_sub(5)..];
        format!("{} and {} bytes of data after\n{}", end.reply, end.data.len(), last.join("\n"))
    }

    fn ask(&mut self, line: &str) -> End {
        self.ftp.send(line);
        self.end()
    }

    /// How the command ended. A failure behind the first line of a long reply is told by closing
    /// the connection.
    fn end(&mut self) -> End {
        if let Some(reply) = self.ftp.reply_or_close() {
            return End::of(reply);
        }
        self.ftp = login(self.server);
        End { code: 421, reply: "the connection was closed".into(), data: Vec::new() }
    }

    fn upload(&mut self, line: &str, bytes: &[u8]) -> End {
        let data = self.ftp.passive();
        let opening = self.ftp.ask(line);
        if !opening.starts_with("150 ") {
            return End::of(opening);
        }
        // A server that gave up does not take the rest.
        let _ = data.open().write_all(bytes);
        self.end()
    }

    fn download(&mut self, line: &str) -> End {
        let data = self.ftp.passive();
        let opening = self.ftp.ask(line);
        if !opening.starts_with("150 ") {
            return End::of(opening);
        }
        let mut bytes = Vec::new();
        // Whether it is whole, the reply tells.
        let _ = data.open().read_to_end(&mut bytes);
        End { data: bytes, ..self.end() }
    }
}

fn login(server: &TestServer) -> Ftp {
    let mut ftp = Ftp::login(server);
    ftp.expect("TYPE I", "200 ");
    ftp
}
