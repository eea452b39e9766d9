//! Every maximum of the server that no key changes, with its reason. What an operator may change is
//! a row of the table in `config/keys`, and so is its default.

mod events;
mod login;
mod monitor;
mod operator;
mod scan;
mod tls;

pub use events::*;
pub use login::*;
pub use monitor::*;
pub use operator::*;
pub use scan::*;
pub use tls::*;

use std::time::Duration;

/// Longest command line, terminator included. RFC 959 sets none; a path as long as a key may be,
/// quoted by a client that doubles quotes, fits twice.
pub const COMMAND_LINE_BYTES: usize = 4096;

/// A line that goes on for so long is no mistake: the connection is ended.
pub const ENDLESS_LINE_BYTES: usize = 512 * 1024;

/// Commands a client may send ahead of their replies; more are read when these are answered.
pub const PIPELINED_COMMANDS: usize = 64;

/// Reads from a control connection in a row, of [`COMMAND_LINE_BYTES`] each: enough for
/// [`PIPELINED_COMMANDS`] of the longest. Then deadlines are looked at again.
pub const CONTROL_READS: usize = PIPELINED_COMMANDS;

/// Longest object key of COS in UTF-8 bytes (COS: product document 436/14518).
pub const COS_KEY_BYTES: usize = 850;

/// Longest object key of every other S3 store, and of any store.
pub const KEY_BYTES: usize = 1024;

/// One block of a part buffer. Large enough that a `readv` over a few of them costs little per
/// byte, small enough that the first of them is all a small file ever takes.
pub const BLOCK_BYTES: usize = 256 * 1024;

/// What an upload begins with, beside `buffer_memory`: clients that send little and stand still
/// hold nothing of it. A part of [`SESSION_FIXED_BYTES`].
pub const BEGINNING_BYTES: usize = 16 * 1024;

/// Buffers of this size and more are mapped, smaller ones allocated: a mapping costs a few
/// microseconds.
pub const LEAST_MAPPING_BYTES: usize = 64 * 1024;

/// What of the mapped blocks waits for the next transfer, beside what running ones hold: the part
/// buffers of a few uploads of middle size.
pub const SPARE_BYTES: usize = 32 * 1024 * 1024;

/// How long they wait at least when no transfer runs any more: longer than a client takes between
/// two files. Twice that and [`HOUSEKEEPING_INTERVAL`] are the most.
pub const SPARE_TIME: Duration = Duration::from_secs(1);

/// How often the server looks for what it holds and nobody needs.
pub const HOUSEKEEPING_INTERVAL: Duration = Duration::from_secs(10);

/// What is mapped at most; beyond it data stands in allocated memory. In blocks of 256 KiB this is
/// a quarter of the mappings a process may have by default (`vm.max_map_count`), of which threads
/// need some, too.
pub const MAPPED_BYTES: usize = 4 * 1024 * 1024 * 1024;

/// Blocks one `readv` fills at most (1 MiB a call).
pub const BLOCKS_PER_READ: usize = 4;

/// What one copy step of a download moves: below this the system-call cost shows.
pub const DOWNLOAD_CHUNK_BYTES: usize = 256 * 1024;

/// What a download needs of `buffer_memory`, unless it is shorter: its copy step, and some for what
/// its connection to the store reads into.
pub const DOWNLOAD_RESERVE_BYTES: usize = 2 * DOWNLOAD_CHUNK_BYTES;

/// What a page of a listing takes of `buffer_memory`: 1000 of the longest names, as the store tells
/// them, as entries and as text.
pub const LISTING_PAGE_BYTES: usize = 1280 * 1024;

/// How long a listing waits for that before it is refused: below the shortest patience of clients.
pub const LISTING_WAIT: Duration = Duration::from_secs(10);

/// Parts of one multipart upload (COS and S3).
pub const PARTS_PER_UPLOAD: u32 = 10_000;

/// Smallest part COS takes, except the last (COS: 436/14518).
pub const COS_MIN_PART_BYTES: u64 = 1024 * 1024;

/// Smallest part every other S3 store takes, except the last.
pub const S3_MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// Largest part, and the largest range one server-side copy moves (COS and S3).
pub const MAX_PART_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// Where the schedule of part sizes starts.
pub const FIRST_PART_BYTES: u64 = 5 * 1024 * 1024;

/// What an upload needs of `buffer_memory` to begin: its first part, and a block to read into.
pub const UPLOAD_RESERVE_BYTES: u64 = FIRST_PART_BYTES + BLOCK_BYTES as u64;

