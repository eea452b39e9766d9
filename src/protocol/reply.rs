//! What a client is told: a code with its text, and the one place that turns it into bytes.

use std::borrow::Cow;

use crate::limits;

/// A three-digit reply code. The names tell the meaning; several may share a number (RFC 959
/// 4.2.1, RFC 2228 and RFC 2428 for the later ones).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(u16);

#[allow(missing_docs, reason = "the names are the documentation")]
impl Code {
    pub const OPENING_DATA_CONNECTION: Self = Self(150);
    pub const OK: Self = Self(200);
    pub const SUPERFLUOUS: Self = Self(202);
    pub const SYSTEM_STATUS: Self = Self(211);
    pub const FEATURES: Self = Self(211);
    pub const FILE_STATUS: Self = Self(213);
    pub const HELP: Self = Self(214);
    pub const SYSTEM_TYPE: Self = Self(215);
    pub const READY: Self = Self(220);
    pub const GOODBYE: Self = Self(221);
    pub const NOTHING_TO_ABORT: Self = Self(225);
    pub const TRANSFER_COMPLETE: Self = Self(226);
    pub const ABORTED: Self = Self(226);
    pub const PASSIVE: Self = Self(227);
    pub const EXTENDED_PASSIVE: Self = Self(229);
    pub const SECURITY_AGREED: Self = Self(234);
    pub const LOGGED_IN: Self = Self(230);
    pub const FILE_ACTION_COMPLETE: Self = Self(250);
    pub const PATH_NAME: Self = Self(257);
    pub const NEED_PASSWORD: Self = Self(331);
    pub const NEED_MORE: Self = Self(350);
    pub const CLOSING: Self = Self(421);
    pub const NO_DATA_CONNECTION: Self = Self(425);
    pub const TRANSFER_ABORTED: Self = Self(426);
    pub const FILE_BUSY: Self = Self(450);
    pub const LOCAL_ERROR: Self = Self(451);
    pub const UNKNOWN_COMMAND: Self = Self(500);
    pub const BAD_ARGUMENT: Self = Self(501);
    pub const NOT_IMPLEMENTED: Self = Self(502);
    pub const BAD_SEQUENCE: Self = Self(503);
    pub const PARAMETER_NOT_IMPLEMENTED: Self = Self(504);
    pub const DATA_NOT_PROTECTED: Self = Self(521);
    pub const DATA_SECURITY_FAILED: Self = Self(522);
    pub const NETWORK_PROTOCOL_NOT_SUPPORTED: Self = Self(522);
    pub const NOT_LOGGED_IN: Self = Self(530);
    pub const CONTROL_STAYS_PROTECTED: Self = Self(533);
    pub const REFUSED_BY_POLICY: Self = Self(534);
    pub const PROTECTION_NOT_SUPPORTED: Self = Self(536);
    pub const FILE_UNAVAILABLE: Self = Self(550);
    pub const NO_PERMISSION: Self = Self(550);
    pub const TOO_LARGE: Self = Self(552);
    pub const NAME_NOT_ALLOWED: Self = Self(553);
    pub const BAD_RESTART: Self = Self(554);
}

impl Code {
    /// The three digits.
    pub fn number(self) -> u16 {
        self.0
    }
}

/// One reply: a code and at least one line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: Code,
    lines: Vec<Cow<'static, str>>,
    begins: Begins,
    /// Something failed that the client did not bring about.
    tells_failure: bool,
}

/// Where a reply of several lines has its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    Here,
    /// In a part that was sent before.
    Before,
}

/// Some lines of a reply that is too long to be held: it is no reply before [`Reply::ending`] ends
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyPart {
    code: Code,
    first: Option<&'static str>,
    inner: Vec<String>,
}

impl ReplyPart {
    /// The first line, and lines of the text as they are.
    pub fn beginning(
        code: Code,
        first: &'static str,
        inner: impl IntoIterator<Item = String>,
    ) -> Self {
        Self { code, first: Some(first), inner: inner.into_iter().collect() }
    }

    /// More lines.
    pub fn more(code: Code, inner: impl IntoIterator<Item = String>) -> Self {
        Self { code, first: None, inner: inner.into_iter().collect() }
    }

