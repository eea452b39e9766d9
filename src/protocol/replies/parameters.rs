//! TYPE, MODE, STRU, and the way to a data connection.

use std::net::SocketAddrV4;

use crate::protocol::TransferType;
use crate::protocol::address::{epsv_text, pasv_text};
use crate::protocol::{Code, Family, Reply};

/// 200 to TYPE.
pub fn type_set(transfer_type: TransferType) -> Reply {
    Reply::new(
        Code::OK,
        match transfer_type {
            TransferType::Ascii => "Type is A (text).",
            TransferType::Image => "Type is I (image).",
        },
    )
}

/// 200 to STRU F.
pub fn file_structure() -> Reply {
    Reply::new(Code::OK, "Structure is F (file).")
}

/// 200 to MODE S.
pub fn stream_mode() -> Reply {
    Reply::new(Code::OK, "Mode is S (stream).")
}

/// 227 to PASV (RFC 1123 4.1.2.6: clients look for the digits).
pub fn passive(address: SocketAddrV4) -> Reply {
    Reply::new(Code::PASSIVE, format!("Entering Passive Mode {}", pasv_text(address)))
}

/// 229 to EPSV (RFC 2428 3).
pub fn extended_passive(port: u16) -> Reply {
    Reply::new(
        Code::EXTENDED_PASSIVE,
        format!("Entering Extended Passive Mode {}", epsv_text(port)),
    )
}

/// 200 to EPSV ALL.
pub fn only_extended_passive() -> Reply {
    Reply::new(Code::OK, "Only EPSV from now on.")
}

/// 501 to PORT, EPRT and PASV after EPSV ALL (RFC 2428 4).
pub fn only_epsv_now() -> Reply {
    Reply::new(Code::BAD_ARGUMENT, "You asked for EPSV ALL; only EPSV is accepted.")
}

/// 425 to PASV on an IPv6 connection: 227 cannot spell the address.
pub fn passive_needs_ipv4() -> Reply {
    Reply::new(Code::NO_DATA_CONNECTION, "PASV has no room for an IPv6 address; use EPSV.")
}

/// 425 to PASV while the address that the client should be told is not known.
pub fn no_passive_address() -> Reply {
    Reply::new(
        Code::NO_DATA_CONNECTION,
        "The server does not know its address for you now; use EPSV, or try again.",
    )
}

/// 522 to EPSV for the family the control connection does not have; `family` is the one it has.
pub fn other_family_only(family: Family) -> Reply {
    let number = match family {
        Family::Ipv4 => 1,
        Family::Ipv6 => 2,
    };
    Reply::new(
        Code::NETWORK_PROTOCOL_NOT_SUPPORTED,
        format!("Network protocol not supported, use ({number})"),
    )
}

/// 425 to PASV and EPSV when every port of the configured range is in use.
pub fn no_passive_port() -> Reply {
    Reply::new(
        Code::NO_DATA_CONNECTION,
        "All passive_ports of the server are in use; try again later.",
    )
}

/// 425 to PASV and EPSV when a listening socket cannot be had for another reason.
pub fn cannot_listen() -> Reply {
    Reply::new(Code::NO_DATA_CONNECTION, "No passive connection can be offered now.")
}

/// 200 to PORT and EPRT.
pub fn active_address_set() -> Reply {
    Reply::new(Code::OK, "OK; the server will connect there.")
}

/// 501 to PORT and EPRT with another host than the client's own (RFC 2577 3).
pub fn foreign_address() -> Reply {
    Reply::new(Code::BAD_ARGUMENT, "Data connections go to your own address only.")
}

/// 501 to PORT and EPRT with a port of the system services (RFC 2577 3).
pub fn privileged_port() -> Reply {
    Reply::new(Code::BAD_ARGUMENT, "Data connections go to ports from 1024 up only.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_clients_read() {
        for (reply, expected) in [
            // RFC 1123 4.1.2.6
            (
                passive("192.168.1.2:51201".parse().unwrap()),
                "227 Entering Passive Mode (192,168,1,2,200,1)\r\n",
            ),
            // RFC 2428 3 and 2
            (extended_passive(6446), "229 Entering Extended Passive Mode (|||6446|)\r\n"),
            (other_family_only(Family::Ipv6), "522 Network protocol not supported, use (2)\r\n"),
        ] {
            assert_eq!(String::from_utf8(reply.to_bytes()).unwrap(), expected);
        }
        let none = String::from_utf8(no_passive_port().to_bytes()).unwrap();
        assert!(none.starts_with("425 ") && none.contains("passive_ports"), "{none}");
    }
}
