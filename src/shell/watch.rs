//! Watches the config files. Editors replace files and write them in steps, so the *folders* are watched, and what a file
//! says counts once it has rested; what can't be read, and what is suddenly nothing, once it has rested longer. What is
//! compared is the text, so that neither our own reading nor what happens beside the file is a change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{mpsc, watch};

use super::config_files::{ConfigFiles, Texts, understand};
use crate::config::Config;
use crate::event::Event;

/// A changed text is read once it has stayed the same for this long …
const REST: Duration = Duration::from_millis(100);
/// … and one that may be half written only after this many times as long.
const DOUBTFUL_RESTS: usize = 6;
/// Links that lead to links are followed so far.
const LINKS_MAX: usize = 8;
/// Folders may come and go while they are looked for.
const TRIES: usize = 8;

/// Reports every change of the files and applies it, until nobody wants the events any more.
///
/// # Errors
/// When the system can't watch.
pub(crate) async fn watch(
    files: ConfigFiles,
    in_force: watch::Sender<Arc<Config>>,
    events: mpsc::Sender<Event>,
) -> anyhow::Result<()> {
    let (touched, mut touches) = mpsc::channel::<()>(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading, our own too, is no change. One touch waiting is as good as many.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _ = touched.try_send(());
        }
    })?;
    let mut folders = Folders { watcher, watched: Vec::new() };
    let (mut known, mut mistaken) = (None, false);
    // The first time round finds what was changed since the start.
    loop {
        folders = folders.follow(files.clone()).await?;
        // What is known already needs no second look, whatever happens beside it in the folder.
        let is_doubtful = |texts: &Texts| known.as_ref() != Some(texts) && is_doubtful(texts);
        let found = settled(|| texts(files.clone()), is_doubtful).await?;
        if known.as_ref() != Some(&found) {
            let news = understand(&found);
            let was_mistaken = std::mem::replace(&mut mistaken, news.is_err());
            tell(news, was_mistaken, &in_force, &events).await?;
            known = Some(found);
        }
        if touches.recv().await.is_none() {
            return Ok(());
        }
    }
}

async fn tell(
    news: anyhow::Result<Config>,
    was_mistaken: bool,
    in_force: &watch::Sender<Arc<Config>>,
    events: &mpsc::Sender<Event>,
) -> anyhow::Result<()> {
    let config = match news {
        Ok(config) => Arc::new(config),
        Err(mistake) => return Ok(events.send(Event::ConfigMistake(mistake.to_string())).await?),
    };
    let changed = **in_force.borrow() != *config;
    // After a mistake, the same config as before is news too.
    if changed || was_mistaken {
        events.send(Event::Config(config.clone())).await?;
    }
    // Only then the sources: the first price of a new symbol must find a screen that knows it.
    if changed {
        in_force.send_replace(config);
    }
    Ok(())
}

/// It may be half written, or about to be written again.
fn is_doubtful(texts: &Texts) -> bool {
    let main = texts.first().and_then(|(_, text)| text.as_ref().ok());
    main.is_some_and(|text| text.as_ref().is_none_or(Vec::is_empty)) || understand(texts).is_err()
}

/// What stands in the files, read aside: a network home that stalls must not keep anything else waiting.
async fn texts(files: ConfigFiles) -> anyhow::Result<Texts> {
    Ok(tokio::task::spawn_blocking(move || files.texts()).await?)
}

/// Waits until the texts rest.
async fn settled<F: Future<Output = anyhow::Result<Texts>>>(
    mut texts: impl FnMut() -> F,
    is_doubtful: impl Fn(&Texts) -> bool,
) -> anyhow::Result<Texts> {
    let mut found = texts().await?;
    let mut rests = 0;
    loop {
        tokio::time::sleep(REST).await;
        let now = texts().await?;
        rests = if now == found { rests + 1 } else { 0 };
        found = now;
        if rests == DOUBTFUL_RESTS || (rests == 1 && !is_doubtful(&found)) {
            return Ok(found);
        }
    }
}

/// The folders that are watched.
struct Folders {
    watcher: RecommendedWatcher,
    watched: Vec<PathBuf>,
}

impl Folders {
    /// Watches the folders anew; aside, as folders may stall as files do.
    async fn follow(mut self, files: ConfigFiles) -> anyhow::Result<Folders> {
        let work = move || self.watch(&files).map(|()| self);
        Ok(tokio::task::spawn_blocking(work).await??)
    }

