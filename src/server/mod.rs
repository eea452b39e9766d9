//! Listening, accepting, counting, stopping.

mod options;

pub use options::ServerOptions;
