//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit of open descriptors to the hard one, and tells what it is now (`None`:
/// unlimited). The soft limit is low (1024) for the sake of programs that use `select`; we do
/// not, and each transfer takes several.
pub fn raise_descriptor_limit() -> Option<u64> {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: before.maximum, maximum: before.maximum };
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => wanted.current,
        Err(error) => {
            log::debug!("the limit of open descriptors stays {:?}: {error}", before.current);
            before.current
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let given = raise_descriptor_limit();
        let now = getrlimit(Resource::Nofile);
        assert_eq!(given, now.maximum);
        assert_eq!(now.current, now.maximum);
    }
}
