//! The reader's config file, changed as they would change it by hand: comments, order and all other entries stay.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::{Done, Failure, in_words};
use crate::config::{self, Config, ConfigError, View};
use crate::shell::files;
use crate::shell::paths::create_private_folder;

/// More links than this in a row are a loop.
const MAX_LINKS: usize = 8;

/// The file as it was read, and as it will be.
#[derive(Debug)]
pub(super) struct ConfigFile {
    /// Where it really lies: a link is followed, and stays.
    path: PathBuf,
    /// None: there was no file.
    before: Option<String>,
    text: String,
    /// The lists that are written as `feed = [{ … }]`.
    in_one_line: Vec<&'static str>,
}

impl ConfigFile {
    /// Reads the file; one that is missing is empty.
    ///
    /// # Errors
    /// When it can't be read, or is no right config: nothing can be changed in it then.
    pub(super) fn open(path: &Path) -> Result<ConfigFile, Failure> {
        let path = real(path).map_err(|error| unreadable(path, &error))?;
        let before = read(&path).map_err(|error| unreadable(&path, &error))?;
        let file = ConfigFile::of(path, before);
        file.load()?;
        Ok(file)
    }

    fn of(path: PathBuf, before: Option<String>) -> ConfigFile {
        let mut file = ConfigFile { text: before.clone().unwrap_or_default(), before, path, in_one_line: Vec::new() };
        let document = file.document().ok();
        let is_one_line = |list: &&str| document.as_ref().is_some_and(|it| it.get(list).is_some_and(Item::is_array));
        file.in_one_line = ["feed", "view"].into_iter().filter(is_one_line).collect();
        file
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says now, over the shipped ones.
    ///
    /// # Errors
    /// As [`ConfigFile::open`].
    pub(super) fn load(&self) -> Result<Config, Failure> {
        let shown = self.path.file_name().unwrap_or_default().to_string_lossy();
        config::load(Some((&shown, &self.text))).map_err(|mut mistake: ConfigError| {
            mistake.sentence.push_str("; nothing was changed");
            Failure::usage(mistake.with_picture())
        })
    }

    /// Puts a feed behind all that stands, so that not a byte of it changes.
    pub(super) fn add(&mut self, fields: &[(&str, Value)]) -> Done {
        self.add_to("feed", fields)
    }

    /// Puts a view in: in the place of the one that has its name, else behind all that stands.
    pub(super) fn put_view(&mut self, view: &View) -> Done {
        let key = view.key.map(String::from).unwrap_or_default();
        let mut document = self.document()?;
        let standing = entries(&mut document, "view").into_iter().find(|entry| is_called(*entry, &view.name));
        let Some(entry) = standing else {
            let fields = [("name", (&*view.name).into()), ("key", key.into()), ("query", view.query.as_str().into())];
            return self.add_to("view", &fields);
        };
        set(entry, "key", key);
        set(entry, "query", view.query.clone());
        self.text = document.to_string();
        Ok(())
    }

    fn add_to(&mut self, kind: &str, fields: &[(&str, Value)]) -> Done {
        if self.in_one_line.contains(&kind) {
            let mut document = self.document()?;
            if let Some(list) = document.get_mut(kind).and_then(Item::as_array_mut) {
                list.push(fields.iter().cloned().collect::<InlineTable>());
            }
            self.text = document.to_string();
            return Ok(());
        }
        let mut entry = Table::new();
        for (key, value) in fields {
            entry.insert(key, Item::Value(value.clone()));
        }
        let end = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        if !self.text.is_empty() {
            self.text.push_str(if self.text.ends_with('\n') { "" } else { end });
            self.text.push_str(end);
        }
        self.text.push_str(&format!("[[{kind}]]\n{entry}").replace('\n', end));
        Ok(())
    }

    /// Is there an entry of a feed?
    pub(super) fn has(&self, name: &str) -> Result<bool, Failure> {
        let mut document = self.document()?;
        Ok(entries(&mut document, "feed").into_iter().any(|entry| is_called(entry, name)))
    }

    /// Switches the entry of a feed on or off; false when the file has none of this name.
    pub(super) fn enable(&mut self, name: &str, enabled: bool) -> Result<bool, Failure> {
        let mut document = self.document()?;
        let Some(entry) = entries(&mut document, "feed").into_iter().find(|entry| is_called(*entry, name)) else {
            return Ok(false);
        };
        set(entry, "enabled", enabled);
        self.text = document.to_string();
        Ok(true)
    }

    /// Takes the entry of a feed away, with the comment that is attached to it; false when the file has none of this
    /// name.
    pub(super) fn remove(&mut self, name: &str) -> Result<bool, Failure> {
        let mut document = self.document()?;
        let found = match document.get_mut("feed") {
            Some(Item::ArrayOfTables(list)) => {
                let at = list.iter().position(|entry| is_called(entry, name));
                at.map(|at| {
                    let gone = list.get(at).map(|entry| (entry.position(), left_behind(entry)));
                    list.remove(at);
                    gone.unwrap_or_default()
                })
            }
            Some(Item::Value(Value::Array(list))) => {
                let is_it = |value: &Value| value.as_inline_table().is_some_and(|entry| is_called(entry, name));
                let at = list.iter().position(is_it);
                at.map(|at| {
                    list.remove(at);
                    (None, String::new())
                })
            }
            _ => None,
        };
        let Some((position, comments)) = found else { return Ok(false) };
        hand_on(&mut document, position, &comments);
        self.text = document.to_string();
        Ok(true)
    }

    fn document(&self) -> Result<DocumentMut, Failure> {
        let document = self.text.trim_start_matches('\u{feff}').parse();
        document.map_err(|_| Failure::usage(format!("{} can't be read as TOML", self.path.display())))
    }

    /// Puts the changed file in the place of the old one, whole or not at all.
    ///
    /// # Errors
    /// When it can't be written, when somebody else changed it meanwhile, or when it would no longer be right.
    pub(super) fn save(self) -> Done {
        self.load()?;
        let unwritten = |error: io::Error| {
            Failure::not_had(format!("{} can't be written: {}", self.path.display(), in_words(&error)))
        };
        if read(&self.path).map_err(unwritten)? != self.before {
            return Err(Failure::not_had("the config file was changed meanwhile; try again"));
        }
        replace(&self.path, self.text.as_bytes(), 0o600).map_err(unwritten)
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("{} can't be read: {}", path.display(), in_words(error)))
}

/// None: there is no file.
fn read(path: &Path) -> io::Result<Option<String>> {
    let text = files::read_regular(path, files::CONFIG_MAX).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not in UTF-8"))
    });
    match text {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where a path leads, also when nothing is there yet.
fn real(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// Writes a new file beside the old one and puts it in its place. A new one has `mode`, an old one keeps its own.
///
/// # Errors
/// When it can't be written; the old one is as it was then.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        create_private_folder(folder)?;
    }
    let standing = fs::metadata(path).ok().map(|standing| standing.permissions());
    if standing.as_ref().is_some_and(fs::Permissions::readonly) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = write_new(&beside, bytes, mode).and_then(|()| {
        standing.map_or(Ok(()), |permissions| fs::set_permissions(&beside, permissions))?;
        fs::rename(&beside, path)
    });
    if written.is_err() {
        // Nothing more can be done about it than to say the first error.
        fs::remove_file(&beside).ok();
    }
    written
}

