//! Which panels are shown, and where: by the size of the screen, and by how the reader arranged it.
//!
//! ```text
//!  huge      topics                                   wide      topics
//!            wire │ reader │ chart                              wire     │ chart
//!                 │ heat   │ prices                             reader   │ prices, heat
//!
//!  medium    topics            small     topics                 tiny     prices
//!            wire   │ prices             prices, two rows                wire, or the reader
//!            reader │                    wire, or the reader
//! ```
//!
//! A narrow medium screen has its prices on top, as a small one has them: else the headlines would be cut too short.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{heat, quotes, wire};
use crate::app::{App, Focus};
use crate::domain::layout::Panel;

/// How much room there is; decides which panels are shown, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Prices and headlines.
    Tiny,
    /// Prices in two rows on top, the wire below.
    Small,
    /// The wire and the reader, prices with sparklines beside them.
    Medium,
    /// Everything.
    Wide,
    /// Everything, the reader in a column of its own.
    Huge,
}

impl Size {
    /// The size of a screen of so many cells.
    pub fn of(area: Rect) -> Size {
        match (area.width, area.height) {
            (200.., 50..) => Size::Huge,
            (130.., 30..) => Size::Wide,
            (92.., 22..) => Size::Medium,
            (56.., 14..) => Size::Small,
            _ => Size::Tiny,
        }
    }
}

/// Panels with their places.
pub(super) type Plan = Vec<(Panel, Rect)>;

/// Columns and rows that the wire has at least, whatever the reader made larger.
const WIRE_COLUMNS: u16 = 40;
const WIRE_ROWS: u16 = 6;

/// Columns that the reader beside the wire, and the chart, have at least as they come.
const READER_COLUMNS: u16 = 46;
const CHART_COLUMNS: u16 = 54;
/// The same on the largest screens: a day of a coin in bars of an hour.
const HUGE_CHART_COLUMNS: u16 = 64;

/// The places of all panels that are shown.
pub(super) fn plan(area: Rect, app: &App) -> Plan {
    let size = Size::of(area);
    if size == Size::Tiny {
        return plan_tiny(area, app);
    }
    let top = u16::from(app.arrangement.layout.shows(Panel::Topics));
    let [topics, body, status] =
        Layout::vertical([Constraint::Length(top), Constraint::Fill(1), Constraint::Length(1)]).areas(area);
    let mut plan = match size {
        _ if app.arrangement.layout.zoomed || is_reading(app) || app.arrangement.is_charting() => {
            plan_zoomed(body, app, size)
        }
        _ => plan_whole(body, app, size),
    };
    plan.push((Panel::Topics, topics));
    plan.push((Panel::Status, status));
    plan
}

fn plan_whole(body: Rect, app: &App, size: Size) -> Plan {
    match size {
        Size::Huge => plan_huge(body, app),
        Size::Wide => plan_wide(body, app),
        Size::Medium => plan_medium(body, app),
        Size::Small | Size::Tiny => plan_small(body, app, size),
    }
}

/// An article is read, which wants room.
fn is_reading(app: &App) -> bool {
    app.arrangement.focus == Focus::Reader && app.reading.is_whole
}

/// Rows of the prices above a panel alone at most, however many there are.
const RAIL_MAX: u16 = 6;

/// The panel with the keys; above it the prices, which are wanted whatever is read.
fn plan_zoomed(body: Rect, app: &App, size: Size) -> Plan {
    let panel = match app.arrangement.focus {
        Focus::Wire => Panel::Wire,
        Focus::Reader => Panel::Reader,
        Focus::Tape if app.arrangement.is_charting() => Panel::Chart,
        Focus::Tape if size < Size::Medium || has_table(body, app, size) => Panel::Prices,
        Focus::Tape => Panel::Chart,
    };
    if panel == Panel::Prices && size >= Size::Medium && app.arrangement.layout.shows(Panel::Chart) {
        return table_over_chart(body, app);
    }
    let has_rail = panel != Panel::Prices && app.arrangement.layout.shows(Panel::Prices);
    let rail = if has_rail { quotes::rail_height(app, body, Size::Small).min(RAIL_MAX) } else { 0 };
    let [rail, main] = split(body, rail);
    vec![(Panel::Rail, rail), (panel, main)]
}

/// A table with as many rows as it needs, and the chart of the selected symbol where enough is left.
fn table_over_chart(body: Rect, app: &App) -> Plan {
    let needed = u16::try_from(app.tape.shown().len() + 3).unwrap_or(u16::MAX);
    let left = body.height.saturating_sub(needed);
    let [table, chart] = split(body, if left < CHART_ROWS { body.height } else { needed });
    vec![(Panel::Prices, table), (Panel::Chart, chart)]
}

/// Per cent of the rows that the prices take at most from the chart above them, where there are many.
const QUOTES_SHARE: u16 = 40;