    /// The lines as they are sent, as [`Reply::to_bytes`] spells them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        if let Some(first) = self.first {
            push_line(&mut out, &format!("{}-", self.code.0), first);
        }
        for line in &self.inner {
            push_inner(&mut out, line);
        }
        out.into_bytes()
    }
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self::of(code, vec![text.into()], Begins::Here)
    }

    /// A reply that opens with `first`, shows `inner` as it is and closes with `last`.
    pub fn multi_line(
        code: Code,
        first: impl Into<Cow<'static, str>>,
        inner: impl IntoIterator<Item = String>,
        last: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut lines = vec![first.into()];
        lines.extend(inner.into_iter().map(Cow::Owned));
        lines.push(last.into());
        Self::of(code, lines, Begins::Here)
    }

    /// The end of a reply whose beginning was sent in [`ReplyPart`]s of the same code.
    pub fn ending(
        code: Code,
        inner: impl IntoIterator<Item = String>,
        last: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut lines: Vec<_> = inner.into_iter().map(Cow::Owned).collect();
        lines.push(last.into());
        Self::of(code, lines, Begins::Before)
    }

    fn of(code: Code, lines: Vec<Cow<'static, str>>, begins: Begins) -> Self {
        Self { code, lines, begins, tells_failure: false }
    }

    /// The same with what the store called the request that it refused at the end of its last
    /// line: ` [req ID]`. Of an ID only what is printed without doubt is told, and no more of it
    /// than [`limits::REQUEST_ID_CHARS`].
    pub fn about_request(mut self, id: Option<&str>) -> Self {
        let is_plain = |c: &char| c.is_ascii_graphic() && !matches!(c, '[' | ']');
        let plain = id.into_iter().flat_map(str::chars).filter(is_plain);
        let id: String = plain.take(limits::REQUEST_ID_CHARS).collect();
        if let Some(last) = self.lines.last_mut().filter(|_| !id.is_empty()) {
            last.to_mut().push_str(&format!(" [req {id}]"));
        }
        self
    }

    /// The same for what failed, and not by the client's doing.
    pub fn of_failure(self) -> Self {
        Self { tells_failure: true, ..self }
    }

    /// Whether it is [of a failure](Self::of_failure).
    pub fn tells_failure(&self) -> bool {
        self.tells_failure
    }

    /// The same with another code.
    #[must_use]
    pub fn coded(self, code: Code) -> Self {
        Self { code, ..self }
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether another reply to the same command must follow (1yz). At most one may precede the
    /// final reply (RFC 959 4.2).
    pub fn is_preliminary(&self) -> bool {
        self.code.0 < 200
    }

    /// Whether the connection ends with this reply (221, 421).
    pub fn closes_connection(&self) -> bool {
        matches!(self.code, Code::GOODBYE | Code::CLOSING)
    }

    /// Its first line as that of a reply that goes on: `ddd-text` and CRLF. Several of them may be
    /// sent before the reply with the same code that ends them all.
    pub fn to_opening_bytes(&self) -> Vec<u8> {
        let text = self.lines.first().map_or("", |line| line);
        let shown: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        format!("{}-{shown}\r\n", self.code.0).into_bytes()
    }

    /// The reply as it is sent (RFC 959 4.2): `ddd text`, or `ddd-first`, inner lines, `ddd last`,
    /// each ended by CRLF.
    ///
    /// Control characters become `?`, so that no name can forge a reply. A 0xFF, which a Telnet
    /// reader would take for a command, cannot occur in UTF-8.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        let last = self.lines.len() - 1;
        for (i, line) in self.lines.iter().enumerate() {
            match i {
                _ if i == last => push_line(&mut out, &format!("{} ", self.code.0), line),
                0 if self.begins == Begins::Here => {
                    push_line(&mut out, &format!("{}-", self.code.0), line);
                }
                _ => push_inner(&mut out, line),
            }
        }
        out.into_bytes()
    }
}

