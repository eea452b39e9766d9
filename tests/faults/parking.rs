//! An upload that breaks off while the store has bad moments, and what is parked of it.

use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::faults::transfers::{Seen, told};
use crate::support::ftp::Ftp;
use crate::support::polling::pause;
use crate::support::rgw::Rgw;
use crate::support::stored::{Stored, noise};

/// What has arrived when the line breaks: a part, and less than a part.
const ARRIVED: usize = 6 << 20;

/// What the client means to send.
const WHOLE: usize = 7 << 20;

/// What stands under the names of [`put_earlier`].
const EARLIER: &[u8] = b"earlier";

/// Far longer than what is on its way here takes to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| noise(3, WHOLE));

/// Stores an older file under each of `names`, and lets it be older than what comes.
pub(crate) fn put_earlier(names: impl IntoIterator<Item = String>, stored: &Stored) {
    names.into_iter().for_each(|name| stored.put(&name, EARLIER));
    Rgw::shared().let_a_second_pass(stored.bucket());
}

/// STOR whose data connection is reset in the middle of the file. The control connection stays.
pub(crate) fn break_off(ftp: &mut Ftp, name: &str) -> Seen {
    let data = ftp.passive();
    let opening = ftp.ask(&format!("STOR {name}"));
    if !opening.starts_with("150 ") {
        return told(opening);
    }
    let mut stream = data.open();
    // A server that gave up does not take the rest.
    let _ = stream.write_all(&BYTES[..ARRIVED]);
    if let Some(reply) = wait_until_arrived(ftp) {
        return told(reply);
    }
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a socket");
    drop(stream);
    told(ftp.reply())
}

/// Waits until all has arrived that was sent; or for the reply, where that comes first.
fn wait_until_arrived(ftp: &mut Ftp) -> Option<String> {
    let wanted = format!(": {ARRIVED} bytes ");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = ftp.ask("STAT");
        if !status.starts_with("21") {
            ftp.expect_reply("21");
            return Some(status);
        }
        if status.contains(&wanted) {
            return None;
        }
        assert!(Instant::now() < deadline, "not{wanted}but: {status}");
        pause();
    }
}

/// Nothing of what broke off stands under `name`, where an older file stood if it `was_there`; and
/// either SIZE tells where to go on, or of nothing but that file. Goes on there to the end of the
/// file. Tells whether it could.
pub(crate) fn go_on_if_parked(
    (name, was_there): (&str, bool),
    seen: &Seen,
    ftp: &mut Ftp,
    stored: &Stored,
) -> bool {
    match was_there {
        true => stored.expect(name, EARLIER),
        false => assert!(!stored.files().iter().any(|file| file == name), "{name}: {seen:?}"),
    }
    let size = ftp.ask(&format!("SIZE {name}"));
    let is_kept = seen.reply.contains("SIZE tells where");
    let nothing = if was_there { format!("213 {}", EARLIER.len()) } else { "550 ".to_owned() };
    if size.starts_with(&nothing) {
        assert!(!is_kept, "{name}: {seen:?}, but {size:?}");
        return false;
    }
    let offset = size.strip_prefix("213 ").unwrap_or_else(|| panic!("{name}: {size:?}"));
    let offset: usize = offset.trim().parse().expect("a size");
    assert!(is_kept || seen.code != 426, "{name}: {seen:?}, but {size:?}");
    assert!(offset > 0 && offset <= ARRIVED, "{name}: {offset}");
    ftp.expect(&format!("REST {offset}"), "350 ");
    ftp.store(&format!("STOR {name}"), &BYTES[offset..]);
    stored.expect(name, &BYTES);
    true
}
