//! Where newstape's files are: the config, the data, the log. XDG folders; nothing is created before it is needed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::config_files::ConfigFiles;
use etcetera::{BaseStrategy, choose_base_strategy};

const NAME: &str = "newstape";

/// The log begins anew above this size, in bytes; the one before is kept.
const LOG_MAX: u64 = 4 << 20;

/// The files of this reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paths {
    /// The user's one file; it need not exist.
    pub config: PathBuf,
    /// That file was named on the command line.
    pub is_config_named: bool,
    /// The folder of the database.
    pub data: PathBuf,
    pub log: PathBuf,
}

impl Paths {
    /// `--config` and `--data-dir` win over the XDG folders.
    ///
    /// # Errors
    /// When there is no home folder.
    pub(crate) fn find(config: Option<PathBuf>, data: Option<PathBuf>) -> anyhow::Result<Paths> {
        let base = choose_base_strategy()
            .map_err(|_| anyhow::anyhow!("no home folder is known: set HOME, or give --config and --data-dir"))?;
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        Ok(Paths {
            is_config_named: config.is_some(),
            config: config.unwrap_or_else(|| base.config_dir().join(NAME).join("config.toml")),
            data: data.unwrap_or_else(|| base.data_dir().join(NAME)),
            log: state.join(NAME).join("newstape.log"),
        })
    }

    /// Where the config file is, and how it comes about where it is not there yet.
    pub(crate) fn greeting(&self) -> String {
        let how = if self.config.exists() { "" } else { " (newstape config init writes it)" };
        format!("{}{how}", self.config_shown())
    }

    /// Where the config file is, as a reader knows it: with `~` for the home folder.
    fn config_shown(&self) -> String {
        let home = etcetera::home_dir().ok().filter(|home| !home.as_os_str().is_empty());
        match home.and_then(|home| self.config.strip_prefix(home).ok().map(Path::to_path_buf)) {
            Some(below) => format!("~/{}", below.display()),
            None => self.config.display().to_string(),
        }
    }

    /// The config file with those beside it.
    pub(crate) fn config_files(&self) -> ConfigFiles {
        ConfigFiles::of(self.config.clone(), self.is_config_named)
    }
}

/// Opens the log for appending, owner-only.
///
/// # Errors
/// When the folder or the file can't be made.
pub(crate) fn open_log(path: &Path) -> io::Result<fs::File> {
    if let Some(folder) = path.parent() {
        create_private_folder(folder)?;
    }
    if fs::metadata(path).is_ok_and(|file| file.len() > LOG_MAX) {
        fs::rename(path, path.with_extension("log.old"))?;
    }
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder and those above it; only its owner may look into the ones that are new.
///
/// # Errors
/// When it can't be made.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
