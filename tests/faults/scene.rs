use std::thread;
use std::time::{Duration, Instant};

use crate::support::ftp::Ftp;
use crate::support::injector::Injector;
use crate::support::resources::{Resources, SETTLING, expect_no_buffers};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::Stored;

/// A server whose store lies behind an injector, and a session that nothing happens to.
pub(crate) struct Scene {
    pub(crate) server: TestServer,
    pub(crate) injector: Injector,
    pub(crate) bystander: Ftp,
    baseline: Resources,
}

impl Scene {
    /// With these keys of \[OPTIONAL\].
    pub(crate) fn begin(options: &[(&str, &str)]) -> Self {
        let injector = Injector::before(Rgw::shared().endpoint());
        let mut setup = Setup::bucket_behind(&injector.endpoint())
            .option("metadata_cache_time", "0")
            .operations("metrics_listen", "127.0.0.1:0")
            .operations("abort_unfinished_after", "0");
        if !options.iter().any(|(key, _)| *key == "buffer_memory") {
            // The least there is: what a lost client's transfer kept would be missing.
            setup = setup.option("buffer_memory", "8M");
        }
        if !options.iter().any(|(key, _)| *key == "partial_upload") {
            // What is parked would be left behind.
            setup = setup.option("partial_upload", "keep");
        }
        for (key, value) in options {
            setup = setup.option(key, value);
        }
        let server = setup.start();
        let bystander = Ftp::login(&server);
        let baseline = Resources::at_rest(&server, &injector, 1);
        Self { server, injector, bystander, baseline }
    }

    pub(crate) fn bucket(&self) -> &str {
        let Stored::Bucket(bucket) = self.server.stored() else { panic!("a bucket") };
        bucket
    }

    /// The others are served, and what was lost has left nothing: no upload, thread, descriptor or
    /// memory.
    pub(crate) fn expect_rest(&mut self, told: &str) {
        self.bystander.expect("NOOP", "200 ");
        self.baseline.expect_again(&self.server, &self.injector, told);
        expect_no_buffers(&self.server, told);
        let deadline = Instant::now() + SETTLING;
        while !Rgw::shared().s3_list_uploads(self.bucket()).is_empty() {
            assert!(Instant::now() < deadline, "{told}: an upload is left");
            thread::sleep(Duration::from_millis(50));
        }
        self.bystander.store("STOR after", told.as_bytes());
    }
}
