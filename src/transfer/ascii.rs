//! TYPE A with `ascii_conversion = on`: CR LF on the wire, LF in the store (RFC 959 3.1.1.1).

/// From the wire to the store: CR LF becomes LF; a CR alone stays.
#[derive(Debug, Default)]
pub(super) struct FromAscii {
    /// The last byte was a CR, and nobody has seen it yet.
    held_cr: bool,
    out: Vec<u8>,
}

impl FromAscii {
    /// Converts the next bytes. At most one byte longer than `input`, valid until the next call.
    pub(super) fn convert(&mut self, input: &[u8]) -> &[u8] {
        self.out.clear();
        for &byte in input {
            if self.held_cr && byte != b'\n' {
                self.out.push(b'\r');
            }
            self.held_cr = byte == b'\r';
            if !self.held_cr {
                self.out.push(byte);
            }
        }
        &self.out
    }

    /// What was held back, at the end of the data.
    pub(super) fn finish(&mut self) -> &'static [u8] {
        if std::mem::take(&mut self.held_cr) { b"\r" } else { b"" }
    }
}

/// From the store to the wire: an LF that follows no CR becomes CR LF.
#[derive(Debug, Default)]
pub(super) struct ToAscii {
    after_cr: bool,
    out: Vec<u8>,
}

impl ToAscii {
    /// Converts the next bytes; valid until the next call.
    pub(super) fn convert(&mut self, input: &[u8]) -> &[u8] {
        self.out.clear();
        for &byte in input {
            if byte == b'\n' && !self.after_cr {
                self.out.push(b'\r');
            }
            self.after_cr = byte == b'\r';
            self.out.push(byte);
        }
        &self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(chunks: &[&str]) -> String {
        let mut decoder = FromAscii::default();
        let mut all = Vec::new();
        for chunk in chunks {
            all.extend_from_slice(decoder.convert(chunk.as_bytes()));
        }
        all.extend_from_slice(decoder.finish());
        String::from_utf8(all).unwrap()
    }

    fn to(chunks: &[&str]) -> String {
        let mut encoder = ToAscii::default();
        let mut all = Vec::new();
        for chunk in chunks {
            all.extend_from_slice(encoder.convert(chunk.as_bytes()));
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn line_ends_turn_round_also_across_reads() {
        for (chunks, expected) in [
            (&["a\r\nb\r\n"][..], "a\nb\n"),
            (&["a\r", "\nb"], "a\nb"),
            (&["a\rb", "\r"], "a\rb\r"),
            (&["\r\r\n"], "\r\n"),
            (&["a\nb"], "a\nb"),
        ] {
            assert_eq!(from(chunks), expected, "{chunks:?}");
        }
        for (chunks, expected) in [
            (&["a\nb\n"][..], "a\r\nb\r\n"),
            (&["a\r", "\nb"], "a\r\nb"),
            (&["\n\n"], "\r\n\r\n"),
            (&["a\r\n"], "a\r\n"),
        ] {
            assert_eq!(to(chunks), expected, "{chunks:?}");
        }
    }
}
