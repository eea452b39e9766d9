//! Why a command came to nothing, or not to its end, where it was not the client's fault: the store
//! failed or refused it, the server's own rules did, or there was too much at once.

use std::error::Error;

use crate::protocol::{Code, Reply};

/// What was found out of a failure, for people.
type Cause = dyn Error + Send + Sync;

/// 451 when the store failed halfway through a command of many steps, and how far it came.
pub fn broken_off(so_far: Option<&Cause>) -> Reply {
    Reply::new(Code::LOCAL_ERROR, format!("The store failed: {}.", told_or(so_far, "it broke off")))
}

/// 550 to what fails again however often it is tried; `so_far`: how far it came.
pub fn cannot_be_done(so_far: Option<&Cause>, code: Option<&str>) -> Reply {
    let so_far = told_or(so_far, "it broke off");
    Reply::new(Code::FILE_UNAVAILABLE, format!("It cannot be done: {so_far}{}.", in_brackets(code)))
}

/// 550 to what the server's own rules do not allow; `why`: a sentence.
pub fn refused(why: Option<&Cause>) -> Reply {
    Reply::new(Code::FILE_UNAVAILABLE, told_or(why, "It is not allowed here."))
}

/// 553 to a name that the server keeps for itself; `why`: a sentence.
pub fn name_kept(why: Option<&Cause>) -> Reply {
    Reply::new(Code::NAME_NOT_ALLOWED, told_or(why, "This name is not allowed here."))
}

/// 450 to what the server does a few of at a time.
pub fn too_many(why: Option<&Cause>) -> Reply {
    Reply::new(Code::FILE_BUSY, told_or(why, "Try again in a moment."))
}

/// 450 to what was ended by the operator, or by a stop of the server; `outcome`: what is known of
/// it, where that is not that nothing has changed.
pub fn given_up(outcome: Option<&Cause>) -> Reply {
    let outcome = told_or(outcome, "nothing has changed");
    Reply::new(Code::FILE_BUSY, format!("The server has ended this; {outcome}."))
}

/// 550 when what should hold the files of the account does not exist.
pub fn store_missing() -> Reply {
    Reply::new(Code::FILE_UNAVAILABLE, "The store of this account does not exist.")
}

/// 550 when the store says that what should hold the files of the account is at another address.
pub fn store_elsewhere() -> Reply {
    Reply::new(
        Code::FILE_UNAVAILABLE,
        "The store of this account is elsewhere: the endpoint or region set for it is wrong.",
    )
}

/// 550 when the store denies its own client the access.
pub fn store_denied(code: Option<&str>) -> Reply {
    Reply::new(Code::NO_PERMISSION, format!("The store denied access{}.", in_brackets(code)))
}

/// 550 when the store does not take what the configuration says of new files.
pub fn attributes_refused(code: Option<&str>) -> Reply {
    let text = format!(
        "The store does not take the class, encryption, tags, ACL or headers set for files{}.",
        in_brackets(code)
    );
    Reply::new(Code::FILE_UNAVAILABLE, text)
}

/// 550 to what needs the bytes of an archived file: RETR, APPE, REST with STOR, and RNTO and MFMT,
/// which copy.
pub fn archived() -> Reply {
    Reply::new(
        Code::FILE_UNAVAILABLE,
        "The file is archived: until it is restored in the store it can neither be read nor \
         copied.",
    )
}

/// 450 to RETR of an archived file that will be there for a later one; `takes`: how long it takes.
pub fn restore_requested(takes: &str) -> Reply {
    let text = format!("The file is archived: restore requested, {takes}; try again then.");
    Reply::new(Code::FILE_BUSY, text)
}

/// 550 to RETR of an archived file that the store does not restore, in the store's word for it.
pub fn restore_refused(code: &str) -> Reply {
    let text = format!("The file is archived, and the store refused to restore it ({code}).");
    Reply::new(Code::FILE_UNAVAILABLE, text)
}

/// 450 to RETR of an archived file that is on its way back.
pub fn restore_under_way() -> Reply {
    Reply::new(Code::FILE_BUSY, "The file is archived and being restored; try again later.")
}

/// 550 to what the store cannot do.
pub fn store_cannot(code: Option<&str>) -> Reply {
    Reply::new(Code::FILE_UNAVAILABLE, format!("The store cannot do that{}.", in_brackets(code)))
}

/// 450 to what would have to be told, where too many events wait (`queue_full = refuse`).
pub fn events_wait() -> Reply {
    Reply::new(Code::FILE_BUSY, "Too many events wait to be delivered; try again later.")
}

/// 450 when the store fails before anything is begun.
pub fn store_unavailable() -> Reply {
    Reply::new(Code::FILE_BUSY, "The store does not answer; try again later.")
}

/// 450 to what the store answered in a way that tells nothing: not that it is away.
pub fn store_refused(code: Option<&str>) -> Reply {
    let text = format!("The store refused the request{}; see the server's log.", in_brackets(code));
    Reply::new(Code::FILE_BUSY, text)
}

/// 450 when the store's answer cannot be read.
pub fn store_unreadable() -> Reply {
    let text = "The store's answer cannot be understood; see the server's log.";
    Reply::new(Code::FILE_BUSY, text)
}

/// What `cause` says, or else this.
fn told_or(cause: Option<&Cause>, otherwise: &str) -> String {
    cause.map_or_else(|| otherwise.to_owned(), ToString::to_string)
}

/// The store's word for why it refuses something, if it is one.
fn in_brackets(code: Option<&str>) -> String {
    let is_word = |code: &&str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        (1..=64).contains(&code.len()) && code.bytes().all(fits)
    };
    code.filter(is_word).map(|code| format!(" ({code})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_clients_read() {
        let so_far: Box<Cause> = "copied 3 objects".into();
        for (reply, expected) in [
            (broken_off(Some(&*so_far)), "451 The store failed: copied 3 objects.\r\n"),
            (cannot_be_done(Some(&*so_far), None), "550 It cannot be done: copied 3 objects.\r\n"),
        ] {
            assert_eq!(String::from_utf8(reply.to_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn codes_tell_why() {
        for (reply, code) in [
            (store_unavailable(), 450),
            (name_kept(None), 553),
            (too_many(None), 450),
            (given_up(None), 450),
            (events_wait(), 450),
            (store_refused(Some("InvalidArgument")), 450),
            (store_unreadable(), 450),
        ] {
            assert_eq!(reply.code().number(), code, "{reply:?}");
        }
    }
}
