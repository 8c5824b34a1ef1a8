//! The terminal: taken over, drawn on, and given back whole, whatever happens.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::thread::{self, ThreadId};

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture,
};
use crossterm::style::{Attribute, Print, SetAttribute};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{Command, cursor, queue};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Size;

use super::tasks;
use crate::app::hit_map::HitMap;
use links::{Linked, Links};

mod job;
mod links;

/// More cells than any terminal shows are not drawn: each is held in memory, twice.
const SIZE_MAX: Size = Size::new(1_000, 400);
/// Asks for the background of the terminal (OSC 11).
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskBackground;

impl Command for AskBackground {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b]11;?\x1b\\")
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        Ok(())
    }
}

/// The size of a terminal that does not know its own (a serial line, some containers).
const SIZE_UNKNOWN: Size = Size::new(80, 24);

/// Puts the title of the window on the terminal's stack, and takes it off again (XTWINOPS 22 and 23).
const KEEP_TITLE: &str = "\x1b[22;2t";
const RESTORE_TITLE: &str = "\x1b[23;2t";

/// The terminal is ours: there is something to give back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while newstape has it. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Terminal {
    canvas: Canvas<File>,
    mouse: bool,
    title: String,
}

impl Terminal {
    /// Takes the terminal over: raw, alternate screen, bracketed paste, focus reports, the mouse if wanted.
    ///
    /// # Errors
    /// When standard output is no terminal, or can't be written. Nothing is left changed then.
    pub(crate) fn enter(mouse: bool) -> io::Result<Terminal> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::other("the screen needs a terminal, and this output is none"));
        }
        take(mouse)?;
        let canvas = output().and_then(|out| Canvas::new(out, None)).inspect_err(|_| leave())?;
        Ok(Terminal { canvas, mouse, title: String::new() })
    }

    /// Draws a frame: one write, inside a synchronized update. Gives back what `paint` saw.
    pub(crate) fn draw(&mut self, paint: impl FnOnce(&mut Frame) -> HitMap) -> io::Result<HitMap> {
        self.canvas.draw(paint)
    }

    /// The title of the window, if it is another than before. What it was before newstape comes back at the end.
    pub(crate) fn set_title(&mut self, title: String) -> io::Result<()> {
        if self.title == title {
            return Ok(());
        }
        self.title = title;
        // Ended by ST: a bell at its end would ring where titles are not known.
        self.canvas.send(Print(format_args!("\x1b]2;{}\x1b\\", self.title)))
    }

    /// The next frame paints every cell.
    pub(crate) fn repaint(&mut self) {
        self.canvas.repaint = true;
    }

    /// Sends something that is no part of a frame: the clipboard, a title.
    pub(crate) fn send(&mut self, command: impl Command) -> io::Result<()> {
        self.canvas.send(command)
    }

    /// Takes the mouse, or gives it back to the terminal.
    pub(crate) fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { self.send(EnableMouseCapture) } else { self.send(DisableMouseCapture) }
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal over again when it is
    /// continued; the next frame then paints every cell. False, and nothing is done, where no shell waits that could
    /// continue it.
    ///
    /// # Errors
    /// When the terminal can't be taken again: it is gone.
    pub(crate) fn suspend(&mut self) -> io::Result<bool> {
        if job::may_stop() { self.stop().map(|()| true) } else { Ok(false) }
    }

    fn stop(&mut self) -> io::Result<()> {
        leave();
        job::stop()?;
        take(self.mouse)?;
        self.title.clear();
        self.repaint();
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        leave();
    }
}

/// Columns and rows of the terminal that are drawn on.
///
/// # Errors
/// When it is gone.
pub(crate) fn size() -> io::Result<Size> {
    #[cfg(unix)]
    let size = rustix::termios::tcgetwinsize(io::stdout()).map(|size| Size::new(size.ws_col, size.ws_row))?;
    #[cfg(not(unix))]
    let size = crossterm::terminal::size().map(|(columns, rows)| Size::new(columns, rows))?;
    Ok(within_reason(size))
}

fn within_reason(size: Size) -> Size {
    match size {
        Size { width: 0, .. } | Size { height: 0, .. } => SIZE_UNKNOWN,
        Size { width, height } => Size::new(width.min(SIZE_MAX.width), height.min(SIZE_MAX.height)),
    }
}

/// Whether an error of writing says that nobody reads any more: the pipe is closed, the terminal hung up.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe || (error.raw_os_error().is_some() && is_hung_up())
}

/// A terminal whose other end is closed says of everything that it is an input/output error, as a broken disk does; but
/// the disk has no line discipline to ask for.
#[cfg(unix)]
fn is_hung_up() -> bool {
    use rustix::io::Errno;
    use rustix::termios::tcgetattr;

    let ends = [tcgetattr(io::stdin()), tcgetattr(io::stdout()), tcgetattr(io::stderr())];
    ends.into_iter().any(|end| end.is_err_and(|error| matches!(error, Errno::IO | Errno::NXIO)))
}

#[cfg(not(unix))]
fn is_hung_up() -> bool {
    false
}

/// Whether standard input and output are a terminal.
///
/// # Errors
/// They were one, which is gone.
pub(crate) fn is_there() -> io::Result<bool> {
    if is_hung_up() {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    Ok(io::stdout().is_terminal() && io::stdin().is_terminal())
}

/// Gives the terminal back, in reverse of how it was taken. From any thread, as often as one likes: without a
/// terminal taken it does nothing. Needs no lock that a drawing thread could hold.
pub(crate) fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // What fails here has nobody left to read it.
    output().and_then(|mut out| out.write_all(&leaving()?)).ok();
    disable_raw_mode().ok();
}

