//! The same for a browser: one page without anything from elsewhere, which asks for the report
//! again and again.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cos_ftp_server::server::{Observer, StatusPage};
use sha2::{Digest, Sha256};

use super::report::{ListenAddresses, ReloadRecord, StatusReport};

/// The page.
const HTML: &str = include_str!("page.html");

/// What it shows: what `observer` sees, with names of users and files if they are `named`.
pub(crate) fn page(
    observer: Observer,
    (addresses, reloads): (ListenAddresses, ReloadRecord),
    named: bool,
) -> StatusPage {
    let started = SystemTime::now();
    let report = move || {
        let report = StatusReport::of(&observer, &addresses, started, &reloads);
        let report = if named { report } else { nameless(report) };
        // It is written to memory, and all of its keys are text.
        serde_json::to_string(&report).unwrap_or_default()
    };
    StatusPage { html: HTML, policy: policy(HTML), report: Box::new(report) }
}

/// Nothing runs and nothing is loaded but what stands in the page itself, and the report.
fn policy(html: &str) -> String {
    let hash_of = |tag: &str| {
        let (_, behind) = html.split_once(&format!("<{tag}>")).unwrap_or_default();
        let (text, _) = behind.split_once(&format!("</{tag}>")).unwrap_or_default();
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
    };
    let (style, script) = (hash_of("style"), hash_of("script"));
    format!(
        "default-src 'none'; style-src {style}; script-src {script}; connect-src 'self'; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The same without names of users, files and directories.
fn nameless(mut report: StatusReport) -> StatusReport {
    for session in &mut report.sessions {
        session.user = None;
        session.directory.clear();
        // The verb alone: behind it stand names.
        let verb = session.command.split(' ').next().unwrap_or_default().len();
        session.command.truncate(verb);
        session.transfer.iter_mut().for_each(|transfer| transfer.path.clear());
    }
    for failure in &mut report.failures {
        failure.path = None;
    }
    for ban in &mut report.bans {
        ban.user = ban.user.take().map(|_| String::new());
    }
    for store in &mut report.stores {
        store.name = nameless_store(&store.name);
    }
    report
}

/// Of a bucket its name and region, without the prefix, which may be a user's.
fn nameless_store(name: &str) -> String {
    let Some(bucket) = name.strip_prefix("cos://") else { return "file://".to_owned() };
    let region = name.rfind(" (").map_or("", |at| &name[at..]);
    format!("cos://{}{region}", bucket.split(['/', ' ']).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_run_what_stands_in_the_page() {
        assert_eq!(HTML.matches("<script").count(), 1);
        assert_eq!(HTML.matches("<style").count(), 1);
        let policy = policy("<style>a</style><script>b</script>");
        let expected = "script-src 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='";
        assert!(policy.contains(expected), "{policy}");
    }

    #[test]
    fn nothing_in_the_page_comes_from_elsewhere_or_is_run_as_it_comes() {
        for word in ["http://", "https://", "src=", "innerHTML", "eval(", "onclick", "style=\""] {
            let found = HTML.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(word), "{word}");
        }
    }

    #[test]
    fn a_bucket_without_its_prefix() {
        for (name, expected) in [
            ("cos://b-125/alice/ (ap-x)", "cos://b-125 (ap-x)"),
            ("cos://b-125/ (ap-x)", "cos://b-125 (ap-x)"),
            ("file:///home/alice", "file://"),
        ] {
            assert_eq!(nameless_store(name), expected);
        }
    }
}
