//! What the terminal answers to questions comes among the keys, letter by letter. Here it is taken out again: what it says of its
//! background becomes an event, and no key is lost or held up.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crossterm::Command;
use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent, KeyModifiers};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use crate::event::Event;

/// How an answer begins: `OSC 11 ;`.
const OPENING: [char; 4] = [']', '1', '1', ';'];
/// The letters of an answer come at once; what stops coming for so long is no answer but keys.
const PAUSE: Duration = Duration::from_millis(50);
/// An answer is no longer than this, in letters.
const LENGTH_MAX: usize = 48;

/// Asks for the background of the terminal (OSC 11).
#[derive(Clone, Copy, Debug)]
pub struct AskBackground;

impl Command for AskBackground {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b]11;?\x1b\\")
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        Ok(())
    }
}

type Input = io::Result<TerminalEvent>;

/// The keys alone; what the terminal says of its background is told beside them.
pub fn without_answers<S: Stream<Item = Input> + Unpin>(
    input: S,
    events: mpsc::Sender<Event>,
) -> impl Stream<Item = Input> {
    let waiting = VecDeque::new();
    stream::unfold((input, waiting, events), async |(mut input, mut waiting, events)| {
        loop {
            if let Some(next) = waiting.pop_front() {
                return Some((next, (input, waiting, events)));
            }
            let next = input.next().await?;
            if !is_opening(&next, 0) {
                return Some((next, (input, waiting, events)));
            }
            waiting = gather(next, &mut input).await;
            if let Some(light) = background(&waiting) {
                // A full queue has more to do than to change colours; the next answer will find it idle.
                let _ = events.try_send(Event::Background { light });
                waiting.clear();
            }
        }
    })
}

/// What follows a key that may begin an answer, as far as it goes on like one.
async fn gather(first: Input, input: &mut (impl Stream<Item = Input> + Unpin)) -> VecDeque<Input> {
    let mut gathered = VecDeque::from([first]);
    while let Ok(Some(next)) = tokio::time::timeout(PAUSE, input.next()).await {
        let goes_on = gathered.len() >= OPENING.len() || is_opening(&next, gathered.len());
        let ends = gathered.len() >= LENGTH_MAX || is_end(&next);
        gathered.push_back(next);
        if !goes_on || ends {
            break;
        }
    }
    gathered
}

fn key(input: &Input) -> Option<KeyEvent> {
    input.as_ref().ok()?.as_key_press_event()
}

fn is_opening(input: &Input, place: usize) -> bool {
    let held = if place == 0 { KeyModifiers::ALT } else { KeyModifiers::NONE };
    key(input).is_some_and(|key| key.code == KeyCode::Char(OPENING[place]) && key.modifiers == held)
}

/// `ESC \` or BEL, as keys.
fn is_end(input: &Input) -> bool {
    key(input).is_some_and(|key| match key.code {
        KeyCode::Char('\\') => key.modifiers == KeyModifiers::ALT,
        KeyCode::Char('g') => key.modifiers == KeyModifiers::CONTROL,
        _ => false,
    })
}

/// `]11;rgb:1e1e/1e1e/2e2e`: light or not.
fn background(gathered: &VecDeque<Input>) -> Option<bool> {
    gathered.back().filter(|last| is_end(last))?;
    let letters: String = gathered.iter().filter_map(|input| key(input)?.code.as_char()).collect();
    let value = letters.strip_prefix("]11;rgb")?.trim_start_matches('a').strip_prefix(':')?;
    let part = |part: &str| {
        let digits: String = part.chars().take_while(char::is_ascii_hexdigit).collect();
        let most = 16u32.checked_pow(u32::try_from(digits.len()).ok()?)?.checked_sub(1).filter(|most| *most > 0)?;
        Some(f64::from(u32::from_str_radix(&digits, 16).ok()?) / f64::from(most))
    };
    let parts: Option<Vec<f64>> = value.split('/').take(3).map(part).collect();
    match parts?.as_slice() {
        // How bright the eye sees each (ITU-R BT.601).
        [red, green, blue] => Some(0.299 * red + 0.587 * green + 0.114 * blue > 0.5),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn keys(letters: &str) -> Vec<Input> {
        let key = |letter: char| {
            let (code, held) = match letter {
                '⌥' => (']', KeyModifiers::ALT),
                '⏎' => ('\\', KeyModifiers::ALT),
                '␇' => ('g', KeyModifiers::CONTROL),
                letter => (letter, KeyModifiers::NONE),
            };
            Ok(TerminalEvent::Key(KeyEvent::new(KeyCode::Char(code), held)))
        };
        letters.chars().map(key).collect()
    }

    /// The keys that come through, and what is said of the background.
    async fn told(letters: &str) -> (String, Option<bool>) {
        let (events, mut inbox) = mpsc::channel(4);
        let through: Vec<Input> = without_answers(stream::iter(keys(letters)), events).boxed_local().collect().await;
        let through = through.iter().filter_map(|input| key(input)?.code.as_char()).collect();
        let light = match inbox.try_recv() {
            Ok(Event::Background { light }) => Some(light),
            _ => None,
        };
        (through, light)
    }

    #[tokio::test]
    async fn answers_are_taken_out_and_keys_come_through() {
        for (letters, through, light) in [
            ("jk", "jk", None),
            ("j⌥11;rgb:ffff/ffff/f0f0⏎k", "jk", Some(true)),
            ("⌥11;rgb:1e/1e/2e␇q", "q", Some(false)),
            ("⌥11;rgba:0000/0000/0000/ffff⏎", "", Some(false)),
            ("⌥q", "]q", None),
            ("⌥11q", "]11q", None),
            ("⌥11;what⏎q", "]11;what\\q", None),
            ("⌥11;rgb:ffff/ffff/f0f0", "]11;rgb:ffff/ffff/f0f0", None),
        ] {
            assert_eq!(told(letters).await, (through.to_owned(), light), "{letters}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_begins_like_an_answer_is_not_held_up_for_long() {
        let (events, _inbox) = mpsc::channel(4);
        let input = stream::iter(keys("⌥")).chain(stream::pending());
        let mut through = Box::pin(without_answers(input, events));
        let waited = tokio::time::Instant::now();
        assert!(key(&through.next().await.unwrap()).is_some());
        assert!(waited.elapsed() <= PAUSE * 2, "{:?}", waited.elapsed());
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_read_or_not(letters in "[]1;rgba:/0-9a-fx⌥⏎]{0,60}") {
            let gathered: VecDeque<Input> = keys(&letters).into_iter().collect();
            background(&gathered);
        }
    }
}
