//! Rust source as the house rules look at it: without comments, literals and tests, as tokens that know their line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A file of `src/`.
pub(crate) struct Source {
    /// As `src/news/poll.rs`.
    pub path: String,
    pub text: String,
    /// The same lines with comments, literals and what only tests see blanked out.
    pub bare: String,
    /// The whole file is only compiled for tests.
    pub is_test: bool,
}

/// A word, or one sign.
pub(crate) struct Token<'a> {
    pub text: &'a str,
    /// Counted from 1.
    pub line: usize,
}

/// Every Rust file of `src/`, in the order of their paths.
pub(crate) fn sources(root: &Path) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root.join("src"), &mut paths);
    paths.sort();
    let mut sources: Vec<Source> = Vec::new();
    let mut tests: BTreeSet<PathBuf> = BTreeSet::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let bare = without_literals(&text);
        for module in test_files(&bare) {
            tests.insert(folder_of(&path).join(module));
        }
        let shown = path.strip_prefix(root).unwrap().display().to_string();
        sources.push(Source { path: shown, bare: without_tests(&bare), text, is_test: false });
    }
    for source in &mut sources {
        let module = folder_of(&root.join(&source.path));
        source.is_test = tests.iter().any(|test| module.starts_with(test));
    }
    sources
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
}

/// The folder that the children of a file's module stand in: `src/news` for `src/news/mod.rs` and `src/news.rs`.
fn folder_of(file: &Path) -> PathBuf {
    match file.file_name().and_then(|name| name.to_str()) {
        Some("mod.rs" | "lib.rs" | "main.rs") => file.parent().unwrap().to_path_buf(),
        _ => file.with_extension(""),
    }
}

/// Words and signs. White space falls away.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
            let end = if is_word(first) { rest.find(|letter| !is_word(letter)) } else { Some(first.len_utf8()) };
            let (token, after) = rest.split_at(end.unwrap_or(rest.len()));
            tokens.push(Token { text: token, line: at + 1 });
            rest = after.trim_start();
        }
    }
    tokens
}

/// The place behind the brace that closes the one at `open`.
pub(crate) fn behind_brace(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "{" => depth += 1,
            "}" if depth == 1 => return at + 1,
            "}" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The same text with what stands in comments and literals blanked out, line breaks kept.
fn without_literals(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let end = literal_end(&letters, at);
        match end {
            Some(end) => letters[at..end].iter().for_each(|letter| out.push(if *letter == '\n' { '\n' } else { ' ' })),
            None => out.push(letters[at]),
        }
        at = end.unwrap_or(at + 1);
    }
    out
}

/// Where the comment or literal that begins here ends; None when none begins here.
fn literal_end(letters: &[char], at: usize) -> Option<usize> {
    let next = |from: usize| letters.get(from).copied().unwrap_or_default();
    let is_in_word = at > 0 && (letters[at - 1].is_alphanumeric() || letters[at - 1] == '_');
    match (letters[at], next(at + 1)) {
        ('/', '/') => Some(find(letters, at, &['\n'])),
        ('/', '*') => Some(block_end(letters, at)),
        ('r', '"' | '#') if !is_in_word || letters[at - 1] == 'b' => raw_end(letters, at),
        ('"', _) => Some(quoted_end(letters, at, '"')),
        ('\'', '\\') => Some(quoted_end(letters, at, '\'')),
        // Anything else behind a quote is a lifetime.
        ('\'', _) if next(at + 2) == '\'' => Some(at + 3),
        _ => None,
    }
}

fn find(letters: &[char], from: usize, what: &[char]) -> usize {
    let found = letters[from..].windows(what.len()).position(|window| window == what);
    found.map_or(letters.len(), |found| from + found)
}

fn block_end(letters: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < letters.len() {
        match letters[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] if depth == 1 => return at + 2,
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn raw_end(letters: &[char], start: usize) -> Option<usize> {
    let hashes = letters[start + 1..].iter().take_while(|letter| **letter == '#').count();
    // Without the quote it is a raw name, `r#type`.
    letters.get(start + 1 + hashes).filter(|letter| **letter == '"')?;
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    Some((find(letters, start + 2 + hashes, &close) + close.len()).min(letters.len()))
}

fn quoted_end(letters: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while at < letters.len() && letters[at] != quote {
        at += if letters[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(letters.len())
}

/// The lines of each item under `#[cfg(test)]`, from its attribute on, counted from 1; and, of `mod name;`, the name.
fn test_items<'a>(tokens: &[Token<'a>]) -> Vec<(usize, usize, Option<&'a str>)> {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut items = Vec::new();
    for start in 0..tokens.len().saturating_sub(ATTRIBUTE.len()) {
        if !tokens[start..].iter().zip(ATTRIBUTE).all(|(token, expected)| token.text == expected) {
            continue;
        }
        let item = &tokens[start + ATTRIBUTE.len()..];
        let Some(stop) = item.iter().position(|token| matches!(token.text, ";" | "{")) else { continue };
        let end = if item[stop].text == "{" { behind_brace(item, stop) - 1 } else { stop };
        let name = (item[stop].text == ";" && stop > 1 && item[stop - 2].text == "mod").then(|| item[stop - 1].text);
        items.push((tokens[start].line, item[end.min(item.len() - 1)].line, name));
    }
    items
}

fn test_files(bare: &str) -> Vec<&str> {
    test_items(&tokens(bare)).into_iter().filter_map(|(_, _, name)| name).collect()
}

fn without_tests(bare: &str) -> String {
    let items = test_items(&tokens(bare));
    let hidden = |line: usize| items.iter().any(|(first, last, _)| (*first..=*last).contains(&line));
    bare.lines().enumerate().map(|(at, line)| if hidden(at + 1) { "\n".into() } else { format!("{line}\n") }).collect()
}
