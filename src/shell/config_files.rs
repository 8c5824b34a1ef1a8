//! The user's config files: `config.toml`, the keys beside it, the themes in a folder beside it. All may be missing.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::files;
use crate::config::{self, Config, theme};

/// Theme files that are read at most.
const THEMES_MAX: usize = 100;

/// What stands in a file. None: there is no file.
pub(crate) type Text = Result<Option<Vec<u8>>, ErrorKind>;

/// What stands in each file, under the name that messages call it by: first `config.toml`, then the others.
pub(crate) type Texts = Vec<(String, Text)>;

/// Where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigFiles {
    pub main: PathBuf,
    /// With `--config` that file alone has keys.
    pub keys: Option<PathBuf>,
    /// The folder of the themes.
    pub themes: PathBuf,
}

impl ConfigFiles {
    /// The files that go with a `config.toml`; one that was named on the command line has no keys beside it.
    pub(crate) fn of(main: PathBuf, is_named: bool) -> ConfigFiles {
        let beside = |name: &str| main.with_file_name(name);
        ConfigFiles { keys: (!is_named).then(|| beside("keys.toml")), themes: beside("themes"), main }
    }

    /// What stands in them now.
    pub(crate) fn texts(&self) -> Texts {
        let main = self.main.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut texts = vec![(main, text(&self.main))];
        texts.extend(self.keys.as_deref().map(|keys| ("keys.toml".to_owned(), text(keys))));
        texts.extend(self.theme_files().into_iter().map(|(shown, file)| (shown, text(&file))));
        texts
    }

    fn theme_files(&self) -> Vec<(String, PathBuf)> {
        let files = std::fs::read_dir(&self.themes).into_iter().flatten().flatten().map(|entry| entry.path());
        let shown =
            |file: &Path| format!("{}{}", theme::FOLDER, file.file_name().unwrap_or_default().to_string_lossy());
        let themes = files.filter(|file| file.extension().is_some_and(|extension| extension == "toml"));
        let mut themes: Vec<_> = themes.take(THEMES_MAX).map(|file| (shown(&file), file)).collect();
        themes.sort();
        themes
    }

    /// Reads the files and lays them over the shipped ones.
    ///
    /// # Errors
    /// A [`config::ConfigError`] with its place, or that `config.toml` can't be read; one line as `Display`.
    pub(crate) fn read(&self) -> anyhow::Result<Config> {
        understand(&self.texts())
    }
}

fn text(file: &Path) -> Text {
    match files::read_regular(file, files::CONFIG_MAX) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.kind()),
    }
}

/// What the files say, over the shipped ones, with what the environment adds.
///
/// # Errors
/// As [`ConfigFiles::read`].
pub(crate) fn understand(texts: &Texts) -> anyhow::Result<Config> {
    if let Some((main, Err(kind))) = texts.first() {
        anyhow::bail!("{main} can't be read: {}", files::why(*kind));
    }
    let found = texts.iter().filter_map(|(shown, text)| Some((shown, text.as_ref().ok()?.as_ref()?)));
    let found: Vec<_> = found.map(|(shown, bytes)| (shown.as_str(), String::from_utf8_lossy(bytes))).collect();
    let mut config = config::load(found.iter().map(|(shown, text)| (*shown, &**text)))?;
    let unreadable = texts.iter().filter_map(|(shown, text)| Some((shown, text.as_ref().err()?)));
    config.warnings.extend(unreadable.map(|(shown, kind)| format!("{shown} can't be read: {}", files::why(*kind))));
    config.take_keys(|variable| std::env::var(variable).ok());
    Ok(config)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn keys_and_themes_stand_beside_the_config() {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("themes")).unwrap();
        fs::write(path("config.toml"), "[theme]\nname = 'mine'\n").unwrap();
        fs::write(path("keys.toml"), "[keys]\nquit = ['Q']\n").unwrap();
        fs::write(path("themes/mine.toml"), "up = 'blue'\n").unwrap();
        fs::write(path("themes/notes.txt"), "up = 'red'\n").unwrap();
        let config = ConfigFiles::of(path("config.toml"), false).read().unwrap();
        assert_eq!(config.warnings, [""; 0]);
        assert_eq!((config.screen.theme.as_str(), &config.keys["quit"]), ("mine", &vec!["Q".to_owned()]));
        let alone = ConfigFiles::of(path("config.toml"), true).read().unwrap();
        assert_eq!(
            (alone.screen.theme.as_str(), alone.keys["quit"].len()),
            ("mine", 2),
            "--config has no keys beside it"
        );
        fs::write(path("themes/mine.toml"), "up = \n").unwrap();
        let broken = ConfigFiles::of(path("config.toml"), false).read().unwrap();
        assert!(broken.warnings.iter().any(|warning| warning.contains("themes/mine.toml")), "{:?}", broken.warnings);
    }
}
