//! Comments behind values. The replaced tool's files have them, and also passwords with every
//! character that could begin one; so the rule depends on the key.

/// Cuts the comment off an ordinary value: at the first `#` or `;` that begins the value or
/// follows white space.
pub(super) fn cut_plain(value: &str) -> &str {
    cut(value, &['#', ';'], AtStart::Comment)
}

/// Cuts the comment off a password, which may itself begin with `#` or `;`.
pub(super) fn cut_password(value: &str) -> &str {
    cut(value, &['#', ';'], AtStart::Value)
}

/// Cuts the comment off `login_users`, where `;` separates accounts.
pub(super) fn cut_accounts(value: &str) -> &str {
    cut(value, &['#'], AtStart::Comment)
}

/// What a comment's symbol means when it is the first character of a value.
#[derive(Clone, Copy)]
enum AtStart {
    Comment,
    Value,
}

fn cut<'a>(value: &'a str, symbols: &[char], at_start: AtStart) -> &'a str {
    let mut after_space = matches!(at_start, AtStart::Comment);
    for (at, c) in value.char_indices() {
        if after_space && symbols.contains(&c) {
            return value[..at].trim_end();
        }
        after_space = c.is_whitespace();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_cut_where_the_key_allows() {
        for (value, plain, password, accounts) in [
            ("abc", "abc", "abc", "abc"),
            ("abc # x", "abc", "abc", "abc"),
            ("abc\t# x # y", "abc", "abc", "abc"),
            ("abc\u{3000}# 注释", "abc", "abc", "abc"),
            ("abc ; x", "abc", "abc", "abc ; x"),
            ("abc ; x # y", "abc", "abc", "abc ; x"),
            ("a#b;c", "a#b;c", "a#b;c", "a#b;c"),
            ("# x", "", "# x", ""),
            ("#abc # x", "", "#abc", ""),
            ("; x", "", "; x", "; x"),
            ("u:#p:RW;v:p;:R", "u:#p:RW;v:p;:R", "u:#p:RW;v:p;:R", "u:#p:RW;v:p;:R"),
            ("密码 # 注释", "密码", "密码", "密码"),
            ("", "", "", ""),
        ] {
            assert_eq!(cut_plain(value), plain, "plain {value:?}");
            assert_eq!(cut_password(value), password, "password {value:?}");
            assert_eq!(cut_accounts(value), accounts, "accounts {value:?}");
        }
    }
}
