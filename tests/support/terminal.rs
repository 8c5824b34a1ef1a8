//! A program in a pseudo-terminal, and what its screen shows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use super::{Home, LIMIT};

/// A running newstape, and the terminal that it believes to be in. Dropping it kills it.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Option<Box<dyn Write + Send>>,
    seen: Arc<HitMap>,
    reader: Option<JoinHandle<()>>,
    /// The terminal's flags before the program began.
    before: Option<Flags>,
    /// The id of the program where a shell stands between; read once it is written.
    under_shell: Option<std::path::PathBuf>,
}

/// A shell with job control, as it waits for a program: what stops is continued by a line on its input. `$0` is told
/// the id of the program.
const SHELL: &str = r#"
    sh -c 'echo $$ > "$0.new" && mv "$0.new" "$0" && exec "$@"' "$0" "$@"
    status=$?
    while [ $status -gt 128 ]; do
        read -r line || exit
        fg > /dev/null 2>&1
        status=$?
    done
    exit $status
"#;

type Flags = [u64; 4];

struct HitMap {
    shown: Mutex<Shown>,
    changed: Condvar,
}

struct Shown {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    modes: Modes,
    /// The program has let go of the terminal.
    ended: bool,
    /// Nobody looks any more.
    abandoned: bool,
}

/// Private modes of the terminal (`CSI ? n h` and `l`) that were touched: on or off.
#[derive(Default)]
struct Modes {
    on: BTreeMap<u16, bool>,
    /// Bytes already looked at.
    read: usize,
}

impl Modes {
    fn follow(&mut self, bytes: &[u8]) {
        while let Some(start) = bytes[self.read..].windows(3).position(|window| window == b"\x1b[?") {
            let from = self.read + start + 3;
            let length = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
            let Some(end) = bytes.get(from + length) else {
                // The rest of it is still on its way.
                self.read = from - 3;
                return;
            };
            if let b'h' | b'l' = end {
                let numbers = std::str::from_utf8(&bytes[from..from + length]).unwrap();
                self.on.extend(numbers.split(';').filter_map(|number| Some((number.parse().ok()?, *end == b'h'))));
            }
            self.read = from + length;
        }
        // What begins at the very end may become one.
        self.read = self.read.max(bytes.len().saturating_sub(2));
    }
}

/// What a whole frame shows.
pub(crate) struct View<'a> {
    pub screen: &'a vt100::Screen,
    pub rows: Vec<String>,
    pub ended: bool,
    /// All that was ever written.
    bytes: &'a [u8],
}

impl View<'_> {
    /// How often something was written, seen or not.
    pub(crate) fn count(&self, written: &str) -> usize {
        self.bytes.windows(written.len()).filter(|bytes| *bytes == written.as_bytes()).count()
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    pub(crate) fn contains_all(&self, texts: &[&str]) -> bool {
        texts.iter().all(|text| self.contains(text))
    }

    /// The row in which a text stands first.
    pub(crate) fn row_of(&self, text: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.contains(text))
    }

    /// The last row: status, or the query line.
    pub(crate) fn status(&self) -> &str {
        self.rows.last().map(String::as_str).unwrap_or_default()
    }
}

impl Shown {
    fn view(&self) -> View<'_> {
        let screen = self.parser.screen();
        let (_, columns) = screen.size();
        View { screen, rows: screen.rows(0, columns.get()).collect(), ended: self.ended, bytes: &self.bytes }
    }

    /// Inside of a synchronized update the screen is half of one frame and half of another.
    fn is_whole(&self) -> bool {
        self.ended || self.modes.on.get(&2026) != Some(&true)
    }
}

