//! Commands that tell or set something and touch no file: TYPE, OPTS, CLNT, STAT, SITE, REST,
//! ALLO, ABOR without a transfer.

use super::{Pending, Session};
use crate::protocol::{Charset, ClientOption, Reply, SiteCommand, TransferType, replies};

impl Session<'_> {
    pub(super) fn set_type(&mut self, transfer_type: TransferType) -> Reply {
        self.settings.transfer_type = transfer_type;
        replies::type_set(transfer_type)
    }

    pub(super) fn set_option(&mut self, option: ClientOption) -> Reply {
        match option {
            ClientOption::Utf8On => {
                self.control.encoding.ask_for(Charset::Utf8);
                replies::utf8_on()
            }
            ClientOption::Utf8Off => match self.control.encoding.ask_for(Charset::Gbk) {
                Charset::Gbk => replies::utf8_off(),
                Charset::Utf8 => replies::utf8_stays_on(),
            },
            ClientOption::MlstFacts(facts) => {
                self.settings.facts = facts;
                replies::mlst_facts_set(facts)
            }
        }
    }

    pub(super) fn note_client(&self, name: &str) -> Reply {
        log::debug!("client={name:?}");
        replies::client_name_noted()
    }

    /// STAT outside a transfer; [`super::watch`] answers it during one.
    pub(super) fn status(&self) -> Reply {
        let user = match self.login.account() {
            Some(account) => format!("Logged in as {}", account.name),
            None => "Not logged in".to_owned(),
        };
        let transfer_type = match self.settings.transfer_type {
            TransferType::Ascii => "A",
            TransferType::Image => "I",
        };
        replies::session_status([
            format!("Connected from {}", self.ends.peer.ip()),
            user,
            format!("Working directory {}", self.working_directory),
            format!("TYPE {transfer_type}, MODE S, STRU F"),
            "No transfer runs".to_owned(),
        ])
    }

    pub(super) fn site(&self, command: SiteCommand) -> Reply {
        match command {
            SiteCommand::Help => replies::site_help(),
            SiteCommand::ChangeMode => replies::site_chmod_ignored(),
            SiteCommand::Unknown => replies::site_unknown(),
        }
    }

    pub(super) fn restart_at(&mut self, offset: u64) -> Reply {
        self.pending = Pending::RestartAt(offset);
        replies::restart_noted(offset)
    }

    /// ALLO reserves nothing, but a file that is announced as too large need not be sent.
    pub(super) fn announce_size(&mut self, bytes: u64) -> Reply {
        let limit = self.host.options.transfer.max_file;
        if bytes > limit {
            return replies::file_too_large(limit);
        }
        self.settings.announced = Some(bytes);
        replies::allocation_noted()
    }

    /// ABOR while nothing runs closes a data connection that was prepared.
    pub(super) fn abort_nothing(&mut self) -> Reply {
        self.give_port_up();
        replies::nothing_to_abort()
    }
}
