//! The watchlist as a table, one line for each symbol. As it gets narrower, columns go whole, in the order of [`STEPS`].

use std::collections::HashMap;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{extended_in, rail_price, sparkline};
use crate::app::Focus;
use crate::app::hit_map::HitMap;
use crate::app::tape::last_trade;
use crate::domain::format;
use crate::domain::layout::PriceSort;
use crate::domain::price::{Extended, Quote, Session, State, Symbol};
use crate::screen::Scene;
use crate::screen::frame::put;
use crate::screen::quote::{change_day, change_style, flash, short, state_words};
use crate::screen::text::{self, arrow, cut, day_and_clock, fit, fit_right, width};

/// Columns of a sparkline: at least, and at most. In one row it has four heights, which a longer line does not tell better.
const SPARK: usize = 10;
const SPARK_MAX: usize = 32;
/// Blanks between two columns at most.
const GAP_MAX: usize = 4;
/// A name is cut to this.
const NAME_MAX: usize = 12;
/// Columns for a state: all its words, those without what stands in parentheses, its first word with its age, one of the two.
const STATE: usize = 46;
const STATE_BARE: usize = 34;
const STATE_AGE: usize = 9;
const STATE_WORD: usize = 7;
/// Rows from which on there is one for the heads of the columns.
const HEAD_FROM: u16 = 4;

/// How much the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    list: bool,
    time: bool,
    source: bool,
    /// Prices outside hours in columns of their own; else in place of the close, with their session before the state.
    extended: bool,
    spark: bool,
    change: bool,
    /// Columns for the state; 0: only one that is not current shows, in place of the change.
    state: usize,
    /// Prices without cents from a thousand on, changes with one decimal.
    is_short: bool,
    /// Without it, a state that is not current stands in place of the price.
    percent: bool,
}

const WHOLE: Form = Form {
    list: true,
    time: true,
    source: true,
    extended: true,
    spark: true,
    change: true,
    state: STATE,
    is_short: false,
    percent: true,
};

/// What goes, in this order, until the rest has room.
const STEPS: [fn(&mut Form); 12] = [
    |form| (form.list, form.source) = (false, false),
    |form| form.time = false,
    |form| form.state = STATE_BARE,
    |form| form.extended = false,
    |form| form.state = STATE_AGE,
    // The per cent tell as much as the amount, and the line tells more; but the amount needs less room.
    |form| form.change = false,
    |form| (form.change, form.spark) = (true, false),
    |form| form.state = STATE_WORD,
    |form| form.change = false,
    |form| form.is_short = true,
    |form| form.state = 0,
    |form| form.percent = false,
];

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Column {
    Name,
    Price,
    /// Where one is not in dollars.
    Currency,
    Change,
    Percent,
    Spark,
    Extended,
    ExtendedPercent,
    State,
    Time,
    Source,
    List,
}

/// A symbol with what its cells are made from, worked out once: a frame asks for them many times to find what fits.
struct Row<'a> {
    symbol: &'a Symbol,
    quote: Option<&'a Quote>,
    state: State,
    /// The price outside hours, as long as it is current.
    extended: Option<&'a Extended>,
    change_style: Style,
    /// The day of the change, when it is not today's.
    day: Option<String>,
}

impl<'a> Row<'a> {
    fn new(scene: Scene<'a>, symbol: &'a Symbol) -> Row<'a> {
        let quote = scene.app.tape.quote(&symbol.name);
        let state = scene.app.price_state(&symbol.name);
        Row {
            symbol,
            quote,
            extended: extended_in(&state, quote),
            state,
            change_style: change_style(scene, symbol),
            day: quote.and_then(|quote| change_day(scene, quote)),
        }
    }

    /// A style; dim when the price is not current.
    fn current(&self, scene: Scene, style: Style) -> Style {
        if self.state.is_current() { style } else { scene.theme.dim }
    }
}

