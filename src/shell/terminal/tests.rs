#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use ratatui::layout::Rect;
use ratatui::widgets::Paragraph;

use super::*;

/// Keeps each write apart.
#[derive(Clone, Debug, Default)]
struct Writes(Arc<Mutex<Vec<String>>>);

impl Write for Writes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Writes {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn canvas() -> (Canvas<Writes>, Writes) {
    let writes = Writes::default();
    (Canvas::new(writes.clone(), Some(Rect::new(0, 0, 20, 2))).unwrap(), writes)
}

#[test]
fn sizes_beyond_reason_are_cut_and_unknown_ones_assumed() {
    for ((width, height), expected) in [
        ((160, 45), (160, 45)),
        ((u16::MAX, u16::MAX), (1_000, 400)),
        ((u16::MAX, 24), (1_000, 24)),
        ((0, 0), (80, 24)),
        ((0, 24), (80, 24)),
        ((1, 1), (1, 1)),
    ] {
        assert_eq!(within_reason(Size::new(width, height)), Size::new(expected.0, expected.1));
    }
}

#[test]
fn a_frame_is_one_write_inside_a_synchronized_update() {
    let (mut canvas, writes) = canvas();
    let seen = canvas.draw(|frame| {
        frame.render_widget(Paragraph::new("chips"), frame.area());
        frame.set_cursor_position((1, 1));
        HitMap { wire_top: 7, ..HitMap::default() }
    });
    assert_eq!(seen.unwrap().wire_top, 7);
    let frames = writes.take();
    let [frame] = frames.as_slice() else { panic!("{frames:?}") };
    assert!(frame.starts_with("\x1b[?2026h") && frame.ends_with("\x1b[?2026l") && frame.contains("chips"), "{frame:?}");
}

fn paragraph(frame: &mut Frame, text: &str) -> HitMap {
    frame.render_widget(Paragraph::new(text), frame.area());
    HitMap::default()
}

#[test]
fn cells_with_a_link_lead_there_also_when_only_the_link_changes() {
    let (mut canvas, writes) = canvas();
    let draw = |canvas: &mut Canvas<Writes>, address: &str| {
        let paint = |frame: &mut Frame| {
            let mut seen = HitMap::default();
            let style = seen.link(address);
            frame.buffer_mut().set_string(0, 0, "ab", style);
            frame.buffer_mut().set_string(2, 0, "cd", ratatui::style::Style::new());
            seen
        };
        canvas.draw(paint).unwrap();
        writes.take().concat()
    };
    let first = draw(&mut canvas, "https://desk.example/1");
    let (before, behind) = first.split_once("ab").unwrap();
    assert!(before.contains("https://desk.example/1\x1b\\"), "{first:?}");
    assert!(behind.split_once("cd").unwrap().0.contains("\x1b]8;;\x1b\\"), "{first:?}");
    assert!(!first.contains("58;2"), "the number of a link is no colour: {first:?}");
    assert!(!draw(&mut canvas, "https://desk.example/1").contains("ab"));
    assert!(draw(&mut canvas, "https://desk.example/2").contains("https://desk.example/2"));
}

#[test]
fn only_what_changed_is_painted_until_a_repaint_is_asked_for() {
    let (mut canvas, writes) = canvas();
    let draw = |canvas: &mut Canvas<Writes>| {
        canvas.draw(|frame| paragraph(frame, "chips")).unwrap();
        writes.take().concat().contains("chips")
    };
    assert!(draw(&mut canvas));
    assert!(!draw(&mut canvas));
    // A fixed area asks its backend for a size, which a file has not; the pseudo-terminal below repaints.
}

#[test]
fn a_panic_while_painting_writes_nothing() {
    let (mut canvas, writes) = canvas();
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        canvas.draw(|_| panic!("while painting")).unwrap();
    }));
    assert!(broken.is_err());
    assert_eq!(writes.take(), Vec::<String>::new());
}

#[test]
fn whatever_is_turned_on_is_turned_off_in_reverse() {
    let modes = |bytes: Vec<u8>, end: char| {
        let text = String::from_utf8(bytes).unwrap();
        let modes = text.split("\x1b[?").filter_map(|part| part.split_once(end)).map(|(mode, _)| mode.to_owned());
        modes.filter(|mode| mode.parse::<u32>().is_ok()).collect::<Vec<_>>()
    };
    let on = modes(taking(true).unwrap(), 'h');
    let off = modes(leaving().unwrap(), 'l');
    assert_eq!(on.first().unwrap(), "1049");
    assert_eq!(off.last().unwrap(), "1049");
    assert!(on.iter().all(|mode| off.contains(mode)), "{on:?} {off:?}");
    assert!(String::from_utf8(leaving().unwrap()).unwrap().contains("\x1b[?25h"));
    assert!(!modes(taking(false).unwrap(), 'h').contains(&"1003".to_owned()));
}

/// The rest runs in a pseudo-terminal: a process of its own takes it over and gives it back.
#[cfg(unix)]
mod whole {
    use std::io::Read;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::time::Duration;

    use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

    use super::*;
    use crate::shell::tasks::Tasks;

    const ROLE: &str = "NEWSTAPE_TEST_ROLE";
    const LIMIT: Duration = Duration::from_secs(20);

