//! What an alert does beyond the terminal: a command is run, an address is posted to. Each has its time, and a title from
//! outside is never more than data.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::mpsc::Sender;
use tokio::sync::{OnceCell, Semaphore};

use super::tasks::Tasks;
use crate::config::Config;
use crate::domain::alert::{Alert, PostAs};
use crate::event::{Event, Raised};
use crate::http::Http;

/// A command is killed after this, with all its processes; that also ends a sound it plays.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// How many are at work at once: a flood of alerts must not become one of processes.
const MAX_CONCURRENT: usize = 4;

/// Runs commands and posts, for the alerts that ask for it.
#[derive(Clone, Debug)]
pub(crate) struct AlertActions {
    events: Sender<Event>,
    /// Made when first needed: reading the system's certificates takes a while.
    http: Arc<OnceCell<Http>>,
    places: Arc<Semaphore>,
}

impl AlertActions {
    /// What fails is reported on `events`.
    pub(crate) fn new(events: Sender<Event>) -> AlertActions {
        AlertActions { events, http: Arc::default(), places: Arc::new(Semaphore::new(MAX_CONCURRENT)) }
    }

    /// Does what the config says of the alert, in a task of its own.
    pub(crate) fn raise(&self, tasks: &Tasks, config: &Arc<Config>, raised: Raised) {
        let Some(alert) = config.alerts.iter().find(|alert| alert.name == raised.alert) else { return };
        if alert.command.is_empty() && alert.post.is_none() {
            return;
        }
        let (alert_actions, config, alert) = (self.clone(), config.clone(), alert.clone());
        tasks.spawn("alert", async move {
            let _place = alert_actions.places.acquire().await?;
            for done in [command(&alert, &raised).await, alert_actions.post(&config, &alert, &raised).await] {
                if let Err(why) = done {
                    let alert = alert.name.clone();
                    alert_actions.events.send(Event::AlertFailed { alert, why }).await?;
                }
            }
            Ok(())
        });
    }

    async fn post(&self, config: &Config, alert: &Alert, raised: &Raised) -> Result<(), String> {
        let Some(address) = &alert.post else { return Ok(()) };
        let http = self.http.get_or_try_init(|| async { Http::new(&config.network) }).await;
        let http = http.map_err(|_| "no secure connection can be made on this machine".to_owned())?;
        let (headers, body) = match alert.post_as {
            PostAs::Json => (vec![("content-type", "application/json".to_owned())], raised.payload.clone()),
            PostAs::Text => {
                let title = ("title", raised.alert.to_string());
                let click = raised.link.clone().map(|link| ("click", link));
                let plain = ("content-type", "text/plain; charset=utf-8".to_owned());
                ([plain, title].into_iter().chain(click).collect(), raised.text.clone())
            }
        };
        match http.with(&config.network).post(&address.0, &headers, body).await {
            Ok(status) if (200..300).contains(&status) => Ok(()),
            Ok(status) => Err(format!("the address it is posted to answered {status}")),
            Err(trouble) => Err(format!("it could not be posted: {trouble}")),
        }
    }
}

/// Runs the command of an alert: its arguments as they stand in the config, the alert on its standard input. No shell, and
/// nothing of the story among the arguments.
async fn command(alert: &Alert, raised: &Raised) -> Result<(), String> {
    let [program, arguments @ ..] = alert.command.as_slice() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    // In a group of its own, so that what it started can be ended with it.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|_| "its command could not be started".to_owned())?;
    let group = ProcessGroup(child.id());
    let input = child.stdin.take();
    let work = async {
        if let Some(mut input) = input {
            // One that does not read ends all the same.
            let _ = input.write_all(format!("{}\n", raised.payload).as_bytes()).await;
        }
        child.wait().await
    };
    let ended = tokio::time::timeout(COMMAND_LIMIT, work).await;
    if ended.is_ok() {
        group.forget();
    }
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(match status.code() {
            Some(code) => format!("its command ended with status {code}"),
            None => "its command was ended from outside".to_owned(),
        }),
        Ok(Err(_)) => Err("its command was lost".to_owned()),
        Err(_) => Err(format!("its command did not end within {} s, and was stopped", COMMAND_LIMIT.as_secs())),
    }
}

/// The processes of a command: dropped before it has ended they are killed, all of them. What a command leaves behind that
/// ended by itself is its own matter.
#[derive(Debug)]
struct ProcessGroup(Option<u32>);

impl ProcessGroup {
    fn forget(mut self) {
        self.0 = None;
    }
}

#[cfg(unix)]
impl Drop for ProcessGroup {
    fn drop(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};

