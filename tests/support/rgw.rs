//! Real S3 stores for the tests: one Ceph RADOS Gateway per test run, and where a test asks for it
//! SeaweedFS, which keeps real directories and lists them in an order of its own; a bucket per
//! test, and an independent client (curl) to check results with.

#![allow(clippy::unwrap_used, reason = "a test that cannot ask its store has failed")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::polling::pause;

/// The gateway, or the store in its place. It ends with this process.
pub(crate) struct Rgw {
    endpoint: String,
    /// Kept so that nobody waits for it: the script watches this process and ends by itself.
    _script: Option<Child>,
}

/// The public half of the key pair.
pub(crate) fn access_key() -> String {
    ["AKID", "EXAMPLE"].concat()
}

/// The secret half, spelled so that no scanner takes it for one.
pub(crate) fn secret_key() -> String {
    ["SECRET", "EXAMPLE"].concat()
}

impl Rgw {
    /// The gateway of this run: the one that `COS_FTP_TEST_S3` names, else one of our own.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Rgw> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var("COS_FTP_TEST_S3") {
            Ok(url) => Self { endpoint: without_scheme(&url), _script: None },
            Err(_) => Self::start("start-rgw.sh"),
        })
    }

    /// SeaweedFS, begun when the first test wants it.
    pub(crate) fn seaweed() -> &'static Self {
        static SEAWEED: OnceLock<Rgw> = OnceLock::new();
        SEAWEED.get_or_init(|| Self::start("start-seaweed.sh"))
    }

    fn start(script: &str) -> Self {
        let path = format!("{}/tests/support/{script}", env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new(path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script runs");
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("http://"), "{script} could not start a store: see above");
        Self { endpoint: without_scheme(&url), _script: Some(child) }
    }

    /// Host and port.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A bucket of its own for a test.
    pub(crate) fn new_bucket(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        self.make_bucket(&name);
        name
    }

    /// Makes the bucket `name`.
    pub(crate) fn make_bucket(&self, name: &str) {
        self.curl(&["-X", "PUT"], &format!("/{name}"), None).expect_success();
    }

    /// A bucket with Object Lock, whose objects are kept for a day.
    pub(crate) fn new_locked_bucket(&self) -> String {
        let name = format!("{}-locked", self.new_bucket());
        let enabled = ["-X", "PUT", "--header", "x-amz-bucket-object-lock-enabled: true"];
        self.curl(&enabled, &format!("/{name}"), None).expect_success();
        let rule = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>\
            <DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>\
            </ObjectLockConfiguration>";
        let put = ["-X", "PUT", "--data-binary", "@-"];
        let query = format!("/{name}?object-lock=");
        self.curl(&put, &query, Some(rule.as_bytes())).expect_success();
        name
    }

    /// The keys of all versions and delete markers.
    pub(crate) fn s3_list_versions(&self, bucket: &str) -> Vec<String> {
        let answer = self.curl(&[], &format!("/{bucket}?versions="), None).expect_success();
        elements(&String::from_utf8(answer).unwrap(), "Key").collect()
    }

    /// The object's bytes.
    pub(crate) fn s3_get(&self, bucket: &str, key: &str) -> Vec<u8> {
        self.curl(&[], &path(bucket, key), None).expect_success()
    }

    /// Stores an object.
    pub(crate) fn s3_put(&self, bucket: &str, key: &str, bytes: &[u8]) {
        self.curl(&["-X", "PUT", "--data-binary", "@-"], &path(bucket, key), Some(bytes))
            .expect_success();
    }

    /// Stores an object with headers of its own: `Cache-Control: no-store`.
    pub(crate) fn s3_put_with(&self, bucket: &str, key: &str, bytes: &[u8], headers: &[&str]) {
        let mut arguments = vec!["-X", "PUT", "--data-binary", "@-"];
        arguments.extend(headers.iter().flat_map(|header| ["--header", header]));
        self.curl(&arguments, &path(bucket, key), Some(bytes)).expect_success();
    }

    /// What the gateway tells of an object beside its bytes and headers: its `acl`, its `tagging`.
    pub(crate) fn s3_get_of(&self, bucket: &str, key: &str, what: &str) -> String {
        let target = format!("{}?{what}=", path(bucket, key));
        String::from_utf8(self.curl(&[], &target, None).expect_success()).unwrap()
    }

    /// An object's tags, as `name=value&name=value`, sorted.
    pub(crate) fn s3_tags(&self, bucket: &str, key: &str) -> String {
        let text = self.s3_get_of(bucket, key, "tagging");
        let pairs = elements(&text, "Key").zip(elements(&text, "Value"));
        let mut tags: Vec<_> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        tags.sort();
        tags.join("&")
    }

    /// Deletes an object.
    pub(crate) fn s3_delete(&self, bucket: &str, key: &str) {
        self.curl(&["-X", "DELETE"], &path(bucket, key), None).expect_success();
    }

    /// The object's headers, names in lower case; `None` when there is none.
    pub(crate) fn s3_head(&self, bucket: &str, key: &str) -> Option<HashMap<String, String>> {
        let answer = self.curl(&["-I"], &path(bucket, key), None);
        if !answer.0.status.success() {
            let said = String::from_utf8_lossy(&answer.0.stdout).into_owned();
            assert!(said.contains(" 404 "), "{said}");
            return None;
        }
        let text = String::from_utf8(answer.expect_success()).unwrap();
        let headers = text.lines().filter_map(|line| line.split_once(": "));
        Some(headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect())
    }

    /// All keys that begin with `prefix`, in the store's order.
    pub(crate) fn s3_list(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let marker = keys.last().map(|key| encoded(key, "")).unwrap_or_default();
            let prefix = encoded(prefix, "");
            let query = format!("encoding-type=url&marker={marker}&max-keys=1000&prefix={prefix}");
            let answer = self.curl(&[], &format!("/{bucket}?{query}"), None).expect_success();
            let text = String::from_utf8(answer).unwrap();
            // The gateway's URL encoding leaves the apostrophe, its XML does not.
            keys.extend(elements(&text, "Key").map(|key| decoded(&key.replace("&apos;", "'"))));
            if !text.contains("<IsTruncated>true") {
                return keys;
            }
        }
    }

    /// The keys of all uploads that were begun and neither completed nor aborted.
    pub(crate) fn s3_list_uploads(&self, bucket: &str) -> Vec<String> {
        let answer = self.curl(&[], &format!("/{bucket}?uploads="), None).expect_success();
        elements(&String::from_utf8(answer).unwrap(), "Key").collect()
    }

    /// Begins an upload in parts; its id.
    pub(crate) fn s3_begin_upload(&self, bucket: &str, key: &str) -> String {
        let target = format!("{}?uploads=", path(bucket, key));
        let answer = self.curl(&["-X", "POST"], &target, None).expect_success();
        elements(&String::from_utf8(answer).unwrap(), "UploadId").next().unwrap()
    }

    /// Sends the first part of an upload.
    pub(crate) fn s3_put_part(&self, bucket: &str, key: &str, upload_id: &str, bytes: &[u8]) {
        self.s3_put_part_at(bucket, key, upload_id, 1, bytes);
    }

    /// Sends the part of an upload with this `number`.
    pub(crate) fn s3_put_part_at(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        number: u32,
        bytes: &[u8],
    ) {
        let query = format!("?partNumber={number}&uploadId={}", encoded(upload_id, ""));
        let target = path(bucket, key) + &query;
        self.curl(&["-X", "PUT", "--data-binary", "@-"], &target, Some(bytes)).expect_success();
    }

    /// Where the one upload of `key` is asked about that is not completed.
    fn unfinished_upload(&self, bucket: &str, key: &str) -> Option<String> {
        let query = format!("/{bucket}?prefix={}&uploads=", encoded(key, ""));
        let answer = self.curl(&[], &query, None).expect_success();
        let id = elements(&String::from_utf8(answer).unwrap(), "UploadId").next()?;
        Some(format!("{}?uploadId={}", path(bucket, key), encoded(&id, "")))
    }

    /// Sends one part more of the upload of `key` that is not completed, behind the others.
    pub(crate) fn s3_add_part(&self, bucket: &str, key: &str, bytes: &[u8]) {
        let target = self.unfinished_upload(bucket, key).expect("an unfinished upload");
        let next = self.s3_list_parts(bucket, key).len() + 1;
        let target = target.replacen('?', &format!("?partNumber={next}&"), 1);
        self.curl(&["-X", "PUT", "--data-binary", "@-"], &target, Some(bytes)).expect_success();
    }

    /// Drops the one upload of `key` that is not completed.
    pub(crate) fn s3_abort_upload(&self, bucket: &str, key: &str) {
        let target = self.unfinished_upload(bucket, key).expect("an unfinished upload");
        self.curl(&["-X", "DELETE"], &target, None).expect_success();
    }

    /// The sizes of the parts of the one upload of `key` that is not completed; none without one.
    pub(crate) fn s3_list_parts(&self, bucket: &str, key: &str) -> Vec<u64> {
        self.of_parts(bucket, key, "Size")
    }

    /// What `element` says of each part.
    fn of_parts(&self, bucket: &str, key: &str, element: &str) -> Vec<u64> {
        let Some(target) = self.unfinished_upload(bucket, key) else { return Vec::new() };
        let parts = self.curl(&[], &target, None).expect_success();
        let text = String::from_utf8(parts).unwrap();
        elements(&text, element).map(|told| told.parse().unwrap()).collect()
    }

    /// Waits until the first `count` parts of the one upload of `key` are stored: later ones may
    /// stand before them, and are nothing without them.
    pub(crate) fn wait_for_parts(&self, bucket: &str, key: &str, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let numbers = self.of_parts(bucket, key, "PartNumber");
            if numbers.len() >= count && (1..).zip(&numbers[..count]).all(|(n, told)| n == *told) {
                return;
            }
            assert!(Instant::now() < deadline, "{count} parts of {key}");
            pause();
        }
    }

    /// Waits until a whole second of the store's clock has passed, which stamps what it keeps.
    pub(crate) fn let_a_second_pass(&self, bucket: &str) {
        let date = || {
            let answer = self.curl(&["-I"], &format!("/{bucket}"), None).expect_success();
            let text = String::from_utf8(answer).unwrap();
            text.lines().find(|line| line.starts_with("Date: ")).unwrap().to_owned()
        };
        // Two changes of the date are at least one second.
        for _ in 0..2 {
            let begun = date();
            while date() == begun {
                // Each look is a program that starts; ten in a second are enough.
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    /// The contents of many objects, in the order of `keys`, fetched by one client over one
    /// connection.
    pub(crate) fn s3_get_all(&self, bucket: &str, keys: &[String]) -> Vec<Vec<u8>> {
        let dir = tempfile::tempdir().unwrap();
        let file = |n: usize| dir.path().join(n.to_string());
        let fetch = |(n, key): (usize, &String)| {
            let url = format!("http://{}{}", self.endpoint, path(bucket, key));
            format!("url = \"{url}\"\noutput = \"{}\"\n", file(n).display())
        };
        let orders: String = keys.iter().enumerate().map(fetch).collect();
        self.run(&["--config", "-"], orders.as_bytes()).expect_success();
        (0..keys.len()).map(|n| std::fs::read(file(n)).unwrap()).collect()
    }

    fn curl(&self, arguments: &[&str], path: &str, body: Option<&[u8]>) -> Answer {
        let url = format!("http://{}{path}", self.endpoint);
        self.run(&[arguments, &[&url]].concat(), body.unwrap_or_default())
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Answer {
        let mut child = Command::new("curl")
            .args(["--silent", "--show-error", "--fail-with-body", "--path-as-is", "--globoff"])
            .args(["--noproxy", "*", "--aws-sigv4", "aws:amz:us-east-1:s3"])
            .args(["--user", &format!("{}:{}", access_key(), secret_key())])
            .args(["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("curl runs");
        // curl may end without having read it all; then its answer tells why.
        let _ = child.stdin.take().unwrap().write_all(input);
        Answer(child.wait_with_output().unwrap())
    }
}

struct Answer(Output);

impl Answer {
    fn expect_success(self) -> Vec<u8> {
        let Output { status, stdout, stderr } = self.0;
        assert!(
            status.success(),
            "curl: {status} {} {}",
            String::from_utf8_lossy(&stderr),
            String::from_utf8_lossy(&stdout)
        );
        stdout
    }
}

fn without_scheme(url: &str) -> String {
    url.trim().trim_start_matches("http://").trim_end_matches('/').to_owned()
}

fn path(bucket: &str, key: &str) -> String {
    format!("/{bucket}/{}", encoded(key, "/"))
}

fn encoded(text: &str, kept: &str) -> String {
    let encode = |byte: u8| match char::from(byte) {
        plain if plain.is_ascii_alphanumeric() || "-._~".contains(plain) => plain.to_string(),
        plain if kept.contains(plain) => plain.to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        (bytes, rest) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let hex = std::str::from_utf8(&[*high, *low]).unwrap().to_owned();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap());
                (bytes, tail)
            }
            (byte, tail) => {
                bytes.push(*byte);
                (bytes, tail)
            }
        };
    }
    String::from_utf8(bytes).unwrap()
}

fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = String> + use<'a> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open)
        .skip(1)
        .filter_map(move |rest| rest.split(&close).next().map(str::to_owned))
        .collect::<Vec<_>>()
        .into_iter()
}