    /// Watches the folder of the file, or the nearest one above it that exists, where a link leads, and the themes.
    fn watch(&mut self, files: &ConfigFiles) -> notify::Result<()> {
        let folders = || {
            let themes = files.themes.canonicalize().ok().filter(|folder| folder.is_dir());
            folders(&files.main).into_iter().chain(themes).collect::<Vec<_>>()
        };
        let mut tried = Ok(());
        for _ in 0..TRIES {
            let wanted = folders();
            // All of them again: one that was removed and made anew is not watched any more.
            tried = wanted.iter().try_for_each(|folder| self.watcher.watch(folder, RecursiveMode::NonRecursive));
            for folder in self.watched.iter().filter(|folder| !wanted.contains(folder)) {
                let _ = self.watcher.unwatch(folder);
            }
            self.watched = wanted;
            // What was made before it was watched would never be heard of.
            if tried.is_ok() && folders() == self.watched {
                break;
            }
        }
        tried
    }
}

fn folders(file: &Path) -> Vec<PathBuf> {
    let above = file.ancestors().skip(1);
    let named = |folder: &Path| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_path_buf() };
    let nearest = above.map(named).find(|folder| folder.is_dir());
    let target = file.canonicalize().ok().and_then(|target| target.parent().map(Path::to_path_buf));
    let mut folders: Vec<PathBuf> = nearest.into_iter().chain(target).collect();
    of_links(file, LINKS_MAX, &mut folders);
    let mut folders: Vec<PathBuf> = folders.iter().filter_map(|path| path.canonicalize().ok()).collect();
    folders.sort();
    folders.dedup();
    folders
}

