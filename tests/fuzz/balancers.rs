use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use cos_ftp_server::limits;
use cos_ftp_server::net::HeaderReader;

const PIECES: &[&[u8]] = &[
    b"PROXY ",
    b"TCP4 ",
    b"TCP6 ",
    b"UNKNOWN",
    b"192.0.2.1 ",
    b"2001:db8::1 ",
    b"65535 ",
    b"21",
    b"\r\n",
    b"\r\n\r\n\0\r\nQUIT\n",
    b"\x21\x11\0\x0c",
    b"\x21\x21\0\x24",
    b"\x20\0\0\0",
    b"\xc0\0\x02\x01\xcb\0\x71\x07\xc8\x22\0\x15",
];

#[test]
fn a_proxy_header_is_taken_whole_and_nothing_behind_it() {
    super::holds("PROXY header", |source| {
        let sent = super::bytes(source, PIECES)?;
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut reader = HeaderReader::default();
        let mut told = Ok(None);
        let mut unsent = &sent[..];
        while matches!(told, Ok(None)) && !unsent.is_empty() {
            let (chunk, behind) = unsent.split_at(source.int_in_range(1..=unsent.len())?);
            theirs.write_all(chunk).unwrap();
            told = reader.advance(&ours);
            unsent = behind;
        }
        theirs.write_all(unsent).unwrap();
        theirs.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        (&mut &ours).read_to_end(&mut rest).unwrap();

        assert!(sent.ends_with(&rest));
        let taken = &sent[..sent.len() - rest.len()];
        assert!(taken.len() <= limits::PROXY_HEADER_BYTES);
        match told {
            Ok(Some(_)) if taken.starts_with(b"PROXY ") => {
                assert!(taken.ends_with(b"\r\n") && taken.len() <= 107);
            }
            Ok(Some(_)) => {
                assert!(taken.starts_with(b"\r\n\r\n\0\r\nQUIT\n"));
                let length = u16::from_be_bytes([taken[14], taken[15]]);
                assert_eq!(taken.len(), 16 + usize::from(length));
            }
            // Not whole, so all of it was taken.
            Ok(None) => assert!(rest.is_empty()),
            Err(_) => {}
        }
        Ok(())
    });
}