/// A line that a client would take for the end, or for another reply, is moved by a space.
fn push_inner(out: &mut String, line: &str) {
    push_line(out, if begins_like_a_code(line) { " " } else { "" }, line);
}

fn push_line(out: &mut String, before: &str, line: &str) {
    out.push_str(before);
    // Nearly every line is plain, and is then taken over as a whole. All bytes are looked at: so
    // the processor does many at once.
    if line.bytes().fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte)) {
        out.push_str(line);
    } else {
        out.extend(line.chars().map(|c| if c.is_control() { '?' } else { c }));
    }
    out.push_str("\r\n");
}

fn begins_like_a_code(line: &str) -> bool {
    line.len() >= 3 && line.bytes().take(3).all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_on_the_wire() {
        let inner = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (reply, expected) in [
            (Reply::new(Code::OK, "Done."), "200 Done.\r\n"),
            // RFC 959 4.2
            (
                Reply::multi_line(Code::HELP, "a", inner(&["b", "234 c", "12", "220-x"]), "d"),
                "214-a\r\nb\r\n 234 c\r\n12\r\n 220-x\r\n214 d\r\n",
            ),
            // RFC 2389 3.2: one space before each feature
            (
                Reply::multi_line(Code::FEATURES, "Features:", inner(&[" SIZE"]), "End"),
                "211-Features:\r\n SIZE\r\n211 End\r\n",
            ),
            // a name from the bucket cannot forge a reply
            (Reply::new(Code::OK, "a\r\n226 b\0c\u{ff}"), "200 a??226 b?c\u{ff}\r\n"),
            (
                Reply::multi_line(Code::HELP, "a", inner(&["b\n226 c"]), "d\re"),
                "214-a\r\nb?226 c\r\n214 d?e\r\n",
            ),
        ] {
            assert_eq!(String::from_utf8(reply.to_bytes()).unwrap(), expected);
            assert!(!reply.to_bytes().contains(&0xFF));
        }
    }

    #[test]
    fn the_request_that_was_refused_stands_at_the_end() {
        let told = |id: Option<&str>| {
            let reply = Reply::new(Code::LOCAL_ERROR, "No.").about_request(id);
            String::from_utf8(reply.to_bytes()).unwrap()
        };
        assert_eq!(told(Some("NjY2=_tx0-a/b+")), "451 No. [req NjY2=_tx0-a/b+]\r\n");
        assert_eq!(told(None), "451 No.\r\n");
        assert_eq!(told(Some("")), "451 No.\r\n");
        assert_eq!(told(Some("a]\r\n226 b\u{1b}中")), "451 No. [req a226b]\r\n");
        let longest = limits::REQUEST_ID_CHARS;
        assert_eq!(told(Some(&"x".repeat(5000))).len(), "451 No. [req ]\r\n".len() + longest);
    }

    #[test]
    fn a_reply_may_go_on() {
        let reply = Reply::new(Code::TRANSFER_COMPLETE, "a\r\n226 b");
        assert_eq!(reply.to_opening_bytes(), b"226-a??226 b\r\n");
    }

    #[test]
    fn a_reply_in_parts_is_the_same_on_the_wire() {
        let lines = ["a", "213 b", "c\nd"].map(str::to_owned);
        let whole = Reply::multi_line(Code::FILE_STATUS, "Status:", lines.clone(), "End");
        let [a, b, c] = lines;
        let parts = [
            ReplyPart::beginning(Code::FILE_STATUS, "Status:", [a]).to_bytes(),
            ReplyPart::more(Code::FILE_STATUS, [b]).to_bytes(),
            Reply::ending(Code::FILE_STATUS, [c], "End").to_bytes(),
        ];
        assert_eq!(parts.concat(), whole.to_bytes());
    }

    #[test]
    fn what_follows_a_reply() {
        let reply = |code| Reply::new(code, "x");
        assert!(reply(Code::OPENING_DATA_CONNECTION).is_preliminary());
        assert!(!reply(Code::OK).is_preliminary());
        assert!(reply(Code::GOODBYE).closes_connection());
        assert!(reply(Code::CLOSING).closes_connection());
        assert!(!reply(Code::NOT_LOGGED_IN).closes_connection());
    }
}
