//! What names look like on the way to and from clients. Inside, they are UTF-8 everywhere.

/// `filename_encoding`: what the clients of an account speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FilenameEncoding {
    /// UTF-8, unless the first name of a session that is not ASCII is none.
    #[default]
    Auto,
    /// UTF-8; anything else is refused.
    Utf8,
    /// GBK, unless the client asks for UTF-8.
    Gbk,
}