/// All the memory one upload may hold for data where `part_buffer_size` is not set and the schedule
/// of part sizes needs no more.
pub const PART_BUFFER_BYTES: u64 = 20 * 1024 * 1024;

/// Requests of one transfer that run at once before anything is known of the store: parts of an
/// upload, ranges ahead of a download. Near a store more of them move no more.
pub const FIRST_WORKERS: usize = 4;

/// What each worker beyond these takes of `buffer_memory`, for the buffers of its connection (see
/// [`IDLE_STORE_CONNECTIONS`]): where less than half of it is free, there are no more of them.
pub const MORE_WORKER_BYTES: u64 = 600 * 1024;

/// Connections to one bucket kept open for the next request. Each holds its buffers while it idles:
/// 80 KiB, 600 KiB after it has moved large objects to a client or, with TLS, either way.
pub const IDLE_STORE_CONNECTIONS: usize = 64;

/// How long a connection to a store may idle before it is not trusted any more. COS closes idle
/// connections after about a minute, balancers in between earlier.
pub const IDLE_STORE_CONNECTION_AGE: Duration = Duration::from_secs(45);

/// What the default of `buffer_memory` takes at most of the memory that is available at start, in
/// per cent: with the sessions' own it stays below [`PLANNED_MEMORY_PERCENT`].
pub const BUFFER_MEMORY_PERCENT_OF_AVAILABLE: u64 = 40;

/// Least `buffer_memory`: the first part of one upload and some blocks of others.
pub const LEAST_BUFFER_MEMORY_BYTES: u64 = 8 * 1024 * 1024;

/// What `config_check_enable` lets the server plan to use of the memory that is available at
/// start, in per cent (the replaced tool's share).
pub const PLANNED_MEMORY_PERCENT: u64 = 60;

/// Descriptors a connection stands for in the check at start: itself, and in a transfer its wake
/// and connections to the store.
pub const DESCRIPTORS_PER_CONNECTION: u64 = 3;

/// Threads that copy and delete for all renamings, and ask for the times of all listings, beside
/// the sessions' own, each with a connection to its store: two directories at full speed.
pub const POOL_THREADS: usize = 32;

/// Descriptors the process has beside those of its connections: listeners, log, signals, idle
/// connections to the stores, those of the pool, wakes of threads that wait for a session.
pub const SPARE_DESCRIPTORS: u64 = 96 + POOL_THREADS as u64 + RESTING_THREADS as u64;

/// Threads the process has beside those of its sessions: listeners, signals, main, the next
/// session's, the pool.
pub const SPARE_THREADS: u64 = 16 + POOL_THREADS as u64;

/// How long an upload that adds to a file waits for another session that does so, too: below the
/// shortest patience of clients, which wait for the 150 (FileZilla: 20 s).
pub const APPEND_TURN_WAIT: Duration = Duration::from_secs(10);

/// How long an upload waits for its part of `buffer_memory` before it is refused.
pub const BUFFER_WAIT: Duration = Duration::from_secs(60);

/// After how much silence of its client an upload gives back the memory it does not hold data in:
/// others may be waiting for it, and a client that pauses so long is not slowed down by asking
/// again.
pub const BUFFER_RETENTION: Duration = Duration::from_secs(1);

/// How long an upload that has all the memory of a part may bring less than [`STANDSTILL_BYTES`] of
/// its data while others wait for memory.
pub const STANDSTILL: Duration = Duration::from_secs(20);

/// How long a client may take less than that of a download or listing while others wait. Its kernel
/// tells nothing of what it reads until half of what it holds is read: 64 KiB and more.
pub const UNREAD: Duration = Duration::from_secs(45);

/// How often that is looked at.
pub const UNREAD_PAUSE: Duration = Duration::from_secs(5);

/// What a client brings or takes in that time that does not stand still. The slowest modems, at
/// 1 KB/s, bring five times as much.
pub const STANDSTILL_BYTES: u64 = 4 * 1024;

/// Stack of a thread: any may run the HTTP client and TLS. Address space, not memory: pages are
/// taken when touched.
pub const THREAD_STACK_BYTES: usize = 512 * 1024;

/// What a session costs beside its part buffer, for the memory check at start: the touched part
/// of its stack, the control line's buffers, the beginning of an upload, kernel socket buffers.
pub const SESSION_FIXED_BYTES: u64 = 128 * 1024;

/// How long PASV waits for a free passive port before it answers 425.
pub const PASSIVE_PORT_WAIT: Duration = Duration::from_secs(2);

/// How long a client that wants to be told the public address of the machine waits for the first
/// answer to what that is.
pub const PUBLIC_ADDRESS_WAIT: Duration = Duration::from_secs(3);

