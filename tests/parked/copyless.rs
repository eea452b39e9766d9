//! A bucket with metadata acceleration, which copies nothing: what is parked there needs no copy.

use super::{Cut, SENT, WHOLE, cut_upload, offset};
use crate::support::ftp::Ftp;
use crate::support::ofs::Ofs;
use crate::support::rgw::Rgw;
use crate::support::scripted::{Act, Scripted};
use crate::support::server::Setup;
use crate::support::stored::noise;

#[test]
fn what_replaces_an_older_file_is_gone_on_with() {
    let (bucket, gateway) = (Rgw::shared().new_bucket(), Rgw::shared().endpoint().to_owned());
    let ofs = Ofs::of(&bucket);
    let script =
        Scripted::acting(move |head| ofs.act(head).or_else(|| Some(Act::Forward(gateway.clone()))));
    let server = Setup::bucket_named(&bucket, &script.endpoint)
        .account_key("cos_bucket_arch", "ofs")
        .option("partial_upload", "park")
        .start();
    let whole = noise(41, WHOLE);
    server.stored().put_early(["file".to_owned()], b"earlier");
    cut_upload(&server, "STOR", "file", &whole[..SENT], Cut::BothReset);
    let mut ftp = Ftp::login(&server);
    let sent = offset(&mut ftp, "file");
    assert!(sent > 7, "{sent}");
    ftp.expect(&format!("REST {sent}"), "350 ");
    ftp.store("STOR file", &whole[sent..]);
    server.stored().expect("file", &whole);
}