/// Rows that a chart under the table has at least.
const CHART_ROWS: u16 = 12;

/// Whether the prices are a table among the other panels, or would be one if the screen were not narrow. Alone they are one
/// then, too.
fn has_table(body: Rect, app: &App, size: Size) -> bool {
    let would_be = size == Size::Medium && app.arrangement.layout.shows(Panel::Prices) && is_table_beside(body, app);
    let plan = plan_whole(body, app, size);
    would_be || plan.iter().any(|(panel, place)| *panel == Panel::Prices && quotes::is_table(app, *place, size))
}

fn split(body: Rect, first: u16) -> [Rect; 2] {
    Layout::vertical([Constraint::Length(first), Constraint::Fill(1)]).areas(body)
}

/// Places below each other: the first takes what the others leave.
fn stack(area: Rect, panels: Vec<(Panel, u16)>) -> Plan {
    let rows = |(at, (_, rows)): (usize, &(Panel, u16))| match at {
        0 => Constraint::Fill(1),
        _ => Constraint::Length(*rows),
    };
    let places = Layout::vertical(panels.iter().enumerate().map(rows)).split(area);
    panels.iter().map(|(panel, _)| *panel).zip(places.iter().copied()).collect()
}

/// Columns that panels beside the wire have, given the least they need: what the headlines of the wire want comes from theirs,
/// since a headline that is cut is worth more than an empty corner.
fn left_over(room: u16, (comes_with, least): (u16, u16), wire: u16) -> u16 {
    room.saturating_sub(wire).clamp(least.min(comes_with), comes_with)
}

/// The wire on the left, a column of the prices on the right, if it has anything to show.
fn beside(body: Rect, columns: u16, has_right: bool) -> [Rect; 2] {
    let columns = if has_right { columns.min(body.width.saturating_sub(WIRE_COLUMNS)) } else { 0 };
    Layout::horizontal([Constraint::Fill(1), Constraint::Length(columns)]).areas(body)
}

fn larger(comes_with: u16, by: i16, least: u16) -> u16 {
    comes_with.saturating_add_signed(by).max(least)
}

/// What stands in a column, of those that are not hidden.
fn shown(app: &App, panels: &[(Panel, u16)]) -> Vec<(Panel, u16)> {
    panels.iter().filter(|(panel, _)| app.arrangement.layout.shows(*panel)).copied().collect()
}

fn plan_huge(body: Rect, app: &App) -> Plan {
    let quotes_rows = (body.height * 3 / 10).clamp(12, 22);
    let heat_rows = heat::rows_needed(app).clamp((body.height / 4).clamp(8, 16), 16);
    let middle = shown(app, &[(Panel::Reader, 0), (Panel::Heat, heat_rows)]);
    let wanted = wire::columns_wanted(app);
    let (right_columns, middle_columns) =
        ((body.width * 30 / 100).clamp(60, 90), (body.width * 24 / 100).clamp(48, 70));
    // The reader narrows first: an article is read over the whole screen.
    let narrow = left_over(body.width.saturating_sub(right_columns), (middle_columns, READER_COLUMNS), wanted);
    let right_columns = left_over(body.width.saturating_sub(narrow), (right_columns, HUGE_CHART_COLUMNS), wanted);
    let right_columns = larger(right_columns, app.arrangement.layout.columns, 30);
    let most = body.height * QUOTES_SHARE / 100;
    let quotes_rows = quotes_rows.max(quotes::rows_needed(app, right_columns, Size::Huge, most));
    let right = shown(app, &[(Panel::Chart, 0), (Panel::Prices, quotes_rows)]);
    let [left, right_place] = beside(body, right_columns, !right.is_empty());
    let narrow = left_over(left.width, (middle_columns, READER_COLUMNS), wanted);
    let columns = larger(narrow, app.arrangement.layout.rows * 2, 30);
    let [wire, middle_place] = beside(left, columns, !middle.is_empty());
    let mut plan = vec![(wire_or_reader(app), wire)];
    plan.extend(stack(middle_place, middle));
    plan.extend(stack(right_place, right));
    plan
}

fn plan_wide(body: Rect, app: &App) -> Plan {
    let quotes_rows = (body.height * 3 / 10).clamp(8, 12);
    let columns = (body.width * 35 / 100).clamp(50, 96);
    let columns = left_over(body.width, (columns, CHART_COLUMNS), wire::columns_wanted(app));
    let columns = larger(columns, app.arrangement.layout.columns, 30);
    let quotes_rows = quotes_rows.max(quotes::rows_needed(app, columns, Size::Wide, body.height * QUOTES_SHARE / 100));
    let heat_rows = heat::rows_needed(app).clamp(6, (body.height / 4).max(6));
    let right = shown(app, &[(Panel::Chart, 0), (Panel::Prices, quotes_rows), (Panel::Heat, heat_rows)]);
    let [left, right_place] = beside(body, columns, !right.is_empty());
    let mut plan = wire_over_reader(left, app, (body.height * 30 / 100).clamp(9, 18));
    plan.extend(stack(right_place, right));
    plan
}

