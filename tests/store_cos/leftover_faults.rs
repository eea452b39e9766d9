use std::thread;
use std::time::Duration;

use cos_ftp_server::store::cos::{CosOptions, CosStore};
use cos_ftp_server::store::{Cancel, Multipart, StoreError};

use crate::store_cos::injector::{Fault, Injector, Request, Rule};
use crate::store_cos::rgw::Rgw;
use crate::store_cos::{at, options, store};

/// What the search for unfinished uploads asks of the store.
const REQUESTS: [Request; 3] =
    [Request::ListMultipartUploads, Request::ListParts, Request::AbortMultipartUpload];

/// What passes when it happens once.
const FAULTS: [Fault; 11] = [
    Fault::RefuseEarly(500, "InternalError"),
    Fault::Refuse(503, "SlowDown"),
    Fault::Refuse(400, "RequestTimeout"),
    Fault::Refuse(409, "PathConflict"),
    Fault::ResetBeforeReply,
    Fault::ResetInAnswer(50),
    Fault::Stall,
    Fault::ErrorIn200("InternalError"),
    Fault::LoseAnswer,
    Fault::Latency(Duration::from_millis(100)),
    Fault::Stale,
];

/// Finds all unfinished uploads and aborts them.
fn sweep(store: &CosStore) -> Result<usize, StoreError> {
    let found = store.silent_uploads(Duration::ZERO, None, &Cancel::new())?;
    for silent in &found.uploads {
        store.abort_multipart_upload(&silent.upload)?;
    }
    Ok(found.uploads.len())
}

/// What is not known for sure is not aborted, and what could not be done is told.
#[test]
fn the_search_for_unfinished_uploads_survives_every_fault() {
    thread::scope(|scope| {
        for request in REQUESTS {
            for fault in FAULTS {
                scope.spawn(move || survive(request, fault));
            }
        }
    });
}

fn survive(request: Request, fault: Fault) {
    let told = format!("{request:?} {fault:?}");
    let (rgw, bucket) = (Rgw::shared(), Rgw::shared().new_bucket());
    let injector = Injector::before(rgw.endpoint());
    let mut through = CosOptions { endpoint: injector.endpoint(), ..options(&bucket) };
    through.timeouts.response = Duration::from_secs(2);
    through.timeouts.retry_total = Duration::from_secs(3);
    let through = CosStore::connect(through).unwrap();
    // A connection that has served before, for the fault that needs one.
    through.probe().unwrap();
    let begin = || store(&bucket).create_multipart_upload(&at("/f")).unwrap();

    begin();
    injector.inject(Rule::new(request, fault).times(1));
    assert_eq!(sweep(&through).ok(), Some(1), "{told}");
    assert!(rgw.s3_list_uploads(&bucket).is_empty(), "{told}");
    assert!(injector.struck() == 1 || fault == Fault::Stale, "{told}: never struck");
    injector.heal();

    begin();
    injector.inject(Rule::new(request, fault));
    let swept = sweep(&through);
    let has_body = request != Request::AbortMultipartUpload;
    let passes = match fault {
        Fault::Latency(_) | Fault::Stale => true,
        Fault::ResetInAnswer(_) => !has_body,
        _ => false,
    };
    let is_aborted = request == Request::AbortMultipartUpload && fault == Fault::LoseAnswer;
    let is_found_gone = is_aborted && swept.is_ok();
    assert_eq!(swept.is_ok(), passes || is_found_gone, "{told}: {swept:?}");
    let left = rgw.s3_list_uploads(&bucket).len();
    assert_eq!(left, usize::from(!passes && !is_aborted), "{told}");
}
