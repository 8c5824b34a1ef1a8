//! The chain of a symbol: its sources, best first, and the routes to its price, socket before polling.

use super::{Source, source};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::price::{Capability, Symbol};

/// A route to prices: a source, and how it is asked.
pub(crate) type Route = (Name, Capability);

/// A symbol that a source is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Wanted {
    pub symbol: Name,
    /// As the source spells it.
    pub spelled: String,
}

/// The place of a route in the chain of a symbol, the best first.
pub(crate) fn rank(symbol: &str, route: &Route, config: &Config) -> Option<usize> {
    let symbol = config.symbols.iter().find(|other| &*other.name == symbol)?;
    routes(symbol, config).position(|(source, by)| (source.id, by) == (&*route.0, route.1))
}

/// A symbol as a source is asked for it; None: it can't spell it.
pub(super) fn wanted(of: &Source, symbol: &Name) -> Option<Wanted> {
    (of.spell)(symbol).map(|spelled| Wanted { symbol: symbol.clone(), spelled })
}

/// The sources of a symbol that exist, are enabled and know how to spell it, best first.
pub(crate) fn chain<'a>(symbol: &'a Symbol, config: &'a Config) -> impl Iterator<Item = &'static Source> + 'a {
    let known = symbol.sources.iter().filter_map(|id| source(id));
    known.filter(|source| source.is_enabled(config) && (source.spell)(&symbol.name).is_some())
}

/// The routes to a symbol's price, best first.
pub(super) fn routes<'a>(
    symbol: &'a Symbol,
    config: &'a Config,
) -> impl Iterator<Item = (&'static Source, Capability)> + 'a {
    chain(symbol, config).flat_map(|source| {
        let socket = source.socket.as_ref().map(|_| (source, Capability::Socket));
        socket.into_iter().chain(source.poll.as_ref().map(|_| (source, Capability::Quote)))
    })
}
