//! CoinGecko: averages over many exchanges, one to five minutes old; documented at docs.coingecko.com.
//!
//! Without a key all who share an address share its few questions a minute, and the refusal may come under status 200.
//! Unknown coins are left out of an answer. Numbers may be integers or have exponents. There is no socket, and its
//! candles are of half an hour and more: none are taken.

use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Access, Moment, Poll, ReadError, Source, Tick, read};
use crate::domain::price::Session;

pub(super) const SOURCE: Source = Source {
    id: "coingecko",
    title: "CoinGecko",
    official: true,
    delay: Some(Duration::from_mins(5)),
    terms: "official, under its API terms, which ask for these words: Data by CoinGecko; averages, 5 minutes delayed",
    needs_key: false,
    base_url: "https://api.coingecko.com",
    socket_url: None,
    user_agent: None,
    headers: &[("accept", "application/json")],
    sign: Some(|key| vec![("x-cg-demo-api-key", key.to_string())]),
    spacing: Duration::from_secs(15),
    burst: 1,
    timeout: None,
    refusal_wait: Duration::from_mins(5),
    unknown: &[404],
    spell,
    poll: Some(Poll { every, beside_socket: None, together: 50, ask: ask_price, read: read_price }),
    candles: None,
    closes: None,
    socket: None,
};

/// Coins by the ids that CoinGecko has for them; many other coins share these tickers.
const IDS: [(&str, &str); 30] = [
    ("AAVE", "aave"),
    ("ADA", "cardano"),
    ("ALGO", "algorand"),
    ("APT", "aptos"),
    ("ARB", "arbitrum"),
    ("ATOM", "cosmos"),
    ("AVAX", "avalanche-2"),
    ("BCH", "bitcoin-cash"),
    ("BNB", "binancecoin"),
    ("BTC", "bitcoin"),
    ("DOGE", "dogecoin"),
    ("DOT", "polkadot"),
    ("ETC", "ethereum-classic"),
    ("ETH", "ethereum"),
    ("FIL", "filecoin"),
    ("HBAR", "hedera-hashgraph"),
    ("ICP", "internet-computer"),
    ("LINK", "chainlink"),
    ("LTC", "litecoin"),
    ("NEAR", "near"),
    ("SHIB", "shiba-inu"),
    ("SOL", "solana"),
    ("SUI", "sui"),
    ("TON", "the-open-network"),
    ("TRX", "tron"),
    ("UNI", "uniswap"),
    ("USDC", "usd-coin"),
    ("USDT", "tether"),
    ("XLM", "stellar"),
    ("XRP", "ripple"),
];

/// `bitcoin/usd`: the id and the currency. It has no prices in coins of a dollar's worth.
fn spell(symbol: &str) -> Option<String> {
    let (coin, currency) = read::pair(symbol).filter(|(_, currency)| matches!(*currency, "USD" | "EUR" | "GBP"))?;
    let (_, id) = IDS.iter().find(|(ticker, _)| *ticker == coin)?;
    Some(format!("{id}/{}", currency.to_lowercase()))
}

fn every(_: Session) -> Duration {
    Duration::from_mins(2)
}

/// One question for all.
fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    let (ids, currencies): (Vec<&str>, Vec<&str>) = spelled.iter().filter_map(|id| id.split_once('/')).unzip();
    let list = |mut names: Vec<&str>| {
        names.sort_unstable();
        names.dedup();
        names.join(",")
    };
    let (ids, currencies) = (list(ids), list(currencies));
    let more = "include_24hr_change=true&include_last_updated_at=true";
    vec![format!("{}/api/v3/simple/price?ids={ids}&vs_currencies={currencies}&{more}", access.base)]
}

/// Those coins that the answer has; others it does not know.
fn read_price(_: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let [body] = bodies else { return Err(ReadError::Shape) };
    let answer = answer(body)?;
    read::those_told(spelled, |id| tick(&answer, id))
}

/// An answer as JSON; a refusal is an object in `status`, under whatever HTTP status.
fn answer(body: &[u8]) -> Result<Value, ReadError> {
    let answer = read::json(body)?;
    let (status, error) = (&answer["status"], &answer["error"]);
    match (status["error_code"].as_i64(), error.as_str()) {
        (Some(_), _) => Err(ReadError::Refused),
        (None, Some(error)) if read::speaks_of_limits(error.as_bytes()) => Err(ReadError::Refused),
        (None, Some(error)) if error.contains("not found") => Err(ReadError::Unknown),
        (None, Some(_)) => Err(ReadError::NoPrice),
        (None, None) if answer.is_object() => Ok(answer),
        (None, None) => Err(ReadError::Shape),
    }
}

fn tick(answer: &Value, spelled: &str) -> Result<Tick, ReadError> {
    let (id, currency) = spelled.split_once('/').ok_or(ReadError::Unknown)?;
    let coin = answer.get(id).ok_or(ReadError::Unknown)?;
    let price = read::price(&coin[currency]).ok_or(ReadError::NoPrice)?;
    Ok(Tick {
        spelled: spelled.to_string(),
        price,
        base: day_ago(price, &coin[format!("{currency}_24h_change")]),
        currency: None,
        session: None,
        time: read::seconds(&coin["last_updated_at"]),
        order: None,
        extended: None,
    })
}

