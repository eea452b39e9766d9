//! The server that `--from` names.

use std::fmt;

/// The usual port of FTP.
pub(super) const FTP_PORT: u16 = 21;

/// The usual port of FTP over implicit TLS.
const IMPLICIT_PORT: u16 = 990;

/// `--from`: a server elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteServer {
    /// A name or an address, without brackets.
    pub(super) host: String,
    port: Option<u16>,
    asks_implicit: bool,
}

impl RemoteServer {
    /// `HOST`, `HOST:PORT`; an IPv6 address in front of a port has brackets.
    ///
    /// # Errors
    /// In words, when it is neither.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let wrong = "needs a host, as in ftp.example.com, 192.0.2.1:2121 or [2001:db8::1]:21";
        let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or(wrong)?)),
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map(str::parse).transpose().map_err(|_| wrong)?;
        if host.is_empty() || host.contains(['/', '@']) || port == Some(0) {
            return Err(wrong);
        }
        Ok(Self { host: host.to_owned(), port, asks_implicit: false })
    }

    /// The same, where TLS begins with the connection (`--implicit-tls`).
    pub(crate) fn with_implicit_tls(self) -> Self {
        Self { asks_implicit: true, ..self }
    }

    /// Its control port: the one that was named, or the usual one.
    pub(super) fn port(&self) -> u16 {
        self.port.unwrap_or(if self.asks_implicit { IMPLICIT_PORT } else { FTP_PORT })
    }

    /// Whether TLS begins with the connection, as far as that is known beforehand.
    pub(super) fn is_implicit(&self) -> bool {
        self.asks_implicit || self.port() == IMPLICIT_PORT
    }
}

impl fmt::Display for RemoteServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port()),
            false => write!(f, "{}:{}", self.host, self.port()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_host_and_a_port() {
        for (text, expected) in [
            ("ftp.example.com", Some("ftp.example.com:21")),
            ("192.0.2.1:2121", Some("192.0.2.1:2121")),
            ("2001:db8::1", Some("[2001:db8::1]:21")),
            ("[2001:db8::1]", Some("[2001:db8::1]:21")),
            ("[2001:db8::1]:2121", Some("[2001:db8::1]:2121")),
            ("", None),
            (":21", None),
            ("host:", None),
            ("host:0", None),
            ("host:65536", None),
            ("[::1]2121", None),
            // A password on the command line could be seen by everybody.
            ("user:password@host", None),
            ("ftp://host/", None),
        ] {
            let told = RemoteServer::parse(text).map(|server| server.to_string()).ok();
            assert_eq!(told.as_deref(), expected, "{text:?}");
        }
    }
    #[test]
    fn tls_begins_with_the_connection_where_it_is_asked_for_or_usual() {
        for (text, asked, expected, is_implicit) in [
            ("host", false, "host:21", false),
            ("host:990", false, "host:990", true),
            ("host", true, "host:990", true),
            ("host:21", true, "host:21", true),
            ("host:2121", false, "host:2121", false),
        ] {
            let server = RemoteServer::parse(text).unwrap();
            let server = if asked { server.with_implicit_tls() } else { server };
            assert_eq!(server.to_string(), expected);
            assert_eq!(server.is_implicit(), is_implicit, "{expected}");
        }
    }
}
