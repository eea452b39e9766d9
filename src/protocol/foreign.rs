//! What comes to the port and is no FTP. Told by the first bytes of a connection, before they make
//! a line: a TLS hello never does.

/// Longest beginning that is looked at.
const LONGEST: usize = 4;

/// Beginnings of other protocols. No verb of FTP begins like one of them.
const BEGINNINGS: &[(&[u8], &str)] = &[
    // A handshake record of TLS (RFC 8446 5.1), any version.
    (&[0x16, 0x03], "TLS"),
    // RFC 4253 4.2
    (b"SSH-", "SSH"),
    // TPKT (RFC 1006 6), as remote desktop clients send it.
    (&[0x03, 0x00], "RDP"),
];

/// Looks at the first bytes of a connection, however they are cut into pieces.
#[derive(Debug, Default)]
pub struct FirstBytes {
    seen: [u8; LONGEST],
    count: usize,
}

impl FirstBytes {
    /// Takes what arrived. Tells the protocol, once, if it is a foreign one.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<&'static str> {
        let before = self.count;
        let now = bytes.len().min(LONGEST - before);
        self.seen[before..before + now].copy_from_slice(&bytes[..now]);
        self.count += now;
        let completes = |beginning: &[u8]| {
            before < beginning.len() && self.seen[..self.count].starts_with(beginning)
        };
        BEGINNINGS.iter().find(|(beginning, _)| completes(beginning)).map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::VERBS;

    #[test]
    fn other_protocols_are_told_by_their_first_bytes() {
        for (pieces, expected) in [
            (&[&b"\x16\x03\x01\x02\x00\x01"[..]][..], Some("TLS")),
            (&[b"\x16", b"\x03", b"\x01"], Some("TLS")),
            (&[b"SSH-2.0-OpenSSH_9.2\r\n"], Some("SSH")),
            (&[b"SS", b"H-2.0"], Some("SSH")),
            (&[b"\x03\x00\x00\x13\x0e"], Some("RDP")),
            (&[b"USER a\r\n"], None),
            (&[b"S", b"YST\r\n", b"SSH-"], None),
            (&[b"\x16"], None),
            (&[b"", b"\r\n"], None),
            (&[b"\xff\xf4"], None),
        ] {
            let mut first = FirstBytes::default();
            let told: Vec<_> = pieces.iter().filter_map(|piece| first.feed(piece)).collect();
            assert_eq!(told, Vec::from_iter(expected), "{pieces:?}");
        }
    }

    #[test]
    fn no_verb_begins_like_another_protocol() {
        for row in VERBS {
            for spelling in row.spellings {
                assert_eq!(FirstBytes::default().feed(spelling.as_bytes()), None, "{spelling}");
            }
        }
    }
}
