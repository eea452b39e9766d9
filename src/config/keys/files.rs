//! What holds for the files of an account; in `[OPTIONAL]`, for every account that says nothing
//! else.

use super::key::{Key, Row, row};
use super::readers::{Reader, one_of};
use super::sections::SectionKind::{self, CosAccount, NumberedAccount, Optional};
use crate::config::forms::{General, LoginForm};
use crate::config::object_values::off_or;
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
