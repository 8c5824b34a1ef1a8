//! Where recorded feeds, prices and days lie: beside the project, since they may not be passed on. A test that reads
//! them is marked `#[ignore = "needs the recordings"]`, so that it is counted where it did not run.

use std::path::{Path, PathBuf};

/// A file or folder of the recordings. A test that needs it fails where it is missing.
#[track_caller]
pub(crate) fn recording(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    assert!(path.exists(), "no recording at {}: run this test only where the recordings are", path.display());
    path
}