/// A column with its place and the width of its parts.
#[derive(Clone)]
struct Placed {
    column: Column,
    x: u16,
    width: usize,
    /// Columns kept behind the point.
    fraction: usize,
}

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, symbols: &[&Symbol], seen: &mut HitMap) {
    let app = scene.app;
    let rows: Vec<Row> = symbols.iter().map(|symbol| Row::new(scene, symbol)).collect();
    let table = Table::fitting(scene, &rows, area);
    let has_head = area.height >= HEAD_FROM && rows.len() != usize::from(area.height);
    let head = u16::from(has_head);
    if has_head {
        draw_heads(frame, Rect { height: 1, ..area }, &table, seen);
    }
    let body = Rect { y: area.y + head, height: area.height - head, ..area };
    seen.price_rows = body;
    for (y, row) in (body.y..body.bottom()).zip(rows.iter().skip(app.tape.top(body.height.into()))) {
        let line = Rect { y, height: 1, ..body };
        seen.symbols.push((line, row.symbol.name.clone()));
        draw_row(frame, line, &table, row);
    }
}

/// A table as it fits into its place.
struct Table<'a> {
    scene: Scene<'a>,
    form: Form,
    columns: Vec<Placed>,
}

impl<'a> Table<'a> {
    /// With as much as has room in an area.
    fn fitting(scene: Scene<'a>, rows: &[Row], area: Rect) -> Table<'a> {
        let room = usize::from(area.width);
        let mut form = WHOLE;
        let mut steps = STEPS.iter();
        let mut known = Known::new();
        let mut measured = |form| measured(scene, rows, form, &mut known);
        let (mut columns, mut needed) = measured(form);
        while needed > room
            && let Some(step) = steps.next()
        {
            step(&mut form);
            (columns, needed) = measured(form);
        }
        // Room that is left over goes to the words of the state.
        for state in [STATE, STATE_BARE, STATE_AGE].into_iter().filter(|state| *state > form.state && form.state > 0) {
            let wordy = Form { state, ..form };
            let (wide, wanted) = measured(wordy);
            if wanted <= room {
                (form, columns, needed) = (wordy, wide, wanted);
                break;
            }
        }
        let mut left = room.saturating_sub(needed);
        for placed in columns.iter_mut().filter(|placed| placed.column == Column::Spark) {
            let more = left.min(SPARK_MAX - SPARK);
            placed.width += more;
            left -= more;
        }
        let wider = if form.spark { left / columns.len().max(1) } else { 0 };
        let gap = (gap(form) + wider).min(GAP_MAX);
        let mut x = area.x + MARK as u16;
        for placed in &mut columns {
            placed.x = x;
            x = x.saturating_add((placed.width + gap) as u16);
        }
        Table { scene, form, columns }
    }
}

/// Columns before the name: the mark of the selected row.
const MARK: usize = 1;

fn gap(form: Form) -> usize {
    if form.is_short { 1 } else { 2 }
}

/// Columns that were measured, by what their cells depend on.
type Known = HashMap<(Column, CellForm), Option<Placed>>;

/// What of a form its cells depend on; the rest only leaves columns out.
type CellForm = (bool, bool, bool, usize);

/// The columns that have anything to show, as wide as their cells and heads, and the columns of the screen that they need.
fn measured(scene: Scene, rows: &[Row], form: Form, known: &mut Known) -> (Vec<Placed>, usize) {
    let cell_form = (form.extended, form.is_short, form.percent, form.state);
    let mut placed =
        |column| known.entry((column, cell_form)).or_insert_with(|| measure(scene, rows, form, column)).clone();
    let columns: Vec<Placed> = form.columns().into_iter().filter_map(&mut placed).collect();
    let cells: usize = columns.iter().map(|placed| placed.width).sum();
    let gaps = gap(form) * columns.len().saturating_sub(1);
    (columns, MARK + cells + gaps)
}

/// A column whose cells are all empty is left out.
fn measure(scene: Scene, rows: &[Row], form: Form, column: Column) -> Option<Placed> {
    if column == Column::Spark {
        return Some(Placed { column, x: 0, width: SPARK, fraction: 0 });
    }
    let texts: Vec<String> = rows.iter().map(|row| plain(&cell(scene, row, form, column))).collect();
    let fraction = |text: &String| if form.is_short { 0 } else { fraction(column, text) };
    let most = texts.iter().map(fraction).max().unwrap_or(0);
    let cells = texts.iter().map(|text| width(text) - fraction(text) + most).max().filter(|width| *width > 0)?;
    let cells = if column == Column::Name { cells.min(NAME_MAX) } else { cells };
    // The mark of the column sorted by has room.
    let head = width(head(form, column)) + usize::from(sort_of(column).is_some());
    Some(Placed { column, x: 0, width: cells.max(head), fraction: most })
}

/// Columns behind the point of a number, or behind the number itself; those stand under each other.
fn fraction(column: Column, text: &str) -> usize {
    let behind = match column {
        Column::Price | Column::Change | Column::Extended => text.find('.'),
        Column::Percent => text.find('%'),
        _ => None,
    };
    behind.and_then(|at| text.get(at..)).map_or(0, width)
}

fn plain(spans: &[Span]) -> String {
    spans.iter().map(|span| &*span.content).collect()
}

impl Form {
    fn columns(self) -> Vec<Column> {
        let columns = [
            (Column::Name, true),
            (Column::Price, true),
            (Column::Currency, !self.is_short),
            (Column::Change, self.change),
            (Column::Percent, self.percent),
            (Column::Extended, self.extended),
            (Column::ExtendedPercent, self.extended),
            (Column::Spark, self.spark),
            (Column::State, self.state > 0),
            (Column::Time, self.time),
            (Column::Source, self.source),
            (Column::List, self.list),
        ];
        columns.into_iter().filter(|(_, shows)| *shows).map(|(column, _)| column).collect()
    }
}

fn head(form: Form, column: Column) -> &'static str {
    match column {
        // Names are seldom longer.
        Column::Name if form.is_short => "Name",
        Column::Name => "Symbol",
        Column::Price => "Price",
        Column::Currency => "",
        Column::Change => "Change",
        Column::Percent => "%",
        Column::Extended => "Outside",
        Column::ExtendedPercent => "%",
        Column::Spark => "Day",
        Column::State => "State",
        Column::Time => "Time",
        Column::Source => "Source",
        Column::List => "List",
    }
}

