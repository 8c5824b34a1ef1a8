//! How the reader arranged the screen: what is hidden, what is larger than it comes, what fills the whole, and which prices
//! are shown in which order. Kept from run to run.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use super::Name;

/// A part of the screen. `screen` draws each and `screen::plan` gives each its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, EnumIter)]
#[serde(rename_all = "kebab-case")]
pub enum Panel {
    /// The topics and views with their keys, in the top line.
    Topics,
    /// The list of stories.
    Wire,
    /// The text of the current story.
    Reader,
    /// Candles of the selected symbol.
    Chart,
    /// The watchlist, as blocks or as a table.
    Prices,
    /// The same in short lines, above a panel that has the rest of the screen.
    Rail,
    /// Stories per topic, compared with what is usual.
    Heat,
    /// The bottom line.
    Status,
}

impl Panel {
    /// What the keys go to when they go to this panel; None: they never do.
    pub fn focus(self) -> Option<Focus> {
        match self {
            Panel::Wire => Some(Focus::Wire),
            Panel::Reader => Some(Focus::Reader),
            Panel::Chart | Panel::Prices => Some(Focus::Tape),
            Panel::Topics | Panel::Rail | Panel::Heat | Panel::Status => None,
        }
    }
}

/// What the keys go to, in the order in which they go round. The prices and their chart share them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter)]
pub enum Focus {
    /// The list of stories, or what lies over it.
    #[default]
    Wire,
    /// The text of the current story.
    Reader,
    /// The prices and the chart.
    Tape,
}

/// The order of the prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PriceSort {
    /// As they stand in the config.
    #[default]
    Config,
    /// By the change in per cent, the largest rise first.
    Change,
    /// By symbol, alphabetically.
    Name,
}

impl PriceSort {
    /// As the title of the prices says it.
    pub fn words(self) -> &'static str {
        match self {
            PriceSort::Config => "config order",
            PriceSort::Change => "by change",
            PriceSort::Name => "by name",
        }
    }
}

/// Which prices are shown, in which order, and the one selected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prices {
    /// The `list` of the symbols shown; None: all symbols.
    pub list: Option<Name>,
    /// The order of the rows.
    pub sort: PriceSort,
    /// The symbol selected.
    pub symbol: Option<Name>,
}

/// The farthest that a border can be moved from where it comes, in columns and in rows.
const COLUMNS_MAX: i16 = 60;
const ROWS_MAX: i16 = 30;

/// How the screen is arranged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// Of those that a key hides.
    pub hidden: BTreeSet<Panel>,
    /// The panel with the keys fills the screen.
    pub zoomed: bool,
    /// Columns that the prices have more than they come with.
    pub columns: i16,
    /// Rows that the reader has more than it comes with.
    pub rows: i16,
    /// The prices shown, kept from one run to the next.
    pub prices: Prices,
}

impl Layout {
    /// Whether a panel is shown, where there is room for it.
    pub fn shows(&self, panel: Panel) -> bool {
        !self.hidden.contains(&panel)
    }

    /// Hides a panel, or shows it again.
    pub fn toggle(&mut self, panel: Panel) {
        if !self.hidden.remove(&panel) {
            self.hidden.insert(panel);
        }
    }

    /// Gives the prices so many columns more.
    pub fn widen_prices(&mut self, by: i16) {
        self.columns = self.columns.saturating_add(by).clamp(-COLUMNS_MAX, COLUMNS_MAX);
    }

    /// Gives the reader so many rows more.
    pub fn heighten_reader(&mut self, by: i16) {
        self.rows = self.rows.saturating_add(by).clamp(-ROWS_MAX, ROWS_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_reads_back_and_what_is_missing_is_as_it_comes() {
        let mut layout = Layout::default();
        layout.toggle(Panel::Heat);
        layout.widen_prices(400);
        let text = serde_json::to_string(&layout).expect("plain data");
        assert_eq!(serde_json::from_str::<Layout>(&text).ok(), Some(layout.clone()));
        assert_eq!((layout.columns, layout.shows(Panel::Heat)), (COLUMNS_MAX, false));
        assert_eq!(serde_json::from_str::<Layout>("{\"rows\": 3}").ok().map(|layout| layout.rows), Some(3));
        let chips = Prices { list: Some("Chips".into()), sort: PriceSort::Change, symbol: None };
        let text = "{\"prices\": {\"list\": \"Chips\", \"sort\": \"change\"}}";
        assert_eq!(serde_json::from_str::<Layout>(text).ok(), Some(Layout { prices: chips, ..Layout::default() }));
    }
}
