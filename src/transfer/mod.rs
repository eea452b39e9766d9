//! Moving bytes between a data connection and a store: the block pipe, both directions.
//!
//! A transfer runs in its session's thread, which blocks in one place: on the control connection,
//! the data connection and a wake at once. Requests to the store run in workers. Knows no FTP
//! verb, no reply code and no S3.

mod ascii;
mod block;
mod budget;
mod concurrency;
mod control;
mod download;
mod earlier;
mod ending_threads;
mod failure;
mod job;
mod job_threads;
mod left;
mod memory;
mod options;
mod pages;
mod pool;
mod progress;
mod receipt;
mod refill;
mod schedule;
mod send;
mod throttle;
mod unread;
mod upload;
mod upload_target;
mod waiting;
mod worker;

pub use budget::{Budget, Lease, Request};
pub use control::{Control, Directive, Interruption, Patience};
pub use download::{Download, DownloadRequest, Downloads};
pub use earlier::{EarlierUpload, EarlierUploads};
pub use ending_threads::EndingThreads;
pub use failure::{Incomplete, Kept, TransferError, TransferReport, Verdict};
pub use left::{DueUpload, LeftUpload, LeftUploads};
pub use options::{Conversion, PartialUpload, Resources, TransferOptions};
pub use pages::{Listing, ListingPages};
pub use progress::Progress;
pub use schedule::Schedule;
pub use send::DataSender;
pub use throttle::{RateLimits, Rates, Throttle};
pub use upload::{OverFiles, ParkedAmong, Plan, Upload, UploadRequest, WriteMode};
