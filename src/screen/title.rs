//! The title of the window: the largest move of the watchlist, for whoever sees no more of newstape than its tab.

use rust_decimal::prelude::ToPrimitive;

use super::quotes::coin;
use super::text::{arrow, percent};
use crate::app::App;

/// `NVDA ▼ −2.1% · newstape`; without a price that is current, the name alone.
pub fn title(app: &App) -> String {
    let moved = |symbol: &crate::domain::price::Symbol| {
        let change = app.tape.quote(&symbol.name)?.change_percent()?.to_f64()?;
        app.price_state(&symbol.name).is_current().then(|| (coin(&symbol.name).to_owned(), change))
    };
    let moves = app.tape.symbols().iter().filter_map(moved);
    match moves.max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs())) {
        Some((symbol, change)) => format!("{symbol} {} {} · newstape", arrow(change), percent(change, 1)),
        None => "newstape".to_owned(),
    }
}
