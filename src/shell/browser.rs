//! Opens links in the browser: as an argument, never through a shell, and nothing but http(s).

use std::process::Stdio;

use tokio::process::Command;

/// Where the address goes in a command of the config …
const PLACE: &str = "{}";
/// … and in `$BROWSER`.
const BROWSER_PLACE: &str = "%s";

/// Opens a link with the command that is wanted; without one, with the first of `$BROWSER` that can be started, else with
/// what the system opens links with.
///
/// # Errors
/// One clause, when it is no web link or nothing could be started.
pub(super) async fn open(link: String, wanted: Vec<String>, browser: Option<String>) -> anyhow::Result<()> {
    let url = url::Url::parse(&link)?;
    anyhow::ensure!(matches!(url.scheme(), "http" | "https"), "only web links are opened");
    for command in commands(&wanted, browser.as_deref(), url.as_str()) {
        if start(&command) {
            return Ok(());
        }
    }
    if let Some(program) = wanted.first() {
        anyhow::bail!("{program} could not be started; it stands in the config as screen.open");
    }
    tokio::task::spawn_blocking(move || open::that_detached(url.as_str()))
        .await?
        .map_err(|_| anyhow::anyhow!("no browser could be started; the link can be copied instead"))
}

/// The commands to try, in order.
fn commands(wanted: &[String], browser: Option<&str>, link: &str) -> Vec<Vec<String>> {
    if !wanted.is_empty() {
        return vec![filled(wanted.iter().map(String::as_str), PLACE, link)];
    }
    let browsers = browser.unwrap_or_default().split(':').map(str::split_whitespace);
    browsers.map(|words| filled(words, BROWSER_PLACE, link)).filter(|command| command.len() > 1).collect()
}

/// The words with the link in its place, or behind them. Empty when there are none.
fn filled<'a>(words: impl Iterator<Item = &'a str>, place: &str, link: &str) -> Vec<String> {
    let words: Vec<&str> = words.collect();
    let has_place = words.iter().skip(1).any(|word| word.contains(place));
    let mut filled: Vec<String> = words.iter().take(1).map(ToString::to_string).collect();
    filled.extend(words.iter().skip(1).map(|word| word.replace(place, link)));
    if !filled.is_empty() && !has_place {
        filled.push(link.to_owned());
    }
    filled
}

/// Starts a program that outlives newstape. False when there is none of the name.
fn start(command: &[String]) -> bool {
    let [program, arguments @ ..] = command else { return false };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // In a group of its own: what is meant for newstape (C-c, C-z, the end of the terminal) is not meant for it.
    #[cfg(unix)]
    command.process_group(0);
    // It is waited for by the runtime.
    command.spawn().is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LINK: &str = "https://desk.example/a?b=$(id)&c=';x";

    #[test]
    fn the_config_comes_before_the_environment() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let cases = [
            (vec![], None, vec![]),
            (vec![], Some(""), vec![]),
            (vec![], Some("firefox"), vec![words(&["firefox", LINK])]),
            (vec![], Some("nope:w3m -o x %s"), vec![words(&["nope", LINK]), words(&["w3m", "-o", "x", LINK])]),
            (vec!["mpv"], Some("firefox"), vec![words(&["mpv", LINK])]),
            (vec!["a b", "--url={}", "-x"], None, vec![words(&["a b", &format!("--url={LINK}"), "-x"])]),
        ];
        for (wanted, browser, expected) in cases {
            assert_eq!(commands(&words(&wanted), browser, LINK), expected, "{wanted:?} {browser:?}");
        }
    }

    #[tokio::test]
    async fn only_web_links_and_only_programs_that_are_there() {
        let open =
            |link: &str, wanted: &[&str]| open(link.to_owned(), wanted.iter().map(ToString::to_string).collect(), None);
        let said = open("file:///etc/passwd", &["true"]).await.unwrap_err().to_string();
        assert!(said.contains("only web links"), "{said}");
        let said = open("https://desk.example/1", &["/there/is/no/such"]).await.unwrap_err().to_string();
        assert!(said.contains("/there/is/no/such could not be started"), "{said}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_link_is_one_argument() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let script = format!("printf '%s|' \"$@\" > '{0}.new' && mv '{0}.new' '{0}'", out.display());
        let wanted = ["/bin/sh", "-c", &script, "sh", "{}"].map(str::to_owned).to_vec();
        open("https://desk.example/a b?c=$(id)".to_owned(), wanted, None).await.unwrap();
        let written = async {
            while !out.exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), written).await.unwrap();
        assert_eq!(std::fs::read_to_string(out).unwrap(), "https://desk.example/a%20b?c=$(id)|");
    }
}
