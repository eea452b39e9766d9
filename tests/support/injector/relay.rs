use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use crc_fast::CrcAlgorithm::Crc64Xz;
use socket2::SockRef;

use super::http::{AnswerHead, Framing, RequestHead};
use super::{Fault, Spelling, Stage};
use crate::support::rgw::Rgw;

/// What is passed on at once.
const STEP: usize = 64 * 1024;

/// In Amazon's words.
const DEMAND: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>InvalidRequest</Code>\
    <Message>Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object \
    Lock parameters</Message></Error>";

/// Serves the server's requests over one connection, until it or we end it.
pub(super) fn serve(client: &TcpStream, stage: &Stage) -> io::Result<()> {
    client.set_nodelay(true)?;
    let upstream = TcpStream::connect(&stage.upstream)?;
    upstream.set_nodelay(true)?;
    let mut line = Line {
        stage,
        heals: 0,
        client,
        from_client: BufReader::with_capacity(STEP, client),
        store: &upstream,
        from_store: BufReader::with_capacity(STEP, &upstream),
    };
    let mut served = 0;
    while let Some(head) = RequestHead::read(&mut line.from_client)? {
        line.heals = stage.heals();
        let fault = stage.arrived(&head, served > 0);
        let carried = line.carry(&head, fault);
        stage.done(&head);
        if carried? == Next::Close {
            break;
        }
        served += 1;
    }
    Ok(())
}

/// Whether the connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Request,
    Close,
}

/// Both connections.
struct Line<'a> {
    stage: &'a Stage,
    /// How often faults had been healed when the request came.
    heals: usize,
    client: &'a TcpStream,
    from_client: BufReader<&'a TcpStream>,
    store: &'a TcpStream,
    from_store: BufReader<&'a TcpStream>,
}

