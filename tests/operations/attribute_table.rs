//! What each command that writes a file makes of its type, class, tags and the like, cell by cell:
//! over Ceph's gateway, with curl as the second opinion. The table stands in the documentation, in
//! both languages; `UPDATE_DOCUMENTS=1` writes it.
//!
//! What the account says and what an earlier object was differ in every column, so that a cell is
//! what it is found to be and nothing else.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use cos_ftp_server::config::{self, EnvironmentKeys, MachineFacts, StoreSettings};
use cos_ftp_server::store::cos::{ContentType, CosStore};
use cos_ftp_server::store::{Body, Cancel, Expected, FileTree};
use cos_ftp_server::vfs::FtpPath;

use crate::documentation::generated::with_part;
use crate::support::ftp::Ftp;
use crate::support::rgw::{self, Rgw};
use crate::support::server::{Setup, TestServer};

const MIB: usize = 1024 * 1024;

/// What the account of the tests says of new files.
const ACCOUNT: [(&str, &str); 6] = [
    ("storage_class", "STANDARD_IA"),
    ("server_side_encryption", "aws:kms:key-1"),
    ("object_acl", "public-read"),
    ("object_tags", "site=gz&user=%u"),
    ("stamp_uploads", "on"),
    ("upload_headers", "Cache-Control: max-age=60"),
];

/// What an earlier object was made with.
const EARLIER: [(&str, &str); 6] = [
    ("storage_class", "COLD"),
    ("server_side_encryption", "aws:kms:key-2"),
    ("object_acl", "authenticated-read"),
    ("object_tags", "kind=old/1 2"),
    ("stamp_uploads", "on"),
    ("upload_headers", "Cache-Control: no-cache"),
];

/// What curl sees of an object, and the ACL once more where the account sets none.
const FACTS: usize = 7;
const COUNT: usize = FACTS + 1;

/// The columns, in both languages.
const COLUMNS: [(&str, &str); COUNT] = [
    ("Type", "类型"),
    ("Cache control", "缓存控制"),
    ("Metadata", "元数据"),
    ("Class", "存储类型"),
    ("Encryption", "加密"),
    ("Tags", "标签"),
    ("ACL, set", "ACL，已设置"),
    ("ACL, not set", "ACL，未设置"),
];

/// The column of the ACL among the facts.
const ACL: usize = 6;

/// What became of one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// It is what the account says.
    Set,
    /// It is what it was.
    Kept,
    /// The same, by a request of its own where the store forgets it.
    SetAfterwards,
    KeptAfterwards,
    /// It is kept by a copy in parts where the store refuses one in one request.
    KeptInParts,
    /// It is asked for, and kept.
    KeptByAsking,
    /// It is what the new name stands for, where the older file had no type.
    ByName,
    /// It is the bucket's.
    OfBucket,
}

impl Cell {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Set => ("set", "按账号设置"),
            Self::Kept => ("kept", "保留"),
            Self::SetAfterwards => ("set¹", "按账号设置¹"),
            Self::KeptAfterwards => ("kept¹", "保留¹"),
            Self::KeptInParts => ("kept²", "保留²"),
            Self::KeptByAsking => ("kept³", "保留³"),
            Self::ByName => ("set⁴", "按账号设置⁴"),
            Self::OfBucket => ("the bucket's", "由存储桶决定"),
        }
    }
}

/// The commands, in both languages, with what they make of each column here.
const ROWS: [(Row, &str, &str, [Cell; COUNT]); 13] = {
    use Cell::{ByName as N, KeptByAsking as A, OfBucket as B};
    use Cell::{Kept as K, KeptAfterwards as L, KeptInParts as P, Set as S, SetAfterwards as T};
    [
        (Row::Store, "`STOR`", "`STOR`", [S, S, S, S, S, S, S, B]),
        (Row::StoreInParts, "`STOR`, in parts", "`STOR`，分块", [S, S, S, S, S, T, S, B]),
        (Row::StoreUnique, "`STOU`", "`STOU`", [S, S, S, S, S, S, S, B]),
        (Row::StoreOver, "`STOR` over a file", "`STOR` 覆盖文件", [S, S, S, S, S, S, S, B]),
        (Row::AppendSmall, "`APPE`, below one part", "`APPE`，不足一块", [K, K, K, K, K, K, S, A]),
        (Row::AppendLarge, "`APPE`, above one part", "`APPE`，超过一块", [K, K, K, K, K, L, S, A]),
        (Row::Resume, "`REST` and `STOR`", "`REST` 加 `STOR`", [K, K, K, K, K, L, S, A]),
        (Row::Rename, "`RNTO` in one copy", "`RNTO`，一次复制", [K, K, K, K, P, K, S, A]),
        (Row::RenameInParts, "`RNTO` in parts", "`RNTO`，分块", [K, K, K, K, K, L, S, A]),
        (Row::Name, "`RNTO` from `.part`", "从 `.part` 执行 `RNTO`", [N, K, K, K, P, L, S, A]),
        (
            Row::NameInParts,
            "`RNTO` from `.part`, in parts",
            "从 `.part` 执行 `RNTO`，分块",
            [N, K, K, K, K, L, S, A],
        ),
        (Row::RenameDirectory, "`RNTO` of a directory", "`RNTO` 目录", [K, K, K, K, P, K, S, A]),
        (Row::SetTime, "`MFMT`", "`MFMT`", [K, K, K, K, P, L, S, A]),
    ]
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Store,
    StoreInParts,
    StoreUnique,
    StoreOver,
    AppendSmall,
    AppendLarge,
    Resume,
    Rename,
    RenameInParts,
    Name,
    NameInParts,
    RenameDirectory,
    SetTime,
}

