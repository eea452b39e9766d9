//! What holds for the files of an account; in `[OPTIONAL]`, for every account that says nothing
//! else.

use super::key::{Key, Row, row};
use super::readers::{Reader, on_or_off, one_of, seconds_or_off};
use super::sections::SectionKind::{self, CosAccount, NumberedAccount, Optional};
use crate::config::forms::{General, LoginForm};
use crate::config::object_values::off_or;
use crate::config::values;
use crate::store::OnExists;
use crate::vfs::NamePatterns;

const FILES: &[SectionKind] = &[NumberedAccount, CosAccount, Optional];

/// Puts the value of a row into the form of all accounts, and into that of one.
macro_rules! of_files {
    ($row:expr, $field:ident) => {
        $row.also(|form: &mut LoginForm, value| form.files.$field = Some(value))
            .field(|all: &mut General, value| all.files.$field = Some(value))
    };
}

pub(super) fn rows() -> Vec<Key> {
    [existing(), trash(), markers(), left()].into_iter().flatten().collect()
}

fn existing() -> Vec<Key> {
    vec![
        of_files!(on_exists(), on_exists),
        of_files!(append(), appends),
        of_files!(
            names("allow_names", "*.csv, *.txt").means(
                "names that new files may have; others are refused with 553 before any data; \
                 `off` or not set: any, see [Names that are allowed, denied and \
                 hidden](docs/permissions.md#names-that-are-allowed-denied-and-hidden)",
                "新文件可以使用的名称，其他名称在传输数据之前以 553 拒绝；`off` 或未设置时不限制，\
                 见[允许、禁止和隐藏的名称](docs/zh-CN/permissions.md#允许禁止和隐藏的名称)",
            ),
            allowed
        ),
        of_files!(
            names("deny_names", "*.exe, *.tmp").means(
                "names that neither new files nor directories may have, nor any directory above \
                 them; `off` or not set: none",
                "新文件和新目录不能使用的名称，上级目录也不能使用；`off` 或未设置时没有",
            ),
            denied
        ),
        of_files!(
            names("hide_names", ".*").means(
                "names that clients do not see: no listing tells them, they are answered like a \
                 missing file, and nothing new may have them; `off` or not set: none",
                "客户端看不到的名称：不出现在列表中，访问时与不存在的文件一样，也不能新建；\
                 `off` 或未设置时没有",
            ),
            hidden
        ),
    ]
}

fn on_exists() -> Row<OnExists> {
    let words = one_of(&[
        ("replace", OnExists::Replace),
        ("refuse", OnExists::Refuse),
        ("keep-both", OnExists::KeepBoth),
    ]);
    row(FILES, "on_exists", words).example("refuse").means(
        "what becomes of a file that is stored or renamed to a name which has one: `replace` it, \
         `refuse` the new one, or `keep-both`, the new one as `report (2).csv`; not set: \
         `replace`, see [Files that must not be \
         replaced](docs/permissions.md#files-that-must-not-be-replaced)",
        "上传或重命名到已有文件的名称时：`replace` 替换，`refuse` 拒绝新文件，`keep-both` 两者都保留，\
         新文件存为 `report (2).csv`；未设置时为 `replace`，\
         见[不可替换的文件](docs/zh-CN/permissions.md#不可替换的文件)",
    )
}

fn append() -> Row<bool> {
    let words = one_of(&[("allow", true), ("refuse", false)]);
    row(FILES, "append", words).example("allow").means(
        "with `on_exists = refuse` and `keep-both`: whether files may become longer all the same, \
         by APPE, and by REST and STOR at their end; not set: `refuse`",
        "`on_exists` 为 `refuse` 或 `keep-both` 时，已有文件是否仍可加长（APPE，以及在文件末尾的 \
         REST 加 STOR）；未设置时为 `refuse`",
    )
}

/// A list of patterns.
fn names(name: &'static str, example: &'static str) -> Row<NamePatterns> {
    let reader = Reader::new(
        "patterns of names, separated by commas, with `*`, `?` and `[…]`, without a slash, \
         whatever the case of their letters; or `off`",
        "名称的通配符，用逗号分隔，可用 `*`、`?` 和 `[…]`，不含斜杠，不区分大小写；或 `off`",
        |text| off_or(text, NamePatterns::parse).map(Option::unwrap_or_default),
    );
    row(FILES, name, reader).example(example)
}

