//! What was found, line by line: for people as it comes, for machines at the end.

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::chinese;
use crate::cli::language::Language;
use crate::cli::terminal::columns;

/// How wide the column of what was looked at is.
const TITLE_COLUMNS: usize = 24;

/// Who reads the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Lines with a tick, a cross or a dash.
    Text,
    /// One JSON object.
    Json,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CheckOutcome {
    /// All is well.
    Passed,
    /// Something is to be done.
    Failed,
    /// Not looked at, or worth knowing but no fault.
    Skipped,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CheckLine {
    /// What it belongs to: the configuration, the machine, a store.
    group: String,
    /// What was looked at.
    check: String,
    outcome: CheckOutcome,
    /// What there is to know.
    detail: String,
    /// How many bytes of that tell where in a file it is, in no language.
    #[serde(skip)]
    whereabouts: usize,
    /// What to do about it; empty unless it failed.
    fix: String,
    /// The permission that is missing, if that is it.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    /// Whole milliseconds, where time was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u64>,
}

impl CheckLine {
    /// All is well.
    pub(super) fn passed(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, CheckOutcome::Passed, detail.into())
    }

    /// Not looked at, or no fault.
    pub(super) fn skipped(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, CheckOutcome::Skipped, detail.into())
    }

    /// Something is to be done.
    pub(super) fn failed(check: &str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: fix.into(), ..Self::new(check, CheckOutcome::Failed, detail.into()) }
    }

    /// The same, behind `whereabouts` in a file.
    pub(super) fn at(self, whereabouts: &str) -> Self {
        let detail = format!("{whereabouts}{}", self.detail);
        Self { detail, whereabouts: whereabouts.len(), ..self }
    }

    /// The same, for want of a permission.
    pub(super) fn wanting(self, action: Option<&'static str>) -> Self {
        Self { action, ..self }
    }

    /// The same, with what `words` make of what there is to know.
    pub(super) fn telling(self, words: impl Fn(&str) -> String) -> Self {
        Self { detail: words(&self.detail), ..self }
    }

    /// The same, with how long it took.
    pub(super) fn taking(self, milliseconds: u64) -> Self {
        Self { milliseconds: Some(milliseconds), ..self }
    }

    fn new(check: &str, outcome: CheckOutcome, detail: String) -> Self {
        Self {
            group: String::new(),
            check: check.to_owned(),
            outcome,
            detail,
            whereabouts: 0,
            fix: String::new(),
            action: None,
            milliseconds: None,
        }
    }

    /// `  ✗ PutObject   403 AccessDenied → grant …`
    fn text(&self, language: Language) -> String {
        let mark = match self.outcome {
            CheckOutcome::Passed => '✓',
            CheckOutcome::Failed => '✗',
            CheckOutcome::Skipped => '–',
        };
        let [check, detail, fix] = match language {
            Language::English => [&self.check, &self.detail, &self.fix].map(String::clone),
            Language::Chinese => {
                let (place, detail) = self.detail.split_at(self.whereabouts);
                let detail = format!("{place}{}", chinese::text(detail));
                [chinese::title(&self.check), detail, chinese::text(&self.fix)]
            }
        };
        let fix = if fix.is_empty() { fix } else { format!(" → {fix}") };
        let room = " ".repeat(TITLE_COLUMNS.saturating_sub(columns(&check)));
        let text = format!("  {mark} {check}{room}{detail}{fix}");
        // What a store answers may hold anything; a line is a line.
        text.trim_end().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

/// All lines so far.
#[derive(Debug)]
pub(super) struct CheckReport {
    form: Form,
    language: Language,
    group: String,
    lines: Vec<CheckLine>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Whole<'a> {
    version: &'a str,
    ok: bool,
    checks: &'a [CheckLine],
}

impl CheckReport {
    /// Nothing is found yet.
    pub(super) fn new(form: Form) -> Self {
        let language = Language::of_environment();
        Self { form, language, group: String::new(), lines: Vec::new() }
    }

    /// What follows belongs to `group`.
    pub(super) fn begin(&mut self, group: impl Into<String>) {
        self.group = group.into();
        let group = match self.language {
            Language::English => self.group.clone(),
            Language::Chinese => chinese::title(&self.group),
        };
        self.say(&format!("{group}\n"));
    }

    /// One more line.
    pub(super) fn add(&mut self, line: CheckLine) {
        self.say(&format!("{}\n", line.text(self.language)));
        self.lines.push(CheckLine { group: self.group.clone(), ..line });
    }

    /// Tells the sum; whether nothing failed.
    pub(super) fn finish(self) -> bool {
        let failed = self.lines.iter().filter(|line| line.outcome == CheckOutcome::Failed).count();
        let count = self.lines.len();
        let sum = match failed {
            0 => format!("all is well: {count} checks"),
            _ => format!("{failed} of {count} checks failed; the arrows show what to do"),
        };
        self.say(&match self.language {
            Language::English => format!("\n{sum}\n"),
            Language::Chinese => format!("\n{}\n", chinese::text(&sum)),
        });
        if self.form == Form::Json {
            let version = env!("CARGO_PKG_VERSION");
            let whole = Whole { version, ok: failed == 0, checks: &self.lines };
            // Texts and numbers alone: there is nothing in it that JSON cannot hold.
            let text = serde_json::to_string_pretty(&whole).unwrap_or_default();
            print(&format!("{text}\n"));
        }
        failed == 0
    }

    fn say(&self, text: &str) {
        if self.form == Form::Text {
            print(text);
        }
    }
}

fn print(text: &str) {
    // Whoever closed the pipe has read enough.
    let _ = io::stdout().write_all(text.as_bytes());
}
