//! The screen: [`draw`] is the only code that draws. It changes nothing; what it showed and where goes back as [`Seen`].
//!
//! ```text
//!  topic bar                                               session, time
//! ╭ wire ───────────────────────────────╮╭ chart of the selected symbol ╮
//! │ rows                                ││                              │
//! ├ reader ─────────────────────────────┤├ quotes of the watchlist ─────┤
//! │ the current story                   │├ heat of the topics ──────────┤
//! ╰─────────────────────────────────────╯╰──────────────────────────────╯
//!  status: what is wrong, else what is well; the keys that help
//! ```

mod alerts;
mod ascii;
mod braille;
mod chart;
mod digest;
mod feed;
mod feeds;
mod frame;
mod group;
mod header;
mod heat;
mod help;
mod matrix;
mod prompt;
mod quotes;
mod reader;
mod status;
pub mod text;
pub mod theme;
mod why;
mod wire;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::seen::Seen;
use crate::app::{App, Focus, Popup};
use theme::Theme;

/// What a panel is drawn from.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    app: &'a App,
    theme: &'a Theme,
    size: Size,
}

impl Scene<'_> {
    /// `13:44 ET`: a market time with the name of its zone.
    fn market_time(self, at: Timestamp) -> String {
        let zone = &self.app.config.market.time_zone;
        format!("{} {}", text::clock(at, zone), text::zone_name(zone, at))
    }

    /// As [`Scene::market_time`], with the day when it is not today.
    fn market_day_time(self, at: Timestamp) -> String {
        let zone = &self.app.config.market.time_zone;
        format!("{} {}", text::day_and_clock(at, self.app.now, zone), text::zone_name(zone, at))
    }
}

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
}

impl Size {
    /// The size of a screen of so many cells.
    pub fn of(area: Rect) -> Size {
        match (area.width, area.height) {
            (130.., 30..) => Size::Wide,
            (92.., 22..) => Size::Medium,
            (56.., 14..) => Size::Small,
            _ => Size::Tiny,
        }
    }
}

type Draw = fn(&mut Frame, Rect, Scene, &mut Seen);

/// A part of the screen: its name and how it is drawn. [`plan`] gives each its place.
struct Panel {
    name: &'static str,
    draw: Draw,
}

/// Every panel there is.
const PANELS: [Panel; 8] = [
    Panel { name: "topics", draw: header::draw },
    Panel { name: "wire", draw: wire::draw },
    Panel { name: "reader", draw: reader::draw },
    Panel { name: "chart", draw: chart::draw },
    Panel { name: "quotes", draw: quotes::draw },
    Panel { name: "rail", draw: quotes::draw_rail },
    Panel { name: "heat", draw: heat::draw },
    Panel { name: "status", draw: status::draw },
];

/// Draws the whole screen.
pub fn draw(frame: &mut Frame, app: &App, theme: &Theme) -> Seen {
    let area = frame.area();
    let scene = Scene { app, theme, size: Size::of(area) };
    let mut seen = Seen::default();
    frame.buffer_mut().set_style(area, theme.ground);
    for (name, place) in plan(area, app) {
        let panel = PANELS.iter().find(|panel| panel.name == name);
        if let Some(panel) = panel.filter(|_| place.area() > 0) {
            (panel.draw)(frame, place, scene, &mut seen);
        }
    }
    match app.popup {
        Some(Popup::Help { scroll }) => help::draw(frame, area, scene, scroll, &mut seen),
        Some(Popup::Feeds { cursor }) => feeds::draw(frame, area, scene, cursor, &mut seen),
        Some(Popup::Feed { cursor, scroll }) => feed::draw(frame, area, scene, (cursor, scroll), &mut seen),
        Some(Popup::Group { group, cursor }) => group::draw(frame, area, scene, (group, cursor), &mut seen),
        Some(Popup::Why { chosen, line }) => why::draw(frame, area, scene, (chosen, line), &mut seen),
        Some(Popup::Alerts { cursor }) => alerts::draw(frame, area, scene, cursor, &mut seen),
        Some(Popup::Digest { scroll }) => digest::draw(frame, area, scene, scroll, &mut seen),
        Some(Popup::Heat { scroll }) => matrix::draw(frame, area, scene, scroll, &mut seen),
        None => {}
    }
    if theme.ascii {
        ascii::reduce(frame.buffer_mut());
    }
    seen
}

/// Which panels are shown, and where.
fn plan(area: Rect, app: &App) -> Vec<(&'static str, Rect)> {
    match Size::of(area) {
        Size::Wide => plan_wide(area),
        Size::Medium => plan_medium(area, app),
        Size::Small => plan_small(area, app),
        Size::Tiny => plan_tiny(area, app),
    }
}

fn bars(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]).areas(area)
}

fn plan_wide(area: Rect) -> Vec<(&'static str, Rect)> {
    let [top, body, bottom] = bars(area);
    let right_width = (area.width * 35 / 100).clamp(50, 96);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(right_width)]).areas(body);
    let reader_height = (body.height * 30 / 100).clamp(9, 18);
    let [wire, reader] = Layout::vertical([Constraint::Fill(1), Constraint::Length(reader_height)]).areas(left);
    let quotes_height = (body.height * 3 / 10).clamp(8, 12);
    let [chart, quotes, heat] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(quotes_height), Constraint::Length(6)]).areas(right);
    vec![
        ("topics", top),
        ("wire", wire),
        ("reader", reader),
        ("chart", chart),
        ("quotes", quotes),
        ("heat", heat),
        ("status", bottom),
    ]
}

fn plan_medium(area: Rect, app: &App) -> Vec<(&'static str, Rect)> {
    let [top, body, bottom] = bars(area);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(30)]).areas(body);
    let reader_height = match app.focus {
        Focus::Reader => left.height / 2,
        _ => (left.height / 3).clamp(7, 11),
    };
    let [wire, reader] = Layout::vertical([Constraint::Fill(1), Constraint::Length(reader_height)]).areas(left);
    vec![("topics", top), ("wire", wire), ("reader", reader), ("quotes", right), ("status", bottom)]
}

fn plan_small(area: Rect, app: &App) -> Vec<(&'static str, Rect)> {
    let [top, body, bottom] = bars(area);
    let rail_height = quotes::rail_height(app, area, Size::Small);
    let [rail, main] = Layout::vertical([Constraint::Length(rail_height), Constraint::Fill(1)]).areas(body);
    let main_panel = if app.focus == Focus::Reader { "reader" } else { "wire" };
    vec![("topics", top), ("rail", rail), (main_panel, main), ("status", bottom)]
}

fn plan_tiny(area: Rect, app: &App) -> Vec<(&'static str, Rect)> {
    let rail_height = quotes::rail_height(app, area, Size::Tiny);
    // A query being typed must be seen.
    let status_height = u16::from(area.height >= rail_height + 3 || app.prompt.is_some());
    let [rail, main, bottom] =
        Layout::vertical([Constraint::Length(rail_height), Constraint::Fill(1), Constraint::Length(status_height)])
            .areas(area);
    let main_panel = if app.focus == Focus::Reader { "reader" } else { "wire" };
    vec![("rail", rail), (main_panel, main), ("status", bottom)]
}
