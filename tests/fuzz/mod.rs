//! Hostile input of any kind at everything that takes bytes or texts from outside. Each property
//! holds for every input; a run tries as many as its time allows and prints how many that were.
//!
//! `ARBTEST_BUDGET_MS=120000 tests/run --test suite fuzz:: -- --nocapture` tries for two minutes each. What
//! fails prints a seed; `ARBTEST_SEED=0x…` with the test's name runs it again.

mod balancers;
mod configuration;
mod encoding;
mod lines;
mod listings;
mod names;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

/// What a property is given unless the environment says more.
const BUDGET_MS: u64 = 1000;

/// Tries `property` on ever larger inputs.
fn holds(name: &str, mut property: impl FnMut(&mut Unstructured<'_>) -> Result<()>) {
    let mut executions: u64 = 0;
    let test = arbtest(|source| {
        executions += 1;
        property(source)
    })
    .size_max(1024);
    match std::env::var_os("ARBTEST_BUDGET_MS") {
        Some(_) => test.run(),
        None => test.budget_ms(BUDGET_MS).run(),
    }
    println!("{name}: {executions} executions");
}

/// A text of `pieces`, with some characters of any kind between them.
fn text(source: &mut Unstructured<'_>, pieces: &[&str]) -> Result<String> {
    let mut text = String::new();
    let length = source.int_in_range(0..=40)?;
    for _ in 0..length {
        match source.ratio(3, 4)? {
            true => text.push_str(source.choose(pieces)?),
            false => text.push(source.arbitrary()?),
        }
    }
    Ok(text)
}

/// The same of bytes.
fn bytes(source: &mut Unstructured<'_>, pieces: &[&[u8]]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = source.int_in_range(0..=60)?;
    for _ in 0..length {
        match source.ratio(3, 4)? {
            true => bytes.extend_from_slice(source.choose(pieces)?),
            false => bytes.push(source.arbitrary()?),
        }
    }
    Ok(bytes)
}