/// The price 24 hours ago, from the change in per cent since then.
fn day_ago(price: Decimal, percent: &Value) -> Option<Decimal> {
    let percent = Decimal::try_from(percent.as_f64()?).ok()?;
    let times = Decimal::ONE.checked_add(percent.checked_div(Decimal::ONE_HUNDRED)?)?;
    let base = price.checked_div(times).filter(|_| times > Decimal::ZERO)?.round_sf(8)?;
    read::price(&Value::String(base.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::session::Calendar;
    use crate::market::read::tests::recorded;

    fn prices(spelled: &[&str], body: &[u8]) -> Result<Vec<Tick>, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: "2026-11-23T18:00:00Z".parse().unwrap(), calendar: &calendar };
        read_price(moment, &spelled.iter().map(ToString::to_string).collect::<Vec<_>>(), &[body.to_vec()])
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_prices() {
        let body = recorded("coingecko/simple_price.json");
        let tick = prices(&["bitcoin/usd"], &body).unwrap().remove(0);
        assert_eq!((tick.price, tick.base), ("7734.54".parse().unwrap(), None));
        assert_eq!(tick.time, Some("2019-11-29T15:17:46Z".parse().unwrap()));
        let body = recorded("coingecko/simple_price_24h.json");
        let ticks = prices(&["ethereum/usd", "bitcoin/usd", "algorand/usd"], &body).unwrap();
        let found: Vec<_> = ticks.iter().map(|tick| (tick.spelled.as_str(), tick.price.to_string())).collect();
        // What it does not know it leaves out.
        assert_eq!(found, [("ethereum/usd", "374.01".to_string()), ("algorand/usd", "0.331298".to_string())]);
        let change = (ticks[0].price / ticks[0].base.unwrap() - Decimal::ONE) * Decimal::ONE_HUNDRED;
        assert_eq!(change.round_dp(4).to_string(), "0.6764", "the change it gave");
        assert_eq!(prices(&["bitcoin/usd"], &body), Err(ReadError::Unknown));
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_errors_may_come_under_any_status() {
        for (file, expected) in [("error_429", ReadError::Refused), ("error_404", ReadError::Unknown)] {
            let body = recorded(&format!("coingecko/{file}.json"));
            assert_eq!(prices(&["bitcoin/usd"], &body), Err(expected), "{file}");
        }
    }

    #[test]
    fn no_price_is_made_up() {
        for price in [json!(0), json!(-5), json!(null), json!("N/A"), json!("NaN"), json!({}), json!([5])] {
            let body = json!({"bitcoin": {"usd": price}}).to_string();
            assert_eq!(prices(&["bitcoin/usd"], body.as_bytes()), Err(ReadError::NoPrice), "{body}");
        }
        assert_eq!(prices(&["bitcoin/usd"], br#"{"bitcoin":{"usd":1e400}}"#), Err(ReadError::Shape));
        for (body, price) in
            [(r#"{"bitcoin":{"usd":84737}}"#, "84737"), (r#"{"bitcoin":{"usd":1.5e-7}}"#, "0.00000015")]
        {
            assert_eq!(prices(&["bitcoin/usd"], body.as_bytes()).unwrap()[0].price, price.parse().unwrap(), "{body}");
        }
        for body in ["[]", "5", "null"] {
            assert_eq!(prices(&["bitcoin/usd"], body.as_bytes()), Err(ReadError::Shape), "{body}");
        }
        assert_eq!(prices(&["bitcoin/usd"], b"{}"), Err(ReadError::Unknown));
    }

    #[test]
    fn a_change_that_can_not_be_has_no_base() {
        let day_ago = |percent: Value| day_ago(Decimal::from(110), &percent);
        assert_eq!(day_ago(json!(10)), Some(Decimal::from(100)));
        assert_eq!(day_ago(json!(-50)), Some(Decimal::from(220)));
        for percent in [json!(-100), json!(-250.5), json!(1e300), json!(null), json!("10")] {
            assert_eq!(day_ago(percent.clone()), None, "{percent}");
        }
    }

    #[test]
    fn spelling_and_addresses() {
        let cases = [
            ("BTC-USD", Some("bitcoin/usd")),
            ("SOL-EUR", Some("solana/eur")),
            ("AVAX-GBP", Some("avalanche-2/gbp")),
            ("BTC-USDT", None),
            ("UNHEARDOF-USD", None),
            ("NVDA", None),
        ];
        for (symbol, expected) in cases {
            assert_eq!(spell(symbol).as_deref(), expected, "{symbol}");
        }
        assert!(IDS.is_sorted_by_key(|(ticker, _)| *ticker));
        let ids = ["bitcoin/usd", "solana/eur", "bitcoin/eur"].map(String::from);
        let expected = "http://host/api/v3/simple/price?ids=bitcoin,solana&vs_currencies=eur,usd&\
                        include_24hr_change=true&include_last_updated_at=true";
        assert_eq!(ask_price(Access { base: "http://host", key: None }, &ids), [expected]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String, price: f64, change: f64, time: i64) {
            let _ = prices(&[&text], text.as_bytes());
            let body = json!({"bitcoin": {"usd": price, "usd_24h_change": change, "last_updated_at": time}});
            let _ = prices(&["bitcoin/usd", &text], body.to_string().as_bytes());
        }
    }
}
