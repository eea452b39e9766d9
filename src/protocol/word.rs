//! One of a few words: how all of them are read that mean something, in commands and in the
//! configuration.

/// The value whose word `text` is, whatever its case. A word may have other spellings behind a `|`.
pub fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Option<T> {
    let is_it = |spellings: &str| spellings.split('|').any(|word| word.eq_ignore_ascii_case(text));
    words.iter().find(|(spellings, _)| is_it(spellings)).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_every_spelling() {
        let words = [("auto", 0), ("utf-8|utf8", 1), ("gbk|gb18030|gb2312", 2)];
        for (text, expected) in [
            ("AUTO", Some(0)),
            ("utf8", Some(1)),
            ("Utf-8", Some(1)),
            ("gb2312", Some(2)),
            ("utf-8|utf8", None),
            ("au", None),
            ("", None),
        ] {
            assert_eq!(word(text, &words), expected, "{text:?}");
        }
    }
}
