//! The pure parts that run once for every command and every name of a listing.
#![allow(clippy::unwrap_used, reason = "a bench that panics fails")]

use std::hint::black_box;

use cos_ftp_server::protocol::{
    LineDecoder, ListStyle, ListingFormat, MlstFacts, Rights, nlst_prefix,
};
use cos_ftp_server::vfs::{Entry, Metadata};
use criterion::{Criterion, Throughput};
use time::macros::datetime;

/// Entries of one page of a listing, as a bucket answers it.
const PAGE: usize = 1000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    line_decoder(&mut criterion);
    listing_lines(&mut criterion);
    criterion.final_summary();
}

/// Commands as a client sends them ahead: 64 at once, in one segment and byte by byte.
fn line_decoder(criterion: &mut Criterion) {
    let commands = "RETR /archive/2024/08/a file of some length.tar.gz\r\n".repeat(64);
    let mut group = criterion.benchmark_group("line_decoder");
    group.throughput(Throughput::Bytes(commands.len() as u64));
    for (name, segment) in [("one segment", commands.len()), ("byte by byte", 1)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut decoder = LineDecoder::new();
                for bytes in commands.as_bytes().chunks(segment) {
                    decoder.feed(black_box(bytes));
                    while let Some(line) = decoder.next_line() {
                        black_box(line);
                    }
                }
            });
        });
    }
    group.finish();
}

/// The lines of one page, into a buffer that is there already.
fn listing_lines(criterion: &mut Criterion) {
    let entries: Vec<Entry> = (0..PAGE).map(entry).collect();
    let mut group = criterion.benchmark_group("listing_lines");
    group.throughput(Throughput::Elements(PAGE as u64));
    for (name, style) in
        [("LIST", ListStyle::List), ("NLST", ListStyle::Nlst), ("MLSD", ListStyle::Mlsd)]
    {
        let format = ListingFormat {
            style,
            name_prefix: nlst_prefix("archive"),
            now: datetime!(2024-09-01 00:00 UTC),
            rights: Rights { read: true, write: true, delete: true },
            facts: MlstFacts::default(),
        };
        let mut lines = Vec::with_capacity(256 * PAGE);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                lines.clear();
                for entry in black_box(&entries) {
                    format.write_line(&mut lines, entry);
                }
                lines.len()
            });
        });
    }
    group.finish();
}

/// Files, recent and old, and a directory at every tenth place.
fn entry(number: usize) -> Entry {
    let modified = if number.is_multiple_of(2) {
        datetime!(2024-08-01 12:30 UTC)
    } else {
        datetime!(2019-01-02 03:04 UTC)
    };
    let metadata = if number.is_multiple_of(10) {
        Metadata::directory(None)
    } else {
        Metadata::file(number as u64 * 4096, Some(modified))
    };
    Entry { name: format!("picture-{number:05}.jpeg"), metadata }
}