/// Numbers stand at the right of their column.
fn is_number(column: Column) -> bool {
    use Column::{Change, Extended, ExtendedPercent, Percent, Price, Time};
    matches!(column, Price | Change | Percent | Extended | ExtendedPercent | Time)
}

/// What a column sorts by.
fn sort_of(column: Column) -> Option<PriceSort> {
    match column {
        Column::Name => Some(PriceSort::Name),
        Column::Percent => Some(PriceSort::Change),
        _ => None,
    }
}

/// The heads; that of the column sorted by has a mark.
fn draw_heads(frame: &mut Frame, area: Rect, table: &Table, seen: &mut HitMap) {
    let theme = table.scene.theme;
    for placed in &table.columns {
        let place = place(area, placed);
        let sort = sort_of(placed.column);
        let is_sorted = sort == Some(table.scene.app.tape.sort());
        let mark = if placed.column == Column::Name { "▴" } else { "▾" };
        let mut text = head(table.form, placed.column).to_owned();
        if is_sorted {
            text.push_str(mark);
        }
        let text = if is_number(placed.column) { fit_right(&text, placed.width) } else { fit(&text, placed.width) };
        put(frame, Line::styled(text, if is_sorted { theme.accent } else { theme.dim }), place);
        seen.price_heads.extend(sort.map(|sort| (place, sort)));
    }
}

fn place(line: Rect, placed: &Placed) -> Rect {
    Rect { x: placed.x, width: placed.width as u16, ..line }.intersection(line)
}

