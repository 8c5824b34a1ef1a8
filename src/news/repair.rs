//! What had to be put right in a document before it could be read, by name, for the feed list and `newstape read`. Only the
//! names are here: each repair is made where the fault is met, in `decode`, `markup`, `entities`, `namespaces`, `parse`,
//! `dates` and `json`.

use std::collections::BTreeSet;

use strum::IntoStaticStr;

/// A fault of a document that newstape read past. Its name in kebab-case is shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Repair {
    /// An `&` that begins no reference.
    BareAmpersand,
    /// A `<` that begins no tag.
    BareLessThan,
    /// `&eacute;` and its like, which XML does not know.
    HtmlEntity,
    /// A character that XML forbids, or a reference to one.
    ControlCharacter,
    /// A comment or a CDATA section without its end.
    UnclosedSection,
    /// An element without its end tag, or one that ends inside another.
    UnclosedElement,
    /// An entry that begins inside another.
    NestedEntry,
    /// The document ends in the middle.
    Truncated,
    /// Something stands before the XML declaration or the root.
    JunkBeforeStart,
    /// An `<rss>` that does not tell its version, or tells one that never was.
    UnknownVersion,
    /// A known prefix that is declared nowhere.
    UndeclaredPrefix,
    /// The declared encoding is not the one that was used.
    FalseEncoding,
    /// Bytes that mean nothing in the document's encoding.
    InvalidBytes,
    /// UTF-8 that was taken for windows-1252 and encoded once more.
    TwiceEncoded,
    /// JSON Feed with a value of the wrong type, or without its version.
    LooseJson,
    /// More entries than are read.
    TooManyEntries,
}

/// The repairs of one document, each once, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Repairs(BTreeSet<Repair>);

impl Repairs {
    /// Counts once, however often it was needed.
    pub(crate) fn note(&mut self, repair: Repair) {
        self.0.insert(repair);
    }

    /// Nothing was wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As `newstape read` shows them.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|repair| <&'static str>::from(repair).to_owned()).collect()
    }
}