fn size_of((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Starts newstape in a terminal of so many columns and rows.
    pub(crate) fn start(home: &Home, arguments: &[&str], size: (u16, u16)) -> Terminal {
        Terminal::start_with(home, arguments, size, &[])
    }

    /// With more variables in its environment.
    pub(crate) fn start_with(home: &Home, arguments: &[&str], size: (u16, u16), more: &[(&str, &str)]) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_newstape"));
        command.args(arguments);
        Terminal::spawn(home, command, size, more, None)
    }

    /// Starts it as the job of a shell that can suspend it, with SIGHUP ignored by both or not.
    pub(crate) fn start_under_shell(home: &Home, arguments: &[&str], size: (u16, u16), ignores_hup: bool) -> Terminal {
        let id = home.path().join("id");
        let _ = std::fs::remove_file(&id);
        let mut command = CommandBuilder::new("sh");
        let trap = if ignores_hup { "trap '' HUP" } else { "" };
        command.args(["-m", "-c", &format!("{trap}\n{SHELL}")]);
        command.arg(&id);
        command.arg(env!("CARGO_BIN_EXE_newstape"));
        command.args(arguments);
        Terminal::spawn(home, command, size, &[], Some(id))
    }

    fn spawn(
        home: &Home,
        mut command: CommandBuilder,
        size: (u16, u16),
        more: &[(&str, &str)],
        under_shell: Option<std::path::PathBuf>,
    ) -> Terminal {
        let pair = native_pty_system().openpty(size_of(size)).unwrap();
        command.env_clear();
        home.environment().iter().for_each(|(name, value)| command.env(name, value));
        more.iter().for_each(|(name, value)| command.env(name, value));
        command.cwd(home.path());
        let before = flags(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        // Ours would keep the terminal open when the program has ended.
        drop(pair.slave);
        let [columns, rows] = [size.0, size.1].map(|cells| NonZeroU16::new(cells).unwrap());
        let parser = vt100::Parser::new(rows, columns, 0);
        let shown = Shown { parser, bytes: Vec::new(), modes: Modes::default(), ended: false, abandoned: false };
        let seen = Arc::new(HitMap { shown: Mutex::new(shown), changed: Condvar::new() });
        let (source, sink) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&seen));
        let reader = std::thread::spawn(move || read(source, &sink));
        let keyboard = pair.master.take_writer().unwrap();
        let (master, keyboard, reader) = (Some(pair.master), Some(keyboard), Some(reader));
        Terminal { child, master, keyboard, seen, reader, before, under_shell }
    }

    /// The id of the program; the shell is another.
    fn id(&self) -> u32 {
        match &self.under_shell {
            None => self.child.process_id().unwrap(),
            Some(file) => {
                look_until("the id of the program", || std::fs::read_to_string(file).ok()?.trim().parse().ok())
            }
        }
    }

    /// Waits until a whole frame is as wanted.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, wanted: impl Fn(&View) -> bool) {
        self.wait_within(LIMIT, what, wanted);
    }

    #[track_caller]
    pub(crate) fn wait_within(&self, limit: Duration, what: &str, wanted: impl Fn(&View) -> bool) {
        let missing = |shown: &Shown| !(shown.is_whole() && wanted(&shown.view()));
        let waiting = |shown: &mut Shown| missing(shown) && !shown.ended;
        let (shown, _) = self.seen.changed.wait_timeout_while(self.lock(), limit, waiting).unwrap();
        let (came, ended, dump) = (!missing(&shown), shown.ended, dump(&shown.view()));
        drop(shown);
        assert!(
            came,
            "{what}: not seen within {limit:?}{}\n{dump}",
            if ended { "; the program has ended" } else { "" }
        );
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub(crate) fn wait_for_text(&self, text: &str) {
        self.wait_for(&format!("'{text}'"), |view| view.contains(text));
    }

    /// Looks at the screen as it is now.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.lock().view())
    }

    /// Everything that was written to the terminal so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
        keyboard.flush().unwrap();
    }

    /// A size that this terminal says to have and does not show.
    pub(crate) fn claim_size(&mut self, size: (u16, u16)) {
        self.master.as_ref().unwrap().resize(size_of(size)).unwrap();
    }

    pub(crate) fn resize(&mut self, (columns, rows): (u16, u16)) {
        let mut guard = self.lock();
        let [wide, high] = [columns, rows].map(|cells| NonZeroU16::new(cells).unwrap());
        guard.parser.set_size(high, wide);
        drop(guard);
        self.master.as_ref().unwrap().resize(size_of((columns, rows))).unwrap();
    }

    /// `TERM`, `HUP`, `KILL` …
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own: not every system has a program of this name.
        let script = format!("kill -{name} {}", self.id());
        let status = Command::new("sh").args(["-c", &script]).status().unwrap();
        assert!(status.success(), "{script}");
    }

    /// Waits until the system has stopped the process.
    #[track_caller]
    pub(crate) fn wait_until_stopped(&self) {
        let id = self.id().to_string();
        look_until("a stopped process", || state(&id).starts_with('T').then_some(()));
    }

    /// Waits until there is no process of the program any more, whoever its parent is by now.
    #[track_caller]
    pub(crate) fn wait_until_gone(&mut self) {
        let id = self.id().to_string();
        look_until("no process", || {
            let _ = self.child.try_wait();
            let state = state(&id);
            (state.is_empty() || state.starts_with('Z')).then_some(())
        });
    }

    /// The terminal's window is closed.
    pub(crate) fn close_window(&mut self) {
        self.lock().abandoned = true;
        if let (Some(master), Some(reader)) = (&self.master, self.reader.take()) {
            // The reader holds the terminal open until something is drawn.
            let size = master.get_size().unwrap();
            master.resize(PtySize { cols: size.cols - 1, ..size }).unwrap();
            // What is suspended draws nothing, but the terminal echoes.
            let _ = self.keyboard.as_mut().map(|keyboard| keyboard.write_all(b" "));
            reader.join().unwrap();
        }
        self.keyboard = None;
        self.master = None;
    }

    /// Reads no more of what the program writes: its next output waits.
    pub(crate) fn stop_reading(&mut self) {
        self.lock().abandoned = true;
    }

    /// Waits until nothing the program writes is read any more, and it has written more than fits: it sleeps in a write.
    #[track_caller]
    pub(crate) fn wait_until_writing(&mut self) {
        let reader = self.reader.take().unwrap();
        reader.join().unwrap();
        let wait = format!("/proc/{}/wchan", self.id());
        // Elsewhere the system does not say it; what is to be shown holds there too, if the terminal is not full.
        let is_known = std::fs::read_to_string(&wait).is_ok_and(|place| place.trim() != "0");
        if is_known {
            look_until("a write that waits", || {
                // Painting the whole screen fills what the system holds for a terminal that nobody reads.
                self.type_keys("\u{c}");
                let place = std::fs::read_to_string(&wait).unwrap_or_default();
                place.contains("tty_write").then_some(()).or_else(|| place.contains("n_tty").then_some(()))
            });
        }
    }

    /// Waits until the program has ended and all it wrote is read.
    #[track_caller]
    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        let (shown, _) = self.seen.changed.wait_timeout_while(self.lock(), LIMIT, |shown| !shown.ended).unwrap();
        let (ended, dump) = (shown.ended, dump(&shown.view()));
        drop(shown);
        assert!(ended, "the program did not end within {LIMIT:?}\n{dump}");
        self.child.wait().unwrap()
    }

    /// Is the process gone? Where nobody holds its terminal any more, that is all there is to see.
    #[track_caller]
    pub(crate) fn wait_for_exit(&mut self) -> ExitStatus {
        look_until("the end of the program", || self.child.try_wait().unwrap())
    }

    /// Everything that was taken of the terminal has been given back: screen, cursor, modes, line discipline.
    #[track_caller]
    pub(crate) fn assert_given_back(&self) {
        let (on, dump) = {
            let shown = self.lock();
            let screen = shown.parser.screen();
            assert!(!screen.alternate_screen(), "the alternate screen was not left");
            assert!(!screen.hide_cursor(), "the cursor is hidden");
            assert!(!screen.bracketed_paste(), "bracketed paste is on");
            (shown.modes.on.clone(), dump(&shown.view()))
        };
        // 7, 25: a terminal begins with auto-wrap and a cursor.
        let wrong: Vec<String> = on
            .iter()
            .filter(|(mode, is_on)| **is_on != matches!(mode, 7 | 25))
            .map(|(mode, is_on)| format!("{mode} {}", if *is_on { "on" } else { "off" }))
            .collect();
        assert!(wrong.is_empty(), "private modes not as before: {}\n{dump}", wrong.join(", "));
        for taken in [25, 1004, 1049, 2004, 2026] {
            assert!(on.contains_key(&taken), "mode {taken} was never taken, so nothing was tried");
        }
        let after = self.master.as_deref().and_then(flags);
        if let (Some(before), Some(after)) = (self.before, after) {
            assert_eq!(before, after, "input, output, control and local flags of the terminal before and after");
        }
    }

    /// Is the terminal in the hands of the program: raw, on its other screen?
    pub(crate) fn is_taken(&self) -> bool {
        let raw = self.master.as_deref().and_then(flags).zip(self.before).is_none_or(|(now, before)| now != before);
        raw && self.look(|view| view.screen.alternate_screen())
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.seen.shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let script = format!("kill -KILL {}", self.child.process_id().unwrap_or_default());
            Command::new("sh").args(["-c", &script]).status().ok();
            self.child.wait().ok();
        }
        if let Some(reader) = self.reader.take() {
            reader.join().ok();
        }
    }
}