fn draw_row(frame: &mut Frame, line: Rect, table: &Table, row: &Row) {
    let scene = table.scene;
    let is_selected = scene.app.tape.selected() == Some(row.symbol);
    if is_selected {
        if scene.app.arrangement.focus == Focus::Tape {
            frame.buffer_mut().set_style(line, scene.theme.selected);
        }
        put(frame, Line::styled("▸", scene.theme.accent), line);
    }
    for placed in &table.columns {
        let place = place(line, placed);
        if placed.column == Column::Spark {
            sparkline(frame, place, scene, row.symbol);
            continue;
        }
        let mut spans = cell(scene, row, table.form, placed.column);
        let text = plain(&spans);
        let room = placed.width.min(place.width.into());
        let missing = room.saturating_sub(width(&text));
        if is_number(placed.column) {
            let behind = placed.fraction.saturating_sub(fraction(placed.column, &text)).min(missing);
            spans.insert(0, Span::raw(" ".repeat(missing - behind)));
        }
        put(frame, Line::from(text::cut_spans(spans, room)), place);
    }
}

// --- cells ---

fn cell(scene: Scene, row: &Row, form: Form, column: Column) -> Vec<Span<'static>> {
    match column {
        Column::Name => vec![name(scene, row)],
        Column::Price => price(scene, row, form),
        Column::Currency => vec![Span::styled(currency(row), scene.theme.dim)],
        Column::Change => change(scene, row, form),
        Column::Percent => percent(scene, row, form),
        Column::Extended => extended_price(scene, row),
        Column::ExtendedPercent => extended_percent(scene, row),
        Column::Spark => Vec::new(),
        Column::State => state(scene, row, form),
        Column::Time => vec![Span::styled(time(scene, row), scene.theme.dim)],
        Column::Source => {
            vec![Span::styled(source(scene, row), scene.theme.dim)]
        }
        Column::List => vec![Span::styled(list(scene, row), scene.theme.dim)],
    }
}

fn name(scene: Scene, row: &Row) -> Span<'static> {
    let mut style = scene.theme.text.add_modifier(Modifier::BOLD);
    if scene.app.tape.selected() == Some(row.symbol) {
        style = style.patch(scene.theme.accent);
    }
    Span::styled(cut(short(&row.symbol.name), NAME_MAX), style)
}

/// The price outside hours that stands in place of the close, where it has no columns of its own.
fn instead<'a>(row: &Row<'a>, form: Form) -> Option<&'a Extended> {
    row.extended.filter(|_| !form.extended && form.state > 0)
}

fn price(scene: Scene, row: &Row, form: Form) -> Vec<Span<'static>> {
    if !form.percent && !row.state.is_current() {
        return vec![Span::styled(state_words(scene, &row.state, STATE_WORD), scene.theme.warning)];
    }
    if form.is_short {
        return rail_price(scene, row.symbol);
    }
    let Some(quote) = row.quote else { return vec![dash(scene)] };
    let price = instead(row, form).map_or(quote.price, |extended| extended.price);
    let text = format::price(price, scene.app.tape.decimals(quote));
    let style = row.current(scene, scene.theme.text.add_modifier(Modifier::BOLD));
    vec![Span::styled(text, style.patch(flash(scene, row.symbol)))]
}

fn currency(row: &Row) -> String {
    row.quote.map(|quote| quote.currency.to_string()).filter(|currency| currency != "USD").unwrap_or_default()
}

fn dash(scene: Scene) -> Span<'static> {
    Span::styled("–", scene.theme.dim)
}

/// The change that stands beside the price, its share of the base, its colour, and the day that it belongs to if not today.
fn moved(scene: Scene, row: &Row, form: Form) -> Option<(Decimal, Decimal, Style, String)> {
    let quote = row.quote?;
    if instead(row, form).is_some() {
        let (change, percent) = (quote.extended_change()?, quote.extended_change_percent()?);
        let style = scene.theme.moved(percent.to_f64().unwrap_or_default());
        return Some((change, percent, row.current(scene, style), String::new()));
    }
    let day = row.day.as_ref().map(|day| format!(" {day}")).unwrap_or_default();
    Some((quote.change()?, quote.change_percent()?, row.change_style, day))
}

