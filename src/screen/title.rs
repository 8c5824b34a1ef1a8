//! The title of the window: the largest move of the prices shown, for whoever sees no more of newstape than its tab.

use rust_decimal::prelude::ToPrimitive;

use super::quote::coin;
use super::text::{arrow, cut};
use crate::app::App;
use crate::domain::format;

/// A symbol in the title, in columns.
const NAME_MAX: usize = 20;

/// `NVDA ▼ −2.1% · newstape`; without a price that is current, the name alone.
pub fn title(app: &App) -> String {
    let moved = |symbol: &crate::domain::price::Symbol| {
        let change = app.tape.quote(&symbol.name)?.change_percent()?.to_f64()?;
        app.price_state(&symbol.name).is_current().then(|| (cut(coin(&symbol.name), NAME_MAX), change))
    };
    let moves = app.tape.shown().into_iter().filter_map(moved);
    match moves.max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs())) {
        Some((symbol, change)) => format!("{symbol} {} {} · newstape", arrow(change), format::percent(change, 1)),
        None => "newstape".to_owned(),
    }
}
