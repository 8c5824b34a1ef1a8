//! The answers and socket messages of every price source.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use newstape::domain::session::Calendar;
use newstape::market::{Moment, SOURCES};

fuzz_target!(|bodies: Vec<Vec<u8>>| {
    let calendar = Calendar::new(&[], &[], false);
    let moment = Moment { now: Timestamp::UNIX_EPOCH, calendar: &calendar };
    let names = ["NVDA", "BTC-USD"];
    for source in SOURCES {
        let spelled: Vec<String> = names.iter().filter_map(|name| (source.spell)(name)).collect();
        if let Some(poll) = &source.poll {
            let _ = (poll.read)(moment, &spelled, &bodies);
        }
        for body in &bodies {
            if let Some(candles) = &source.candles {
                let _ = (candles.read)(body);
            }
            if let (Some(wire), Ok(text)) = (&source.wire, str::from_utf8(body)) {
                (wire.read)(moment, text);
            }
        }
    }
});
