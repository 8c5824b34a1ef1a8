//! How symbols are spelled: as Yahoo Finance writes them, whose names cover most of what trades. `NVDA`, `BRK-B`, `^VIX`,
//! `7203.T`, `EURUSD=X`, `M&M.NS`; a coin with its currency, `BTC-USD`.

use super::Name;

/// The longest name, in characters.
const LONGEST: usize = 40;
/// What coins are quoted in.
const CURRENCIES: [&str; 5] = ["USDT", "USDC", "USD", "EUR", "GBP"];
/// Currencies of states, as far as people write pairs of them.
const MONEY: [&str; 12] = ["USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD", "CNY", "HKD", "SEK", "NOK"];
/// Coins whose pairs are known without a mark between: `BTCUSD` is one, `MSFTUSD` is nothing.
const COINS: [&str; 33] = [
    "AAVE", "ADA", "ALGO", "APT", "ARB", "ATOM", "AVAX", "BCH", "BNB", "BTC", "DOGE", "DOT", "ETC", "ETH", "FIL",
    "HBAR", "ICP", "INJ", "LINK", "LTC", "NEAR", "OP", "PEPE", "SHIB", "SOL", "SUI", "TON", "TRX", "UNI", "USDC",
    "USDT", "XLM", "XRP",
];

/// A name that is not a symbol as it stands. `Display` is one clause without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpellingError {
    /// It is known what is meant.
    #[error("'{written}' is spelled {meant} here")]
    Other { written: String, meant: Name },
    #[error("'{0}' is not a symbol: they are spelled as on Yahoo Finance, such as NVDA, BRK-B, ^VIX or BTC-USD")]
    Unusable(String),
}

/// The symbol that a name is, in capitals.
///
/// # Errors
/// When it is none; with the right spelling where the name is one of another site.
pub(crate) fn spelled(written: &str) -> Result<Name, SpellingError> {
    let name = written.trim().to_uppercase();
    if let Some(meant) = meant(&name).filter(|meant| is_symbol(meant)) {
        return Err(SpellingError::Other { written: shown(written), meant: meant.into() });
    }
    if is_symbol(&name) { Ok(name.into()) } else { Err(SpellingError::Unusable(shown(written))) }
}

fn is_symbol(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '^' | '=' | '&');
    let has_substance = name.chars().any(|c| c.is_ascii_alphanumeric());
    has_substance && name.chars().count() <= LONGEST && name.chars().all(fits)
}

/// What is typed, short and without control characters.
fn shown(written: &str) -> String {
    written.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// What a name of another site is here; None when it needs no other.
fn meant(name: &str) -> Option<String> {
    let bare = name.strip_prefix('$').unwrap_or(name);
    // `NASDAQ:NVDA`, `BINANCE:BTCUSDT`.
    let bare = bare.rsplit_once(':').map_or(bare, |(_, symbol)| symbol);
    let bare = bare.strip_suffix(".US").unwrap_or(bare);
    let other = pair(bare).or_else(|| joined(bare)).or_else(|| share_class(bare));
    let cashtag = || (name.starts_with('$') && COINS.contains(&bare)).then(|| format!("{bare}-USD"));
    let meant = other.or_else(cashtag).unwrap_or_else(|| bare.to_string());
    (meant != name).then_some(meant)
}

/// `BTC/USD`, `BTC_USD`; and `EUR/USD`, which is a rate.
fn pair(name: &str) -> Option<String> {
    let (first, second) = name.split_once(['/', '_'])?;
    if MONEY.contains(&first) && MONEY.contains(&second) {
        return Some(format!("{first}{second}=X"));
    }
    CURRENCIES.contains(&second).then(|| format!("{first}-{second}"))
}

/// `BTCUSD`, `EURUSD`.
fn joined(name: &str) -> Option<String> {
    let halves = name.is_ascii().then(|| name.split_at_checked(3)).flatten();
    if let Some((first, second)) = halves
        && MONEY.contains(&first)
        && MONEY.contains(&second)
    {
        return Some(format!("{name}=X"));
    }
    CURRENCIES.iter().find_map(|currency| {
        let coin = name.strip_suffix(currency).filter(|coin| COINS.contains(coin))?;
        Some(format!("{coin}-{currency}"))
    })
}

/// `BRK.B`, `BRK/B`. Other single letters behind a dot are exchanges: `7203.T`, `VOD.L`.
fn share_class(name: &str) -> Option<String> {
    let (share, class) = name.split_once(['.', '/'])?;
    let is_share = (1..=5).contains(&share.len()) && share.chars().all(|c| c.is_ascii_uppercase());
    (is_share && matches!(class, "A" | "B")).then(|| format!("{share}-{class}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_are_symbols() {
        for (written, name) in [
            ("NVDA", "NVDA"),
            (" nvda ", "NVDA"),
            ("btc-usd", "BTC-USD"),
            ("M&M.NS", "M&M.NS"),
            ("^VIX", "^VIX"),
            ("BRK-B", "BRK-B"),
            ("7203.T", "7203.T"),
            ("VOD.L", "VOD.L"),
            ("EURUSD=X", "EURUSD=X"),
            ("GC=F", "GC=F"),
            ("BTC", "BTC"),
            ("USD", "USD"),
            ("MUV2.DE", "MUV2.DE"),
        ] {
            assert_eq!(spelled(written).as_deref(), Ok(name), "{written}");
        }
    }

    #[test]
    fn names_of_other_sites_are_put_right() {
        for (written, meant) in [
            ("BTC/USD", "BTC-USD"),
            ("btcusd", "BTC-USD"),
            ("BTCUSDT", "BTC-USDT"),
            ("$NVDA", "NVDA"),
            ("$BTC", "BTC-USD"),
            ("BINANCE:BTCUSDT", "BTC-USDT"),
            ("NASDAQ:NVDA", "NVDA"),
            ("sol_usd", "SOL-USD"),
            ("eth/eur", "ETH-EUR"),
            ("EUR/USD", "EURUSD=X"),
            ("eurusd", "EURUSD=X"),
            ("BRK.B", "BRK-B"),
            ("NYSE:BRK.B", "BRK-B"),
            ("NVDA.US", "NVDA"),
        ] {
            let sentence = spelled(written).unwrap_err().to_string();
            assert_eq!(sentence, format!("'{written}' is spelled {meant} here"));
        }
    }

    #[test]
    fn what_is_no_symbol_at_all_is_said_to_be_none() {
        for written in
            ["", "$", "N V", "é", "NVDA;rm", "../..", "\u{1b}[2J", "A234567890123456789012345678901234567890X"]
        {
            let error = spelled(written).unwrap_err();
            assert!(matches!(error, SpellingError::Unusable(_)), "{written}: {error}");
            assert!(!error.to_string().contains('\u{1b}'));
        }
    }

    proptest! {
        #[test]
        fn what_is_proposed_is_right(written in "[ -~]{0,50}") {
            if let Err(SpellingError::Other { meant, .. }) = spelled(&written) {
                prop_assert_eq!(spelled(&meant), Ok(meant.clone()));
            }
        }
    }
}
