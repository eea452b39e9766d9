//! A server inside another program, over a store of that program's own: files that are kept in
//! memory. `cargo run --example embedded`, then
//! `curl -u demo:demo -T LICENSE ftp://127.0.0.1:2121/`.
//!
//! A store is what implements `FileTree`, `Multipart` and `ObjectStore`, as `memory_store` does;
//! their documentation is the contract, which `tests/contract` holds this store to.

/// What is kept.
mod contents;
/// The store.
mod memory_store;

use std::sync::Arc;

use cos_ftp_server::server::{Server, ServerOptions};
use cos_ftp_server::users::{Account, Password, Permission, Users};

pub(crate) use self::memory_store::MemoryStore;

/// Whatever goes wrong at the start.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> std::result::Result<(), Failure> {
    let server = serve(2121)?;
    println!("listening on {:?}, user demo, password demo", server.local_addrs());
    server.run()?;
    Ok(())
}

/// A server at `port` for the user `demo`, whose files are kept in memory.
pub(crate) fn serve(port: u16) -> std::result::Result<Server, Failure> {
    let (password, store) = (Password::parse("demo")?, Arc::new(MemoryStore::default()));
    let account = Account::new("demo", password, Permission::ReadWrite, store);
    let options = ServerOptions {
        listen_addresses: vec![[127, 0, 0, 1].into()],
        listen_port: port,
        passive_ports: 40000..=59999,
        ..ServerOptions::default()
    };
    Ok(Server::bind(options, Users::new([account], 1))?)
}
