//! What a hook is asked.

use std::net::IpAddr;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::users::LoginRequest;

/// A login, as a hook is told of it.
pub(super) struct HookQuestion<'a> {
    /// By what name.
    pub(super) name: &'a str,
    /// From where.
    pub(super) client: IpAddr,
    /// Whether over TLS.
    pub(super) is_encrypted: bool,
    /// The same and the password, as JSON and a line.
    pub(super) json: Zeroizing<Vec<u8>>,
}

/// The fields of the JSON object.
#[derive(Serialize)]
struct Fields<'a> {
    user: &'a str,
    password: &'a str,
    peer: IpAddr,
    tls: bool,
}

impl<'a> HookQuestion<'a> {
    pub(super) fn new(login: &LoginRequest<'a>) -> Self {
        let LoginRequest { name, password, client, is_encrypted } = *login;
        let client = client.to_canonical();
        // Room for all of it, whatever is escaped: a buffer that grows leaves copies behind.
        let room = 6 * (name.len() + password.len()) + 256;
        let mut json = Zeroizing::new(Vec::with_capacity(room));
        let fields = Fields { user: name, password, peer: client, tls: is_encrypted };
        serde_json::to_writer(&mut *json, &fields)
            .expect("texts, an address and a word are JSON, and a Vec takes all of it");
        json.push(b'\n');
        Self { name, client, is_encrypted, json }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_a_line_of_json() {
        let login = LoginRequest {
            name: "cam\"1",
            password: "pass\\word 密码",
            client: "::ffff:192.0.2.1".parse().unwrap(),
            is_encrypted: true,
        };
        let question = HookQuestion::new(&login);
        let expected = "{\"user\":\"cam\\\"1\",\"password\":\"pass\\\\word 密码\",\
                        \"peer\":\"192.0.2.1\",\"tls\":true}\n";
        assert_eq!(std::str::from_utf8(&question.json).unwrap(), expected);
    }
}