#[cfg_attr(not(unix), allow(unused_variables))]
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

// --- entries ---

/// Gives an entry a value, with the comment that stood behind the one before.
fn set(entry: &mut dyn TableLike, key: &str, value: impl Into<Value>) {
    let value = value.into();
    match entry.get_mut(key).and_then(Item::as_value_mut) {
        Some(standing) => {
            let decor = standing.decor().clone();
            *standing = value;
            *standing.decor_mut() = decor;
        }
        None => {
            entry.insert(key, Item::Value(value));
        }
    }
}

/// The entries of a list, in either of TOML's two ways to write them.
fn entries<'a>(document: &'a mut DocumentMut, kind: &str) -> Vec<&'a mut dyn TableLike> {
    match document.get_mut(kind) {
        Some(Item::ArrayOfTables(list)) => list.iter_mut().map(|entry| entry as &mut dyn TableLike).collect(),
        Some(Item::Value(Value::Array(list))) => list
            .iter_mut()
            .filter_map(|value| value.as_inline_table_mut().map(|entry| entry as &mut dyn TableLike))
            .collect(),
        _ => Vec::new(),
    }
}

fn is_called(entry: &dyn TableLike, name: &str) -> bool {
    entry.get("name").and_then(Item::as_str).is_some_and(|found| found.trim() == name)
}

