//! What a client hears whom access control does not let in.

use crate::access::Refusal;
use crate::protocol::{Reply, replies};

/// The reply that ends the connection.
pub fn refusal_reply(refusal: Refusal) -> Reply {
    match refusal {
        Refusal::Denied => replies::address_not_allowed(),
        Refusal::Banned => replies::banned(),
        Refusal::AddressBanned => replies::address_banned(),
        Refusal::UserBanned => replies::user_banned(),
        Refusal::TooOften => replies::connecting_too_often(),
        Refusal::TooManyOfAddress => replies::too_many_sessions_of_address(),
        Refusal::TooManyBeforeLogin => replies::too_many_before_login(),
        Refusal::MadeRoom => replies::made_room(),
        Refusal::TooManyOfUser => replies::too_many_sessions_of_user(),
        Refusal::Reserved => replies::connections_reserved(),
    }
}