/// Set by the thread that draws, when it installs the hook.
static SCREEN_THREAD: OnceLock<ThreadId> = OnceLock::new();

/// A panic of this thread, the one that draws, gives the terminal back and then says one sentence. Panics of tasks
/// and other threads are only logged: they are caught there, and the screen goes on. Panics for which `is_caught`
/// says true (a parser behind a barrier) are not even that: the one who catches them knows better what to say.
pub(crate) fn install_panic_hook(is_caught: fn() -> bool) {
    SCREEN_THREAD.set(thread::current().id()).ok();
    std::panic::set_hook(Box::new(move |panic| {
        if is_caught() {
            return;
        }
        let thread = thread::current();
        tracing::error!(thread = thread.name().unwrap_or("unnamed"), "{panic}");
        if SCREEN_THREAD.get() == Some(&thread.id()) && !tasks::is_inside_task() {
            leave();
            writeln!(io::stderr(), "{}", sentence(panic)).ok();
        }
    }));
}

fn sentence(panic: &PanicHookInfo) -> String {
    let said = panic.payload_as_str().and_then(|text| text.lines().next()).unwrap_or("no reason given");
    let said: String = said.chars().filter(|letter| !letter.is_control()).collect();
    match panic.location() {
        Some(place) => {
            format!(
                "newstape stopped by a mistake of its own ({said}, {}:{}); please report it.",
                place.file(),
                place.line()
            )
        }
        None => format!("newstape stopped by a mistake of its own ({said}); please report it."),
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    output().and_then(|mut out| out.write_all(&taking(mouse)?)).inspect_err(|_| leave())
}

/// Standard output without the lock and the line buffer of [`io::stdout`].
fn output() -> io::Result<File> {
    #[cfg(unix)]
    let owned = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let owned = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
    Ok(File::from(owned))
}

fn taking(mouse: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    queue!(
        bytes,
        Print(KEEP_TITLE),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
        cursor::Hide,
        AskBackground
    )?;
    if mouse {
        queue!(bytes, EnableMouseCapture)?;
    }
    Ok(bytes)
}

/// The mouse is given back even if it was never taken: it may have been, by a write that failed half way.
fn leaving() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    queue!(
        bytes,
        EndSynchronizedUpdate,
        SetAttribute(Attribute::Reset),
        DisableMouseCapture,
        cursor::Show,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Print(RESTORE_TITLE)
    )?;
    Ok(bytes)
}

/// Frames onto a writer.
#[derive(Debug)]
struct Canvas<W: Write> {
    screen: ratatui::Terminal<Linked<CrosstermBackend<Whole<W>>>>,
    /// Shared with the writer, which the backend does not let go of.
    held: Arc<AtomicBool>,
    /// Shared with the backend.
    links: Links,
    /// The next frame paints every cell.
    repaint: bool,
}

impl<W: Write> Canvas<W> {
    /// A fixed area is for writers that have no size of their own.
    fn new(out: W, area: Option<ratatui::layout::Rect>) -> io::Result<Canvas<W>> {
        let viewport = area.map_or(ratatui::Viewport::Fullscreen, ratatui::Viewport::Fixed);
        let (held, links) = (Arc::new(AtomicBool::new(false)), Links::default());
        let backend = CrosstermBackend::new(Whole { out, frame: Vec::new(), held: Arc::clone(&held) });
        let backend = Linked::new(backend, Arc::clone(&links));
        let screen = ratatui::Terminal::with_options(backend, ratatui::TerminalOptions { viewport })?;
        Ok(Canvas { screen, held, links, repaint: false })
    }

    fn draw(&mut self, paint: impl FnOnce(&mut Frame) -> HitMap) -> io::Result<HitMap> {
        let mut painted = None;
        let links = Arc::clone(&self.links);
        self.held.store(true, Ordering::Relaxed);
        let drawn = self.frame(|frame| {
            let seen = paint(frame);
            links.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&seen.links);
            painted = Some(seen);
        });
        self.held.store(false, Ordering::Relaxed);
        drawn.and_then(|()| self.out().flush())?;
        painted.ok_or_else(|| io::Error::other("the frame was not painted"))
    }

    fn frame(&mut self, paint: impl FnOnce(&mut Frame)) -> io::Result<()> {
        queue!(self.out(), BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.repaint) {
            // Not `Terminal::clear`: it asks the terminal where the cursor is, and the answer comes among the keys.
            let area = self.screen.get_frame().area();
            self.screen.resize(area)?;
        }
        self.screen.draw(paint)?;
        queue!(self.out(), EndSynchronizedUpdate)
    }

    fn send(&mut self, command: impl Command) -> io::Result<()> {
        queue!(self.out(), command)?;
        self.out().flush()
    }

    fn out(&mut self) -> &mut impl Write {
        self.screen.backend_mut()
    }
}

/// Collects a frame and writes it at once. Unlike a `BufWriter` it writes nothing when it is dropped: after a panic
/// half a frame must not land on the screen that was just given back.
#[derive(Debug)]
struct Whole<W: Write> {
    out: W,
    frame: Vec<u8>,
    /// Flushes wait: the backend flushes in the middle of a frame.
    held: Arc<AtomicBool>,
}

impl<W: Write> Write for Whole<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.held.load(Ordering::Relaxed) || self.frame.is_empty() {
            return Ok(());
        }
        let written = self.out.write_all(&self.frame).and_then(|()| self.out.flush());
        self.frame.clear();
        written
    }
}

#[cfg(test)]
mod tests;
