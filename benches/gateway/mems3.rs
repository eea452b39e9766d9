// mems3: an in-memory S3 endpoint for measuring, std only, thread per connection.
//   rustc -O -C target-cpu=native -o mems3 mems3.rs ;  ./mems3 127.0.0.1:9000
// No signature is checked (SigV4 and COS q-sign both pass), no TLS.
// Path style (/bucket/key) and virtual-host style (bucket.host) addressing.
// Objects: PUT (also aws-chunked), GET (Range), HEAD, DELETE, COPY, multipart (complete is
// metadata only, as in a real store), ListObjects v1/v2, DeleteObjects, ?location, ?versioning.
// ETags are never plain MD5 ("<n>-1"), so no client checks a hash against them.
// Control:  GET /__stats  -> JSON request counts since the last /__zero; uploads_open; conns
//           GET /__zero   -> zero the counts        GET /__clear -> drop every object
//           GET /__plant?bucket=B&prefix=d10k/&n=10000&size=16
//           GET /__sha?bucket=B&key=K  -> size and existence only (JSON)
use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

type Part = Arc<Vec<u8>>;
struct Obj {
    parts: Vec<Part>,
    size: u64,
    etag: String,
    mtime: u64,
    meta: Vec<(String, String)>,
}
struct Upload {
    bucket: String,
    key: String,
    parts: BTreeMap<u32, (Part, String)>,
    meta: Vec<(String, String)>,
}
#[derive(Default)]
struct St {
    objs: RwLock<HashMap<String, BTreeMap<String, Arc<Obj>>>>,
    ups: Mutex<HashMap<String, Upload>>,
    n: AtomicU64,
    conns: AtomicU64,
    stats: Mutex<BTreeMap<String, u64>>,
}
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
fn civil(t: u64) -> (i64, u32, u32, u64, u64, u64, usize) {
    let d = (t / 86400) as i64;
    let s = t % 86400;
    let z = d + 719468;
    let era = z / 146097;
    let doe = z - era * 146097;
    let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let m = if mp < 10 { mp + 3 } else { mp - 9 } as i64;
    (
        yoe + era * 400 + if m <= 2 { 1 } else { 0 },
        m as u32,
        day,
        s / 3600,
        s / 60 % 60,
        s % 60,
        ((d + 4) % 7) as usize,
    )
}
fn iso(t: u64) -> String {
    let c = civil(t);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z", c.0, c.1, c.2, c.3, c.4, c.5)
}
fn http_date(t: u64) -> String {
    let c = civil(t);
    let w = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let m = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        w[c.6],
        c.2,
        m[c.1 as usize - 1],
        c.0,
        c.3,
        c.4,
        c.5
    )
}
fn unpct(s: &str, plus: bool) -> String {
    let b = s.as_bytes();
    let mut o = Vec::with_capacity(b.len());
    let mut i = 0;
    while i < b.len() {
        if b[i] == b'%' && i + 2 < b.len() + 0 && i + 2 <= b.len() - 1 {
            if let Ok(v) = u8::from_str_radix(&s[i + 1..i + 3], 16) {
                o.push(v);
                i += 3;
                continue;
            }
        }
        o.push(if plus && b[i] == b'+' { b' ' } else { b[i] });
        i += 1;
    }
    String::from_utf8_lossy(&o).into_owned()
}
fn pct(s: &str) -> String {
    let mut o = String::with_capacity(s.len());
    for &c in s.as_bytes() {
        if c.is_ascii_alphanumeric() || b"-_.~/".contains(&c) {
            o.push(c as char)
        } else {
            o.push_str(&format!("%{:02X}", c))
        }
    }
    o
}
fn esc(s: &str) -> String {
    s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
fn tag<'a>(s: &'a str, t: &str, from: usize) -> Option<(&'a str, usize)> {
    let a = s[from..].find(&format!("<{}>", t))? + from + t.len() + 2;
    let e = s[a..].find(&format!("</{}>", t))? + a;
    Some((&s[a..e], e))
}
struct Req {
    method: String,
    path: String,
    q: HashMap<String, String>,
    h: HashMap<String, String>,
}
fn read_req(r: &mut BufReader<TcpStream>) -> io::Result<Option<Req>> {
    let mut l = String::new();
    if r.read_line(&mut l)? == 0 {
        return Ok(None);
    }
    let mut it = l.split_whitespace();
    let method = it.next().unwrap_or("").to_string();
    let uri = it.next().unwrap_or("/").to_string();
    let mut h = HashMap::new();
    loop {
        let mut s = String::new();
        if r.read_line(&mut s)? == 0 {
            return Ok(None);
        }
        let s = s.trim_end();
        if s.is_empty() {
            break;
        }
        if let Some((k, v)) = s.split_once(':') {
            h.insert(k.to_ascii_lowercase(), v.trim().to_string());
        }
    }
    let (p, qs) = uri.split_once('?').unwrap_or((&uri, ""));
    let mut q = HashMap::new();
    for kv in qs.split('&').filter(|x| !x.is_empty()) {
        let (k, v) = kv.split_once('=').unwrap_or((kv, ""));
        q.insert(unpct(k, true), unpct(v, true));
    }
    let p = if let Some(x) = p.strip_prefix("http://") {
        x.find('/').map(|i| &x[i..]).unwrap_or("/")
    } else {
        p
    };
    Ok(Some(Req { method, path: unpct(p, false), q, h }))
}
fn read_body(r: &mut BufReader<TcpStream>, w: &mut TcpStream, q: &Req) -> io::Result<Vec<u8>> {
    if q.h.get("expect").map_or(false, |e| e.eq_ignore_ascii_case("100-continue")) {
        w.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let te = q.h.get("transfer-encoding").map_or(false, |t| t.contains("chunked"));
    let aws = q.h.get("content-encoding").map_or(false, |t| t.contains("aws-chunked"))
        || q.h.get("x-amz-content-sha256").map_or(false, |t| t.starts_with("STREAMING-"));
    let mut out = Vec::new();
    if te {
        loop {
            let mut l = String::new();
            r.read_line(&mut l)?;
            let n = usize::from_str_radix(l.trim().split(';').next().unwrap_or("0"), 16)
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            if n == 0 {
                loop {
                    l.clear();
                    r.read_line(&mut l)?;
                    if l.trim().is_empty() {
                        break;
                    }
                }
                break;
            }
            let o = out.len();
            out.resize(o + n, 0);
            r.read_exact(&mut out[o..])?;
            l.clear();
            r.read_line(&mut l)?;
        }
    } else if let Some(n) = q.h.get("content-length").and_then(|v| v.parse::<u64>().ok()) {
        out.reserve_exact(n as usize);
        let got = r.by_ref().take(n).read_to_end(&mut out)?;
        if got as u64 != n {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    if aws {
        let mut d = Vec::with_capacity(out.len());
        let mut i = 0;
        while i < out.len() {
            let e = match out[i..].iter().position(|&c| c == b'\n') {
                Some(e) => i + e,
                None => break,
            };
            let l = String::from_utf8_lossy(&out[i..e]);
            let l = l.trim();
            let n = match usize::from_str_radix(l.split(';').next().unwrap_or(""), 16) {
                Ok(n) => n,
                Err(_) => break,
            };
            if n == 0 {
                break;
            }
            d.extend_from_slice(&out[e + 1..e + 1 + n]);
            i = e + 1 + n + 2;
        }
        out = d;
    }
    Ok(out)
}
fn send(
    w: &mut TcpStream,
    code: &str,
    hdr: &[(&str, String)],
    body: &[u8],
    head: bool,
    len: Option<u64>,
) -> io::Result<()> {
    let mut s = format!("HTTP/1.1 {}\r\nServer: mems3\r\nDate: {}\r\nx-amz-request-id: 1\r\nx-cos-request-id: 1\r\n", code, http_date(now()));
    for (k, v) in hdr {
        s.push_str(k);
        s.push_str(": ");
        s.push_str(v);
        s.push_str("\r\n");
    }
    if !code.starts_with("204") {
        s.push_str(&format!("Content-Length: {}\r\n", len.unwrap_or(body.len() as u64)));
    }
    s.push_str("\r\n");
    let mut v = s.into_bytes();
    if !head {
        v.extend_from_slice(body);
    }
    w.write_all(&v)
}
fn xml(w: &mut TcpStream, body: String) -> io::Result<()> {
    send(
        w,
        "200 OK",
        &[("Content-Type", "application/xml".into())],
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", body).as_bytes(),
        false,
        None,
    )
}
fn err(w: &mut TcpStream, code: &str, ec: &str, head: bool) -> io::Result<()> {
    let b = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message><RequestId>1</RequestId></Error>", ec, ec);
    send(w, code, &[("Content-Type", "application/xml".into())], b.as_bytes(), head, None)
}
fn range(h: Option<&String>, size: u64) -> Option<Result<(u64, u64), ()>> {
    let r = h?.strip_prefix("bytes=")?;
    let (a, b) = r.split_once('-')?;
    if a.is_empty() {
        let n: u64 = b.parse().ok()?;
        if n == 0 || size == 0 {
            return Some(Err(()));
        }
        return Some(Ok((size.saturating_sub(n), size - 1)));
    }
    let a: u64 = a.parse().ok()?;
    if a >= size {
        return Some(Err(()));
    }
    let e = if b.is_empty() { size - 1 } else { b.parse::<u64>().ok()?.min(size - 1) };
    if e < a {
        return None;
    }
    Some(Ok((a, e)))
}
fn list(st: &St, bucket: &str, q: &Req) -> Option<String> {
    let m = st.objs.read().unwrap();
    let b = m.get(bucket)?;
    let g = |k: &str| q.q.get(k).cloned().unwrap_or_default();
    let v2 = g("list-type") == "2";
    let (prefix, delim) = (g("prefix"), g("delimiter"));
    let max: usize = q.q.get("max-keys").and_then(|v| v.parse().ok()).unwrap_or(1000).min(1000);
    let marker = if v2 {
        if g("continuation-token").is_empty() {
            g("start-after")
        } else {
            g("continuation-token")
        }
    } else {
        g("marker")
    };
    let url = g("encoding-type") == "url";
    let e = |s: &str| if url { pct(s) } else { esc(s) };
    let (mut n, mut trunc, mut last) = (0usize, false, String::new());
    let (mut c, mut p) = (String::new(), String::new());
    let mut cur = if marker > prefix { marker.clone() } else { prefix.clone() };
    let mut excl = marker >= prefix && !marker.is_empty();
    // a marker that is a common prefix skips all below it
    if excl
        && !delim.is_empty()
        && marker.starts_with(&prefix)
        && marker.ends_with(&delim)
        && marker.len() > prefix.len()
    {
        cur = format!("{}\u{10FFFF}", marker);
    }
    'o: loop {
        let lo = if excl {
            std::ops::Bound::Excluded(cur.clone())
        } else {
            std::ops::Bound::Included(cur.clone())
        };
        let mut jumped = false;
        for (k, o) in b.range((lo, std::ops::Bound::Unbounded)) {
            if !k.starts_with(&prefix) {
                break 'o;
            }
            if !delim.is_empty() {
                if let Some(i) = k[prefix.len()..].find(&delim) {
                    if n >= max {
                        trunc = true;
                        break 'o;
                    }
                    let cp = &k[..prefix.len() + i + delim.len()];
                    p.push_str(&format!(
                        "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                        e(cp)
                    ));
                    n += 1;
                    last = cp.to_string();
                    cur = format!("{}\u{10FFFF}", cp);
                    excl = true;
                    jumped = true;
                    break;
                }
            }
            if n >= max {
                trunc = true;
                break 'o;
            }
            c.push_str(&format!("<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>", e(k), iso(o.mtime), o.etag, o.size));
            n += 1;
            last = k.clone();
        }
        if !jumped {
            break;
        }
    }
    let mut s = format!("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{}</Name><Prefix>{}</Prefix><MaxKeys>{}</MaxKeys><IsTruncated>{}</IsTruncated>", bucket, e(&prefix), max, trunc);
    if !delim.is_empty() {
        s.push_str(&format!("<Delimiter>{}</Delimiter>", e(&delim)));
    }
    if url {
        s.push_str("<EncodingType>url</EncodingType>");
    }
    if v2 {
        s.push_str(&format!("<KeyCount>{}</KeyCount>", n));
        if trunc {
            s.push_str(&format!("<NextContinuationToken>{}</NextContinuationToken>", esc(&last)));
        }
    } else {
        s.push_str(&format!("<Marker>{}</Marker>", e(&marker)));
        if trunc {
            s.push_str(&format!("<NextMarker>{}</NextMarker>", e(&last)));
        }
    }
    s.push_str(&c);
    s.push_str(&p);
    s.push_str("</ListBucketResult>");
    Some(s)
}
fn meta(q: &Req) -> Vec<(String, String)> {
    q.h.iter()
        .filter(|(k, _)| {
            k.starts_with("x-amz-meta-") || k.starts_with("x-cos-meta-") || *k == "content-type"
        })
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}
fn serve(st: &St, s: TcpStream) -> io::Result<()> {
    s.set_nodelay(true)?;
    let mut w = s.try_clone()?;
    let mut r = BufReader::with_capacity(256 << 10, s);
    while let Some(q) = read_req(&mut r)? {
        let body = read_body(&mut r, &mut w, &q)?;
        let head = q.method == "HEAD";
        let close = q.h.get("connection").map_or(false, |c| c.eq_ignore_ascii_case("close"));
        if let Some(cmd) = q.path.strip_prefix("/__") {
            let g = |k: &str| q.q.get(k).cloned().unwrap_or_default();
            match cmd {
                "zero" => {
                    st.stats.lock().unwrap().clear();
                    st.conns.store(0, Relaxed);
                }
                "clear" => {
                    st.objs.write().unwrap().values_mut().for_each(|b| b.clear());
                    st.ups.lock().unwrap().clear();
                }
                "plant" => {
                    let (n, sz): (u64, usize) =
                        (g("n").parse().unwrap_or(0), g("size").parse().unwrap_or(0));
                    let part = Arc::new(vec![b'x'; sz]);
                    let mut m = st.objs.write().unwrap();
                    let b = m.entry(g("bucket")).or_default();
                    for i in 0..n {
                        b.insert(
                            format!("{}f{:05}.dat", g("prefix"), i),
                            Arc::new(Obj {
                                parts: vec![part.clone()],
                                size: sz as u64,
                                etag: format!("{:032x}-1", i),
                                mtime: now(),
                                meta: vec![],
                            }),
                        );
                    }
                }
                _ => {}
            }
            let j = if cmd == "sha" {
                let m = st.objs.read().unwrap();
                let o = m.get(&g("bucket")).and_then(|b| b.get(&g("key")));
                format!("{{\"exists\":{},\"size\":{}}}", o.is_some(), o.map_or(0, |o| o.size))
            } else {
                let mut j: Vec<String> = st
                    .stats
                    .lock()
                    .unwrap()
                    .iter()
                    .map(|(k, v)| format!("\"{}\":{}", k, v))
                    .collect();
                j.push(format!("\"conns\":{}", st.conns.load(Relaxed)));
                j.push(format!("\"uploads_open\":{}", st.ups.lock().unwrap().len()));
                format!("{{{}}}", j.join(","))
            };
            send(&mut w, "200 OK", &[], j.as_bytes(), false, None)?;
            continue;
        }
        let host = q.h.get("host").cloned().unwrap_or_default();
        let first = host.split('.').next().unwrap_or("");
        let (bucket, key) = if host.contains('.')
            && first.contains('-')
            && !first.chars().next().map_or(true, |c| c.is_ascii_digit())
        {
            (first.to_string(), q.path[1..].to_string())
        } else {
            let p = &q.path[1..];
            match p.split_once('/') {
                Some((b, k)) => (b.to_string(), k.to_string()),
                None => (p.to_string(), String::new()),
            }
        };
        let has = |k: &str| q.q.contains_key(k);
        let op = match q.method.as_str() {
            "PUT" if has("partNumber") => {
                if q.h.contains_key("x-amz-copy-source") {
                    "PartCopy"
                } else {
                    "UploadPart"
                }
            }
            "PUT" => {
                if q.h.contains_key("x-amz-copy-source") || q.h.contains_key("x-cos-copy-source") {
                    "Copy"
                } else {
                    "Put"
                }
            }
            "GET" if key.is_empty() => {
                if has("location") || has("versioning") || has("acl") || has("uploads") {
                    "BucketMisc"
                } else {
                    "List"
                }
            }
            "GET" if has("acl") => "Acl",
            "GET" => "Get",
            "HEAD" => {
                if key.is_empty() {
                    "HeadBucket"
                } else {
                    "Head"
                }
            }
            "DELETE" => "Delete",
            "POST" if has("uploads") => "Create",
            "POST" if has("uploadId") => "Complete",
            "POST" if has("delete") => "DeleteMulti",
            _ => "Other",
        };
        *st.stats.lock().unwrap().entry(op.into()).or_insert(0) += 1;
        let etag = format!("{:032x}-1", st.n.fetch_add(1, Relaxed) + 1);
        let src = || -> Option<Arc<Obj>> {
            let c = q.h.get("x-amz-copy-source").or(q.h.get("x-cos-copy-source"))?;
            let c = unpct(c.split('?').next().unwrap(), false);
            let c = c.trim_start_matches('/');
            let (b, k) = c.split_once('/')?;
            let b = b.split('.').next().unwrap_or(b);
            st.objs.read().unwrap().get(b)?.get(k).cloned()
        };
        match op {
            "Put" if key.is_empty() => {
                st.objs.write().unwrap().entry(bucket).or_default();
                send(&mut w, "200 OK", &[], b"", false, None)?;
            }
            "Put" => {
                let o = Obj {
                    size: body.len() as u64,
                    parts: vec![Arc::new(body)],
                    etag: etag.clone(),
                    mtime: now(),
                    meta: meta(&q),
                };
                let old =
                    st.objs.write().unwrap().entry(bucket).or_default().insert(key, Arc::new(o));
                send(&mut w, "200 OK", &[("ETag", format!("\"{}\"", etag))], b"", false, None)?;
                drop(old);
            }
            "Copy" => match src() {
                None => err(&mut w, "404 Not Found", "NoSuchKey", false)?,
                Some(o) => {
                    let repl =
                        q.h.get("x-amz-metadata-directive")
                            .map_or(false, |d| d.eq_ignore_ascii_case("REPLACE"));
                    let n = Obj {
                        parts: o.parts.clone(),
                        size: o.size,
                        etag: etag.clone(),
                        mtime: now(),
                        meta: if repl { meta(&q) } else { o.meta.clone() },
                    };
                    st.objs.write().unwrap().entry(bucket).or_default().insert(key, Arc::new(n));
                    xml(&mut w, format!("<CopyObjectResult><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag></CopyObjectResult>", iso(now()), etag))?;
                }
            },
            "Create" => {
                let id = format!("up{}", st.n.fetch_add(1, Relaxed));
                st.ups.lock().unwrap().insert(
                    id.clone(),
                    Upload {
                        bucket: bucket.clone(),
                        key: key.clone(),
                        parts: BTreeMap::new(),
                        meta: meta(&q),
                    },
                );
                xml(&mut w, format!("<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>{}</Bucket><Key>{}</Key><UploadId>{}</UploadId></InitiateMultipartUploadResult>", bucket, esc(&key), id))?;
            }
            "UploadPart" | "PartCopy" => {
                let data = if op == "PartCopy" {
                    src()
                        .map(|o| {
                            let all: Vec<u8> =
                                o.parts.iter().flat_map(|p| p.iter().copied()).collect();
                            match range(q.h.get("x-amz-copy-source-range"), o.size) {
                                Some(Ok((a, e))) => all[a as usize..=e as usize].to_vec(),
                                _ => all,
                            }
                        })
                        .unwrap_or_default()
                } else {
                    body
                };
                let n: u32 = q.q["partNumber"].parse().unwrap_or(0);
                let mut u = st.ups.lock().unwrap();
                let ok = if let Some(u) = u.get_mut(q.q.get("uploadId").map_or("", |s| s)) {
                    u.parts.insert(n, (Arc::new(data), etag.clone()));
                    true
                } else {
                    false
                };
                drop(u);
                if !ok {
                    err(&mut w, "404 Not Found", "NoSuchUpload", false)?
                } else if op == "PartCopy" {
                    xml(&mut w, format!("<CopyPartResult><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag></CopyPartResult>", iso(now()), etag))?
                } else {
                    send(&mut w, "200 OK", &[("ETag", format!("\"{}\"", etag))], b"", false, None)?
                }
            }
            "Complete" => {
                let t = String::from_utf8_lossy(&body).into_owned();
                let up = st.ups.lock().unwrap().remove(&q.q["uploadId"]);
                match up {
                    None => err(&mut w, "404 Not Found", "NoSuchUpload", false)?,
                    Some(mut u) => {
                        let (mut parts, mut i, mut size, mut ok, mut prev) =
                            (vec![], 0, 0u64, true, 0u32);
                        while let Some((v, e)) = tag(&t, "PartNumber", i) {
                            i = e;
                            let n: u32 = v.trim().parse().unwrap_or(0);
                            if n <= prev {
                                ok = false;
                            }
                            prev = n;
                            match u.parts.remove(&n) {
                                Some((p, _)) => {
                                    size += p.len() as u64;
                                    parts.push(p)
                                }
                                None => ok = false,
                            }
                        }
                        // as S3: every part but the last is at least 5 MiB (COS: 1 MiB, taken here)
                        if parts.len() > 1
                            && parts[..parts.len() - 1].iter().any(|p| p.len() < 1 << 20)
                        {
                            ok = false;
                        }
                        if !ok || parts.is_empty() {
                            err(&mut w, "400 Bad Request", "InvalidPart", false)?
                        } else {
                            let o =
                                Obj { parts, size, etag: etag.clone(), mtime: now(), meta: u.meta };
                            let old = st
                                .objs
                                .write()
                                .unwrap()
                                .entry(u.bucket.clone())
                                .or_default()
                                .insert(u.key.clone(), Arc::new(o));
                            xml(&mut w, format!("<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Location>http://x/</Location><Bucket>{}</Bucket><Key>{}</Key><ETag>&quot;{}&quot;</ETag></CompleteMultipartUploadResult>", u.bucket, esc(&u.key), etag))?;
                            drop(old);
                        }
                    }
                }
            }
            "Get" | "Head" => {
                let o = st.objs.read().unwrap().get(&bucket).and_then(|b| b.get(&key).cloned());
                match o {
                    None => err(&mut w, "404 Not Found", "NoSuchKey", head)?,
                    Some(o) => {
                        let mut h: Vec<(&str, String)> = vec![
                            ("ETag", format!("\"{}\"", o.etag)),
                            ("Last-Modified", http_date(o.mtime)),
                            ("Accept-Ranges", "bytes".into()),
                        ];
                        if !o.meta.iter().any(|(k, _)| k == "content-type") {
                            h.push(("Content-Type", "application/octet-stream".into()));
                        }
                        for (k, v) in &o.meta {
                            h.push((k.as_str(), v.clone()));
                        }
                        match range(q.h.get("range"), o.size) {
                            Some(Err(())) => err(
                                &mut w,
                                "416 Requested Range Not Satisfiable",
                                "InvalidRange",
                                head,
                            )?,
                            x => {
                                let (a, e, code) = match x {
                                    Some(Ok((a, e))) => {
                                        h.push((
                                            "Content-Range",
                                            format!("bytes {}-{}/{}", a, e, o.size),
                                        ));
                                        (a, e + 1, "206 Partial Content")
                                    }
                                    _ => (0, o.size, "200 OK"),
                                };
                                let small = e - a <= 65536 && !head;
                                let mut buf = Vec::new();
                                if small {
                                    let mut p = 0u64;
                                    for x in &o.parts {
                                        let l = x.len() as u64;
                                        if p + l > a && p < e {
                                            buf.extend_from_slice(
                                                &x[a.max(p).saturating_sub(p) as usize
                                                    ..(e.min(p + l) - p) as usize],
                                            );
                                        }
                                        p += l;
                                    }
                                }
                                send(&mut w, code, &h, &buf, head, Some(e - a))?;
                                if !small && !head {
                                    let mut p = 0u64;
                                    for x in &o.parts {
                                        let l = x.len() as u64;
                                        if p + l > a && p < e {
                                            w.write_all(
                                                &x[a.max(p).saturating_sub(p) as usize
                                                    ..(e.min(p + l) - p) as usize],
                                            )?;
                                        }
                                        p += l;
                                    }
                                }
                            }
                        }
                    }
                }
            }
            "HeadBucket" => send(&mut w, "200 OK", &[], b"", true, None)?,
            "Acl" => xml(
                &mut w,
                "<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList><Grant>\
                 <Grantee><ID>me</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>\
                 </AccessControlList></AccessControlPolicy>"
                    .into(),
            )?,
            "BucketMisc" => xml(
                &mut w,
                if has("location") {
                    "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">us-east-1</LocationConstraint>".into()
                } else if has("versioning") {
                    "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>"
                        .into()
                } else {
                    "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>".to_string()
                },
            )?,
            "List" if bucket.is_empty() => {
                let v: String = st
                    .objs
                    .read()
                    .unwrap()
                    .keys()
                    .map(|b| {
                        format!(
                            "<Bucket><Name>{}</Name><CreationDate>{}</CreationDate></Bucket>",
                            b,
                            iso(now())
                        )
                    })
                    .collect();
                xml(
                    &mut w,
                    format!(
                        "<ListAllMyBucketsResult><Buckets>{}</Buckets></ListAllMyBucketsResult>",
                        v
                    ),
                )?
            }
            "List" => match list(st, &bucket, &q) {
                Some(s) => xml(&mut w, s)?,
                None => err(&mut w, "404 Not Found", "NoSuchBucket", false)?,
            },
            "Delete" => {
                if let Some(u) = q.q.get("uploadId") {
                    st.ups.lock().unwrap().remove(u);
                } else if let Some(b) = st.objs.write().unwrap().get_mut(&bucket) {
                    b.remove(&key);
                }
                send(&mut w, "204 No Content", &[], b"", false, None)?
            }
            "DeleteMulti" => {
                let t = String::from_utf8_lossy(&body).into_owned();
                let mut i = 0;
                let mut m = st.objs.write().unwrap();
                let mut s = String::new();
                while let Some((k, e)) = tag(&t, "Key", i) {
                    i = e;
                    if let Some(b) = m.get_mut(&bucket) {
                        b.remove(&k.replace("&amp;", "&"));
                    }
                    s.push_str(&format!("<Deleted><Key>{}</Key></Deleted>", k));
                }
                drop(m);
                xml(&mut w, format!("<DeleteResult>{}</DeleteResult>", s))?
            }
            _ => err(&mut w, "501 Not Implemented", "NotImplemented", head)?,
        }
        if close {
            break;
        }
    }
    Ok(())
}
fn main() {
    let a = std::env::args().nth(1).unwrap_or("127.0.0.1:9000".into());
    let b = std::env::args().nth(2).unwrap_or("test-1250000000".into());
    let st: &'static St = Box::leak(Box::new(St::default()));
    st.objs.write().unwrap().insert(b, BTreeMap::new());
    let l = TcpListener::bind(&a).expect("bind");
    eprintln!("mems3 on {}", a);
    for s in l.incoming() {
        if let Ok(s) = s {
            st.conns.fetch_add(1, Relaxed);
            let _ = std::thread::Builder::new().stack_size(256 << 10).spawn(move || {
                let _ = serve(st, s);
            });
        }
    }
}
