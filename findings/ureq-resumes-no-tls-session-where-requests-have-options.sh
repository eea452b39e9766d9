#!/usr/bin/env bash
# ureq 3.5.2 with rustls: an agent keeps one TLS configuration, and with it the sessions that the next
# connection can resume, only from its first request that has no options of its own. As long as every
# request is given one, be it only a time limit (`.config().timeout_global(..).build()`), each new
# connection resumes nothing (in its source: makes a configuration of its own). One
# request without options is enough to have later ones resume, if theirs say the same of TLS.
#
# Seen: three connections of an agent that has the time limit itself: New, Reused, Reused.
#       With the same limit at each request: New, New, New. The same after one request without: New,
#       Reused, Reused, Reused.
#
# Needs bash, cargo and openssl. Nothing is installed in the system. Exits 0 while this is so, 1 when
# it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
    -keyout key.pem -out cert.pem 2>/dev/null

mkdir src
cat >Cargo.toml <<'E'
[package]
name = "resumes"
version = "0.0.0"
edition = "2024"

[dependencies]
ureq = { version = "=3.5.2", default-features = false, features = ["rustls"] }
E
cat >src/main.rs <<'E'
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

const LIMIT: Option<Duration> = Some(Duration::from_secs(20));

/// How the server calls the session of a new connection.
fn ask(agent: &Agent, url: &str, has_options: bool) -> &'static str {
    let request = agent.get(url);
    let mut answer = if has_options {
        request.config().timeout_global(LIMIT).build().call().unwrap()
    } else {
        request.call().unwrap()
    };
    let page = answer.body_mut().read_to_string().unwrap();
    if page.contains("Reused, TLS") { "Reused" } else { "New" }
}

fn main() {
    let url = std::env::args().nth(1).unwrap();
    let pem = std::fs::read("cert.pem").unwrap();
    let roots = RootCerts::from(vec![Certificate::from_pem(&pem).unwrap()]);
    let tls = TlsConfig::builder().root_certs(roots).build();
    let agent = || {
        let config = Agent::config_builder().tls_config(tls.clone()).max_idle_connections(0);
        config.timeout_global(LIMIT).build().new_agent()
    };
    let tell = |what: &str, options: &[bool]| {
        let agent = agent();
        let told: Vec<_> = options.iter().map(|&has| ask(&agent, &url, has)).collect();
        println!("{what}: {}", told.join(" "));
    };
    tell("limit of the agent", &[false, false, false]);
    tell("limit of each request", &[true, true, true]);
    tell("after one without", &[false, true, true, true]);
}
E
cargo build --quiet
port=$((20000 + RANDOM % 20000))
openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -www -quiet &
for _ in $(seq 50); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
done
target/debug/resumes "https://localhost:$port/" | tee seen
cat >expected <<'E'
limit of the agent: New Reused Reused
limit of each request: New New New
after one without: New Reused Reused Reused
E
if diff expected seen; then
    echo "still so"
else
    echo "CHANGED"
    exit 1
fi
