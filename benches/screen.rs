//! How long a frame takes to draw with a full window of stories.

#[path = "../tests/support/scene.rs"]
mod scene;

use divan::Bencher;
use jiff::SignedDuration;
use newstape::app::App;
use newstape::app::wire::WINDOW;
use newstape::event::Event;
use newstape::screen::draw;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use scene::{busy, quote, story, tell, tell_stories, theme};

fn main() {
    divan::main();
}

/// A busy day, and stories of the last days up to a full window.
fn full() -> App {
    const SUBJECTS: [&str; 5] = ["Nvidia", "Bitcoin", "The SEC", "The harbour", "OpenAI"];
    let mut app = busy();
    let stories = (0..WINDOW as u64).map(|at| {
        let title =
            format!("{} says word {at} about a matter that takes a whole line to tell", SUBJECTS[at as usize % 5]);
        story(1000 + at, app.now - SignedDuration::from_secs(at as i64 * 17), "Desk Daily", &title)
    });
    let stories = stories.collect();
    tell_stories(&mut app, stories);
    app
}

/// Aim: 1 ms at 160×45, 2 ms at 240×70.
#[divan::bench(args = [(160, 45), (240, 70), (80, 24)])]
fn frame(bencher: Bencher, (width, height): (u16, u16)) {
    let app = full();
    let theme = theme("dark");
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    bencher.bench_local(|| {
        let Ok(_) = terminal.draw(|frame| {
            draw(frame, &app, &theme);
        });
    });
}

/// What an open screen does five times a second: a price comes, and the frame with it. Many outlets tell the same story, as
/// the lines of a busy day do.
#[divan::bench(args = [(160, 45), (240, 70)])]
fn price_and_frame(bencher: Bencher, (width, height): (u16, u16)) {
    let mut app = full();
    let again = (0..WINDOW as u64 / 4).map(|at| {
        let outlet = format!("Outlet {at}");
        story(
            9000 + at,
            app.now - SignedDuration::from_secs(at as i64),
            &outlet,
            "Nvidia raises its forecast for the year",
        )
    });
    let again = again.collect();
    tell_stories(&mut app, again);
    let theme = theme("dark");
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let mut price = 9_700_000;
    bencher.bench_local(|| {
        price += 117;
        let quote = quote(&app, "BTC-USD", price, 9_683_100);
        tell(&mut app, Event::Quote(quote));
        let Ok(_) = terminal.draw(|frame| {
            draw(frame, &app, &theme);
        });
    });
}
