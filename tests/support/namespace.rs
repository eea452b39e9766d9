use std::process::Command;

/// What gives a process a network of its own: to root, and to others by a name space of users.
const WAYS: [&[&str]; 2] = [&["--net"], &["--map-root-user", "--net"]];

/// The way that is open here.
pub(crate) fn way_to_own_network() -> &'static [&'static str] {
    let mut refusals = Vec::new();
    for way in WAYS {
        let tried = Command::new("unshare").args(way).arg("true").output().expect("unshare runs");
        if tried.status.success() {
            return way;
        }
        refusals.push(String::from_utf8_lossy(&tried.stderr).into_owned());
    }
    panic!(
        "no network that can be cut off: this needs CAP_SYS_ADMIN (root; in a container \
         --privileged), or name spaces of users (sysctl user.max_user_namespaces above 0, and \
         kernel.unprivileged_userns_clone = 1 where there is one): {refusals:?}"
    );
}
