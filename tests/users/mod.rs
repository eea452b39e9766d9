//! Users who do not stand in the configuration itself.

mod command;
mod file;
mod hook;
