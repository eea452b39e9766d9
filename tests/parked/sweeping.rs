use std::io::Write;

use super::{Cut, MIB, SENT, cut_upload, offset, parking};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

/// The sweeper has looked at the first of two and waits for the answer about the second, when a
/// client goes on with the first: by the same server, or by another.
#[test]
fn what_is_gone_on_with_at_that_moment_is_not_swept_away() {
    for by_the_same in [true, false] {
        let first = parking().start();
        let (gateway, bucket) = (Rgw::shared(), first.stored().bucket().to_owned());
        let whole = noise(61, 64 * MIB);
        cut_upload(&first, "STOR", "a", &whole[..SENT], Cut::DataReset);
        cut_upload(&first, "STOR", "b", &whole[..SENT], Cut::DataReset);
        let parts = gateway.s3_list_parts(&bucket, "a").len();
        // Longer than the silence that the sweeper waits for.
        for _ in 0..5 {
            gateway.let_a_second_pass(&bucket);
        }
        let injector = Injector::before(gateway.endpoint());
        let held = Rule::new(Request::ListParts, Fault::HoldAnswer).key("b");
        injector.inject(held.times(1));
        let sweeping = Setup::bucket_named(&bucket, &injector.endpoint())
            .option("log_level", "DEBUG")
            .operations("abort_unfinished_after", "4")
            .start();
        injector.wait_for_stalls(1);
        let serving = if by_the_same { &sweeping } else { &first };
        let mut ftp = Ftp::login(serving);
        let sent = offset(&mut ftp, "a");
        let data = ftp.passive();
        ftp.expect(&format!("REST {sent}"), "350 ");
        ftp.expect("STOR a", "150 ");
        let mut stream = data.open();
        let middle = 63 * MIB;
        stream.write_all(&whole[sent..middle]).expect("the server takes the data");
        if !by_the_same {
            // What is new tells the others.
            gateway.wait_for_parts(&bucket, "a", parts + 1);
        }
        injector.heal();
        sweeping.wait_for_log("1 aborted, 0 could not be, 1 left alone");
        stream.write_all(&whole[middle..]).expect("the server takes the data");
        drop(stream);
        ftp.expect_reply("226 ");
        first.stored().expect("a", &whole);
        assert_eq!(first.stored().unfinished_uploads(), [""; 0]);
    }
}
