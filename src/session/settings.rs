//! What a client has set for the commands to come: TYPE, OPTS, ALLO, and what one command leaves
//! for the next.

use crate::protocol::{
    Charset, ClientOption, MlstFacts, NameEncoding, Reply, TransferType, replies,
};
use crate::transfer::Conversion;
use crate::vfs::{FtpPath, Metadata};

/// What one command leaves for the next. Used up or cleared by it, unless its row says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Pending {
    #[default]
    Nothing,
    /// REST: the next transfer begins here.
    RestartAt(u64),
    /// RNFR: RNTO names the new name. What it is was seen then.
    RenameFrom((FtpPath, Metadata)),
}

impl Pending {
    /// Where a transfer begins.
    pub(super) fn first_byte(&self) -> u64 {
        match self {
            Self::RestartAt(offset) => *offset,
            Self::Nothing | Self::RenameFrom(_) => 0,
        }
    }
}

/// What TYPE, OPTS and ALLO have set.
#[derive(Debug)]
pub(super) struct ClientSettings {
    pub(super) transfer_type: TransferType,
    pub(super) facts: MlstFacts,
    /// ALLO, for the next upload only, bytes.
    pub(super) announced: Option<u64>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self { transfer_type: TransferType::Ascii, facts: MlstFacts::default(), announced: None }
    }
}

impl ClientSettings {
    /// TYPE.
    pub(super) fn set_type(&mut self, transfer_type: TransferType) -> Reply {
        self.transfer_type = transfer_type;
        replies::type_set(transfer_type)
    }

    /// OPTS. `encoding` is what the session speaks.
    pub(super) fn set_option(
        &mut self,
        option: ClientOption,
        encoding: &mut NameEncoding,
    ) -> Reply {
        match option {
            ClientOption::Utf8On => {
                encoding.ask_for(Charset::Utf8);
                replies::utf8_on()
            }
            ClientOption::Utf8Off => match encoding.ask_for(Charset::Gbk) {
                Charset::Gbk => replies::utf8_off(),
                Charset::Utf8 => replies::utf8_stays_on(),
            },
            ClientOption::MlstFacts(facts) => {
                self.facts = facts;
                replies::mlst_facts_set(facts)
            }
        }
    }

    /// ALLO reserves nothing, but a file that is announced as larger than `limit` need not be sent.
    pub(super) fn announce_size(&mut self, bytes: u64, limit: u64) -> Reply {
        if bytes > limit {
            return replies::file_too_large(limit);
        }
        self.announced = Some(bytes);
        replies::allocation_noted()
    }

    /// Whether line ends are turned round, where the operator wants it for TYPE A.
    pub(super) fn conversion(&self, of_ascii: bool) -> Conversion {
        match self.transfer_type {
            TransferType::Ascii if of_ascii => Conversion::Ascii,
            TransferType::Ascii | TransferType::Image => Conversion::None,
        }
    }
}
