//! A row of the table: one key, and where its value goes.

use std::any::{Any, TypeId};
use std::fmt;

use super::readers::Reader;
use super::sections::SectionKind;
use super::words::{Words, plain};
use crate::config::comment;

/// What holds when a key is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenAbsent {
    /// The key must be there.
    Required,
    /// Nothing.
    Unset,
    /// Nothing; the key may also stand there without a value, as filled-in samples have it. Not for
    /// a list whose absence means everybody or everything: it would open what it was to close.
    Empty,
    /// This value.
    Value(&'static str),
}

/// How a value is treated before it is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Nothing special.
    Plain,
    /// A credential of the store: never shown.
    Secret,
    /// A password: never shown, may begin with `#`.
    Password,
    /// `login_users`: never shown, `;` is no comment.
    Accounts,
}

/// When a changed value takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// When the configuration is read again.
    AtReload,
    /// When the server is started.
    AtStart,
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Where it may stand.
    pub sections: &'static [SectionKind],
    /// Its name, in lower case.
    pub name: &'static str,
    /// How its value is treated.
    pub nature: Nature,
    /// What holds when it is absent.
    pub default: WhenAbsent,
    /// When a changed value takes effect.
    pub applies: Applies,
    /// The values that are accepted.
    pub accepts: Words,
    /// What it does.
    pub doc: Words,
    /// Keys that may stand in its place.
    pub alternatives: &'static [&'static str],
    /// A value for the documented example, where there is no default.
    pub example: &'static str,
    /// Whether a value is what samples have in the place of an account's data.
    placeholder: fn(&str) -> bool,
    /// What of a value is wrong, and why.
    blames: fn(&str) -> Option<String>,
    fields: Vec<Field>,
}

impl Key {
    /// The values that are accepted, as messages say it.
    pub fn accepted(&self) -> String {
        plain(&self.accepts.english)
    }

    /// Whether `value` was never filled in.
    pub fn is_placeholder(&self, value: &str) -> bool {
        (self.placeholder)(value)
    }

    /// Of a `value` that holds several, which one is not accepted, and why.
    pub(in crate::config) fn blame(&self, value: &str) -> Option<String> {
        (self.blames)(value)
    }

    /// `value` without a comment behind it.
    pub(in crate::config) fn without_comment<'v>(&self, value: &'v str) -> &'v str {
        match self.nature {
            Nature::Plain | Nature::Secret => comment::cut_plain(value),
            Nature::Password => comment::cut_password(value),
            Nature::Accounts => comment::cut_accounts(value),
        }
    }

    /// Whether its value must never be shown.
    pub(in crate::config) fn is_secret(&self) -> bool {
        self.nature != Nature::Plain
    }

    /// Whether `form` has a field for its value.
    pub(in crate::config) fn is_of<F: Any>(&self) -> bool {
        self.fields.iter().any(Field::is_of::<F>)
    }

    /// Puts `value` into its fields of `form`. `None`: it is not accepted.
    pub(in crate::config) fn put<F: Any>(&self, value: &str, form: &mut F) -> Option<()> {
        self.fields.iter().filter(|f| f.is_of::<F>()).try_for_each(|f| (f.put)(value, form))
    }

    /// Puts the default, if there is one, into its field of `form`.
    pub(in crate::config) fn put_default<F: Any>(&self, form: &mut F) {
        let WhenAbsent::Value(value) = self.default else { return };
        for field in self.fields.iter().filter(|field| field.is_of::<F>() && field.takes_default) {
            let put = (field.put)(value, form);
            debug_assert!(put.is_some(), "the default of {} is not accepted", self.name);
        }
    }
}

/// Where a value goes: a field of a form, whatever the form and the value are.
struct Field {
    form: TypeId,
    takes_default: bool,
    put: Box<PutValue>,
}

/// Reads a value into a form of one type.
type PutValue = dyn Fn(&str, &mut dyn Any) -> Option<()> + Send + Sync;

impl Field {
    fn new<F: Any, T: 'static>(reader: Reader<T>, set: fn(&mut F, T), takes_default: bool) -> Self {
        let put = move |text: &str, form: &mut dyn Any| {
            let form = form.downcast_mut::<F>()?;
            set(form, reader.read(text)?);
            Some(())
        };
        Self { form: TypeId::of::<F>(), takes_default, put: Box::new(put) }
    }

    fn is_of<F: Any>(&self) -> bool {
        self.form == TypeId::of::<F>()
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").finish_non_exhaustive()
    }
}

/// A row under construction, whose values are `T`.
pub(super) struct Row<T> {
    reader: Reader<T>,
    key: Key,
}

/// Begins the row of the key `name`, which may stand in `sections` and is read by `reader`.
pub(super) fn row<T>(
    sections: &'static [SectionKind],
    name: &'static str,
    reader: Reader<T>,
) -> Row<T> {
    let key = Key {
        sections,
        name,
        nature: Nature::Plain,
        default: WhenAbsent::Unset,
        applies: Applies::AtReload,
        accepts: reader.accepts().clone(),
        doc: Words::new("", ""),
        alternatives: &[],
        example: "",
        placeholder: |_| false,
        blames: |_| None,
        fields: Vec::new(),
    };
    Row { reader, key }
}

impl<T: 'static> Row<T> {
    fn with(self, change: impl FnOnce(&mut Key)) -> Self {
        let Self { reader, mut key } = self;
        change(&mut key);
        Self { reader, key }
    }

    /// What holds when the key is absent.
    pub(super) fn default(self, value: &'static str) -> Self {
        self.with(|key| key.default = WhenAbsent::Value(value))
    }

    /// The key must be there; the documented example has `example`.
    pub(super) fn required(self, example: &'static str) -> Self {
        self.with(|key| (key.default, key.example) = (WhenAbsent::Required, example))
    }

    /// It need not be there beside any of these keys.
    pub(super) fn unless(self, names: &'static [&'static str]) -> Self {
        self.with(|key| key.alternatives = names)
    }

    /// There is no default; the documented example has `example`.
    pub(super) fn example(self, example: &'static str) -> Self {
        self.with(|key| key.example = example)
    }

    /// The key may stand there without a value, which means that it is not set.
    pub(super) fn may_be_empty(self) -> Self {
        self.with(|key| key.default = WhenAbsent::Empty)
    }

    /// What the server cannot change while it runs.
    pub(super) fn at_start(self) -> Self {
        self.with(|key| key.applies = Applies::AtStart)
    }

    /// How the value is treated.
    pub(super) fn nature(self, nature: Nature) -> Self {
        self.with(|key| key.nature = nature)
    }

    /// By what a value is known that was never filled in.
    pub(super) fn placeholder(self, is_placeholder: fn(&str) -> bool) -> Self {
        self.with(|key| key.placeholder = is_placeholder)
    }

    /// What tells of a list which entry is wrong, and why.
    pub(super) fn blaming(self, blames: fn(&str) -> Option<String>) -> Self {
        self.with(|key| key.blames = blames)
    }

    /// What the key does.
    pub(super) fn means(self, english: &str, chinese: &str) -> Self {
        self.with(|key| key.doc = Words::new(english, chinese))
    }

    /// Another field, into which no default is put: of another form, or for what the file says.
    pub(super) fn also<F: Any>(self, set: fn(&mut F, T)) -> Self {
        let field = Field::new(self.reader.clone(), set, false);
        self.with(|key| key.fields.push(field))
    }

    /// The field of the value, which completes the row.
    pub(super) fn field<F: Any>(self, set: fn(&mut F, T)) -> Key {
        let Self { reader, mut key } = self;
        key.fields.push(Field::new(reader, set, true));
        key
    }
}