/// The comments above an entry that are not its own: all up to the last empty line.
fn left_behind(entry: &Table) -> String {
    let above = entry.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    let ends = [("\n\n", 2), ("\n\r\n", 3)].map(|(end, length)| above.rfind(end).map_or(0, |at| at + length));
    let attached = ends.into_iter().max().unwrap_or_default();
    // Without an empty line between, a comment at the top belongs to the file or to what stands above.
    match above.get(..attached) {
        Some(kept) if kept.contains('#') => kept.to_owned(),
        _ => String::new(),
    }
}

/// Gives what stood above an entry to what follows it.
fn hand_on(document: &mut DocumentMut, position: Option<isize>, comments: &str) {
    if comments.is_empty() {
        return;
    }
    let position = position.unwrap_or_default();
    let mut places = Vec::new();
    tables(document.as_table_mut(), &mut |table| places.extend(table.position().filter(|at| *at > position)));
    match places.into_iter().min() {
        Some(next) => tables(document.as_table_mut(), &mut |table| {
            if table.position() == Some(next) {
                let own = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
                table.decor_mut().set_prefix(format!("{comments}{own}"));
            }
        }),
        None => {
            let own = document.trailing().as_str().unwrap_or_default().to_owned();
            document.set_trailing(format!("{comments}{own}"));
        }
    }
}

