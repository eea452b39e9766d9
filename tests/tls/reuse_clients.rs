use std::fs;
use std::path::Path;

use crate::support::certificate::Certificate;
use crate::support::clients::{limited, run};
use crate::support::server::{PASSWORD, TestServer, USER};
use crate::support::stored::noise;
use crate::tls::reuse::{reusing_ftplib, strict};

/// No version is set.
const BY_DEFAULT: &str = "";

/// A server for the real clients, and what they send, in the file `up` of a directory.
fn serve_clients(certificate: &Certificate, version: &str) -> (TestServer, std::path::PathBuf) {
    let setup = strict(certificate).option("log_level", "DEBUG");
    let server = match version {
        BY_DEFAULT => setup.start(),
        _ => setup.tls("tls_min_version", version).tls("tls_max_version", version).start(),
    };
    let dir = server.scratch();
    fs::write(dir.join("up"), content()).expect("written");
    (server, dir)
}

/// More than goes into a record, and less than a second's work.
fn content() -> Vec<u8> {
    noise(8, 300_001)
}

/// How many times each client runs.
fn rounds() -> usize {
    std::env::var("TLS_REUSE_ROUNDS").map_or(1, |text| text.parse().expect("a number"))
}

/// Lets `client` store four files, fetch each and store one more, in one session, and looks at what
/// came of it.
fn expect_transfers(versions: &[&str], client: impl Fn(&TestServer, &Path)) {
    let certificate = Certificate::new("clients");
    for version in versions {
        for _ in 0..rounds() {
            let (server, dir) = serve_clients(&certificate, version);
            client(&server, &dir);
            for name in ["1", "2", "3", "4", "5"] {
                server.stored().expect(name, &content());
            }
            for name in ["1", "2", "3", "4"] {
                let down = fs::read(dir.join(format!("down{name}"))).expect("a download");
                assert!(down == content(), "TLS {version}: {name} came back changed");
            }
            let resumed = server.log().matches("resumed=true").count();
            assert!(resumed >= 9, "TLS {version}: {resumed} data connections");
        }
    }
}

#[test]
fn lftp_transfers_file_after_file() {
    expect_transfers(&[BY_DEFAULT, "1.2", "1.3"], |server, dir| {
        let script = format!(
            "set cmd:fail-exit yes\nset net:max-retries 1\nset net:timeout 30\n\
             set ssl:verify-certificate no\nset ftp:ssl-force yes\nset ftp:ssl-protect-data yes\n\
             set ftp:ssl-protect-list yes\nopen -u {USER},{PASSWORD} ftp://{}\n\
             put up -o 1\nput up -o 2\nput up -o 3\nput up -o 4\nget 1 -o down1\n\
             get 2 -o down2\nget 3 -o down3\nget 4 -o down4\nls\nput up -o 5\nbye\n",
            server.address(),
        );
        run(limited("lftp").arg("--norc").current_dir(dir), &script).expect_success();
    });
}

#[test]
fn curl_transfers_file_after_file() {
    // In TLS 1.3 it uses a ticket once and looks for the next one before an upload's end alone.
    expect_transfers(&[BY_DEFAULT, "1.2"], |server, dir| {
        let url = format!("ftp://{}/", server.address());
        for arguments in [
            &[
                "-T",
                "up",
                &format!("{url}1"),
                "-T",
                "up",
                &format!("{url}2"),
                "-T",
                "up",
                &format!("{url}3"),
                "-T",
                "up",
                &format!("{url}4"),
            ][..],
            &["-o", "down#1", &format!("{url}[1-4]")],
            &["-T", "up", &format!("{url}5")],
            &[&url],
        ] {
            let mut command = limited("curl");
            command.args(["--silent", "--show-error", "--insecure", "--ssl-reqd", "--user"]);
            command.arg(format!("{USER}:{PASSWORD}")).args(arguments).current_dir(dir);
            run(&mut command, "").expect_success();
        }
    });
}

