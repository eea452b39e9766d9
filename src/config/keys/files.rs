//! What becomes of an account's files when they are deleted or complete; in `[OPTIONAL]`, what
//! holds for every account that says nothing else.

use super::key::{Key, row};
use super::readers::{Reader, on_or_off, one_of};
use super::sections::SectionKind::{self, CosAccount, NumberedAccount, Optional};
use crate::config::forms::{General, LoginForm};
use crate::config::object_values::off_or;
use crate::config::values;

const FILES: &[SectionKind] = &[NumberedAccount, CosAccount, Optional];

/// Puts the value of a row into the form of all accounts, and into that of one.
macro_rules! of_files {
    ($row:expr, $field:ident) => {
        $row.also(|form: &mut LoginForm, value| form.files.$field = Some(value))
            .field(|all: &mut General, value| all.files.$field = Some(value))
    };
}

pub(super) fn rows() -> Vec<Key> {
    [trash(), markers()].into_iter().flatten().collect()
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
    vec![of_files!(
        row(FILES, "done_marker", ending).example(".ok").means(
            "after a file is stored, an empty file with its name and this ending is stored, too, \
             before the reply; see [Done markers](docs/trash-and-markers.md#done-markers); `off` \
             or not set: none",
            "文件存储成功后、回复之前，再存储一个同名加此后缀的空文件，\
             见[完成标记](docs/zh-CN/trash-and-markers.md#完成标记)；`off` 或未设置时不生成",
        ),
        done_marker
    )]
}
