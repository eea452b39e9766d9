//! https: nobody is believed who cannot show a certificate, and `ca_file` says whose count.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cos_ftp_server::store::cos::{Buckets, CosOptions, CosStore, Scheme};
use cos_ftp_server::store::{ByteRange, ErrorKind, FileTree, StoreError};
use tempfile::TempDir;

use crate::store_cos::rgw::Rgw;
use crate::store_cos::{at, noise, options, put, read};
use crate::support::process::end;

/// TLS in front of the gateway, with a certificate of an authority of our own for `localhost`.
struct Front {
    terminator: Child,
    port: u16,
    dir: TempDir,
    /// Shared, so that a connection that is kept could be taken by somebody who trusts nobody.
    buckets: Buckets,
}

impl Front {
    fn start() -> Self {
        Self::with_certificate(
            "make() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
               -subj /CN=$1 -days 30 -keyout $1.key -out $1.pem; }
             make authority; make stranger
             openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
               -subj /CN=store -keyout store.key -out store.csr
             echo subjectAltName=DNS:localhost > names
             openssl x509 -req -in store.csr -CA authority.pem -CAkey authority.key \
               -extfile names -days 30 -out store.pem",
        )
    }

    /// With the certificate `store.pem` and its key `store.key`, which a script makes.
    fn with_certificate(script: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let made = Command::new("sh")
            .arg("-ec")
            .arg(script)
            .current_dir(dir.path())
            .output()
            .expect("openssl runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut terminator =
            Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/tls-front.py"))
                .args(["store.pem", "store.key", Rgw::shared().endpoint()])
                .current_dir(dir.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("python runs");
        let mut line = String::new();
        BufReader::new(terminator.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("a port");
        Self { terminator, port, dir, buckets: Buckets::default() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What kinds of handshakes there were so far.
    fn handshakes(&self) -> Vec<String> {
        let lines = std::fs::read_to_string(self.file("handshakes")).unwrap();
        lines.lines().map(str::to_owned).collect()
    }

    /// The store that `host` is, if the authorities in `ca_file` vouch for it.
    fn store(&self, host: &str, ca_file: Option<&Path>, bucket: &str) -> CosStore {
        let mut options = CosOptions {
            scheme: Scheme::Https,
            endpoint: format!("{host}:{}", self.port),
            ca_file: ca_file.map(Path::to_owned),
            ..options(bucket)
        };
        options.timeouts.retry_total = Duration::from_secs(600);
        self.buckets.open(options).unwrap()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        end(&mut self.terminator);
    }
}

#[test]
fn https_is_believed_only_with_a_certificate_that_is_trusted_and_names_the_host() {
    let front = Front::start();
    let bucket = Rgw::shared().new_bucket();
    let authority = front.file("authority.pem");
    let store = front.store("localhost", Some(&authority), &bucket);
    let bytes = noise(3 * crate::store_cos::MIB);
    put(&store, "f", &bytes);
    assert!(read(&store, "f", ByteRange::from(0)).unwrap() == bytes);

    // Not even a moment's trying again: the time for it is ten minutes.
    let refusal = |host, ca_file: Option<PathBuf>| -> StoreError {
        front.store(host, ca_file.as_deref(), &bucket).probe().unwrap_err()
    };
    for (host, ca_file, expected) in [
        ("localhost", None, "UnknownIssuer"),
        ("localhost", Some(front.file("stranger.pem")), "UnknownIssuer"),
        ("127.0.0.1", Some(authority.clone()), "not valid for name"),
    ] {
        let error = refusal(host, ca_file);
        assert_eq!(error.kind, ErrorKind::Other, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    // Several certificates, and what is none between them.
    let bundle = front.file("bundle.pem");
    let parts = ["stranger.pem", "names", "authority.pem"].map(|name| front.file(name));
    let text: String = parts.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    std::fs::write(&bundle, text).unwrap();
    front.store("localhost", Some(&bundle), &bucket).probe().unwrap();
}

/// What `openssl req -x509` makes by itself: an authority, which signs itself.
const ALONE: &str = "openssl req -x509 -newkey rsa:2048 -nodes -keyout store.key -out store.pem \
                       -days 30";

#[test]
fn the_only_certificate_of_a_small_store_is_believed_where_it_is_named() {
    let bucket = Rgw::shared().new_bucket();
    for names in ["-subj /CN=store -addext subjectAltName=DNS:localhost", "-subj /CN=localhost"] {
        let front = Front::with_certificate(&format!("{ALONE} {names}"));
        let own = front.file("store.pem");
        let text = Command::new("openssl")
            .args(["x509", "-noout", "-ext", "basicConstraints", "-in"])
            .arg(&own)
            .output()
            .unwrap();
        assert!(String::from_utf8_lossy(&text.stdout).contains("CA:TRUE"), "{text:?}");
        let store = front.store("localhost", Some(&own), &bucket);
        let bytes = noise(1000);
        put(&store, "f", &bytes);
        assert!(read(&store, "f", ByteRange::from(0)).unwrap() == bytes);

        // For its names alone.
        let error = front.store("127.0.0.1", Some(&own), &bucket).probe().unwrap_err().to_string();
        assert!(error.contains("is for another name"), "{error}");
        assert!(error.contains("use a name in cos_endpoint"), "{error}");
        let error = front.store("localhost", None, &bucket).probe().unwrap_err().to_string();
        assert!(error.contains("certificate of an authority (CA:TRUE)"), "{error}");
        assert!(error.contains("put exactly this certificate into the file"), "{error}");
    }
}

#[test]
fn who_shows_a_named_certificate_without_its_key_is_not_believed() {
    // Another of the same names, as somebody between would have.
    let front = Front::with_certificate(&format!(
        "{ALONE} -subj /CN=localhost; mv store.pem named.pem; {ALONE} -subj /CN=localhost"
    ));
    let (bucket, named) = (Rgw::shared().new_bucket(), front.file("named.pem"));
    let error = front.store("localhost", Some(&named), &bucket).probe().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Other, "{error}");
}

#[test]
fn a_named_certificate_is_believed_in_its_time() {
    let ca = "echo 01 > serial; touch index; printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\n\
                serial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n\
                [p]\ncommonName=supplied\n' > ca.conf
              openssl req -new -newkey rsa:2048 -nodes -subj /CN=localhost -keyout store.key \
                -out store.csr
              openssl ca -batch -config ca.conf -selfsign -keyfile store.key -in store.csr \
                -out store.pem -notext";
    let bucket = Rgw::shared().new_bucket();
    for (dates, expected) in [
        ("-startdate 20200101000000Z -enddate 20210101000000Z", "has expired"),
        ("-startdate 21200101000000Z -enddate 21210101000000Z", "is not valid yet"),
    ] {
        let front = Front::with_certificate(&format!("{ca} {dates}"));
        let own = front.file("store.pem");
        let error = front.store("localhost", Some(&own), &bucket).probe().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_port_without_tls_is_told_as_such() {
    let (host, bucket) = (Rgw::shared().endpoint(), Rgw::shared().new_bucket());
    let mut options =
        CosOptions { scheme: Scheme::Https, endpoint: host.to_owned(), ..options(&bucket) };
    options.timeouts.retry_total = Duration::ZERO;
    let error = CosStore::connect(options).unwrap().probe().unwrap_err().to_string();
    assert!(error.contains("does not speak TLS"), "{error}");
    assert!(error.contains("cos_protocol = http"), "{error}");
}

#[test]
fn connections_outlive_sessions_and_new_ones_resume_what_was_agreed() {
    let front = Front::start();
    let (bucket, authority) = (Rgw::shared().new_bucket(), front.file("authority.pem"));
    let bytes = noise(3 * crate::store_cos::MIB);
    for _ in 0..10 {
        let store = front.store("localhost", Some(&authority), &bucket);
        put(&store, "f", &bytes);
        assert!(read(&store, "f", ByteRange::from(0)).unwrap() == bytes);
    }
    assert_eq!(front.handshakes(), ["full"]);

    // Connections that are in use, so that each request needs another.
    let store = front.store("localhost", Some(&authority), &bucket);
    let answer = || store.get_object(&at("f"), ByteRange::from(0), None).unwrap();
    let _held = [answer(), answer(), answer()];
    assert_eq!(front.handshakes(), ["full", "resumed", "resumed"]);
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_is_named() {
    let options = CosOptions { ca_file: Some("/nowhere/ca.pem".into()), ..options("bucket") };
    let error = CosStore::connect(options).unwrap_err().to_string();
    assert!(error.contains("/nowhere/ca.pem: cannot be read"), "{error}");
}