#[test]
fn rclone_transfers_file_after_file() {
    expect_transfers(&[BY_DEFAULT, "1.2", "1.3"], |server, dir| {
        let obscured = run(limited("rclone").args(["obscure", PASSWORD]), "").expect_success();
        // One connection: rclone offers the tickets of one to the others.
        let remote = format!(
            ":ftp,host=127.0.0.1,port={},user={USER},pass={},explicit_tls,no_check_certificate,\
             concurrency=1:",
            server.address().port(),
            obscured.trim(),
        );
        for name in ["1", "2", "3", "4", "5"] {
            fs::copy(dir.join("up"), dir.join(name)).expect("copied");
        }
        let copy = |arguments: &[&str]| {
            let mut command = limited("rclone");
            command.args(["--config", "/dev/null", "--transfers", "1", "--checkers", "1"]);
            command.args(["--retries", "1", "--low-level-retries", "1", "copy"]);
            run(command.args(arguments).current_dir(dir), "").expect_success();
        };
        copy(&[".", &remote, "--include", "/[1-5]"]);
        copy(&[&remote, "down"]);
        for name in ["1", "2", "3", "4"] {
            fs::rename(dir.join("down").join(name), dir.join(format!("down{name}")))
                .expect("there");
        }
    });
}

#[test]
fn python_transfers_file_after_file() {
    expect_transfers(&[BY_DEFAULT, "1.2", "1.3"], |server, dir| {
        let script = format!(
            "{}\
             ftp = login()\n\
             def put(name):\n    \
             ftp.storbinary('STOR ' + name, open('up', 'rb'))\n\
             for name in '1234':\n    put(name)\n\
             for name in '1234':\n    \
             ftp.retrbinary('RETR ' + name, open('down' + name, 'wb').write)\n\
             put('5')\n\
             ftp.quit()\n",
            reusing_ftplib(server),
        );
        run(limited("python3").arg("-").current_dir(dir), &script).expect_success();
    });
}

#[test]
fn php_transfers_file_after_file() {
    expect_transfers(&[BY_DEFAULT, "1.2", "1.3"], |server, dir| {
        let script = format!(
            "<?php\n\
             function check($done, $what) {{ if (!$done) {{ echo \"$what\\n\"; exit(1); }} }}\n\
             $ftp = ftp_ssl_connect('127.0.0.1', {}, 30);\n\
             check($ftp && ftp_login($ftp, '{USER}', '{PASSWORD}'), 'login');\n\
             ftp_pasv($ftp, true);\n\
             function put($name) {{ global $ftp;\n    \
             check(ftp_put($ftp, $name, 'up', FTP_BINARY), \"put $name\"); }}\n\
             foreach (range(1, 4) as $i) put(\"$i\");\n\
             foreach (range(1, 4) as $i)\n    \
             check(ftp_get($ftp, \"down$i\", \"$i\", FTP_BINARY), \"get $i\");\n\
             put('5');\n\
             ftp_close($ftp);\n",
            server.address().port(),
        );
        run(limited("php").current_dir(dir), &script).expect_success();
    });
}

#[test]
fn ruby_transfers_file_after_file() {
    // In TLS 1.3 it uses a ticket once, and reads none on the data connection of an upload.
    expect_transfers(&[BY_DEFAULT, "1.2"], |server, dir| {
        let script = format!(
            "require 'net/ftp'\n\
             ftp = Net::FTP.new('127.0.0.1', port: {}, username: '{USER}', \
             password: '{PASSWORD}', passive: true, ssl: {{verify_mode: 0}})\n\
             (1..4).each {{ |i| ftp.putbinaryfile('up', i.to_s) }}\n\
             (1..4).each {{ |i| ftp.getbinaryfile(i.to_s, \"down#{{i}}\") }}\n\
             ftp.putbinaryfile('up', '5')\n\
             ftp.close\n",
            server.address().port(),
        );
        run(limited("ruby").arg("-").current_dir(dir), &script).expect_success();
    });
}

