use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::server::Setup;

/// A certificate for 127.0.0.1 with its key, in files of their own.
pub(crate) struct Certificate(TempDir);

impl Certificate {
    /// A new one, called `name`.
    pub(crate) fn new(name: &str) -> Self {
        Self::valid_for(name, "-days 2")
    }

    /// A new one; `dates` are options of `openssl x509`.
    pub(crate) fn valid_for(name: &str, dates: &str) -> Self {
        let certificate = Self(TempDir::new().expect("a directory"));
        certificate.make(name, dates);
        certificate
    }

    /// Puts another certificate and key into the same files.
    pub(crate) fn replace(&self, name: &str) {
        self.make(name, "-days 2");
    }

    /// The certificate's file.
    pub(crate) fn cert(&self) -> PathBuf {
        self.0.path().join("cert.pem")
    }

    /// The key's file.
    pub(crate) fn key(&self) -> PathBuf {
        self.0.path().join("key.pem")
    }

    /// A server that has it.
    pub(crate) fn serve(&self, setup: Setup, mode: &str) -> Setup {
        let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
        setup
            .tls("tls", mode)
            .tls("tls_cert_file", &text(self.cert()))
            .tls("tls_key_file", &text(self.key()))
    }

    fn make(&self, name: &str, dates: &str) {
        let script = format!(
            "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
             -keyout new-key.pem -out request.pem -subj '/CN={name}' 2>&1 && \
             printf 'subjectAltName=IP:127.0.0.1' > names && \
             openssl x509 -req -in request.pem -key new-key.pem -extfile names \
             -out new-cert.pem {dates} 2>&1 && mv new-key.pem key.pem && mv new-cert.pem cert.pem"
        );
        run(self.0.path(), &script);
    }
}

/// An authority that issues certificates to clients, with all its files.
pub(crate) struct Authority(TempDir);

impl Authority {
    /// A new one, called `name`.
    pub(crate) fn new(name: &str) -> Self {
        let authority = Self(TempDir::new().expect("a directory"));
        authority.run(&format!(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
             -keyout ca.key -out ca.pem -subj '/CN={name}' 2>&1 && \
             printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index.txt\\ncrlnumber=crlnumber\\n\
             default_md=sha256\\ndefault_crl_days=2\\n' > ca.conf && \
             touch index.txt && echo 01 > crlnumber"
        ));
        authority
    }

    /// Issues `FILE.pem` with `FILE.key` to `/CN=name`; `extensions` are lines of openssl's, and
    /// `dates` options of `openssl x509`.
    pub(crate) fn issue(&self, file: &str, name: &str, extensions: &str, dates: &str) {
        // One with nothing to extend it has the first version.
        let extended = if extensions.is_empty() { "" } else { "-extfile extensions" };
        self.run(&format!(
            "printf '{extensions}' > extensions && \
             openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
             -keyout {file}.key -out request.pem -subj '/CN={name}' 2>&1 && \
             openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial \
             {extended} -out {file}.pem {dates} 2>&1"
        ));
    }

    /// The same to a client, as they usually are.
    pub(crate) fn issue_to(&self, name: &str) {
        self.issue(name, name, CLIENT, "-days 2");
    }

    /// Writes the list of what is revoked, to which `file` is added if there is one.
    pub(crate) fn revoke(&self, file: Option<&str>) {
        let ca = "openssl ca -config ca.conf -keyfile ca.key -cert ca.pem";
        let revoke = file.map_or("true".to_owned(), |file| format!("{ca} -revoke {file}.pem"));
        self.run(&format!("{revoke} 2>&1 && {ca} -gencrl -out new.pem 2>&1 && mv new.pem crl.pem"));
    }

    /// The same list, which ends in a second.
    pub(crate) fn shorten_list(&self) {
        self.run(
            "openssl ca -config ca.conf -keyfile ca.key -cert ca.pem -gencrl -crlsec 1 \
             -out new.pem 2>&1 && mv new.pem crl.pem",
        );
    }

    /// One of its files.
    pub(crate) fn path(&self, file: &str) -> String {
        self.0.path().join(file).to_str().expect("UTF-8").to_owned()
    }

    fn run(&self, script: &str) {
        run(self.0.path(), script);
    }
}

/// What makes a certificate one for clients.
pub(crate) const CLIENT: &str = "extendedKeyUsage=clientAuth\\n";

/// Runs a script of openssl commands in `dir`.
pub(crate) fn run(dir: &Path, script: &str) {
    let output = Command::new("sh").args(["-c", script]).current_dir(dir).output().expect("sh");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
