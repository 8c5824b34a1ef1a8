//! The article behind a story: what is to be read of its page, without pictures and without its surroundings.

use serde::{Deserialize, Serialize};

/// An article, ready to be laid out. All text is clean (see [`super::text::clean`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// As the page calls it; empty when it does not.
    pub title: String,
    /// Who wrote it, as the page says: with or without a word such as `By` before the name.
    pub byline: Option<String>,
    /// From top to bottom, none of them empty.
    pub blocks: Vec<Block>,
    /// Where its links lead: absolute http(s) addresses, each once, in the order of the text.
    pub links: Vec<String>,
}

impl Article {
    /// How long its text is, in bytes, without title and byline.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(Block::len).sum()
    }

    /// Nothing is to be read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A paragraph or what stands like one: it begins on a line of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What kind of text this is.
    pub kind: BlockKind,
    /// One after the other without anything between them: the space between two words is in one of them, or one by itself.
    pub runs: Vec<Run>,
}

impl Block {
    /// The text of all its runs.
    pub fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }

    /// In bytes.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.text.len()).sum()
    }

    /// Nothing is to be read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockKind {
    /// A paragraph, or a row of a table: its cells parted by ` · `.
    Text,
    /// A heading of any level.
    Heading,
    /// Of a list; its mark is not in the text. What follows the first paragraph of an item is [`BlockKind::Text`].
    Item,
    /// A paragraph of a quotation.
    Quote,
    /// One line of code, the spaces it begins with kept. Empty lines are left out.
    Code,
}

/// A piece of text that looks the same throughout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The text, with no markup.
    pub text: String,
    /// An index into [`Article::links`].
    pub link: Option<usize>,
    /// In bold on the page; never set in a heading.
    pub strong: bool,
}
