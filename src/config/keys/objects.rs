//! What an account says of the objects that its clients store; in `[OPTIONAL]`, what holds for
//! every account that says nothing else.

use super::key::{Key, Row, row};
use super::readers::{Reader, on_or_off, one_of};
use super::sections::SectionKind::{self, CosAccount, NumberedAccount, Optional};
use crate::config::forms::{BucketForm, General};
use crate::config::object_values as values;
use crate::store::cos::HeaderNames;

const OBJECTS: &[SectionKind] = &[NumberedAccount, CosAccount, Optional];

/// The keys below.
pub(in crate::config) const OBJECT_KEYS: [&str; 8] = [
    "storage_class",
    "server_side_encryption",
    "object_acl",
    "keep_acl",
    "object_tags",
    "stamp_uploads",
    "upload_headers",
    "object_header_names",
];

const ACLS: &[&str] = &[
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
];

pub(super) fn rows() -> Vec<Key> {
    [places(), marks()].into_iter().flatten().collect()
}

/// Puts the value of a row into the form of all accounts, and into that of one.
macro_rules! of_objects {
    ($row:expr, $field:ident) => {
        $row.also(|form: &mut BucketForm, value| form.objects.$field = Some(value))
            .field(|all: &mut General, value| all.buckets.objects.$field = Some(value))
    };
}

fn places() -> Vec<Key> {
    let class = Reader::new(
        "the name of a storage class, such as `STANDARD_IA`, or `off`",
        "存储类型的名称，例如 `STANDARD_IA`，或 `off`",
        |text| values::off_or(text, values::storage_class),
    );
    let encryption = Reader::new(
        "`AES256`, `cos/kms`, `cos/kms:key`, `aws:kms`, `aws:kms:key` or `off`",
        "`AES256`、`cos/kms`、`cos/kms:key`、`aws:kms`、`aws:kms:key` 或 `off`",
        |text| values::off_or(text, values::encryption),
    );
    let told = ACLS.iter().map(|acl| format!("`{acl}`")).collect::<Vec<_>>();
    let acl = Reader::new(
        format!("{} or `off`", told.join(", ")),
        format!("{} 或 `off`", told.join("、")),
        |text| {
            let known = |text: &str| ACLS.iter().find(|acl| acl.eq_ignore_ascii_case(text));
            values::off_or(text, |text| known(text).map(|acl| (*acl).to_owned()))
        },
    );
    vec![
        of_objects!(
            row(OBJECTS, "storage_class", class).example("STANDARD_IA").means(
                "the storage class of new files; `off` or not set: the bucket's, see [What a file \
                 is beside its bytes](docs/reliability.md#what-a-file-is-beside-its-bytes)",
                "新文件的存储类型；`off` 或未设置时由存储桶决定，\
                 见[文件内容之外的属性](docs/zh-CN/reliability.md#文件内容之外的属性)",
            ),
            storage_class
        ),
        of_objects!(
            row(OBJECTS, "server_side_encryption", encryption).example("AES256").means(
                "how the store encrypts new files: by keys of its own, or by Tencent's or AWS' \
                 KMS, with its default key or the one behind the colon; `off` or not set: as the \
                 bucket has it",
                "存储端如何加密新文件：使用自有密钥，或腾讯云、AWS 的 KMS（默认密钥，或冒号后指定的\
                 密钥）；`off` 或未设置时由存储桶决定",
            ),
            encryption
        ),
        of_objects!(
            row(OBJECTS, "object_acl", acl).example("private").means(
                "the ACL of files, given anew with every command that writes or moves one; `off` \
                 or not set: the bucket's",
                "文件的 ACL，每次写入或移动文件时都会重新设置；`off` 或未设置时由存储桶决定",
            ),
            acl
        ),
        of_objects!(keep_acl(), keeps_acl),
    ]
}

fn marks() -> Vec<Key> {
    let tags = Reader::new(
        "`name=value&name=value`, at most 10 different names of up to 127 characters, values of \
         up to 255: letters, digits, spaces and `+ - = . _ : / @`; `%u` in a value is the login; \
         or `off`",
        "`name=value&name=value`，最多 10 个不同的名称，名称最长 127 个字符，值最长 255 个字符：字母、\
         数字、空格和 `+ - = . _ : / @`；值中的 `%u` 为登录用户名；或 `off`",
        |text| values::off_or(text, values::tags).map(Option::unwrap_or_default),
    );
    let headers = Reader::new(
        "`Name: value`, several separated by ` & `, of the names `Cache-Control`, \
         `Content-Disposition`, `Content-Language` and `Pic-Operations`, each once, values in \
         ASCII; or `off`",
        "`Name: value`，多个用 ` & ` 分隔，名称为 `Cache-Control`、`Content-Disposition`、\
         `Content-Language` 和 `Pic-Operations`，每个最多一次，值为 ASCII；或 `off`",
        |text| values::off_or(text, values::headers).map(Option::unwrap_or_default),
    );
    let names = one_of(&[
        ("auto", HeaderNames::Auto),
        ("x-amz", HeaderNames::Amz),
        ("x-cos", HeaderNames::Cos),
    ]);
    vec![
        of_objects!(
            row(OBJECTS, "object_tags", tags).example("site=gz&user=%u").means(
                "the tags of new files, by which lifecycle rules may choose",
                "新文件的标签，可用于生命周期规则",
            ),
            tags
        ),
        of_objects!(stamp_uploads(), stamps),
        of_objects!(
            row(OBJECTS, "upload_headers", headers).example("Cache-Control: max-age=3600").means(
                "other headers of new files; `Pic-Operations` is COS' processing of pictures at \
                 their upload",
                "新文件的其他头部；`Pic-Operations` 为 COS 的上传时图片处理",
            ),
            headers
        ),
        of_objects!(
            row(OBJECTS, "object_header_names", names).example("x-cos").means(
                "whose names the headers of the keys above have, should a store take others: \
                 `auto`, as S3 has them, and `x-cos-…` for `cos/kms` alone; `check` tells what \
                 came back; not set: `auto`",
                "以上配置项所用头部的名称，存储端要求其他名称时使用：`auto` 为 S3 的名称，\
                 只有 `cos/kms` 用 `x-cos-…`；`check` 会显示哪些已生效；未设置时为 `auto`",
            ),
            names
        ),
    ]
}

fn keep_acl() -> Row<bool> {
    row(OBJECTS, "keep_acl", on_or_off()).example("off").means(
        "`on`: without `object_acl`, a file keeps its ACL when it is renamed, added to or given \
         a time, for one request more (`GetObjectAcl`), if the key may send that; `off`: it \
         gets the bucket's; not set: `on`",
        "`on`：未设置 `object_acl` 时，文件在重命名、追加或设置时间后保留其 ACL，多一次请求\
         （`GetObjectAcl`），前提是密钥有此权限；`off`：改用存储桶的 ACL；未设置时为 `on`",
    )
}

fn stamp_uploads() -> Row<bool> {
    row(OBJECTS, "stamp_uploads", on_or_off()).example("on").means(
        "`on`: the metadata of new files tell who stored them: `ftp-user`, `ftp-peer` (address) \
         and `ftp-session`, what is not ASCII as `%XX`; not set: `off`",
        "`on`：在新文件的元数据中记录上传者：`ftp-user`、`ftp-peer`（地址）和 `ftp-session`，\
         非 ASCII 字符写作 `%XX`；未设置时为 `off`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_that_of_the_rows() {
        let names: Vec<_> = rows().iter().map(|key| key.name).collect();
        assert_eq!(names, OBJECT_KEYS);
    }
}