impl Row {
    /// Bytes of the earlier object, where there is one.
    fn earlier(self) -> Option<usize> {
        match self {
            Self::Store | Self::StoreInParts | Self::StoreUnique => None,
            Self::StoreOver | Self::AppendSmall => Some(100),
            Self::Rename | Self::Name | Self::RenameDirectory | Self::SetTime => Some(100),
            Self::AppendLarge | Self::Resume => Some(6 * MIB),
            Self::RenameInParts | Self::NameInParts => Some(11 * MIB),
        }
    }

    /// Where the earlier object stands.
    fn source(self) -> &'static str {
        match self {
            Self::RenameDirectory => "d/f.jpg",
            Self::Name | Self::NameInParts => "f.jpg.part",
            _ => "f.jpg",
        }
    }
}

/// A server and its bucket.
struct Stage {
    server: TestServer,
    bucket: String,
    /// What the account says of new files.
    keys: Vec<(&'static str, &'static str)>,
}

impl Stage {
    fn new(has_acl: bool) -> Self {
        let bucket = Rgw::shared().new_bucket();
        let setup = Setup::bucket_named(&bucket, Rgw::shared().endpoint());
        let keys: Vec<_> =
            ACCOUNT.into_iter().filter(|(key, _)| has_acl || *key != "object_acl").collect();
        let setup = keys.iter().fold(setup, |setup, (key, value)| setup.account_key(key, value));
        Self { server: setup.option("preserve_mtime", "on").start(), bucket, keys }
    }

    /// The bucket as another account, which says `keys` of its objects, has it.
    fn store(&self, keys: &[(&str, &str)], content_type: ContentType) -> CosStore {
        let mut text = format!(
            "[COS_ACCOUNT_0]\ncos_endpoint = http://{}\ncos_region = us-east-1\ncos_bucket = {}\n\
             cos_secretid = {}\ncos_secretkey = {}\naddressing_style = path\nhome_dir = /h\n\
             ftp_login_user_name = bob\nftp_login_user_password = p\nauthority = RW\n",
            Rgw::shared().endpoint(),
            self.bucket,
            rgw::access_key(),
            rgw::secret_key(),
        );
        keys.iter().for_each(|(key, value)| writeln!(text, "{key} = {value}").unwrap());
        let (machine, environment) = (MachineFacts::default(), EnvironmentKeys::default());
        let loaded = config::parse(text.as_bytes(), Path::new("a"), &machine, &environment);
        let Some(StoreSettings::Cos(options)) = loaded.unwrap().settings.stores.pop() else {
            panic!("a bucket")
        };
        let options = cos_ftp_server::store::cos::CosOptions { content_type, ..options };
        CosStore::connect(options).unwrap()
    }

    /// Stores the earlier object, and looks that it is what it should be.
    fn give(&self, row: Row) {
        let Some(bytes) = row.earlier() else { return };
        let store = self.store(&EARLIER, ContentType::Off).as_user("bob");
        let (content, cancel) = (vec![b'm'; bytes], Cancel::new());
        let blocks = [content.as_slice()];
        let body = Body::new(&blocks, &cancel);
        let path = FtpPath::root().join(row.source()).unwrap();
        store.put_object(&path, &body, &Expected::Anything).unwrap();
        assert_eq!(self.facts(row.source()), earlier_facts(), "{row:?}: the earlier object");
    }

    /// What curl sees of an object, column by column.
    fn facts(&self, key: &str) -> [String; FACTS] {
        let rgw = Rgw::shared();
        let head = rgw.s3_head(&self.bucket, key).unwrap_or_else(|| panic!("{key}"));
        let header = |name: &str| head.get(name).cloned().unwrap_or_default();
        let acl = rgw.s3_get_of(&self.bucket, key, "acl");
        let groups = ["AllUsers", "AuthenticatedUsers"];
        let granted = groups.into_iter().filter(|group| acl.contains(group));
        [
            header("content-type"),
            header("cache-control"),
            header("x-amz-meta-ftp-user"),
            header("x-amz-storage-class"),
            header("x-amz-server-side-encryption-aws-kms-key-id"),
            rgw.s3_tags(&self.bucket, key),
            granted.collect::<Vec<_>>().join(" "),
        ]
    }

    /// Renames what the store is not to copy at once. Answers its key.
    fn rename_in_parts(&self, from: &str, to: &str) -> String {
        let store = self.store(&self.keys, ContentType::ByName);
        let store = store.copying_at_most(6 * MIB as u64);
        let path = |name| FtpPath::root().join(name).unwrap();
        store.rename(&path(from), &path(to)).unwrap();
        to.to_owned()
    }