fn trash() -> Vec<Key> {
    let on_delete = one_of(&[("delete", false), ("trash", true)]);
    let directory = Reader::new(
        "the name of one directory with a slash behind it, such as `.trash/`",
        "一个目录名加斜杠，例如 `.trash/`",
        values::directory_name,
    );
    vec![
        of_files!(
            row(FILES, "on_delete", on_delete).example("trash").means(
                "what `DELE` and `RMD` do, and `RNTO` to a file that it replaces: `delete`, or \
                 `trash`: move it to `.trash/<day>/` below the account's root, see \
                 [Trash](docs/trash-and-markers.md#trash); not set: `delete`",
                "`DELE`、`RMD` 以及 `RNTO` 覆盖文件时的处理：`delete` 删除，`trash` 移到账号根目录下的 \
                 `.trash/<日期>/`，见[回收站](docs/zh-CN/trash-and-markers.md#回收站)；\
                 未设置时为 `delete`",
            ),
            deletes_to_trash
        ),
        of_files!(
            row(FILES, "trash_prefix", directory).example(".trash/").means(
                "with `on_delete = trash`, the directory of the trash in the account's root; not \
                 set: `.trash/`",
                "`on_delete = trash` 时，回收站在账号根目录下的目录名；未设置时为 `.trash/`",
            ),
            trash_directory
        ),
        of_files!(
            row(FILES, "trash_visible", on_or_off()).example("on").means(
                "`on`: clients see the trash, may read it, rename what is in it back and delete \
                 that for good; `off`: it is not there for them; not set: `off`",
                "`on`：客户端可以看到回收站，读取其中的文件，通过改名取回或彻底删除；\
                 `off`：对客户端不存在；未设置时为 `off`",
            ),
            trash_visible
        ),
    ]
}

fn markers() -> Vec<Key> {
    let ending = Reader::new(
        "an ending such as `.ok`, at most 32 bytes, without blanks and slashes, or `off`",
        "后缀，例如 `.ok`，最长 32 字节，不含空格和斜杠，或 `off`",
        |text| off_or(text, values::name_ending),
    );
    vec![
        of_files!(
        row(FILES, "done_marker", ending).example(".ok").means(
            "after a file is stored, an empty file with its name and this ending is stored, too, \
             before the reply; see [Done markers](docs/trash-and-markers.md#done-markers); `off` \
             or not set: none",
            "文件存储成功后、回复之前，再存储一个同名加此后缀的空文件，\
             见[完成标记](docs/zh-CN/trash-and-markers.md#完成标记)；`off` 或未设置时不生成",
        ),
        done_marker
    ),
        of_files!(
            row(FILES, "publish_after_marker", on_or_off()).example("off").means(
                "`on`: a stored file waits in `.unpublished/`, unseen by others, until its \
                 uploader stores a file with its name and the ending of `done_marker`; the \
                 server stores no markers then; see \
                 [Publishing by a marker](docs/trash-and-markers.md#publishing-by-a-marker); not \
                 set: `off`",
                "`on`：已存储的文件先放在 `.unpublished/` 中，其他人看不到，直到上传者再存储一个同名加 \
                 `done_marker` 后缀的文件；此时服务器不生成标记；\
                 见[用标记发布](docs/zh-CN/trash-and-markers.md#用标记发布)；未设置时为 `off`",
            ),
            publishes_by_marker
        ),
    ]
}

fn left() -> Vec<Key> {
    vec![of_files!(
        row(FILES, "publish_parked_after", seconds_or_off()).example("60").means(
            "with `partial_upload = park`: when an upload whose client closed both connections in \
             order without waiting for the reply, and did not come back, is published as it is; \
             0 for never; half of `abort_unfinished_after` at most, unless that is 0; not set: 60, \
             see [What happens to an interrupted \
             upload](docs/reliability.md#what-happens-to-an-interrupted-upload)",
            "`partial_upload = park` 时：客户端未等待回复就正常关闭两条连接且没有再来续传，\
             多久之后按现状发布；0 表示从不；最多为 `abort_unfinished_after` 的一半\
             （该值为 0 时不限）；未设置时为 60，\
             见[上传中断时会怎样](docs/zh-CN/reliability.md#上传中断时会怎样)",
        ),
        publish_parked
    )]
}
