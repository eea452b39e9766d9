//! One client, from greeting to goodbye.

mod handle;
mod host;
mod options;

pub use handle::{SessionHandle, StopSignal, StopStage};
pub use host::Host;
pub use options::SessionOptions;

/// Serves one client until it leaves, is thrown out or the server stops. Runs in the session's
/// own thread; the caller closes nothing: the control connection ends with the last owner of
/// `handle`.
pub fn serve(handle: &SessionHandle, _host: &Host) {
    drop(handle.control().shutdown(std::net::Shutdown::Both));
}
