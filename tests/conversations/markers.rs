//! Names of Hadoop's markers: what is stored so, and empty, would be a directory.

use crate::support::ftp::Ftp;
use crate::support::rgw::Rgw;
use crate::support::server::Setup;

#[test]
fn nothing_is_stored_under_the_name_of_a_hadoop_marker() {
    let setup = Setup::bucket();
    let bucket = setup.bucket_name().to_owned();
    let server = setup.start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR plain", b"");
    for command in ["STOR x_$folder$", "APPE x_$folder$"] {
        ftp.store_refused(command, "553");
    }
    ftp.play(&[
        ("RNFR plain", "350"),
        ("RNTO x_$folder$", "553"),
        ("SIZE plain", "213 0"),
        // Directories of such names would not be found again by tools that know the marker.
        ("MKD x_$folder$", "553"),
        ("MKD d", "257"),
        ("RNFR d", "350"),
        ("RNTO x_$folder$", "553"),
        ("RMD d", "250"),
    ]);
    // The beginning of the name is no directory's.
    ftp.store("STOR _$folder$", b"");
    assert_eq!(Rgw::shared().s3_list(&bucket, ""), ["_$folder$", "plain"]);
}

/// Hadoop's markers mean nothing on a disk.
#[test]
fn names_of_hadoops_markers_are_names_like_others_in_a_local_directory() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR x_$folder$", b"");
    ftp.play(&[("SIZE x_$folder$", "213 0"), ("MKD z_$folder$", "257"), ("CWD x", "550")]);
    let mut names = ftp.list("NLST");
    names.sort();
    assert_eq!(names, ["x_$folder$", "z_$folder$"]);
}

#[test]
fn no_file_takes_the_name_of_a_directory_that_only_hadoops_marker_stands_for() {
    let setup = Setup::bucket();
    let bucket = setup.bucket_name().to_owned();
    Rgw::shared().s3_put(&bucket, "h_$folder$", b"");
    let server = setup.start();
    let mut ftp = Ftp::login(&server);
    // Of the bucket nothing is known at first, then that this is a directory.
    ftp.store_refused("STOR h", "550");
    ftp.store_refused("STOR h", "550");
    assert_eq!(ftp.list("NLST"), ["h"]);
    ftp.store_refused("STOR h", "550");
    assert_eq!(Rgw::shared().s3_list(&bucket, ""), ["h_$folder$"]);
}
