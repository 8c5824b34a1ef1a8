//! `newstape feeds` and `read` as a person uses them: the program itself, a config file, a server on this machine.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Command, Output};

use support::Home;
use support::server::Server;

const RSS: &str = "<rss version='2.0'><channel><title>The Example Wire</title><link>http://x/</link>\
    <item><title>One</title><link>http://x/1</link></item></channel></rss>";

fn newstape(home: &Home, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_newstape"));
    command.args(arguments).env_clear().envs(home.environment()).output().unwrap()
}

/// Exit status, standard output, standard error.
fn told(home: &Home, arguments: &[&str]) -> (i32, String, String) {
    let output = newstape(home, arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn home() -> Home {
    Home::with_config("# mine\n[shipped]\nfeeds = false\n\n[network]\ndomain-spacing = \"0s\"\n# the end\n")
}

fn config(home: &Home) -> String {
    std::fs::read_to_string(home.config()).unwrap()
}

#[test]
fn a_feed_is_added_once_and_removed_again() {
    let (home, server) = (home(), Server::start());
    server.put("/f.xml", 200, "application/rss+xml", RSS);
    let url = server.url("/f.xml");
    let before = config(&home);
    let (status, out, err) = told(&home, &["feeds", "add", &url, "--category", "Mine"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let entry = format!("\n[[feed]]\nname = \"The Example Wire\"\nurl = \"{url}\"\ncategory = \"Mine\"\n");
    assert_eq!(config(&home), format!("{before}{entry}"));
    let (status, _, err) = told(&home, &["feeds", "add", &format!("{url}/")]);
    assert_eq!((status, err.as_str()), (1, "newstape: this feed is there already, as 'The Example Wire'\n"));
    let (_, out, _) = told(&home, &["feeds", "list"]);
    assert!(out.contains("The Example Wire  Mine      15m    not asked yet"), "{out}");
    assert_eq!(told(&home, &["feeds", "disable", "the example wire"]).0, 0);
    assert!(config(&home).ends_with("enabled = false\n"));
    let (_, out, _) = told(&home, &["feeds", "list", "--json"]);
    let line: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((line["state"].as_str(), line["interval"].as_u64()), (Some("off"), Some(900)));
    assert_eq!(told(&home, &["feeds", "enable", &url]).0, 0);
    assert_eq!(told(&home, &["feeds", "remove", "The Example Wire"]).0, 0);
    assert_eq!(config(&home).trim_end(), before.trim_end());
    let (status, _, err) = told(&home, &["feeds", "remove", "The Example Wire"]);
    assert_eq!(status, 1);
    assert!(err.starts_with("newstape: no feed is called 'The Example Wire'"), "{err}");
}

#[test]
fn the_feeds_of_a_page_are_found() {
    let (home, server) = (home(), Server::start());
    let link = |path: &str, title: &str| {
        format!("<link rel=alternate type=application/rss+xml title='{title}' href='{path}'>")
    };
    let page = |links: &str| format!("<!DOCTYPE html><html><head>{links}</head><body>Hello</body></html>");
    server.put("/f.xml", 200, "application/rss+xml", RSS);
    server.put("/g.xml", 200, "application/rss+xml", RSS);
    server.put("/one", 200, "text/html", page(&link("/f.xml", "News")));
    server.put("/two", 200, "text/html", page(&(link("/f.xml", "News") + &link("/g.xml", "Sport"))));
    server.put("/none", 200, "text/html", page(""));
    let (status, out, err) = told(&home, &["feeds", "add", &server.url("/two")]);
    assert_eq!((status, out.lines().count()), (1, 2), "{out}{err}");
    assert_eq!(err, "newstape: 127.0.0.1 has 2 feeds; choose one with --pick 1 to 2\n");
    assert_eq!(told(&home, &["feeds", "add", &server.url("/one")]).0, 0);
    assert!(config(&home).contains(&server.url("/f.xml")));
    assert_eq!(told(&home, &["feeds", "add", &server.url("/two"), "--pick", "2"]).0, 0);
    assert!(config(&home).contains("name = \"The Example Wire 2\""));
    let (status, _, err) = told(&home, &["feeds", "add", &server.url("/none")]);
    assert_eq!((status, err.as_str()), (1, "newstape: 127.0.0.1: it is a web page, and names no feed\n"));
    server.put("/rss.xml", 200, "application/rss+xml", RSS);
    assert_eq!(told(&home, &["feeds", "add", &server.url("/none"), "--name", "Guessed"]).0, 0);
    let (status, _, err) = told(&home, &["read", &server.url("/none")]);
    assert_eq!(status, 1);
    assert!(err.ends_with("it is a web page, not a feed; newstape feeds add finds the feeds of a page\n"), "{err}");
    let (status, _, err) = told(&home, &["feeds", "add", &server.url("/gone")]);
    assert_eq!((status, err.as_str()), (1, "newstape: 127.0.0.1: there is nothing at this address (404)\n"));
}

#[test]
fn lists_come_in_and_go_out() {
    let home = home();
    let list = home.path().join("list.opml");
    std::fs::write(
        &list,
        "<opml><body><outline text='Tech'><outline text='A' xmlUrl='https://a.example/f'/>\
         <outline text='Again' xmlUrl='http://www.a.example/f/'/></outline>\
         <outline text='A' xmlUrl='https://b.example/f'/><outline text='Evil' xmlUrl='exec:rm -rf x'/></body></opml>",
    )
    .unwrap();
    let list = list.to_str().unwrap();
    let (status, out, err) = told(&home, &["feeds", "import", list]);
    assert_eq!(status, 0);
    assert!(out.starts_with("added 2 feeds to ") && out.ends_with("; 1 there already; some were left out\n"), "{out}");
    assert_eq!(
        err,
        "newstape: 'Evil' has an address of another kind (exec:), which newstape never follows; left out\n"
    );
    assert!(config(&home).contains("name = \"A 2\"") && config(&home).contains("category = \"Tech\""));
    let (_, first, _) = told(&home, &["feeds", "export"]);
    let exported = home.path().join("out.opml");
    let exported = exported.to_str().unwrap();
    assert_eq!(told(&home, &["feeds", "export", exported]).0, 0);
    assert_eq!(std::fs::read_to_string(exported).unwrap(), first);
    assert_eq!(told(&home, &["feeds", "export", exported]).0, 1, "never over what is there");
    let (status, out, _) = told(&home, &["feeds", "import", exported]);
    assert_eq!((status, out.as_str()), (0, "nothing new; 2 there already\n"));
}

#[test]
fn settings_survive_the_way_out_and_in() {
    let first = Home::with_config(
        "[[feed]]\nname = \"CFTC\"\nenabled = false\n[[feed]]\nname = \"Own\"\nurl = \"https://own.example/f\"\n\
         category = \"Chips\"\ninterval = \"2h\"\nprimary = true\nlang = \"fr\"\nkill = \"title:\\\"a & b\\\"\"\n\
         [[feed]]\nname = \"Off\"\nurl = \"https://off.example/f\"\nenabled = false\n",
    );
    let list = first.path().join("list.opml");
    let list = list.to_str().unwrap();
    assert_eq!(told(&first, &["feeds", "export", "--all", list]).0, 0);
    let second = Home::new();
    let (status, out, err) = told(&second, &["feeds", "import", list]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("added 2 feeds to ") && out.ends_with(", 1 of them set as the file says\n"), "{out}");
    let feeds = |home: &Home| told(home, &["feeds", "export", "--all"]).1;
    assert_eq!(feeds(&second), feeds(&first));
    assert_eq!(
        told(&second, &["feeds", "import", list]).1.split(';').next(),
        Some("nothing new"),
        "and once is enough"
    );
}

#[test]
fn a_list_that_breaks_off_is_an_error_that_says_what_was_read() {
    let home = home();
    let list = home.path().join("list.opml");
    let text = "<opml><body><outline text='A' xmlUrl='https://a.example/f'/><outline text='B' xmlUrl='https://b.exa";
    std::fs::write(&list, text).unwrap();
    let (status, out, err) = told(&home, &["feeds", "import", list.to_str().unwrap()]);
    assert_eq!(status, 1);
    assert!(out.starts_with("added 1 feed to "), "{out}");
    assert_eq!(err, "newstape: the file breaks off after 'A': 1 feed could be read, what followed is missing\n");
}

#[test]
fn a_shipped_feed_is_switched_off_instead_of_removed() {
    let home = Home::new();
    let (status, out, _) = told(&home, &["feeds", "remove", "CFTC"]);
    assert_eq!(status, 0);
    assert!(out.starts_with("CFTC comes with newstape: it is switched off"), "{out}");
    assert_eq!(config(&home), "[[feed]]\nname = \"CFTC\"\nenabled = false\n");
    let (status, out, _) = told(&home, &["feeds", "disable", "CFTC"]);
    assert_eq!((status, out.as_str()), (0, "CFTC is off already\n"));
    assert_eq!(told(&home, &["feeds", "enable", "CFTC"]).0, 0);
    assert_eq!(config(&home), "[[feed]]\nname = \"CFTC\"\nenabled = true\n");
}

#[test]
fn a_broken_config_is_not_touched() {
    let home = Home::with_config("[theme\n");
    let (status, _, err) = told(&home, &["feeds", "disable", "CFTC"]);
    assert_eq!(status, 2);
    assert!(err.contains("config.toml:1:7") && err.contains("nothing was changed"), "{err}");
    assert_eq!(config(&home), "[theme\n");
}