#[test]
fn perl_transfers_file_after_file() {
    expect_transfers(&[BY_DEFAULT, "1.2", "1.3"], |server, dir| {
        // Over passive connections it looks for the session of their port, which has none.
        let script = format!(
            "use strict; use Net::FTP; use IO::Socket::SSL;\n\
             my $ftp = Net::FTP->new('127.0.0.1', Port => {}, Passive => 0, Timeout => 30, \
             SSL => 0, SSL_verify_mode => 0) or die $@;\n\
             my $fail = sub {{ die $_[0], ': ', $ftp->message }};\n\
             $ftp->starttls && $ftp->login('{USER}', '{PASSWORD}') && $ftp->binary or $fail->('login');\n\
             $ftp->put('up', $_) or $fail->(\"put $_\") for 1 .. 4;\n\
             $ftp->get($_, \"down$_\") or $fail->(\"get $_\") for 1 .. 4;\n\
             $ftp->put('up', 5) or $fail->('put 5');\n\
             $ftp->quit;\n",
            server.address().port(),
        );
        run(limited("perl").arg("-").current_dir(dir), &script).expect_success();
    });
}

#[test]
fn java_transfers_file_after_file() {
    // Java offers the tickets of TLS 1.3 once, and none of another port's session by itself.
    expect_transfers(&[BY_DEFAULT, "1.2"], |server, dir| {
        fs::write(dir.join("Transfers.java"), JAVA).expect("written");
        let mut command = limited("java");
        command.args(["--add-opens", "java.base/sun.security.ssl=ALL-UNNAMED"]);
        command.args(["--add-opens", "java.base/sun.security.util=ALL-UNNAMED"]);
        command.args(["-cp", "/usr/share/java/commons-net.jar", "Transfers.java"]);
        command.args([&server.address().port().to_string(), USER, PASSWORD]).current_dir(dir);
        run(&mut command, "").expect_success();
    });
}

/// commons-net with the few lines that its users add where sessions must be resumed: the control
/// connection's is what Java finds for the data connection's address.
const JAVA: &str = r#"
import java.io.*;
import java.lang.reflect.*;
import java.net.Socket;
import javax.net.ssl.*;
import org.apache.commons.net.ftp.*;

public class Transfers {
    static class Reusing extends FTPSClient {
        @Override
        protected void _prepareDataSocket_(Socket data) throws IOException {
            SSLSession session = ((SSLSocket) _socket_).getSession();
            try {
                Field field = session.getSessionContext().getClass().getDeclaredField("sessionHostPortCache");
                field.setAccessible(true);
                Object cache = field.get(session.getSessionContext());
                Method put = cache.getClass().getDeclaredMethod("put", Object.class, Object.class);
                put.setAccessible(true);
                String port = ":" + data.getPort();
                put.invoke(cache, data.getInetAddress().getHostName() + port, session);
                put.invoke(cache, data.getInetAddress().getHostAddress() + port, session);
            } catch (ReflectiveOperationException e) {
                throw new IOException(e);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        FTPSClient ftp = new Reusing();
        ftp.setTrustManager(org.apache.commons.net.util.TrustManagerUtils.getAcceptAllTrustManager());
        ftp.setEndpointCheckingEnabled(false);
        ftp.connect("127.0.0.1", Integer.parseInt(arguments[0]));
        check(ftp, ftp.login(arguments[1], arguments[2]));
        ftp.execPBSZ(0);
        ftp.execPROT("P");
        ftp.enterLocalPassiveMode();
        check(ftp, ftp.setFileType(FTP.BINARY_FILE_TYPE));
        for (int i = 1; i <= 4; i++) put(ftp, i);
        for (int i = 1; i <= 4; i++) {
            try (OutputStream down = new FileOutputStream("down" + i)) {
                check(ftp, ftp.retrieveFile("" + i, down));
            }
        }
        put(ftp, 5);
        ftp.logout();
        ftp.disconnect();
    }

    static void put(FTPSClient ftp, int name) throws IOException {
        try (InputStream up = new FileInputStream("up")) {
            check(ftp, ftp.storeFile("" + name, up));
        }
    }

    static void check(FTPSClient ftp, boolean done) {
        if (!done) throw new IllegalStateException(ftp.getReplyString());
    }
}
"#;
