//! The settings of a section, or of an entry of a list, gone over one by one, by whoever reads them from a file or prints them: each is named once, in
//! `sections.rs` and `entries.rs`, with how it is read and how it is shown.

use super::doc::{Value, Wrong};

/// What is done with each setting.
pub(super) trait Walk {
    /// One that always has a value; `show` gives the text that reads back as the same.
    fn value<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, Wrong>,
        show: impl Fn(&T) -> String,
        value: &mut T,
    );

    /// One that may have none, and has none when its text is empty.
    fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, Wrong>,
        show: impl Fn(&T) -> String,
        value: &mut Option<T>,
    );

    /// One that is never shown.
    fn secret<T>(&mut self, key: &'static str, read: impl Fn(&Value) -> Result<T, Wrong>, value: &mut Option<T>);

    /// A list; a bad item is ignored alone.
    fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, Wrong>,
        show: impl Fn(&T) -> String,
        values: &mut Vec<T>,
    );

    /// True or false.
    fn flag(&mut self, key: &'static str, value: &mut bool);

    /// True, false, or as the program has it.
    fn optional_flag(&mut self, key: &'static str, value: &mut Option<bool>);
}
