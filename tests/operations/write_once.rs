use super::check::{Told, few_ports};
use crate::support::injector::Injector;
use crate::support::rgw::Rgw;
use crate::support::server::Setup;

#[test]
fn check_tells_whether_the_bucket_keeps_what_stands() {
    for keeps in [false, true] {
        let injector = Injector::before(Rgw::shared().endpoint());
        if keeps {
            injector.keep_what_stands();
        }
        let setup = few_ports(Setup::bucket_behind(&injector.endpoint()));
        let bucket = setup.bucket_name().to_owned();
        let told = Told::of(&setup.account_key("on_exists", "keep-both").write());
        assert_eq!(told.status, 0, "{:#}", told.whole);
        let outcome = |check: &str| {
            let lines = told.whole["checks"].as_array().unwrap();
            let last = lines.iter().rfind(|line| line["check"] == check).unwrap();
            let detail = last["detail"].as_str().unwrap_or_default();
            (last["outcome"].as_str().unwrap().to_owned(), detail.to_owned())
        };
        // Ceph 16 compares for PutObject alone.
        assert_eq!(outcome("on_exists, PutObject").0, "passed", "{:#}", told.whole);
        for check in ["on_exists, Complete", "on_exists, CopyObject"] {
            let (told, detail) = outcome(check);
            assert_eq!(told, if keeps { "passed" } else { "skipped" }, "{check}: {detail}");
            assert_eq!(detail.contains("may both succeed"), !keeps, "{check}: {detail}");
        }
        assert_eq!(Rgw::shared().s3_list(&bucket, ""), Vec::<String>::new());
    }
}
