//! The screen: [`draw`] is the only code that draws. It changes nothing; what it showed and where goes back as [`HitMap`].
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
pub(crate) mod feeds;
mod frame;
mod group;
mod header;
mod heat;
mod heat_popup;
mod help;
mod palette;
mod plan;
mod prompt;
mod quote;
mod quotes;
mod reader;
mod signs;
mod status;
pub mod text;
pub mod theme;
mod title;
mod why;
mod wire;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::hit_map::HitMap;
use crate::app::{App, Popup};
use crate::domain::layout::Panel;
pub use plan::Size;
use theme::Theme;
pub use title::title;

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

type Draw = fn(&mut Frame, Rect, Scene, &mut HitMap);

/// How a panel is drawn. [`plan::plan`] gives each its place.
fn drawing(panel: Panel) -> Draw {
    match panel {
        Panel::Topics => header::draw,
        Panel::Wire => wire::draw,
        Panel::Reader => reader::draw,
        Panel::Chart => chart::draw,
        Panel::Prices => quotes::draw,
        Panel::Rail => quotes::draw_rail,
        Panel::Heat => heat::draw,
        Panel::Status => status::draw,
    }
}

/// Draws the whole screen.
pub fn draw(frame: &mut Frame, app: &App, theme: &Theme) -> HitMap {
    let area = frame.area();
    let scene = Scene { app, theme, size: Size::of(area) };
    let mut seen = HitMap::default();
    frame.buffer_mut().set_style(area, theme.ground);
    let places = plan::plan(area, app);
    let has_status = places.iter().any(|(panel, place)| *panel == Panel::Status && place.area() > 0);
    for (panel, place) in places.into_iter().filter(|(_, place)| place.area() > 0) {
        seen.panels.extend(panel.focus().map(|focus| (place, focus)));
        drawing(panel)(frame, place, scene, &mut seen);
    }
    // What is wrong, and the line that is typed in, stay in sight.
    let area = Rect { height: area.height.saturating_sub(has_status.into()), ..area };
    match &app.popup {
        Some(Popup::Help { scroll }) => help::draw(frame, area, scene, *scroll, &mut seen),
        Some(Popup::Feeds { cursor }) => feeds::draw(frame, area, scene, *cursor, &mut seen),
        Some(Popup::Feed { cursor, scroll }) => feed::draw(frame, area, scene, (*cursor, *scroll), &mut seen),
        Some(Popup::Group { group, cursor }) => group::draw(frame, area, scene, (*group, *cursor), &mut seen),
        Some(Popup::Why { asked, chosen, line }) => {
            why::draw(frame, area, scene, asked, (*chosen, *line), &mut seen);
        }
        Some(Popup::Alerts { cursor }) => alerts::draw(frame, area, scene, *cursor, &mut seen),
        Some(Popup::Digest { scroll }) => digest::draw(frame, area, scene, *scroll, &mut seen),
        Some(Popup::Heat { scroll }) => heat_popup::draw(frame, area, scene, *scroll, &mut seen),
        None => {}
    }
    if theme.ascii {
        ascii::reduce(frame.buffer_mut());
    }
    seen
}