/// Every table with a heading of its own, below a table.
fn tables(table: &mut Table, visit: &mut impl FnMut(&mut Table)) {
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => {
                visit(inner);
                tables(inner, visit);
            }
            Item::ArrayOfTables(list) => {
                for inner in list.iter_mut() {
                    visit(inner);
                    tables(inner, visit);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FILE: &str = r#"# My file.

[network]
timeout = "7s"   # slow line

# ---- My feeds ----

# The first one.
[[feed]]
name = "First"
url  =  'https://a.example/f'
#interval = "1h"

# The second one.
[[feed]]
name = "Second"
url = "https://b.example/f"
enabled = true # for now
[feed.headers]
X-Key = "hidden"

[theme] # mine
name = "dark"
# the end
"#;

    fn file(text: &str) -> ConfigFile {
        ConfigFile::of("config.toml".into(), Some(text.into()))
    }

    #[test]
    fn an_entry_is_added_behind_all_that_stands() {
        let mut config = file(FILE);
        config.add(&[("name", "T\"hird".into()), ("url", "https://c.example/".into())]).unwrap();
        let expected = format!("{FILE}\n[[feed]]\nname = 'T\"hird'\nurl = \"https://c.example/\"\n");
        assert_eq!(config.text, expected);
        assert_eq!(config.load().unwrap().feeds.last().unwrap().url, "https://c.example/");
        for (text, end) in [("", "\n"), ("[theme]", "\n"), ("[theme]\r\nred-up = true\r\n", "\r\n")] {
            let mut config = file(text);
            config.add(&[("name", "A".into()), ("url", "https://a.example/".into())]).unwrap();
            assert!(config.text.starts_with(text) && config.text.ends_with(end), "{:?}", config.text);
            assert_eq!(config.load().unwrap().warnings, [""; 0]);
        }
    }

    #[test]
    fn a_view_is_put_in_or_changed_and_nothing_else() {
        let view = |key, query: &str| View { name: "Deals".into(), key: Some(key), query: query.into() };
        let mut config = file(FILE);
        config.put_view(&view('5', "nvidia \"raises money\"")).unwrap();
        let added = "\n[[view]]\nname = \"Deals\"\nkey = \"5\"\nquery = 'nvidia \"raises money\"'\n";
        assert_eq!(config.text, format!("{FILE}{added}"));
        let mut config = file(&format!("{FILE}{}", added.replace("\"5\"", "\"5\" # mine")));
        config.put_view(&view('6', "/a\\d/")).unwrap();
        let changed = added.replace("\"5\"", "\"6\" # mine").replace("'nvidia \"raises money\"'", "'/a\\d/'");
        assert_eq!(config.text, format!("{FILE}{changed}"));
        assert_eq!(config.load().unwrap().views, [view('6', "/a\\d/")]);
        let mut config = file("view = [{ name = 'A', key = '9', query = 'a' }] # all\n");
        config.put_view(&view('5', "x")).unwrap();
        assert_eq!(config.load().unwrap().views.len(), 2);
        assert!(config.text.ends_with("# all\n"));
    }

    #[test]
    fn a_list_in_one_line_grows() {
        let mut config = file("feed = [{ name = 'A', url = 'https://a.example/' }] # all\n");
        config.add(&[("name", "B".into()), ("url", "https://b.example/".into())]).unwrap();
        assert!(config.enable("A", false).unwrap());
        let feeds = config.load().unwrap().feeds;
        let own: Vec<_> = feeds.iter().filter(|feed| feed.url.contains(".example/")).map(|feed| feed.enabled).collect();
        assert_eq!(own, [false, true]);
        assert!(config.remove("A").unwrap() && config.text.ends_with("# all\n"), "{}", config.text);
    }

    #[test]
    fn an_entry_is_switched_and_nothing_else_changes() {
        let mut config = file(FILE);
        assert!(config.enable("Second", false).unwrap());
        assert_eq!(config.text, FILE.replace("enabled = true # for now", "enabled = false # for now"));
        let mut config = file(FILE);
        assert!(config.enable("First", false).unwrap());
        assert_eq!(config.text, FILE.replace("a.example/f'\n", "a.example/f'\nenabled = false\n"));
        assert!(!config.enable("Third", false).unwrap());
    }

    #[test]
    fn an_entry_goes_with_its_own_comment_only() {
        let mut config = file(FILE);
        assert!(config.remove("First").unwrap());
        let expected = FILE.replace(
            "# The first one.\n[[feed]]\nname = \"First\"\nurl  =  'https://a.example/f'\n#interval = \"1h\"\n",
            "#interval = \"1h\"\n",
        );
        assert_eq!(config.text, expected);
        assert!(config.remove("Second").unwrap());
        assert!(config.text.contains("---- My feeds") && config.text.ends_with("name = \"dark\"\n# the end\n"));
        assert!(!config.text.contains("hidden") && !config.text.contains("second"), "{}", config.text);
        assert!(!config.remove("Second").unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn it_is_saved_whole_where_it_lies_with_the_rights_it_had() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.toml"), folder.path().join("config.toml"));
        fs::write(&real, FILE).unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real.toml", &link).unwrap();
        let mut config = ConfigFile::open(&link).unwrap();
        config.enable("First", false).unwrap();
        config.save().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::read_to_string(&real).unwrap().contains("enabled = false"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left there");

        let fresh = folder.path().join("deep/config.toml");
        let mut config = ConfigFile::open(&fresh).unwrap();
        config.add(&[("name", "A".into()), ("url", "https://a.example/".into())]).unwrap();
        config.save().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&fresh), mode(fresh.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn what_somebody_else_changed_or_broke_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, FILE).unwrap();
        let mut config = ConfigFile::open(&path).unwrap();
        config.enable("First", false).unwrap();
        fs::write(&path, "# other").unwrap();
        assert!(config.save().unwrap_err().sentence.contains("changed meanwhile"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "# other");
        fs::write(&path, "[theme\n").unwrap();
        let failure = ConfigFile::open(&path).unwrap_err();
        assert_eq!(failure.status, 2);
        assert!(failure.sentence.contains("nothing was changed"), "{}", failure.sentence);
    }
}
