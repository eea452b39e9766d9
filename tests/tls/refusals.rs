use std::fs;
use std::io::{Read, Write};

use crate::support::certificate::Certificate;
use crate::support::clients::{Output, limited, run};
use crate::support::server::{PASSWORD, Setup, TestServer, USER};
use crate::tls::client::{Ftps, TLS_1_2, TLS_1_3, encrypt, trusting};

/// More than the sockets between client and server hold.
const SIZE: usize = 24 << 20;

/// A server that refuses an upload when it has begun to come.
fn refusing(certificate: &Certificate) -> TestServer {
    certificate
        .serve(Setup::local(), "required")
        .file_option("single_file_max_size", "1000000")
        .start()
}

#[test]
fn who_goes_on_sending_hears_why_an_upload_was_refused() {
    let certificate = Certificate::new("late");
    let server = refusing(&certificate);
    for version in [TLS_1_2, TLS_1_3] {
        let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), version));
        let mut data = ftps.begin("STOR large");
        data.write_all(&vec![0; SIZE]).expect("all of it is taken");
        data.conn.send_close_notify();
        data.flush().expect("no reset");
        // Many wait for this before they look at the reply.
        assert_eq!(data.read_to_end(&mut Vec::new()).expect("close_notify"), 0);
        ftps.expect_reply("552 ");
        ftps.store("STOR other", b"x");
    }
}

#[test]
fn real_clients_show_why_an_upload_was_refused() {
    let certificate = Certificate::new("shown");
    let server = refusing(&certificate);
    let (dir, port) = (server.scratch(), server.address().port());
    fs::write(dir.join("up"), vec![7; SIZE]).expect("written");
    let tells_552 = |output: Output, how: &str| {
        assert!(!output.success && output.text.contains("552"), "{how}: {}", output.text);
    };
    // Passive only: over active connections the curl of Debian 12 encrypts nothing (curl/curl#10666).
    let mut curl = limited("curl");
    curl.args(["-v", "--silent", "--insecure", "--ssl-reqd", "-T", "up", "--user"]);
    curl.arg(format!("{USER}:{PASSWORD}")).arg(format!("ftp://127.0.0.1:{port}/large"));
    tells_552(run(curl.current_dir(&dir), ""), "curl");
    for passive in [true, false] {
        let lftp = format!(
            "set cmd:fail-exit yes\nset net:max-retries 1\nset net:timeout 30\n\
             set ssl:verify-certificate no\nset ftp:ssl-force yes\nset ftp:ssl-protect-data yes\n\
             set ftp:passive-mode {passive}\n\
             open -u {USER},{PASSWORD} ftp://127.0.0.1:{port}\nput up -o large\n"
        );
        let python = format!(
            "import ftplib, ssl\n\
             ftp = ftplib.FTP_TLS(context=ssl._create_unverified_context(), timeout=30)\n\
             ftp.connect('127.0.0.1', {port})\nftp.login('{USER}', '{PASSWORD}')\nftp.prot_p()\n\
             ftp.set_pasv({})\nftp.storbinary('STOR large', open('up', 'rb'))\n",
            if passive { "True" } else { "False" },
        );
        let how = if passive { "passive" } else { "active" };
        tells_552(run(limited("lftp").arg("--norc").current_dir(&dir), &lftp), how);
        tells_552(run(limited("python3").arg("-").current_dir(&dir), &python), how);
    }
}

/// Python's own class resumes no session.
#[test]
fn who_cannot_resume_hears_so_though_it_sends() {
    let certificate = Certificate::new("unresumed");
    let server = certificate
        .serve(Setup::local(), "required")
        .tls("tls_require_session_reuse", "true")
        .start();
    let (dir, port) = (server.scratch(), server.address().port());
    fs::write(dir.join("up"), vec![7; SIZE]).expect("written");
    let script = format!(
        "import ftplib, ssl\n\
         ftp = ftplib.FTP_TLS(context=ssl._create_unverified_context(), timeout=30)\n\
         ftp.connect('127.0.0.1', {port})\nftp.login('{USER}', '{PASSWORD}')\nftp.prot_p()\n\
         conn = ftp.transfercmd('STOR large')\n\
         conn.sendall(open('up', 'rb').read())\nconn.close()\n\
         try:\n    ftp.voidresp()\nexcept ftplib.error_perm as error:\n    print('told:', error)\n",
    );
    let output = run(limited("python3").arg("-").current_dir(&dir), &script);
    assert!(output.text.contains("told: 522"), "{}", output.text);
}

/// curl connects, encrypts, and only then looks at the reply.
#[test]
fn who_encrypts_before_it_looks_at_the_reply_hears_it() {
    let certificate = Certificate::new("early");
    let server = certificate.serve(Setup::local(), "required").start();
    for version in [TLS_1_2, TLS_1_3] {
        let config = trusting(&certificate.cert(), version);
        let mut ftps = Ftps::login(&server, &config);
        for refused in ["RETR nothing", "STOR /", "STOR"] {
            let tcp = ftps.passive();
            ftps.send(refused);
            let mut data = encrypt(tcp, &config);
            assert_eq!(data.read_to_end(&mut Vec::new()).expect("close_notify"), 0, "{refused}");
            let reply = ftps.reply();
            assert!(reply.starts_with('5'), "{refused}: {reply}");
        }
        ftps.store("STOR other", b"x");
    }
}

#[test]
fn curl_shows_why_a_transfer_did_not_begin() {
    let certificate = Certificate::new("curl-early");
    let server = certificate.serve(Setup::local(), "required").start();
    let (dir, port) = (server.scratch(), server.address().port());
    fs::write(dir.join("up"), b"x").expect("written");
    Ftps::login(&server, &trusting(&certificate.cert(), TLS_1_3)).expect("MKD dir", "257 ");
    for arguments in [&["-T", "up"][..], &[]] {
        let mut curl = limited("curl");
        curl.args(["-v", "--silent", "--insecure", "--ssl-reqd", "--user"]);
        curl.arg(format!("{USER}:{PASSWORD}")).args(arguments);
        let output = run(curl.arg(format!("ftp://127.0.0.1:{port}/dir")).current_dir(&dir), "");
        let is_told = output.text.contains("< 550 ") && !output.text.contains("Bad PASV");
        assert!(!output.success && is_told, "{}", output.text);
    }
}