    /// What the process in the pseudo-terminal does. Only works when run by the tests below.
    #[test]
    #[ignore = "the child of the tests of the terminal"]
    fn child() {
        let Ok(role) = std::env::var(ROLE) else { return };
        install_panic_hook(|| thread::current().name() == Some("barrier"));
        let mut terminal = Terminal::enter(true).unwrap();
        let paint = |terminal: &mut Terminal, text: &str| {
            terminal.draw(|frame| paragraph(frame, text)).unwrap();
        };
        paint(&mut terminal, "first-frame");
        match role.as_str() {
            "quit" => {
                leave();
                leave();
            }
            "panic" => panic!("out\x1b[31m of ink\nsecond line"),
            "paint" => {
                terminal.draw(|_| panic!("out of paint")).unwrap();
            }
            "elsewhere" => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let (sender, mut events) = tokio::sync::mpsc::channel(4);
                runtime.block_on(async {
                    Tasks::new(sender).spawn("feed", async { panic!("in a task") });
                    events.recv().await.unwrap();
                });
                for name in ["barrier", "other"] {
                    let panics = || panic!("in a thread");
                    thread::Builder::new().name(name.into()).spawn(panics).unwrap().join().unwrap_err();
                }
                paint(&mut terminal, "AFTERWARDS");
            }
            "suspend" => {
                assert!(!terminal.suspend().unwrap(), "it leads its session: no shell waits");
                terminal.stop().unwrap();
                paint(&mut terminal, "first-frame");
            }
            other => panic!("no such role: {other}"),
        }
    }

    struct Session {
        child: Box<dyn Child + Send + Sync>,
        master: Box<dyn MasterPty + Send>,
        output: Receiver<Vec<u8>>,
        seen: String,
    }

    impl Session {
        fn start(role: &str) -> Session {
            let size = PtySize { rows: 10, cols: 80, ..PtySize::default() };
            let pair = native_pty_system().openpty(size).unwrap();
            let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
            command.args(["shell::terminal::tests::whole::child", "--exact", "--ignored", "--nocapture"]);
            command.env(ROLE, role);
            let child = pair.slave.spawn_command(command).unwrap();
            let mut reader = pair.master.try_clone_reader().unwrap();
            let (sender, output) = channel();
            let read = move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = reader.read(&mut bytes) {
                    if sender.send(bytes[..count].to_vec()).is_err() {
                        break;
                    }
                }
            };
            thread::Builder::new().spawn(read).unwrap();
            Session { child, master: pair.master, output, seen: String::new() }
        }

        /// Reads until a text was seen so many times; between, does something about it.
        fn until(&mut self, text: &str, times: usize, mut meanwhile: impl FnMut(u32)) {
            let pid = self.child.process_id().unwrap();
            let pause = Duration::from_millis(50);
            for _ in 0..LIMIT.as_millis() / pause.as_millis() {
                if self.seen.matches(text).count() >= times {
                    return;
                }
                match self.output.recv_timeout(pause) {
                    Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                    Err(RecvTimeoutError::Timeout) => meanwhile(pid),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            assert!(self.seen.matches(text).count() >= times, "never seen: {text:?} in {:?}", self.seen);
        }

        /// All of the output, and whether the terminal reads lines and echoes again.
        fn finish(mut self) -> (String, bool) {
            self.child.wait().unwrap();
            let line_mode = format!("{:?}", self.master.get_termios().unwrap().local_flags);
            drop(self.master);
            while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
                self.seen.push_str(&String::from_utf8_lossy(&bytes));
            }
            (self.seen, line_mode.contains("ICANON") && line_mode.contains("ECHO"))
        }
    }

    fn run(role: &str) -> String {
        let mut session = Session::start(role);
        session.until("test result", 1, |_| {});
        let (seen, line_mode) = session.finish();
        assert!(line_mode, "{role}: the terminal is still raw");
        assert!(seen.contains("\x1b[?1049h") && seen.contains("first-frame"), "{seen:?}");
        seen
    }

    /// What came after the terminal was given back for the last time.
    fn afterwards(seen: &str) -> &str {
        seen.rsplit_once("\x1b[?1049l").unwrap().1
    }

    #[test]
    fn quitting_gives_it_back_once() {
        let seen = run("quit");
        assert_eq!(seen.matches("\x1b[?1049l").count(), 1);
    }

    #[test]
    fn a_panic_gives_it_back_and_then_says_one_sentence() {
        let seen = run("panic");
        let said = afterwards(&seen);
        assert!(said.contains("newstape stopped by a mistake of its own (out[31m of ink, src"), "{said:?}");
        assert!(!said.contains("second line") && !said.contains("\x1b[31m"), "{said:?}");
    }

    #[test]
    fn a_panic_while_painting_leaves_no_half_frame() {
        let seen = run("paint");
        assert!(afterwards(&seen).contains("(out of paint, src"));
        assert!(!afterwards(&seen).contains("\x1b[?2026h"));
    }

    #[test]
    fn panics_of_tasks_and_threads_leave_the_screen_alone() {
        let seen = run("elsewhere");
        let (before, said) = seen.rsplit_once("\x1b[?1049l").unwrap();
        assert!(before.contains("AFTERWARDS") && !before.contains("\x1b[?1049l"), "{seen:?}");
        assert!(!seen.contains("mistake of its own"), "{said:?}");
    }

    #[test]
    fn a_suspended_program_gives_it_back_and_paints_all_of_it_again() {
        let mut session = Session::start("suspend");
        session.until("\x1b[?1049l", 1, |_| {});
        // It stops a moment after giving the terminal back: continued until it does.
        session.until("\x1b[?1049h", 2, |pid| {
            std::process::Command::new("kill").args(["-CONT", &pid.to_string()]).status().unwrap();
        });
        session.until("test result: ok", 1, |_| {});
        let (seen, line_mode) = session.finish();
        assert!(line_mode);
        assert_eq!(seen.matches("first-frame").count(), 2, "{seen:?}");
        assert!(seen.contains("\x1b[?2026h\x1b[2J"), "the screen is cleared within the frame: {seen:?}");
    }
}