impl Line<'_> {
    fn carry(&mut self, head: &RequestHead, fault: Option<Fault>) -> io::Result<Next> {
        // Until the store has answered.
        let stage = self.stage;
        let turn = stage.turn_to_keep(head);
        if turn.is_some() && Rgw::shared().s3_head(head.bucket(), &head.plain_key()).is_some() {
            return self.swallow(head, Some(Fault::Refuse(412, "PreconditionFailed")));
        }
        match fault {
            Some(Fault::Stale) => self.reset(),
            Some(Fault::RefuseEarly(status, code)) => self.refuse_early(status, code),
            Some(
                Fault::Refuse(..)
                | Fault::Accept(_)
                | Fault::DemandChecksum
                | Fault::ErrorIn200(_)
                | Fault::ResetBeforeReply
                | Fault::ResetInRequest(_)
                | Fault::StallInRequest(_)
                | Fault::Stall,
            ) => self.swallow(head, fault),
            Some(Fault::Latency(pause)) => {
                thread::sleep(pause);
                self.pass(head, None)
            }
            other => self.pass(head, other),
        }
    }

    /// What the store never sees.
    fn swallow(&mut self, head: &RequestHead, fault: Option<Fault>) -> io::Result<Next> {
        if head.expects_continue {
            self.client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut filter = Filter::of_request(fault);
        let whole = copy(&mut self.from_client, &mut io::sink(), head.framing, &mut filter)?;
        match fault {
            Some(Fault::DemandChecksum) => {
                let length = DEMAND.len();
                let text =
                    format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {length}\r\n\r\n{DEMAND}");
                self.client.write_all(text.as_bytes())?;
                Ok(Next::Request)
            }
            Some(Fault::Refuse(status, code)) => {
                let body = error(code);
                // An answer to HEAD has no body.
                let shown = if head.is_head { "" } else { &body };
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {status} Injected\r\nContent-Length: {length}\r\n\r\n{shown}"
                );
                self.client.write_all(text.as_bytes())?;
                Ok(Next::Request)
            }
            Some(Fault::Accept(status)) => {
                let text = format!("HTTP/1.1 {status} Injected\r\nContent-Length: 0\r\n\r\n");
                self.client.write_all(text.as_bytes())?;
                Ok(Next::Request)
            }
            Some(Fault::ErrorIn200(code)) => {
                let body = error(code);
                let length = body.len();
                let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
                self.client.write_all(text.as_bytes())?;
                Ok(Next::Request)
            }
            Some(Fault::Stall | Fault::StallInRequest(_)) => {
                self.stage.stall(self.heals);
                self.reset()
            }
            Some(Fault::ResetInRequest(_)) if whole => {
                Err(io::Error::other("the body ended before the offset"))
            }
            _ => self.reset(),
        }
    }

    /// As a store does that does not like the headers: it does not wait for the body.
    fn refuse_early(&mut self, status: u16, code: &str) -> io::Result<Next> {
        let body = error(code);
        let text = format!(
            "HTTP/1.1 {status} Injected\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.client.write_all(text.as_bytes())?;
        Ok(Next::Close)
    }

    /// From the server to the store, and its answer back.
    fn pass(&mut self, head: &RequestHead, fault: Option<Fault>) -> io::Result<Next> {
        self.store.write_all(head.text.as_bytes())?;
        let mut sent = Filter::of_request(fault);
        let mut is_answered = None;
        if head.expects_continue {
            let answer = AnswerHead::read(&mut self.from_store, false)?;
            if answer.status == 100 {
                self.client.write_all(answer.text.as_bytes())?;
            } else {
                is_answered = Some(answer);
            }
        }
        let mut next = Next::Request;
        let mut answer = match is_answered {
            Some(answer) => {
                next = Next::Close;
                answer
            }
            None => {
                let mut store = self.store;
                if copy(&mut self.from_client, &mut store, head.framing, &mut sent).is_err() {
                    // The store may have refused it already; it tells why, if so.
                    next = Next::Close;
                }
                self.final_answer(head)?
            }
        };
        self.tell_checksum(head, &mut answer, sent.sum());
        if fault == Some(Fault::DateEarlier) {
            answer.date_earlier();
        }
        if fault == Some(Fault::LoseAnswer) {
            copy(&mut self.from_store, &mut io::sink(), answer.framing, &mut Filter::default())?;
            self.client.shutdown(Shutdown::Both)?;
            return Ok(Next::Close);
        }
        if fault == Some(Fault::HoldAnswer) {
            copy(&mut self.from_store, &mut io::sink(), answer.framing, &mut Filter::default())?;
            self.stage.stall(self.heals);
            return self.reset();
        }
        if fault == Some(Fault::LateAnswer) {
            self.stage.stall(self.heals);
        }
        self.client.write_all(answer.text.as_bytes())?;
        let mut back = Filter::of_answer(fault);
        let mut client = self.client;
        let whole = copy(&mut self.from_store, &mut client, answer.framing, &mut back)?;
        if !whole {
            if matches!(fault, Some(Fault::StallInAnswer(_))) {
                self.stage.stall(self.heals);
            }
            return self.reset();
        }
        if answer.keeps_alive() { Ok(next) } else { Ok(Next::Close) }
    }

    fn final_answer(&mut self, head: &RequestHead) -> io::Result<AnswerHead> {
        let from_store = &mut self.from_store;
        self.stage.timed(|| {
            loop {
                let answer = AnswerHead::read(from_store, head.is_head)?;
                if answer.status != 100 {
                    return Ok(answer);
                }
            }
        })
    }

    fn tell_checksum(&self, head: &RequestHead, answer: &mut AnswerHead, sent: (u64, u64)) {
        let mut state = self.stage.lock();
        if !(200..300).contains(&answer.status) {
            return;
        }
        let crc = state.sums.answer(head, sent);
        if let (Some(crc), Some(spelling)) = (crc, state.spelling) {
            let name = match spelling {
                Spelling::Cos => "x-cos-hash-crc64ecma",
                Spelling::Amz => "x-amz-hash-crc64ecma",
            };
            answer.add(name, &crc.to_string());
        }
    }

    fn reset(&self) -> io::Result<Next> {
        SockRef::from(self.client).set_linger(Some(Duration::ZERO))?;
        Ok(Next::Close)
    }
}

