//! Watches the config file. Editors replace files and write them in steps, so the *folder* is watched, and a change
//! counts once it has rested; a mistake only once it has rested longer.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{mpsc, watch};

use crate::config::{self, Config};
use crate::event::Event;

/// A changed file is read once nothing has touched it for this long …
const REST: Duration = Duration::from_millis(100);
/// … and what can't be read is a mistake only after this long: it may be half written.
const MISTAKE_REST: Duration = Duration::from_millis(500);

/// Reads a config file and lays it over the shipped one; a file that is missing says nothing.
///
/// # Errors
/// A [`config::Mistake`] with its place, or that the file can't be read; one line as `Display`.
pub fn read(file: &Path) -> anyhow::Result<Config> {
    let shown = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut config = match std::fs::read(file) {
        Ok(bytes) => config::load(Some((&shown, &String::from_utf8_lossy(&bytes))))?,
        Err(error) if error.kind() == ErrorKind::NotFound => config::load(None)?,
        Err(error) => anyhow::bail!("{shown} can't be read: {}", error.kind()),
    };
    config.take_keys(|variable| std::env::var(variable).ok());
    Ok(config)
}

/// Tells every change of the file, and puts what it says in force, until the events are no longer wanted.
///
/// # Errors
/// When the system can't watch.
pub async fn watch(
    file: PathBuf,
    in_force: watch::Sender<Arc<Config>>,
    events: mpsc::Sender<Event>,
) -> anyhow::Result<()> {
    let (touched, mut touches) = mpsc::channel::<()>(1);
    let named = file.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| concerns(&event, &named)) {
            // One touch waiting is as good as many.
            let _ = touched.try_send(());
        }
    })?;
    let mut mistaken = false;
    let mut watched = follow(&mut watcher, &file, None)?;
    while touches.recv().await.is_some() {
        watched = follow(&mut watcher, &file, Some(watched))?;
        let Some(news) = settle(&file, &mut touches).await else { return Ok(()) };
        match news {
            Ok(config) => {
                let config = Arc::new(config);
                let changed = **in_force.borrow() != *config;
                // After a mistake, the same config as before is news too.
                if std::mem::take(&mut mistaken) || changed {
                    events.send(Event::Config(config.clone())).await?;
                }
                // Only then the sources: the first price of a new symbol must find a screen that knows it.
                if changed {
                    in_force.send_replace(config);
                }
            }
            Err(mistake) => {
                mistaken = true;
                events.send(Event::ConfigMistake(mistake.to_string())).await?;
            }
        }
    }
    Ok(())
}

/// Whether something may have changed the file. Reading it is no change (our own reading would never end), and what
/// goes on beside it is none either: only its own name counts, that of what it links to, and those of its folders.
fn concerns(event: &notify::Event, file: &Path) -> bool {
    let target = file.canonicalize().unwrap_or_default();
    let names = || file.iter().chain(target.iter());
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| names().any(|own| own == name));
    !event.kind.is_access() && event.paths.iter().any(named)
}

/// Waits until the file rests and reads it. None: the watcher is gone.
async fn settle(file: &Path, touches: &mut mpsc::Receiver<()>) -> Option<anyhow::Result<Config>> {
    loop {
        rest(touches, REST).await?;
        let read_now = read(file);
        if read_now.is_ok() {
            return Some(read_now);
        }
        if !touched_within(touches, MISTAKE_REST).await? {
            return Some(read(file));
        }
    }
}

async fn rest(touches: &mut mpsc::Receiver<()>, time: Duration) -> Option<()> {
    while touched_within(touches, time).await? {}
    Some(())
}

/// Whether the folder was touched within a time; None: the watcher is gone.
async fn touched_within(touches: &mut mpsc::Receiver<()>, time: Duration) -> Option<bool> {
    match tokio::time::timeout(time, touches.recv()).await {
        Ok(Some(())) => Some(true),
        Ok(None) => None,
        Err(_) => Some(false),
    }
}

/// Watches the folder of the file, or the nearest one above it that exists, and where a link leads.
fn follow(watcher: &mut RecommendedWatcher, file: &Path, before: Option<Vec<PathBuf>>) -> anyhow::Result<Vec<PathBuf>> {
    let wanted = folders(file);
    let before = before.unwrap_or_default();
    for folder in wanted.iter().filter(|folder| !before.contains(folder)) {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    for folder in before.iter().filter(|folder| !wanted.contains(folder)) {
        let _ = watcher.unwatch(folder);
    }
    Ok(wanted)
}

fn folders(file: &Path) -> Vec<PathBuf> {
    let above =
        file.ancestors().skip(1).map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let mut folders: Vec<PathBuf> = above.filter(|folder| folder.is_dir()).take(1).map(Path::to_path_buf).collect();
    if let Some(target) = file.canonicalize().ok().and_then(|target| target.parent().map(Path::to_path_buf)) {
        folders.push(target);
    }
    folders.dedup();
    folders
}