/// How often the public address is asked for.
pub const PUBLIC_ADDRESS_INTERVAL: Duration = Duration::from_secs(300);

/// How soon it is asked for again after nobody has answered.
pub const PUBLIC_ADDRESS_RETRY: Duration = Duration::from_secs(15);

/// How long one answer may take: the service is a part of the machine's own host.
pub const PUBLIC_ADDRESS_PATIENCE: Duration = Duration::from_secs(5);

/// Longest PROXY header. One without options takes at most 107 bytes in version 1 and 52 in
/// version 2; options, such as a TLS client's name, are skipped.
pub const PROXY_HEADER_BYTES: usize = 4096;

/// How long a balancer may take for its PROXY header, which it sends before anything else: time
/// for a lost packet to be sent again (the protocol's document asks for at least 3 s).
pub const PROXY_HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// So far in front of what is parked may a client go on: wput goes back 512 bytes, and programs
/// with windows let their users choose. What it sends of that is there already.
pub const RESUME_BACK_BYTES: u64 = 64 * 1024;

/// What of it is read at once, on the stack.
pub const REPEATED_READ_BYTES: usize = 16 * 1024;

/// How long an upload waits, in all, for bytes that were on their way when its control connection
/// ended or ABOR came: longer than a round trip, short for a client that is gone.
pub const LAST_BYTES_WAIT: Duration = Duration::from_millis(500);

/// How many bytes it takes then at most: more than the sockets of both ends hold together.
pub const LAST_BYTES: u64 = 64 * 1024 * 1024;

/// How long an upload that ends before what ALLO had announced waits for another sign that its
/// client was cut off: a killed client's connections end together, but for lost packets.
pub const SHORT_FILE_WAIT: Duration = Duration::from_millis(200);

/// How long a client may refuse to take a reply before it counts as gone.
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a session whose client takes no reply looks whether the server stops.
pub const REPLY_WAIT_STEP: Duration = Duration::from_millis(100);

/// How often a client hears that the store is at work, when that takes minutes for good reasons:
/// soon enough for clients that wait 15 s.
pub const SIGN_OF_LIFE_INTERVAL: Duration = Duration::from_secs(10);

/// Names that an upload is given while each of them is taken by somebody who is faster.
pub const FREE_NAME_ATTEMPTS: u32 = 100;

/// Names STOU tries before it gives up.
pub const UNIQUE_NAME_ATTEMPTS: u32 = 10;

/// How long a client may try no login before another may have its place, when those that are not
/// logged in are too many: a few round trips of a slow client.
pub const SILENCE_BEFORE_LOGIN: Duration = Duration::from_secs(1);

/// How long a transfer waits for the places of silent clients that have to make room for it.
pub const MAKE_ROOM_WAIT: Duration = Duration::from_secs(1);

/// What one of them takes to leave.
pub const MAKE_ROOM_PAUSE: Duration = Duration::from_millis(10);

/// Longest name of a user that has a place of its own in a store, in bytes: two of them fit into
/// half of what is left of a key.
pub const USER_NAME_BYTES: usize = 64;

/// Characters that the log shows of a name that nobody may have.
pub const LOGGED_NAME_CHARS: usize = 64;

/// The same of the subject of a client's certificate, which has several fields.
pub const LOGGED_SUBJECT_CHARS: usize = 256;

/// Bytes of a certificate's serial number, the most that there may be (RFC 5280 4.1.2.2).
pub const SERIAL_BYTES: usize = 20;

/// How often the log tells of each source what it can bring about as often as it likes.
pub const REPEAT_INTERVAL: Duration = Duration::from_secs(60);

/// Sources and doings that the log is told of one by one; more share a line.
pub const TOLD_SUBJECTS: usize = 1024;

/// How long a read of a control connection waits by itself, where nothing else is waited for: one
/// call of the kernel instead of two. A session whose client is silent for longer waits on without.
pub const CONTROL_READ_WAIT: Duration = Duration::from_secs(30);

/// TCP keepalive on control and data sockets: NAT devices forget idle flows after 5 to 15 min.
pub const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);

/// Interval of the keepalive probes after the first.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// What the accept loop pauses when the machine is out of descriptors or memory.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Threads whose session has ended and that wait for another, at most: as many as sessions begin at
/// the same time where cameras log in for each picture. Each holds the pages of its stack that were
/// touched.
pub const RESTING_THREADS: usize = 64;

/// How long they wait. Twice that and [`HOUSEKEEPING_INTERVAL`] are the most.
pub const THREAD_REST: Duration = Duration::from_secs(10);

