//! Where the next page of a listing begins is told while the present one still comes.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use cos_ftp_server::store::cos::{CosOptions, CosStore};
use cos_ftp_server::store::{
    ErrorKind, FileTree, ListPage, ListRequest, ObjectStore, PageToken, StoreError,
};
use cos_ftp_server::vfs::FtpPath;

use crate::store_cos::scripted::{Scripted, answer};
use crate::store_cos::{names, options};

/// More than the client waits for at a time.
const KEYS: usize = 1000;

#[test]
fn the_next_page_can_be_asked_for_before_this_one_has_come() {
    let (release, released) = channel();
    let address = serve(move |mut connection| {
        // The keys come only when the client has told where they end.
        send(&mut connection, &page("k0999", true), Some(&released), usize::MAX);
    });
    let (page, told) = list_ahead(&address, || release.send(()).unwrap());
    let page = page.unwrap();
    assert_eq!(told, [PageToken("k0999".to_owned())]);
    assert_eq!((page.entries.len(), page.next), (KEYS, Some(PageToken("k0999".to_owned()))));
}

#[test]
fn a_store_that_names_no_marker_first_is_heard_to_the_end() {
    let address = serve(|mut connection| {
        send(&mut connection, &page("k0999", false), None, usize::MAX);
    });
    let (page, told) = list_ahead(&address, || {});
    assert_eq!((page.unwrap().next, told), (Some(PageToken("k0999".to_owned())), vec![]));
}

#[test]
fn a_page_that_ends_elsewhere_when_it_is_asked_for_again_is_an_error() {
    let mut markers = ["k0999", "k0998"].into_iter();
    let address = serve(move |mut connection| {
        let (marker, end) = match markers.next() {
            Some("k0999") => ("k0999", 100 * 1024),
            marker => (marker.unwrap_or("k0998"), usize::MAX),
        };
        send(&mut connection, &page(marker, true), None, end);
    });
    let (page, told) = list_ahead(&address, || {});
    assert_eq!(told, [PageToken("k0999".to_owned())], "told once");
    assert_eq!(page.unwrap_err().kind, ErrorKind::Unavailable);
}

#[test]
fn a_connection_opened_ahead_carries_the_next_request() {
    let (tell, told) = channel();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let answers = thread::spawn(move || {
        let accept = || {
            let connection = listener.accept().unwrap().0;
            tell.send(()).unwrap();
            connection
        };
        // Closed after its answer.
        send(&mut accept(), &page("k0999", true), None, usize::MAX);
        let mut ahead = accept();
        send(&mut ahead, &page("k0998", true), None, usize::MAX);
    });
    let store = CosStore::connect(CosOptions { endpoint, ..options("bucket") }).unwrap();
    store.connect_ahead();
    assert!(told.try_recv().is_err(), "nobody knows yet where to");
    let request = ListRequest {
        directory: &FtpPath::root(),
        name_prefix: "",
        after: None,
        with_times: false,
    };
    assert_eq!(store.list(&request, None).unwrap().next, Some(PageToken("k0999".to_owned())));
    told.recv().unwrap();
    store.connect_ahead();
    told.recv().unwrap();
    assert_eq!(store.list(&request, None).unwrap().next, Some(PageToken("k0998".to_owned())));
    answers.join().unwrap();
    assert!(told.try_recv().is_err(), "another connection was opened");
}

/// The pages of a store that names them as it likes, and shows on the second what ended the first.
fn named_pages(script: &'static [(&'static str, &'static str)]) -> Scripted {
    Scripted::acting(move |head| {
        if head.starts_with("head ") {
            // No file hides a directory.
            return Some(answer("404 Not Found", "", ""));
        }
        let at = |marker: &str| head.contains(&format!("marker={marker}&"));
        let asked = script.iter().position(|(marker, _)| !marker.is_empty() && at(marker));
        Some(answer("200 OK", "", script[asked.unwrap_or(0)].1))
    })
}

#[test]
fn what_names_the_next_page_is_in_no_order_and_what_was_shown_is_not_shown_again() {
    let script = named_pages(&[
        (
            "",
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>f0</NextMarker>\
             <Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>",
        ),
        (
            "f0",
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>b/</NextMarker>\
             <CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes></ListBucketResult>",
        ),
        (
            "b%2f",
            "<ListBucketResult><IsTruncated>false</IsTruncated>\
             <CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>\
             <Contents><Key>b-1</Key><Size>1</Size></Contents></ListBucketResult>",
        ),
    ]);
    let store =
        CosStore::connect(CosOptions { endpoint: script.endpoint.clone(), ..options("bucket") })
            .unwrap();
    assert_eq!(names(&store, "/"), ["a", "b/", "b-1"]);
}

#[test]
fn a_page_that_leads_to_itself_is_an_error() {
    let page = "<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>f0</NextMarker>\
        <Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>";
    let script = Scripted::acting(move |_| Some(answer("200 OK", "", page)));
    let endpoint = script.endpoint.clone();
    let store = CosStore::connect(CosOptions { endpoint, ..options("bucket") }).unwrap();
    let directory = FtpPath::root();
    let after = PageToken("f0".to_owned());
    let request = ListRequest {
        directory: &directory,
        name_prefix: "",
        after: Some(&after),
        with_times: false,
    };
    assert_eq!(store.list(&request, None).unwrap_err().kind, ErrorKind::Other);
}

/// Lists the root of a bucket there, and returns what was told ahead besides; `on_told` runs when
/// something is.
fn list_ahead(address: &str, on_told: impl Fn()) -> (Result<ListPage, StoreError>, Vec<PageToken>) {
    let endpoint = address.to_owned();
    let store = CosStore::connect(CosOptions { endpoint, ..options("bucket") }).unwrap();
    let directory = FtpPath::root();
    let request =
        ListRequest { directory: &directory, name_prefix: "", after: None, with_times: false };
    let mut told = Vec::new();
    let page = store.list(
        &request,
        Some(&mut |next| {
            told.push(next.clone());
            on_told();
        }),
    );
    (page, told)
}

/// A page of keys that is not the last, with its marker before or behind them.
fn page(marker: &str, marker_first: bool) -> String {
    let keys: String = (0..KEYS)
        .map(|n| {
            format!("<Contents><Key>k{n:04}</Key><Size>1</Size><ETag>\"{n:090}\"</ETag></Contents>")
        })
        .collect();
    let marker = format!("<NextMarker>{marker}</NextMarker>");
    let (before, behind) = if marker_first { (&*marker, "") } else { ("", &*marker) };
    format!(
        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
         {before}{keys}{behind}</ListBucketResult>"
    )
}

/// Sends `text` up to byte `end`; the second half of it when `released` says so.
fn send(connection: &mut TcpStream, text: &str, released: Option<&Receiver<()>>, end: usize) {
    let mut line = String::new();
    let mut request = BufReader::new(connection.try_clone().unwrap());
    while request.read_line(&mut line).unwrap() > 2 {
        line.clear();
    }
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
    connection.write_all(head.as_bytes()).unwrap();
    let text = &text.as_bytes()[..end.min(text.len())];
    let (first, second) = text.split_at(text.len() / 2);
    connection.write_all(first).unwrap();
    if let Some(released) = released {
        released.recv().unwrap();
    }
    connection.write_all(second).unwrap();
}

/// Gives each connection to `answer`, which closes it. Its thread ends with the process.
fn serve(mut answer: impl FnMut(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for connection in listener.incoming() {
            answer(connection.unwrap());
        }
    });
    address
}