        // It was not waited for, so the id is still its own.
        let group = self.0.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::sync::mpsc;
    use wiremock::matchers::{header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::config::load;

    const HOSTILE: &str = "\"; touch owned; $(touch owned) `touch owned` \n'|&";

    fn raised() -> Raised {
        let payload = serde_json::json!({ "alert": "a", "title": HOSTILE }).to_string();
        let (text, link) = (HOSTILE.to_owned(), Some("https://desk.example/1".to_owned()));
        Raised { alert: "a".into(), text, actions: Vec::new(), link, payload }
    }

    /// Raises an alert with these fields; answers what failed.
    async fn run(fields: &str) -> Vec<String> {
        let text = format!("[[alert]]\nname = 'a'\nquery = 'x'\n{fields}");
        let config = Arc::new(load(Some(("c.toml", &text))).unwrap());
        assert_eq!(config.warnings, [""; 0]);
        let (events, mut inbox) = mpsc::channel(8);
        let tasks = Tasks::new(events.clone());
        AlertActions::new(events).raise(&tasks, &config, raised());
        let mut failed = Vec::new();
        // All senders are gone when the task has ended.
        drop(tasks);
        while let Some(event) = inbox.recv().await {
            match event {
                Event::AlertFailed { why, .. } => failed.push(why),
                other => panic!("{other:?}"),
            }
        }
        failed
    }

    #[tokio::test]
    async fn a_command_gets_the_alert_on_its_input_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let script = format!("cd '{}' && cat > out && printf '%s|' \"$0\" \"$@\" > arguments", dir.path().display());
        let fields = format!("command = ['/bin/sh', '-c', '''{script}''', 'one two', '$(id)']");
        assert_eq!(run(&fields).await, [""; 0]);
        let given: serde_json::Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
        assert_eq!(given["title"].as_str(), Some(HOSTILE));
        assert_eq!(std::fs::read_to_string(dir.path().join("arguments")).unwrap(), "one two|$(id)|");
        assert!(!dir.path().join("owned").exists(), "nothing of the title was run");
    }

    #[tokio::test]
    async fn a_command_that_fails_or_is_missing_is_told_in_a_clause() {
        assert_eq!(run("command = ['/bin/sh', '-c', 'exit 3']").await, ["its command ended with status 3"]);
        assert_eq!(run("command = ['/there/is/no/such']").await, ["its command could not be started"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_has_ten_seconds() {
        let failed = run("command = ['/bin/sh', '-c', 'exec sleep 600']").await;
        assert_eq!(failed, ["its command did not end within 10 s, and was stopped"]);
    }

    #[tokio::test]
    async fn what_a_command_started_ends_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let id = dir.path().join("id");
        let script = format!("sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait", id.display());
        let fields = format!("command = ['/bin/sh', '-c', '''{script}''']");
        let work = run(&fields);
        let begun = async {
            while !id.exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            failed = work => panic!("{failed:?}"),
            () = begun => {}
        }
        tokio::time::pause();
        tokio::time::advance(COMMAND_LIMIT * 2).await;
        let id = std::fs::read_to_string(id).unwrap();
        // Killed at once; gone when whoever inherits it has looked.
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        let is_gone = || state().rsplit(") ").next().is_none_or(|state| state.is_empty() || state.starts_with('Z'));
        for _ in 0..2_000 {
            if is_gone() {
                return;
            }
            tokio::task::yield_now().await;
            std::thread::park_timeout(Duration::from_millis(10));
        }
        panic!("it runs on: {}", state());
    }

    #[tokio::test]
    async fn it_is_posted_as_json_or_as_text() {
        let server = MockServer::start().await;
        let answered = |status| ResponseTemplate::new(status);
        Mock::given(method("POST"))
            .and(path("/json"))
            .and(header("content-type", "application/json"))
            .respond_with(answered(200))
            .expect(1)
            .mount(&server)
            .await;
        Mock::given(method("POST"))
            .and(path("/text"))
            .and(header("title", "a"))
            .and(header("click", "https://desk.example/1"))
            .respond_with(answered(204))
            .expect(1)
            .mount(&server)
            .await;
        Mock::given(method("POST")).and(path("/no")).respond_with(answered(403)).mount(&server).await;
        assert_eq!(run(&format!("post = '{}/json'", server.uri())).await, [""; 0]);
        assert_eq!(run(&format!("post = '{}/text'\npost-as = 'text'", server.uri())).await, [""; 0]);
        assert_eq!(run(&format!("post = '{}/no'", server.uri())).await, ["the address it is posted to answered 403"]);
        let requests = server.received_requests().await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&requests[0].body).unwrap();
        assert_eq!(body["title"].as_str(), Some(HOSTILE));
        assert_eq!(String::from_utf8_lossy(&requests[1].body), HOSTILE);
    }
}