/// Sessions that have to be gone before their part of the heap is given back to the system: 1 MiB.
pub const SESSIONS_WORTH_A_LOOK: usize = 512;

/// Threads that give it back, at most, for some microseconds.
pub const HEAP_THREADS: usize = 256;

/// Ended sessions whose threads are joined together while the server runs. What an ended thread
/// still has is address space.
pub const SESSIONS_JOINED_TOGETHER: usize = 16;

/// Connections the kernel holds until they are accepted (it cuts this to `net.core.somaxconn`).
/// The accept thread does nothing slow, so this only has to cover a burst.
pub const ACCEPT_BACKLOG: i32 = 1024;

/// What is read at most from a data connection that is closed unused: more than a client sends
/// before it has heard that it may.
pub const HANG_UP_BYTES: usize = 256 * 1024;

/// How long a data connection that ended before its client was done is read from, once that has
/// been told why: a client that sends a file looks for a reply when all of it is on its way.
pub const UNUSED_WAIT: Duration = Duration::from_secs(30);

/// How long the TLS handshake may take that a client makes before it looks at the reply.
pub const UNUSED_HANDSHAKE_WAIT: Duration = Duration::from_secs(1);

/// How many bytes are read from it then at most. A client that sends more is cut off.
pub const UNUSED_BYTES: usize = 256 * 1024 * 1024;

/// One read of them.
pub const UNUSED_READ_BYTES: usize = 16 * 1024;

/// How many reads follow one another before the control connection is looked at.
pub const UNUSED_READS: usize = 64;

/// Connections of one client's address that are kept for one passive port. More than one is one too
/// many, unless TLS tells whose they are.
pub const PASSIVE_CLAIMS: usize = 2;

/// How long a passive port is left alone, so that a client that connects and then says what it
/// wants wakes its session once. Strangers may fill the queue so long; who finds it full tries
/// again a second later (RFC 6298 2.1).
pub const PASSIVE_QUIET: Duration = Duration::from_millis(500);

/// Connections that are looked at in a row at a passive port.
pub const PASSIVE_ACCEPTS: usize = 64;

/// Connections the kernel holds for one passive listener. One would do, were it not for
/// strangers that find the port before the client does.
pub const PASSIVE_BACKLOG: i32 = 16;

/// What interrupted transfers get after `shutdown_grace`: a little more than the longest call a
/// store may be busy with, the completion of a multipart upload. What was acknowledged to nobody
/// but is complete in a moment should not be lost to a restart.
pub const INTERRUPTED_WAIT: Duration = Duration::from_secs(1260);

/// The end of `shutdown_grace` that interrupted transfers get for what they have to do.
pub const INTERRUPTED_SHARE: Duration = Duration::from_secs(5);

/// What stores get to show that they answer, before a stop no longer waits for them: within
/// `shutdown_grace`, of which it is half at most.
pub const LAST_LOOK_WAIT: Duration = Duration::from_secs(2);

/// The same for a stop that is given no time at all.
pub const LEAST_LOOK_WAIT: Duration = Duration::from_millis(500);

/// How long what its client left gives way to a newer upload of its name that is parked, where
/// nobody drops silent uploads.
pub const LEFT_UPLOAD_WAIT: Duration = Duration::from_secs(12 * 3600);

/// How often unfinished uploads are looked for after the start.
pub const LEFTOVERS_INTERVAL: Duration = Duration::from_secs(24 * 3600);

/// When they are looked for again where the store did not answer.
pub const LEFTOVERS_RETRY: Duration = Duration::from_secs(3600);

/// When a download looks for the first time whether the client has acknowledged everything, if
/// nothing tells it. The pauses double.
pub const FIRST_RECEIPT_PAUSE: Duration = Duration::from_millis(1);

/// The longest of these pauses. The last acknowledgement is told at once; this is how often is
/// looked whether the client still takes bytes.
pub const LAST_RECEIPT_PAUSE: Duration = Duration::from_secs(1);

/// How often a stop that waits tells what it waits for.
pub const STOP_PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Files of one directory that wait for their markers which a listing tells to their uploaders; of
/// more, the first.
pub const UNPUBLISHED_LISTED: usize = 10_000;

/// Files that are moved from one mount to another at once; of more, the client is told to try
/// again. Each takes the memory of a part, beside `buffer_memory`.
pub const MOUNT_COPIES: usize = 4;

/// Bytes of such a part; more where the store or the size of the file needs larger ones.
pub const MOUNT_COPY_PART_BYTES: u64 = 8 << 20;

/// The most that `mount_rename_limit` may be: beyond, parts would have to be larger.
pub const LARGEST_MOUNT_MOVE: u64 = 80 << 30;