/// The folders in which links stand that lead to the file: `~/.config` where `~/.config/newstape` is one. Who keeps
/// settings elsewhere (stow, home-manager) swaps the link, and nothing stirs in the folder that it led to.
fn of_links(path: &Path, depth: usize, into: &mut Vec<PathBuf>) {
    for link in path.ancestors().filter(|path| path.is_symlink()) {
        let Some(folder) = link.parent() else { continue };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        into.push(folder.to_path_buf());
        if let Some(target) = std::fs::read_link(link).ok().filter(|_| depth > 0) {
            of_links(&folder.join(target), depth - 1, into);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use tempfile::TempDir;
    use tokio::time::Instant;

    use super::*;

    const GOOD: &str = "[network]\ntimeout = \"7s\"\n";
    const OTHER: &str = "[network]\ntimeout = \"9s\"\n";
    const HALF: &str = "[network]\ntimeou";
    const LIMIT: Duration = Duration::from_secs(20);

    use crate::config;
    use crate::shell::config_files::Text;
    use std::io::ErrorKind;

    fn some(text: &str) -> Text {
        Ok(Some(text.as_bytes().to_vec()))
    }

    /// A file that reads so from these milliseconds on; what it settles on, and when.
    async fn settles(story: &[(u64, Text)]) -> (Text, u64) {
        let started = Instant::now();
        let elapsed = || started.elapsed().as_millis() as u64;
        let now = || story.iter().rev().find(|(from, _)| *from <= elapsed()).unwrap().1.clone();
        let found = settled(async || Ok(vec![("config.toml".to_owned(), now())]), is_doubtful).await.unwrap();
        (found[0].1.clone(), elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_text_counts_once_it_has_rested_and_a_doubtful_one_later() {
        let denied = || Err(ErrorKind::PermissionDenied);
        let cases = [
            ("at rest", vec![(0, some(GOOD))], some(GOOD), 100),
            ("written in steps", vec![(0, some("")), (50, some(HALF)), (250, some(GOOD))], some(GOOD), 400),
            ("a slow writer", vec![(0, some(HALF)), (550, some(GOOD))], some(GOOD), 700),
            ("removed and written again", vec![(0, Ok(None)), (400, some(GOOD))], some(GOOD), 500),
            ("emptied and written again", vec![(0, some("")), (400, some(GOOD))], some(GOOD), 500),
            ("readable a moment later", vec![(0, denied()), (300, some(GOOD))], some(GOOD), 400),
            ("a mistake", vec![(0, some(HALF))], some(HALF), 600),
            ("removed for good", vec![(0, Ok(None))], Ok(None), 600),
            ("emptied for good", vec![(0, some(""))], some(""), 600),
            ("not to be read", vec![(0, denied())], denied(), 600),
            ("one mistake after another", vec![(0, some(HALF)), (500, some("["))], some("["), 1_100),
        ];
        for (case, story, expected, after) in cases {
            assert_eq!(settles(&story).await, (expected, after), "{case}");
        }
    }

    /// A watcher over a folder of its own, from whose `below` the file is read.
    struct Watched {
        folder: TempDir,
        in_force: watch::Sender<Arc<Config>>,
    }

    impl Watched {
        fn new() -> Watched {
            let (in_force, _) = watch::channel(Arc::new(config::shipped()));
            Watched { folder: TempDir::new().unwrap(), in_force }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.path(name), text).unwrap();
        }

        /// Seconds of the current timeout: what the texts of these tests change.
        fn timeout(&self) -> u64 {
            self.in_force.borrow().network.timeout.as_secs()
        }

        /// Watches a file while it is worked on; answers what was seen.
        async fn while_doing(&self, name: &str, work: impl AsyncFnOnce(&mut Changes)) -> anyhow::Result<()> {
            let (events, inbox) = mpsc::channel(16);
            let watching = watch(ConfigFiles::of(self.path(name), false), self.in_force.clone(), events);
            let mut changes = Changes(inbox);
            tokio::select! {
                ended = watching => ended,
                () = work(&mut changes) => Ok(()),
            }
        }
    }

    /// What the watcher tells.
    struct Changes(mpsc::Receiver<Event>);

    impl Changes {
        /// The next change, within the limit.
        async fn next(&mut self) -> Result<u64, String> {
            match tokio::time::timeout(LIMIT, self.0.recv()).await.expect("in time").expect("still watching") {
                Event::Config(config) => Ok(config.network.timeout.as_secs()),
                Event::ConfigMistake(mistake) => Err(mistake),
                other => panic!("{other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_file_is_followed_however_it_is_saved() {
        let watched = Watched::new();
        let shipped = watched.timeout();
        watched.write("config.toml", GOOD);
        let work = async |changes: &mut Changes| {
            assert_eq!(changes.next().await, Ok(7), "changed before anybody watched");
            watched.write("config.toml", OTHER);
            assert_eq!((changes.next().await, watched.timeout()), (Ok(9), 9), "written in place");
            watched.write("config.toml.new", GOOD);
            fs::rename(watched.path("config.toml.new"), watched.path("config.toml")).unwrap();
            assert_eq!(changes.next().await, Ok(7), "replaced");
            watched.write("config.toml", HALF);
            let mistake = changes.next().await.unwrap_err();
            assert!(mistake.starts_with("config.toml:2:"), "{mistake}");
            assert_eq!(watched.timeout(), 7, "the old one stays in force");
            watched.write("config.toml", GOOD);
            assert_eq!(changes.next().await, Ok(7), "after a mistake the same is news");
            fs::remove_file(watched.path("config.toml")).unwrap();
            assert_eq!(changes.next().await, Ok(shipped), "removed");
            watched.write("config.toml", OTHER);
            assert_eq!(changes.next().await, Ok(9), "and there again");
        };
        watched.while_doing("config.toml", work).await.unwrap();
    }

    #[tokio::test]
    async fn what_changes_nothing_is_not_told() {
        let watched = Watched::new();
        watched.write("config.toml", GOOD);
        let work = async |changes: &mut Changes| {
            assert_eq!(changes.next().await, Ok(7));
            fs::read(watched.path("config.toml")).unwrap();
            watched.write("notes.txt", "beside it");
            watched.write("config.toml", &format!("# a remark\n{GOOD}"));
            watched.write("config.toml", OTHER);
            assert_eq!(changes.next().await, Ok(9), "only what it came to");
        };
        watched.while_doing("config.toml", work).await.unwrap();
    }

    #[tokio::test]
    async fn a_busy_folder_keeps_nothing_from_being_read() {
        let watched = Watched::new();
        let busy = async {
            for number in 0_u64.. {
                watched.write("beside.log", &number.to_string());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let work = async |changes: &mut Changes| {
            watched.write("config.toml", GOOD);
            assert_eq!(changes.next().await, Ok(7));
            watched.write("config.toml", HALF);
            assert!(changes.next().await.is_err());
        };
        tokio::select! {
            done = watched.while_doing("config.toml", work) => done.unwrap(),
            () = busy => {}
        }
    }

    #[tokio::test]
    async fn folders_may_come_later_and_go() {
        let watched = Watched::new();
        let shipped = watched.timeout();
        let work = async |changes: &mut Changes| {
            for round in 0..3 {
                fs::create_dir_all(watched.path("a/b/c")).unwrap();
                watched.write("a/b/c/config.toml", GOOD);
                assert_eq!(changes.next().await, Ok(7), "round {round}");
                watched.write("a/b/c/config.toml", OTHER);
                assert_eq!(changes.next().await, Ok(9), "round {round}");
                fs::remove_dir_all(watched.path("a")).unwrap();
                assert_eq!(changes.next().await, Ok(shipped), "round {round}");
            }
            // Removed and made anew at once.
            fs::create_dir_all(watched.path("a/b/c")).unwrap();
            watched.write("a/b/c/config.toml", GOOD);
            assert_eq!(changes.next().await, Ok(7));
            fs::remove_dir_all(watched.path("a")).unwrap();
            fs::create_dir_all(watched.path("a/b/c")).unwrap();
            watched.write("a/b/c/config.toml", OTHER);
            assert_eq!(changes.next().await, Ok(9));
            watched.write("a/b/c/config.toml", GOOD);
            assert_eq!(changes.next().await, Ok(7), "it is still watched");
        };
        watched.while_doing("a/b/c/config.toml", work).await.unwrap();
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_are_followed_to_what_they_lead_to() {
        use std::os::unix::fs::symlink;

        let watched = Watched::new();
        for folder in ["dotfiles", "config", "others"] {
            fs::create_dir(watched.path(folder)).unwrap();
        }
        watched.write("dotfiles/newstape.toml", GOOD);
        watched.write("others/newstape.toml", GOOD);
        symlink(watched.path("dotfiles/newstape.toml"), watched.path("config/config.toml")).unwrap();
        let work = async |changes: &mut Changes| {
            assert_eq!(changes.next().await, Ok(7));
            watched.write("dotfiles/newstape.toml", OTHER);
            assert_eq!(changes.next().await, Ok(9), "what it leads to was written");
            watched.write("dotfiles/next", GOOD);
            fs::rename(watched.path("dotfiles/next"), watched.path("dotfiles/newstape.toml")).unwrap();
            assert_eq!(changes.next().await, Ok(7), "… replaced");
            watched.write("others/newstape.toml", OTHER);
            symlink(watched.path("others/newstape.toml"), watched.path("config/next")).unwrap();
            fs::rename(watched.path("config/next"), watched.path("config/config.toml")).unwrap();
            assert_eq!(changes.next().await, Ok(9), "it leads elsewhere");
            watched.write("others/newstape.toml", GOOD);
            assert_eq!(changes.next().await, Ok(7), "and is watched there");
            fs::remove_file(watched.path("others/newstape.toml")).unwrap();
            assert!(changes.next().await.is_ok_and(|timeout| timeout != 7), "it leads nowhere");
            watched.write("others/newstape.toml", OTHER);
        };
        watched.while_doing("config/config.toml", work).await.unwrap();
    }

    /// stow and home-manager switch settings by replacing the link: `ln -sfn`, or a rename over it.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_folder_that_is_a_link_may_be_swapped() {
        use std::os::unix::fs::symlink;

        let watched = Watched::new();
        for folder in ["one", "two", "home", "generations"] {
            fs::create_dir(watched.path(folder)).unwrap();
        }
        watched.write("one/config.toml", GOOD);
        watched.write("two/config.toml", OTHER);
        // A link to a link: the second one is swapped, too.
        symlink(watched.path("one"), watched.path("generations/current")).unwrap();
        symlink(watched.path("generations/current"), watched.path("home/newstape")).unwrap();
        let swap = |link: &str, target: &str| {
            symlink(watched.path(target), watched.path("next")).unwrap();
            fs::rename(watched.path("next"), watched.path(link)).unwrap();
        };
        let work = async |changes: &mut Changes| {
            assert_eq!(changes.next().await, Ok(7));
            swap("generations/current", "two");
            assert_eq!(changes.next().await, Ok(9), "the inner link leads elsewhere");
            swap("home/newstape", "one");
            assert_eq!(changes.next().await, Ok(7), "the outer link leads elsewhere");
            fs::remove_file(watched.path("home/newstape")).unwrap();
            symlink(watched.path("two"), watched.path("home/newstape")).unwrap();
            assert_eq!(changes.next().await, Ok(9), "it was removed and made anew");
            watched.write("two/config.toml", GOOD);
            assert_eq!(changes.next().await, Ok(7), "and what it leads to is watched");
        };
        watched.while_doing("home/newstape/config.toml", work).await.unwrap();
    }

    #[test]
    fn the_nearest_folder_is_watched_and_none_twice() {
        let folder = TempDir::new().unwrap();
        let real = folder.path().canonicalize().unwrap();
        assert_eq!(folders(&folder.path().join("config.toml")), std::slice::from_ref(&real));
        assert_eq!(folders(&folder.path().join("a/b/config.toml")), std::slice::from_ref(&real));
        fs::write(folder.path().join("config.toml"), "").unwrap();
        assert_eq!(folders(&folder.path().join("config.toml")), [real]);
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        assert_eq!(folders(Path::new("no-such-file.toml")), [here]);
    }
}
