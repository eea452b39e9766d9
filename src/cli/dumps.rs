//! The memory of this process holds keys and passwords: it is not written to disk when it crashes,
//! and no other process of the same user may read it.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids core dumps and, with them, debuggers without root's rights. A handler that the system
/// pipes dumps to heeds only the first of the two.
///
/// # Errors
/// Of the system; the process may be dumped then.
pub(crate) fn forbid() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustix::process::{dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn no_dump_is_left_to_chance() {
        forbid().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
        // Again, as a second start within the limits would.
        forbid().unwrap();
    }
}
