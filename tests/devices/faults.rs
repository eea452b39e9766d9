//! Dialogues that go otherwise than written, and lines that are none: each must be found out.

use super::dialogue::Dialogue;
use super::player::play;
use super::{StoreKind, setup};

/// The login of most dialogues, and two files in the store.
const BEGINNING: &str = "\
file a = \"one\"
file b = \"two\"
connect
< 220
> USER alice
< 331
> PASS secret-1
< 230
";

/// What the store holds when nothing else has happened.
const UNCHANGED: &str = "stored a = \"one\"\nstored b = \"two\"\n";

fn outcome(text: &str) -> Result<(), String> {
    let dialogue = Dialogue::parse("test", text).unwrap();
    let server = setup(&dialogue, StoreKind::Directory).start();
    play(&dialogue, &server)
}

/// Checks that the steps are found to go otherwise in line `line`, in words that hold `words`.
fn expect_fault(steps: &str, line: usize, words: &str) {
    let fault = outcome(&format!("{BEGINNING}{steps}\n{UNCHANGED}")).unwrap_err();
    let place = format!("test:{line}: ");
    assert!(fault.starts_with(&place) && fault.contains(words), "{fault:?} for {steps:?}");
}

#[test]
fn what_goes_as_written_is_no_fault() {
    let steps = "\
> FEAT
< 211
|  SIZE
+ TYPE I
> PASV
< 200
< 227
> STOR c-1
< 150
data > noise 200000
< 226
> PORT $PORT
< 200
> NLST
< 150
data | a
data | c-*
data | b
< 226
> EPSV
< 229
> RETR a
< 150
data < \"one\"
< 226
> EPRT $EPRT
< 200
> LIST c-*
< 150
data | -* 200000 * c-*
< 226
bytes \"qu\\x49t\\n\"
< 221
end
stored c-? = noise 200000
";
    assert_eq!(outcome(&format!("{BEGINNING}{steps}{UNCHANGED}")), Ok(()));
}

#[test]
fn another_reply_is_a_fault() {
    expect_fault("> SIZE a\n< 213 4", 10, "213 3");
    expect_fault("> FEAT\n< 211\n| *XYZ*", 11, "XYZ");
    // Two replies where one is expected.
    expect_fault("+ NOOP\n> NOOP\n< 200\n> SIZE a\n< 213", 13, "200");
}

#[test]
fn the_end_of_the_connection_instead_of_a_reply_is_a_fault() {
    expect_fault("> QUIT\n< 221\n< 226", 11, "no reply");
    expect_fault("+ NOOP\n> QUIT\n< 200\nend", 12, "221");
}

#[test]
fn other_data_is_a_fault() {
    let retrieve = "> PASV\n< 227\n> RETR a\n< 150\n";
    expect_fault(&format!("{retrieve}data < \"two\""), 13, "one");
    let list = "> PASV\n< 227\n> NLST\n< 150\n";
    expect_fault(&format!("{list}data | a\ndata | c"), 13, "\"c\"");
    expect_fault(&format!("{list}data | a"), 13, "more lines");
    expect_fault(&format!("{list}data | a\ndata | a"), 13, "\"a\"");
    expect_fault("data < \"\"", 9, "no data connection");
}

#[test]
fn another_store_is_a_fault() {
    for (stored, words) in [
        ("stored a = \"one\"\nstored b = \"twp\"\n", "b holds \"two\", not \"twp\""),
        ("stored a = \"one\"\nstored b = noise 300\n", "not 300 bytes"),
        ("stored a = \"one\"\nstored c = \"two\"\n", "\"c\" is not in the store"),
        ("stored a = \"one\"\n", "also in the store: [\"b\"]"),
    ] {
        let fault = outcome(&format!("{BEGINNING}{stored}")).unwrap_err();
        assert!(fault.contains(words), "{fault:?} for {stored:?}");
    }
}

#[test]
fn a_line_that_is_none_is_an_error() {
    for (text, number) in [
        ("connect\n<< 220", 2),
        ("connect\n<", 2),
        ("connect\nUSER alice", 2),
        ("connect\n\n # comment", 3),
        ("connect now", 1),
        ("> USER alice", 1),
        ("connect\ndata = \"x\"", 2),
        ("connect\ndata > x", 2),
        ("connect\ndata > noise many", 2),
        ("connect\ndata > \"\\q\"", 2),
        ("connect\ndata > \"\\xg0\"", 2),
        ("connect\n| [", 2),
        ("key OPTIONAL name", 1),
        ("file a", 1),
        ("stored a = b", 1),
    ] {
        let error = Dialogue::parse("test", text).unwrap_err();
        assert!(error.starts_with(&format!("test:{number}: ")), "{error:?} for {text:?}");
    }
    let error = Dialogue::parse("test", "connect\n+ NOOP").unwrap_err();
    assert!(error.contains("never sent"), "{error:?}");
}
