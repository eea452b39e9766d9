//! The server that `--from` names.

use std::fmt;

use percent_encoding::percent_decode_str;

/// The usual port of FTP.
pub(super) const FTP_PORT: u16 = 21;

/// The usual port of FTP over implicit TLS.
const IMPLICIT_PORT: u16 = 990;

/// `--from`: a server elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteServer {
    /// A name or an address, without brackets.
    pub(super) host: String,
    /// Who logs in, if it says so.
    pub(super) user: Option<String>,
    port: Option<u16>,
    asks_implicit: bool,
}

impl RemoteServer {
    /// `HOST`, `HOST:PORT`, where an IPv6 address in front of a port has brackets; or the URL of a
    /// server, `ftp://USER@HOST:PORT/`.
    ///
    /// # Errors
    /// In words, when it is neither.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (asks_implicit, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (is_implicit_scheme(scheme)?, rest),
            None => (false, text),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !path.is_empty() {
            return Err(
                "--from takes no path behind the host: the file of this check is stored where the \
                        login begins",
            );
        }
        let (user, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(user_of(login)?), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place).ok_or(WRONG)?;
        Ok(Self { host: host.to_owned(), user, port, asks_implicit })
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

/// What is said of what has no host.
const WRONG: &str = "--from needs a host, as in ftp.example.com, 192.0.2.1:2121, [2001:db8::1]:21 or \
    ftp://user@ftp.example.com:2121/";

/// Whether TLS begins with the connection of a URL with this scheme.
fn is_implicit_scheme(scheme: &str) -> Result<bool, &'static str> {
    match scheme.to_ascii_lowercase().as_str() {
        // With TLS after AUTH, where the server offers it.
        "ftp" | "ftpes" => Ok(false),
        "ftps" => Ok(true),
        "sftp" => Err("--from needs ftp:// or ftps://: SFTP is another protocol, that of SSH"),
        _ => Err("--from needs ftp:// or ftps:// in front of the host, or nothing"),
    }
}

/// The user in a URL, whose other characters are written as `%40`.
fn user_of(login: &str) -> Result<String, &'static str> {
    // Everybody on the machine can see a command line.
    if login.contains(':') {
        return Err(
            "--from takes no password, which others could see here: it is asked for, or taken \
                    from COS_FTP_PASSWORD",
        );
    }
    let user = percent_decode_str(login).decode_utf8().ok();
    let user = user.filter(|user| !user.is_empty() && !user.chars().any(char::is_control));
    user.map(Into::into).ok_or("--from needs the name of a user in front of the @")
}

/// Both parts of `host:port`.
fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':')?)),
        None if text.matches(':').count() > 1 => (text, None),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map(|port| port.parse().ok().filter(|port| *port > 0).ok_or(()));
    let port = port.transpose().ok()?;
    (!host.is_empty()).then_some((host, port))
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
            ("ftp://user:password@host", None),
            ("ftp://host/", Some("host:21")),
            ("ftp://host/a/directory", None),
            ("ftp://", None),
            ("ftp:///", None),
            ("sftp://host", None),
            ("http://host", None),
            ("FTP://host:2121", Some("host:2121")),
            ("ftpes://[2001:db8::1]:2121/", Some("[2001:db8::1]:2121")),
        ] {
            let told = RemoteServer::parse(text).map(|server| server.to_string()).ok();
            assert_eq!(told.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_url_says_who_logs_in() {
        for (text, expected) in [
            ("host", Some(None)),
            ("alice@host", Some(Some("alice"))),
            ("ftp://alice@host:2121/", Some(Some("alice"))),
            ("ftp://a%40example.com@host", Some(Some("a@example.com"))),
            ("ftp://a@example.com@host", Some(Some("a@example.com"))),
            ("ftp://%E7%94%A8@host", Some(Some("用"))),
            ("ftp://@host", None),
            ("ftp://%0d@host", None),
            ("ftp://%ff@host", None),
        ] {
            let told = RemoteServer::parse(text).ok().map(|server| server.user);
            let expected = expected.map(|user| user.map(str::to_owned));
            assert_eq!(told, expected, "{text:?}");
        }
        // Whatever is wrong, nothing of a password is repeated.
        let told = RemoteServer::parse("ftp://alice:hunter2@host").unwrap_err();
        assert!(told.contains("takes no password") && !told.contains("hunter2"), "{told}");
    }

    #[test]
    fn tls_begins_with_the_connection_where_it_is_asked_for_or_usual() {
        for (text, asked, expected, is_implicit) in [
            ("host", false, "host:21", false),
            ("host:990", false, "host:990", true),
            ("host", true, "host:990", true),
            ("host:21", true, "host:21", true),
            ("host:2121", false, "host:2121", false),
            ("ftps://host", false, "host:990", true),
            ("ftps://host:2121", false, "host:2121", true),
            ("ftp://host", true, "host:990", true),
        ] {
            let server = RemoteServer::parse(text).unwrap();
            let server = if asked { server.with_implicit_tls() } else { server };
            assert_eq!(server.to_string(), expected);
            assert_eq!(server.is_implicit(), is_implicit, "{expected}");
        }
    }
}