    /// Does what the row tells of. Answers the key of what was written, and how often a request
    /// went wrong.
    fn act(&self, row: Row) -> String {
        let mut ftp = Ftp::login(&self.server);
        let (small, large) = (vec![b'n'; 10], vec![b'n'; 11 * MIB]);
        match row {
            Row::Store | Row::StoreOver => drop(ftp.store("STOR f.jpg", &small)),
            Row::StoreInParts => drop(ftp.store("STOR f.jpg", &large)),
            Row::StoreUnique => {
                ftp.store("STOU f.jpg", &small);
                return Rgw::shared().s3_list(&self.bucket, "f").remove(0);
            }
            Row::AppendSmall => drop(ftp.store("APPE f.jpg", &small)),
            Row::AppendLarge => drop(ftp.store("APPE f.jpg", &large)),
            Row::Resume => {
                ftp.expect(&format!("REST {}", 6 * MIB - 5), "350");
                ftp.store("STOR f.jpg", &small);
            }
            Row::Rename => {
                ftp.play(&[("RNFR f.jpg", "350"), ("RNTO g.png", "250")]);
                return "g.png".to_owned();
            }
            Row::RenameInParts => return self.rename_in_parts("f.jpg", "g.png"),
            Row::Name => ftp.play(&[("RNFR f.jpg.part", "350"), ("RNTO f.jpg", "250")]),
            Row::NameInParts => return self.rename_in_parts("f.jpg.part", "f.jpg"),
            Row::RenameDirectory => {
                ftp.play(&[("RNFR d", "350"), ("RNTO e", "250")]);
                return "e/f.jpg".to_owned();
            }
            Row::SetTime => drop(ftp.expect("MFMT 20260102030405 f.jpg", "213")),
        }
        "f.jpg".to_owned()
    }
}

/// What [`EARLIER`] makes of an object.
fn earlier_facts() -> [String; FACTS] {
    let type_of_store = "binary/octet-stream";
    [type_of_store, "no-cache", "bob", "COLD", "key-2", "kind=old/1 2", "AuthenticatedUsers"]
        .map(str::to_owned)
}

/// What [`ACCOUNT`] makes of an object.
fn account_facts() -> [String; FACTS] {
    let tags = "site=gz&user=alice";
    ["image/jpeg", "max-age=60", "alice", "STANDARD_IA", "key-1", tags, "AllUsers"]
        .map(str::to_owned)
}

fn expect_row(row: Row, cells: [Cell; COUNT]) {
    let (set, kept) = (account_facts(), earlier_facts());
    let find = |has_acl| {
        let stage = Stage::new(has_acl);
        stage.give(row);
        let key = stage.act(row);
        stage.facts(&key)
    };
    let expect = |cell: Cell, column: usize, fact: &str, title: &str| {
        let expected = match cell {
            Cell::Set | Cell::SetAfterwards | Cell::ByName => &*set[column],
            Cell::OfBucket => "",
            _ => &kept[column],
        };
        assert_eq!(fact, expected, "{row:?}, {title}");
    };
    let facts = find(true);
    for (column, fact) in facts.iter().enumerate() {
        expect(cells[column], column, fact, COLUMNS[column].0);
    }
    expect(cells[FACTS], ACL, &find(false)[ACL], COLUMNS[FACTS].0);
}

#[test]
fn each_cell_of_the_table_is_so() {
    std::thread::scope(|scope| {
        let rows = ROWS.map(|(row, _, _, cells)| scope.spawn(move || expect_row(row, cells)));
        rows.into_iter().for_each(|row| row.join().expect("every cell of a row is so"));
    });
}

/// The table in both languages.
fn tables() -> [(&'static str, String); 2] {
    let head = |first: &str, columns: Vec<&str>| {
        let mut text = format!("| {first} | {} |\n|", columns.join(" | "));
        text.extend(std::iter::repeat_n("---|", columns.len() + 1));
        text + "\n"
    };
    let mut english = head("Command", COLUMNS.map(|(english, _)| english).into());
    let mut chinese = head("命令", COLUMNS.map(|(_, chinese)| chinese).into());
    for (_, name, its_name, cells) in ROWS {
        let words = cells.map(|cell| cell.words().0).join(" | ");
        writeln!(english, "| {name} | {words} |").unwrap();
        let words = cells.map(|cell| cell.words().1).join(" | ");
        writeln!(chinese, "| {its_name} | {words} |").unwrap();
    }
    [("docs/reliability.md", english), ("docs/zh-CN/reliability.md", chinese)]
}

#[test]
fn the_documentation_has_this_table() {
    for (name, table) in tables() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = fs::read_to_string(&path).unwrap();
        let expected = with_part(&text, "attributes", &table);
        if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
            fs::write(&path, &expected).unwrap();
        } else {
            assert!(
                text == expected,
                "{name} tells otherwise; UPDATE_DOCUMENTS=1 cargo test --test suite attribute_table writes it"
            );
        }
    }
}
