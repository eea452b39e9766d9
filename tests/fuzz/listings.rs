//! Listings: one line for each entry, whatever the store holds.

use cos_ftp_server::protocol::{ListStyle, ListingFormat, MlstFacts, Rights, nlst_prefix};
use cos_ftp_server::vfs::{Entry, FtpPath, Metadata};
use time::OffsetDateTime;

use super::{holds, text};

const PIECES: &[&str] = &[
    "a",
    " ",
    ";",
    "=",
    "\r\n",
    "\n",
    "-rw-r--r-- 1",
    "type=dir; ",
    "\u{2028}",
    "\u{85}",
    "数",
    "/",
];

#[test]
fn an_entry_is_one_line() {
    holds("listings", |source| {
        let name = text(source, PIECES)?;
        // What cannot be a name is left out of listings.
        if FtpPath::root().child(&name).is_none() {
            return Ok(());
        }
        let seconds = source.int_in_range(-377_705_116_800..=253_402_300_799)?;
        let modified = OffsetDateTime::from_unix_timestamp(seconds).ok();
        let modified = modified.filter(|_| !source.is_empty());
        let metadata = match source.arbitrary()? {
            true => Metadata::directory(modified),
            false => Metadata::file(source.arbitrary()?, modified),
        };
        let format = ListingFormat {
            style: *source.choose(&[ListStyle::List, ListStyle::Nlst, ListStyle::Mlsd])?,
            name_prefix: nlst_prefix("数据/d"),
            now: OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap(),
            rights: Rights {
                read: source.arbitrary()?,
                write: source.arbitrary()?,
                delete: source.arbitrary()?,
            },
            facts: MlstFacts::from_opts(&text(
                source,
                &["type;", "size;", "perm", "modify;", ";"],
            )?),
        };
        let mut line = Vec::new();
        format.write_line(&mut line, &Entry { name: name.clone(), metadata });
        let line = String::from_utf8(line).unwrap();
        let line = line.strip_suffix("\r\n").unwrap();
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
        // A client finds the name again.
        let found = match format.style {
            ListStyle::Nlst => line.strip_prefix("数据/d/"),
            ListStyle::Mlsd => line.split_once(' ').map(|(_, name)| name),
            ListStyle::List => {
                let mut columns = line;
                for _ in 0..8 {
                    columns = columns.trim_start().split_once(' ').unwrap().1;
                }
                Some(columns)
            }
        };
        assert_eq!(found, Some(name.as_str()), "{line:?}");
        Ok(())
    });
}