fn change(scene: Scene, row: &Row, form: Form) -> Vec<Span<'static>> {
    let Some((change, _, style, _)) = moved(scene, row, form) else { return vec![dash(scene)] };
    let decimals = row.quote.map_or(2, |quote| scene.app.tape.decimals(quote));
    vec![Span::styled(format::change(change, decimals), style)]
}

/// `▼  −2.13%`: the arrows stand under each other. Where the state has no column, one that is not current.
fn percent(scene: Scene, row: &Row, form: Form) -> Vec<Span<'static>> {
    if form.state == 0 && !row.state.is_current() {
        return vec![Span::styled(state_words(scene, &row.state, STATE_WORD), scene.theme.warning)];
    }
    let Some((_, percent, style, day)) = moved(scene, row, form) else { return vec![dash(scene)] };
    let direction = percent.to_f64().unwrap_or_default();
    let figure = match form.is_short {
        true => format!("{}{}", arrow(direction), format::percent(direction, 1)),
        false => format!("{} {}", arrow(direction), fit_right(&format::percent_of(percent), PERCENT)),
    };
    vec![Span::styled(figure, style), Span::styled(day, scene.theme.dim)]
}

/// `−12.34%`
const PERCENT: usize = 7;

/// `pre 182.10`: as long as there is a price outside hours.
fn outside<'a>(row: &'a Row) -> Option<(&'a Quote, &'a Extended)> {
    let quote = row.quote.filter(|quote| quote.session != Session::Regular)?;
    Some((quote, quote.extended.as_ref()?))
}

fn extended_price(scene: Scene, row: &Row) -> Vec<Span<'static>> {
    let Some((quote, extended)) = outside(row) else { return Vec::new() };
    let style = row.current(scene, scene.theme.text.add_modifier(Modifier::BOLD));
    let price = format::price(extended.price, scene.app.tape.decimals(quote));
    vec![Span::styled(format!("{} ", extended.session), scene.theme.dim), Span::styled(price, style)]
}

fn extended_percent(scene: Scene, row: &Row) -> Vec<Span<'static>> {
    let Some(percent) = outside(row).and_then(|(quote, _)| quote.extended_change_percent()) else { return Vec::new() };
    let direction = percent.to_f64().unwrap_or_default();
    let style = row.current(scene, scene.theme.moved(direction));
    vec![Span::styled(format!("{} {}", arrow(direction), fit_right(&format::percent_of(percent), PERCENT)), style)]
}

/// The state in words; before it the session of the price, when that is one outside hours.
fn state(scene: Scene, row: &Row, form: Form) -> Vec<Span<'static>> {
    let session = instead(row, form).map(|extended| format!("{} ", extended.session)).unwrap_or_default();
    let style = if row.state.is_current() { scene.theme.dim } else { scene.theme.warning };
    vec![Span::styled(session, scene.theme.dim), Span::styled(state_words(scene, &row.state, form.state), style)]
}

/// When its latest price traded.
fn time(scene: Scene, row: &Row) -> String {
    let zone = &scene.app.config.market.time_zone;
    row.quote.and_then(last_trade).map_or(String::new(), |(_, at)| day_and_clock(at, scene.app.now, zone))
}

/// Where the words of the state do not name it.
fn source(scene: Scene, row: &Row) -> String {
    let words = state_words(scene, &row.state, STATE);
    let source = row.quote.map(|quote| quote.source.to_string()).filter(|source| !words.contains(source));
    source.unwrap_or_default()
}

/// Where all symbols are shown.
fn list(scene: Scene, row: &Row) -> String {
    let list = row.symbol.list.as_ref().filter(|_| scene.app.tape.list().is_none());
    list.map_or(String::new(), |list| cut(list, NAME_MAX))
}