/// What is done to a body on its way.
struct Filter {
    flip: Option<u64>,
    cut: Option<u64>,
    rate: Option<u64>,
    passed: u64,
    digest: crc_fast::Digest,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            flip: None,
            cut: None,
            rate: None,
            passed: 0,
            digest: crc_fast::Digest::new(Crc64Xz),
        }
    }
}

impl Filter {
    fn of_request(fault: Option<Fault>) -> Self {
        match fault {
            Some(Fault::ResetInRequest(at) | Fault::StallInRequest(at)) => {
                Self { cut: Some(at), ..Self::default() }
            }
            Some(Fault::FlipInRequest(at)) => Self { flip: Some(at), ..Self::default() },
            Some(Fault::Bandwidth(rate)) => Self { rate: Some(rate), ..Self::default() },
            _ => Self::default(),
        }
    }

    fn of_answer(fault: Option<Fault>) -> Self {
        match fault {
            Some(Fault::ResetInAnswer(at) | Fault::StallInAnswer(at)) => {
                Self { cut: Some(at), ..Self::default() }
            }
            Some(Fault::FlipInAnswer(at)) => Self { flip: Some(at), ..Self::default() },
            Some(Fault::Bandwidth(rate)) => Self { rate: Some(rate), ..Self::default() },
            _ => Self::default(),
        }
    }

    fn sum(&self) -> (u64, u64) {
        (self.digest.finalize(), self.passed)
    }

    /// Changes the next `bytes`; how many of them go on.
    fn work_on(&mut self, bytes: &mut [u8]) -> usize {
        if let Some(at) = self.flip.and_then(|at| at.checked_sub(self.passed))
            && let Some(byte) = usize::try_from(at).ok().and_then(|at| bytes.get_mut(at))
        {
            *byte ^= 1;
        }
        let most = self.cut.map_or(u64::MAX, |at| at - self.passed);
        let count = usize::try_from(most).map_or(bytes.len(), |most| most.min(bytes.len()));
        if let Some(rate) = self.rate {
            thread::sleep(Duration::from_secs_f64(count as f64 / rate as f64));
        }
        self.digest.update(&bytes[..count]);
        self.passed += count as u64;
        count
    }

    fn is_cut(&self) -> bool {
        self.cut == Some(self.passed)
    }
}

/// Passes a body on; whether all of it.
fn copy(
    from: &mut impl BufRead,
    to: &mut impl Write,
    framing: Framing,
    filter: &mut Filter,
) -> io::Result<bool> {
    match framing {
        Framing::Length(length) => copy_bytes(from, to, length, filter),
        Framing::UntilClose => {
            let whole = copy_bytes(from, to, u64::MAX, filter);
            // The end is what was waited for.
            whole.or_else(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => Ok(true),
                _ => Err(error),
            })
        }
        Framing::Chunked => loop {
            let mut line = String::new();
            from.read_line(&mut line)?;
            to.write_all(line.as_bytes())?;
            let digits = line.trim().split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
            if !copy_bytes(from, to, size, filter)? {
                return Ok(false);
            }
            // No trailers: neither side sends any.
            let mut end = [0; 2];
            from.read_exact(&mut end)?;
            to.write_all(&end)?;
            if size == 0 {
                return Ok(true);
            }
        },
    }
}

fn copy_bytes(
    from: &mut impl Read,
    to: &mut impl Write,
    length: u64,
    filter: &mut Filter,
) -> io::Result<bool> {
    let mut buffer = vec![0; STEP];
    let mut left = length;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(STEP).min(STEP);
        let got = from.read(&mut buffer[..most])?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let count = filter.work_on(&mut buffer[..got]);
        to.write_all(&buffer[..count])?;
        left -= got as u64;
        if filter.is_cut() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn error(code: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code>\
         <Message>injected</Message><RequestId>injected-1</RequestId></Error>"
    )
}