/// Columns of the prices beside the wire of a medium screen as blocks, and the least that those need; and as a table, the
/// lines of which are longer, but lose columns before a headline is cut short.
const BLOCK_COLUMNS: (u16, u16) = (30, 24);
const TABLE_COLUMNS: (u16, u16) = (37, 24);

/// Whether the prices beside the wire of a medium screen are a table.
fn is_table_beside(body: Rect, app: &App) -> bool {
    quotes::is_table(app, Rect { width: BLOCK_COLUMNS.0, ..body }, Size::Medium)
}

fn plan_medium(body: Rect, app: &App) -> Plan {
    let (comes_with, least) = if is_table_beside(body, app) { TABLE_COLUMNS } else { BLOCK_COLUMNS };
    let has_prices = app.arrangement.layout.shows(Panel::Prices);
    let is_narrow = body.width < wire::COLUMNS_MIN + least;
    let rail = if has_prices && is_narrow { quotes::rail_height(app, body, Size::Medium) } else { 0 };
    let [rail, body] = split(body, rail);
    let wanted = wire::columns_wanted(app).min(wire::COLUMNS_MIN);
    let columns = left_over(body.width, (comes_with, least), wanted);
    let columns = larger(columns, app.arrangement.layout.columns, BLOCK_COLUMNS.1);
    let [left, right] = beside(body, columns, has_prices && !is_narrow);
    let reader_rows = match app.arrangement.focus {
        Focus::Reader => left.height / 2,
        _ => (left.height / 3).clamp(7, 11),
    };
    let mut plan = wire_over_reader(left, app, reader_rows);
    plan.extend([(Panel::Rail, rail), (Panel::Prices, right)]);
    plan
}

fn wire_over_reader(area: Rect, app: &App, comes_with: u16) -> Plan {
    let most = area.height.saturating_sub(WIRE_ROWS);
    let rows = larger(comes_with, app.arrangement.layout.rows, 4).min(most);
    let mut panels = vec![(wire_or_reader(app), 0)];
    panels.extend(app.arrangement.layout.shows(Panel::Reader).then_some((Panel::Reader, rows)));
    stack(area, panels)
}

/// A reader that is hidden takes the place of the wire while it has the keys.
fn wire_or_reader(app: &App) -> Panel {
    if app.arrangement.focus == Focus::Reader && !app.arrangement.layout.shows(Panel::Reader) {
        Panel::Reader
    } else {
        Panel::Wire
    }
}

fn plan_small(body: Rect, app: &App, size: Size) -> Plan {
    let rail = if app.arrangement.layout.shows(Panel::Prices) { quotes::rail_height(app, body, size) } else { 0 };
    let [rail, main] = split(body, rail);
    vec![(Panel::Rail, rail), (main_panel(app), main)]
}

fn plan_tiny(area: Rect, app: &App) -> Plan {
    let is_alone = is_reading(app) || app.arrangement.layout.zoomed || app.arrangement.is_charting();
    let has_rail = app.arrangement.layout.shows(Panel::Prices) && !is_alone;
    let rail = if has_rail { quotes::rail_height(app, area, Size::Tiny) } else { 0 };
    // A query being typed must be seen.
    let status = u16::from(area.height >= rail + 3 || app.prompt.is_open());
    let [rail, main, status] =
        Layout::vertical([Constraint::Length(rail), Constraint::Fill(1), Constraint::Length(status)]).areas(area);
    vec![(Panel::Rail, rail), (main_panel(app), main), (Panel::Status, status)]
}

/// Under the rail, or alone.
fn main_panel(app: &App) -> Panel {
    match app.arrangement.focus {
        Focus::Reader => Panel::Reader,
        Focus::Tape if app.arrangement.is_charting() => Panel::Chart,
        Focus::Tape if app.arrangement.layout.zoomed => Panel::Prices,
        Focus::Tape | Focus::Wire => Panel::Wire,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator;

    use super::*;
    use crate::app::samples::Desk;

    #[test]
    fn every_panel_has_its_place_at_some_size() {
        let desk = Desk::with_stories(3);
        let sizes = [(40, 12), (80, 24), (100, 30), (160, 48), (240, 60)];
        let plans = sizes.map(|(columns, rows)| plan(Rect::new(0, 0, columns, rows), &desk.app));
        let planned: BTreeSet<Panel> = plans.into_iter().flatten().map(|(panel, _)| panel).collect();
        let missing: Vec<Panel> = Panel::iter().filter(|panel| !planned.contains(panel)).collect();
        assert_eq!(missing, [], "no plan has a place for them");
    }
}
