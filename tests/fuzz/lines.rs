//! What a client sends on its control connection.

use cos_ftp_server::limits;
use cos_ftp_server::protocol::{Command, DataAddress, Line, LineDecoder, PassiveRequest, VERBS};

use super::{bytes, holds, text};

#[test]
fn lines_do_not_depend_on_how_they_arrive() {
    let long = vec![b'x'; limits::COMMAND_LINE_BYTES - 3];
    let pieces: &[&[u8]] = &[
        b"USER a",
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xff\xff",
        b"\xff\xf4\xff\xf2",
        b"\xff\xfb",
        b"ABOR",
        b"\xc3\xa9",
        b"\xc0\xaf",
        &long,
    ];
    holds("line decoder", |source| {
        let sent = bytes(source, pieces)?;
        let mut whole = LineDecoder::new();
        whole.feed(&sent);
        let mut in_pieces = LineDecoder::new();
        let mut rest = &sent[..];
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(source.int_in_range(1..=rest.len())?);
            in_pieces.feed(piece);
            rest = behind;
        }
        assert_eq!(whole.queued(), in_pieces.queued());
        assert!(whole.queued() <= sent.iter().filter(|byte| **byte == b'\n').count() + 1);
        while let Some(line) = whole.next_line() {
            match &line {
                Line::Text(text) => {
                    assert!(text.len() < limits::COMMAND_LINE_BYTES && !text.contains('\n'));
                }
                Line::NotUtf8(bytes) => {
                    assert!(bytes.len() < limits::COMMAND_LINE_BYTES && !bytes.contains(&b'\n'));
                    assert!(str::from_utf8(bytes).is_err());
                }
                Line::TooLong => {}
            }
            assert_eq!(in_pieces.next_line(), Some(line));
        }
        assert_eq!(in_pieces.next_line(), None);
        Ok(())
    });
}

#[test]
fn every_line_is_a_command_or_an_error() {
    let mut pieces: Vec<&str> = VERBS.iter().flat_map(|verb| verb.spellings).copied().collect();
    pieces.extend([" ", "  ", "\t", "\r", "\0", "-la", "../", "1,2,3,4,5,6", "20260102030405"]);
    pieces.extend(["|1|1.2.3.4|5|", "MLST size;", "UTF8 ON", "CHMOD 644 ", "99999999999999999999"]);
    holds("command parser", |source| {
        let mut line = (*source.choose(&pieces)?).to_owned();
        if source.ratio(1, 4)? {
            line = line.to_lowercase();
        }
        line.push_str(&text(source, &pieces)?);
        // Neither panics, nor shows a password in what is printed of it.
        if let Ok((row, command)) = Command::parse(&line) {
            assert!(!row.name().is_empty());
            if let Command::Password(_) = command {
                assert_eq!(format!("{command:?}"), "Password(***)");
            }
        }
        Ok(())
    });
}

#[test]
fn addresses_of_data_connections() {
    let pieces =
        &["1", "127", ",", "0", "255", "256", "|", "2", "::1", ".", " ", "65535", "-1", "+1", "٣"];
    holds("PORT, EPRT, EPSV", |source| {
        let argument = text(source, pieces)?;
        for address in [DataAddress::from_port(&argument), DataAddress::from_eprt(&argument)] {
            let Ok(DataAddress(address)) = address else { continue };
            assert_ne!(address.port(), 0);
            // Whatever was read is what it says, and nothing was skipped over.
            let digits = argument.bytes().filter(u8::is_ascii_digit).count();
            assert!(digits >= 2 && argument.is_ascii(), "{argument:?} is {address}");
        }
        let _ = PassiveRequest::from_epsv(&argument);
        Ok(())
    });
    holds("PORT both ways", |source| {
        let [h1, h2, h3, h4, p1, p2]: [u8; 6] = source.arbitrary()?;
        let port = u16::from_be_bytes([p1, p2]);
        let read = DataAddress::from_port(&format!("{h1},{h2},{h3},{h4},{p1},{p2}"));
        let expected = std::net::SocketAddr::from(([h1, h2, h3, h4], port));
        assert_eq!(read.ok().map(|read| read.0), Some(expected).filter(|_| port != 0));
        let extended = DataAddress::from_eprt(&format!("|1|{h1}.{h2}.{h3}.{h4}|{port}|"));
        assert_eq!(extended.ok(), read.ok());
        Ok(())
    });
}