/// Nothing tells it: looked at now and then.
#[track_caller]
pub(crate) fn look_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    const EVERY: Duration = Duration::from_millis(10);
    for _ in 0..LIMIT.as_millis() / EVERY.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        std::thread::park_timeout(EVERY);
    }
    panic!("{what}: not seen within {LIMIT:?}");
}

/// `T` for a stopped process, `Z` for one that has ended; empty when there is none.
fn state(id: &str) -> String {
    let state = match std::fs::read_to_string(format!("/proc/{id}/stat")) {
        // `pid (name) state …`; the name may hold anything.
        Ok(line) => line.rsplit(") ").next().unwrap_or_default().to_owned(),
        Err(_) => {
            let listed = Command::new("ps").args(["-o", "stat=", "-p", id]).output();
            listed.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned()).unwrap_or_default()
        }
    };
    state.trim().to_owned()
}

/// Reads what the program writes until it lets go of the terminal.
fn read(mut source: Box<dyn Read + Send>, seen: &HitMap) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = source.read(&mut buffer).unwrap_or(0);
        let mut guard = seen.shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let shown = &mut *guard;
        shown.bytes.extend_from_slice(&buffer[..count]);
        shown.parser.process(&buffer[..count]);
        shown.modes.follow(&shown.bytes);
        shown.ended = count == 0;
        let is_last = shown.ended || shown.abandoned;
        drop(guard);
        seen.changed.notify_all();
        if is_last {
            return;
        }
    }
}

fn flags(master: &(dyn MasterPty + Send)) -> Option<Flags> {
    let termios = master.get_termios()?;
    let (input, output) = (termios.input_flags.bits(), termios.output_flags.bits());
    let (control, local) = (termios.control_flags.bits(), termios.local_flags.bits());
    #[allow(clippy::useless_conversion, reason = "32 bits here, 64 elsewhere")]
    Some([input.into(), output.into(), control.into(), local.into()])
}

fn dump(view: &View) -> String {
    let mut text = String::new();
    for row in &view.rows {
        let _ = writeln!(text, "|{}", row.trim_end());
    }
    text
}
