//! What is wrong with a line that is no command.

use super::verb::VerbRow;

/// Why a line is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// An HTTP request: somebody probes the port, or a browser is made to attack it. The
    /// connection ends, so that no header is ever read as a command.
    NotFtp,
    /// No verb of ours (500).
    UnknownVerb,
    /// The verb needs an argument, or takes none, or not this one (501).
    BadArgument(&'static VerbRow),
    /// An argument the RFCs know and we do not (504).
    UnsupportedParameter(&'static VerbRow),
    /// REST or ALLO with a number that is none, or beyond 64 bits (501).
    BadNumber(&'static VerbRow),
    /// EPRT or EPSV with a network protocol other than 1 and 2 (522).
    UnknownNetworkProtocol,
    /// OPTS of something that has no options (501).
    UnknownOption,
    /// HELP with something that is no verb (502).
    UnknownTopic,
}

impl ParseError {
    /// The row of the verb, where it is one of ours.
    pub fn row(&self) -> Option<&'static VerbRow> {
        match *self {
            Self::BadArgument(row) | Self::UnsupportedParameter(row) | Self::BadNumber(row) => {
                Some(row)
            }
            Self::NotFtp
            | Self::UnknownVerb
            | Self::UnknownNetworkProtocol
            | Self::UnknownOption
            | Self::UnknownTopic => None,
        }
    }
}
