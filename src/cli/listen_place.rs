//! `--listen`: where `serve` is to listen.

use std::net::SocketAddr;

/// A port, and perhaps the only address that it is to be at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListenPlace {
    /// At this port of the usual addresses.
    Port(u16),
    /// Nowhere else.
    Address(SocketAddr),
}

impl ListenPlace {
    /// `2121`, or `127.0.0.1:2121`.
    ///
    /// # Errors
    /// In words, when it is neither.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let wrong = "needs a port, or address and port, as in 2121, 127.0.0.1:2121 or [::]:2121";
        let digits = text.strip_prefix(':').unwrap_or(text);
        let has_digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
        let port = || digits.parse().ok().filter(|_| has_digits_only).map(Self::Port);
        text.parse().ok().map(Self::Address).or_else(port).ok_or(wrong)
    }

    /// Its port.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Port(port) => port,
            Self::Address(address) => address.port(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_stands_alone_or_behind_an_address() {
        for (text, expected) in [
            ("2121", Some(ListenPlace::Port(2121))),
            (":21", Some(ListenPlace::Port(21))),
            ("0", Some(ListenPlace::Port(0))),
            ("127.0.0.1:21", Some(ListenPlace::Address(([127, 0, 0, 1], 21).into()))),
            ("65536", None),
            ("+21", None),
            ("127.0.0.1", None),
            ("localhost:21", None),
            ("", None),
        ] {
            assert_eq!(ListenPlace::parse(text).ok(), expected, "{text:?}");
        }
    }
}
