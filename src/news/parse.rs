//! RSS 0.90 to 2.0, RSS 1.0 (RDF) and Atom 0.3 and 1.0, from the lenient tokeniser straight to entries.
//!
//! Elements are known by their local names and by what their prefix stands for, so that formats mix freely, as they do
//! in the wild. Nothing is demanded of the whole: items may stand outside the channel, the root may be missing.
//! What newstape does not read is skipped whole, so that the `<title>` of an image is no headline.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::fields::{CATEGORIES_MAX, TEXT_MAX, Value, absolute, category, lang, without_outlet, words};
use super::markup::{Inside, Markup, Tag, Token};
use super::namespaces::Namespaces;
use super::repair::{Repair, Repairs};
use super::vocabulary::{Role, Space, is_entry, is_sibling, is_wall, local, lower, role};
use super::{Document, Entry, Unreadable, dates, decode, entities, html_text, publisher_hints};

/// Reads a document that is no JSON.
pub(crate) fn read(text: &str, max: usize, base: Option<Url>, repairs: Repairs) -> Result<Document, Unreadable> {
    let mut reader = Reader::new(text, max, base, repairs);
    reader.run();
    reader.finish(text)
}

/// WordPress writes `sy:updatePeriod` hourly into every feed, whoever publishes it: that is nobody's wish.
const TEMPLATE_PERIOD: Duration = Duration::from_hours(1);

/// An entry under way.
#[derive(Debug, Default)]
struct Draft {
    entry: Entry,
    is_atom: bool,
    base: Option<Url>,
    content: String,
    /// `media:title`, `media:description`: better than nothing.
    spare_title: String,
    spare_summary: String,
    /// Rank of the date taken.
    date: Option<u8>,
    guid_is_link: bool,
    /// Its base comes from an `xml:base`.
    has_own_base: bool,
    /// Rank of the link taken.
    link: Option<u8>,
}

#[derive(Debug)]
struct Reader<'a> {
    markup: Markup<'a>,
    max: usize,
    base: Option<Url>,
    spaces: Namespaces<'a>,
    root: Option<Root>,
    document: Document,
    draft: Option<Draft>,
    /// Name of the first element of all.
    first: Option<&'a str>,
    /// The base comes from an `xml:base`.
    has_own_base: bool,
    /// The end tag of the channel or the root was seen.
    is_ended: bool,
    /// `sy:updatePeriod` and `sy:updateFrequency`.
    period: Option<Duration>,
    frequency: u32,
}

#[derive(Debug)]
struct Root {
    format: String,
    is_atom: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, max: usize, base: Option<Url>, repairs: Repairs) -> Self {
        let mut markup = Markup::new(text);
        markup.repairs = repairs;
        let (document, spaces) = (Document::default(), Namespaces::default());
        let (root, draft, first, period, frequency) = (None, None, None, None, 1);
        let (has_own_base, is_ended) = (false, false);
        Reader { markup, max, base, spaces, root, document, draft, first, has_own_base, is_ended, period, frequency }
    }

    fn run(&mut self) {
        while let Some(token) = self.markup.next() {
            match token {
                Token::Start(tag) => self.start(tag),
                Token::End(name) if is_entry(name) => self.end_entry(),
                Token::End(name) if is_wall(name) => self.is_ended = true,
                Token::Text(text) if self.first.is_none() && !text.trim().is_empty() => {
                    self.markup.repairs.note(Repair::JunkBeforeStart);
                }
                _ => {}
            }
            if self.document.entries.len() >= self.max {
                self.markup.repairs.note(Repair::TooManyEntries);
                break;
            }
        }
        if self.draft.is_some() {
            self.markup.repairs.note(Repair::Truncated);
            // An entry in which the document breaks off may have half an address: the next answer has the whole one.
            if self.is_ended {
                self.end_entry();
            }
        }
    }

    fn start(&mut self, tag: Tag<'a>) {
        self.spaces.declare(tag);
        let mut buffer = [0; 16];
        let local = lower(local(tag.name), &mut buffer);
        let space = self.spaces.of(tag, local, &mut self.markup.repairs);
        let role = role(space, local);
        match role {
            Role::Frame => self.frame(tag, local),
            Role::Entry => self.entry(tag, local),
            _ if self.root.is_none() => {}
            _ if self.draft.is_some() => self.entry_field(tag, role, space, local),
            _ => self.feed_field(tag, role),
        }
        self.first.get_or_insert(tag.name);
    }

    fn frame(&mut self, tag: Tag<'a>, local: &str) {
        if self.root.is_none() && local != "items" {
            if self.first.is_some() {
                self.markup.repairs.note(Repair::JunkBeforeStart);
            }
            let format = format(tag, local, &mut self.markup.repairs);
            self.root = Some(Root { is_atom: local == "feed", format });
        }
        if self.draft.is_none() {
            self.has_own_base |= tag.attribute("xml:base").is_some();
            self.base = base_of(tag, self.base.take());
            let lang = tag.attribute("xml:lang").and_then(|value| lang(&value));
            self.document.lang = self.document.lang.take().or(lang);
        }
    }

    fn entry(&mut self, tag: Tag<'a>, local: &str) {
        if self.draft.is_some() {
            self.markup.repairs.note(Repair::NestedEntry);
            self.end_entry();
        }
        if self.root.is_none() {
            if self.first.is_some_and(|first| !matches!(first, "items")) {
                return;
            }
            let is_atom = local == "entry";
            let format = if is_atom { "Atom entry" } else { "RSS item" };
            self.root = Some(Root { format: format.into(), is_atom });
        }
        let mut draft = Draft { is_atom: local == "entry", base: base_of(tag, self.base.clone()), ..Draft::default() };
        draft.has_own_base = self.has_own_base || tag.attribute("xml:base").is_some();
        draft.entry.guid = tag.attribute("rdf:about").map(|about| words(&about));
        draft.entry.lang = tag.attribute("xml:lang").and_then(|value| lang(&value));
        self.draft = Some(draft);
        if tag.is_empty {
            self.end_entry();
        }
    }

    fn end_entry(&mut self) {
        if let Some(draft) = self.draft.take() {
            self.document.entries.push(draft.finish(&self.document));
        }
    }

    /// All that an element holds.
    fn inside(&mut self, tag: Tag<'a>) -> Inside<'a> {
        if tag.is_empty {
            return Inside { raw: "", has_elements: false, is_closed: true };
        }
        self.markup.inside(tag.name, is_sibling, is_wall)
    }

    /// Passes over what is inside an unknown element; when that has no end, only over its tag.
    fn pass_over(&mut self, tag: Tag<'a>) {
        let after = self.markup.rest();
        if !self.inside(tag).is_closed {
            self.markup.go_back(after);
        }
    }

    fn feed_field(&mut self, tag: Tag<'a>, role: Role) {
        let is_atom = self.root.as_ref().is_some_and(|root| root.is_atom);
        match role {
            Role::Title => {
                let title = self.line(tag, is_atom);
                if self.document.title.is_empty() {
                    self.document.title = title;
                }
            }
            Role::Link => {
                let base = self.base.clone();
                let link = self.link(tag, base.as_ref());
                self.document.home = self.document.home.take().or(link.map(|(_, link)| link));
            }
            Role::Lang => {
                let value = self.words(tag);
                self.document.lang = self.document.lang.take().or_else(|| lang(&value));
            }
            _ => self.wish(tag, role),
        }
    }

    /// What the publisher asks of those who poll.
    fn wish(&mut self, tag: Tag<'a>, role: Role) {
        match role {
            Role::Ttl => self.document.ttl = publisher_hints::ttl(&self.words(tag)),
            Role::SkipHours => self.document.skip_hours = publisher_hints::hours(self.inside(tag).raw),
            Role::SkipDays => self.document.skip_days = publisher_hints::days(self.inside(tag).raw),
            Role::Period => self.period = publisher_hints::period(&self.words(tag)),
            Role::Frequency => self.frequency = publisher_hints::frequency(&self.words(tag)),
            _ => self.pass_over(tag),
        }
    }

    fn entry_field(&mut self, tag: Tag<'a>, role: Role, space: Space, local: &str) {
        let Some(mut draft) = self.draft.take() else { return };
        match role {
            Role::Title => first(&mut draft.entry.title, || self.line(tag, draft.is_atom)),
            Role::Link => {
                let base = self.base_of_links(&draft);
                if let Some((rank, link)) = self.link(tag, base.as_ref())
                    && draft.link.is_none_or(|taken| rank < taken)
                {
                    (draft.link, draft.entry.link) = (Some(rank), Some(link));
                }
            }
            Role::Summary => first(&mut draft.entry.summary, || self.summary(tag, draft.is_atom)),
            Role::Content => first(&mut draft.content, || self.summary(tag, draft.is_atom)),
            Role::Guid => self.guid(tag, &mut draft),
            Role::Date(rank) => {
                let date = dates::parse(&self.words(tag));
                draft.date(rank, date);
            }
            Role::Source => draft.entry.source = self.source(tag),
            Role::Category => {
                let category = self.category(tag);
                draft.entry.categories.extend(category);
                draft.entry.categories.truncate(CATEGORIES_MAX);
            }
            Role::Lang => draft.entry.lang = lang(&self.words(tag)),
            _ => self.spare_field(tag, space, local, &mut draft),
        }
        self.draft = Some(draft);
    }

    fn spare_field(&mut self, tag: Tag<'a>, space: Space, local: &str, draft: &mut Draft) {
        match (space, local) {
            // Goes on inside: it holds the title and the description.
            (Space::Media, "group" | "content") => {}
            (Space::Media, "title") => first(&mut draft.spare_title, || self.line(tag, false)),
            (Space::Media, "description") => first(&mut draft.spare_summary, || self.summary(tag, false)),
            (Space::Other, "summary") => first(&mut draft.spare_summary, || self.summary(tag, false)),
            _ => self.pass_over(tag),
        }
    }

    fn words(&mut self, tag: Tag<'a>) -> String {
        self.value(tag, true).words()
    }

    fn line(&mut self, tag: Tag<'a>, is_atom: bool) -> String {
        self.value(tag, is_atom).line()
    }

    fn summary(&mut self, tag: Tag<'a>, is_atom: bool) -> String {
        self.value(tag, is_atom).summary()
    }

    /// `says_type`: it is Atom's, whose text is plain unless its type tells otherwise; RSS has HTML anywhere.
    fn value(&mut self, tag: Tag<'a>, says_type: bool) -> Value<'a> {
        let inside = self.inside(tag);
        let raw = inside.raw.get(..inside.raw.floor_char_boundary(TEXT_MAX)).unwrap_or_default();
        if inside.has_elements {
            return Value::html(unwrap_literals(raw));
        }
        let text = character_data(raw, &mut self.markup.repairs);
        let kind = tag.attribute("type").unwrap_or_default().to_ascii_lowercase();
        let is_encoded = tag.attribute("mode").is_some_and(|mode| mode == "base64");
        match kind.as_str() {
            _ if is_encoded => Value::html(from_base64(&text)),
            // What Atom calls neither text nor XML is base64 (RFC 4287, 4.1.3.3).
            "application/octet-stream" if says_type => Value::html(from_base64(&text)),
            kind if kind.contains("html") => Value::html(text),
            "" | "text" | "text/plain" if says_type => Value::plain(text),
            kind if kind.starts_with("image/") || kind.starts_with("application/octet") => Value::plain(""),
            _ => Value::html(text),
        }
    }

    /// What an entry's relative links go from. RSS has no rule for it, and its links are those of the site, which a feed
    /// on another host names in its own `<link>`.
    fn base_of_links(&self, draft: &Draft) -> Option<Url> {
        let is_of_site = !draft.has_own_base && (!draft.is_atom || draft.base.is_none());
        let home = || Url::parse(self.document.home.as_deref()?).ok();
        is_of_site.then(home).flatten().or_else(|| draft.base.clone())
    }

    /// Of Atom (`href`, and only what leads to the page itself) or of RSS (text), with its rank: a page before a document
    /// of another type.
    fn link(&mut self, tag: Tag<'a>, base: Option<&Url>) -> Option<(u8, String)> {
        if let Some(href) = tag.attribute("href") {
            self.pass_over(tag);
            let is_page = tag.attribute("rel").is_none_or(|rel| is_alternate(&rel));
            let kind = tag.attribute("type").unwrap_or_default().to_ascii_lowercase();
            let rank = u8::from(!kind.is_empty() && !kind.contains("html"));
            let link = is_page.then(|| absolute(&href, base_of(tag, base.cloned()).as_ref())).flatten();
            return link.map(|link| (rank, link));
        }
        let text = self.words(tag);
        absolute(&text, base).map(|link| (0, link))
    }

    fn guid(&mut self, tag: Tag<'a>, draft: &mut Draft) {
        let guid = self.words(tag);
        if !guid.is_empty() {
            let is_link = tag.attribute("isPermaLink").is_none_or(|value| value.trim() != "false");
            draft.guid_is_link = is_link && !draft.is_atom;
            draft.entry.guid = Some(guid);
        }
    }

    /// The name of the outlet: RSS has it as text, Atom as the title of the feed that the entry comes from.
    fn source(&mut self, tag: Tag<'a>) -> Option<String> {
        let value = self.value(tag, false);
        let title = if value.is_html && value.text.contains("<title") { title_in(&value.text) } else { None };
        let name = title.unwrap_or_else(|| value.line());
        (!name.is_empty()).then_some(name)
    }

    fn category(&mut self, tag: Tag<'a>) -> Option<String> {
        let named = tag.attribute("label").or_else(|| tag.attribute("term")).and_then(|name| category(&name));
        let text = self.line(tag, false);
        named.or_else(|| category(&text))
    }

    fn finish(mut self, text: &str) -> Result<Document, Unreadable> {
        let Some(root) = self.root else { return Err(super::not_a_feed::why(text)) };
        self.document.format = root.format;
        let period = self.period.map(|period| period / self.frequency);
        self.document.ttl = self.document.ttl.or(period.filter(|period| *period > TEMPLATE_PERIOD));
        self.document.repairs = self.markup.repairs.names();
        Ok(self.document)
    }
}

impl Draft {
    fn date(&mut self, rank: u8, date: Option<Timestamp>) {
        if date.is_some() && self.date.is_none_or(|taken| rank < taken) {
            self.entry.published = date;
            self.date = Some(rank);
        }
    }

    fn finish(mut self, document: &Document) -> Entry {
        let entry = &mut self.entry;
        if entry.title.is_empty() {
            entry.title = self.spare_title;
        }
        for spare in [self.content, self.spare_summary] {
            if entry.summary.is_empty() {
                entry.summary = spare;
            }
        }
        if entry.link.is_none() && (self.guid_is_link || self.is_atom) {
            entry.link = entry.guid.as_deref().and_then(|guid| absolute(guid, None));
        }
        entry.lang = entry.lang.take().or_else(|| document.lang.clone());
        if let Some(source) = &entry.source {
            entry.title = without_outlet(&entry.title, source);
        }
        self.entry
    }
}

/// A relation may be written as an IRI, too (RFC 4287, 4.2.7.2).
fn is_alternate(rel: &str) -> bool {
    let rel = rel.trim();
    let name = rel.strip_prefix("http://www.iana.org/assignments/relation/").unwrap_or(rel);
    name.is_empty() || name.eq_ignore_ascii_case("alternate")
}

/// The text in base64 (RFC 4648, also in the alphabet of addresses), in which Atom carries what is neither text nor markup.
/// What is no digit of it is skipped, and so are bits left at the end; empty when it is no text.
fn from_base64(encoded: &str) -> String {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    let mut digits: Vec<u8> = encoded
        .bytes()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        })
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        .collect();
    // A digit alone is less than a byte.
    digits.truncate(digits.len() - usize::from(digits.len() % 4 == 1));
    ENGINE.decode(digits).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// The first that is not empty stays; the rest is read over all the same.
fn first(slot: &mut String, read: impl FnOnce() -> String) {
    let value = read();
    if slot.is_empty() {
        *slot = value;
    }
}

fn base_of(tag: Tag<'_>, outer: Option<Url>) -> Option<Url> {
    let Some(own) = tag.attribute("xml:base") else { return outer };
    let joined = match &outer {
        Some(outer) => outer.join(own.trim()).ok(),
        None => Url::parse(own.trim()).ok(),
    };
    joined.or(outer)
}

/// The text of an element that holds no others: references replaced once, literal sections as they stand.
pub(super) fn character_data<'a>(raw: &'a str, repairs: &mut Repairs) -> Cow<'a, str> {
    let text = pieces(raw, repairs);
    match decode::twice_encoded(&text) {
        Some(text) => {
            repairs.note(Repair::TwiceEncoded);
            Cow::Owned(text)
        }
        None => text,
    }
}

fn pieces<'a>(raw: &'a str, repairs: &mut Repairs) -> Cow<'a, str> {
    if !raw.contains('<') {
        return entities::decode(raw, repairs);
    }
    let mut out: Option<Cow<'a, str>> = None;
    for token in Markup::new(raw) {
        let piece = match token {
            Token::Text(text) if text.trim().is_empty() => continue,
            Token::Text(text) => entities::decode(text, repairs),
            Token::Literal(text) => Cow::Borrowed(text),
            Token::Start(_) | Token::End(_) => continue,
        };
        out = Some(match out {
            None => piece,
            Some(before) => Cow::Owned(before.into_owned() + &piece),
        });
    }
    out.unwrap_or_default()
}

/// Markup with the marks of literal sections taken off: what they hold is HTML all the same.
fn unwrap_literals(raw: &str) -> Cow<'_, str> {
    if !raw.contains("<![CDATA[") {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.replace("<![CDATA[", "").replace("]]>", ""))
}

fn title_in(html: &str) -> Option<String> {
    let mut markup = Markup::new(html);
    while let Some(token) = markup.next() {
        if let Token::Start(tag) = token
            && tag.name.eq_ignore_ascii_case("title")
        {
            let title = markup.inside(tag.name, |_| false, |_| false);
            let title = entities::decode_html(title.raw).into_owned();
            return Some(Value::html(title).line()).filter(|title| !title.is_empty());
        }
    }
    None
}

/// What the root says it is.
pub(super) fn format(tag: Tag<'_>, local: &str, repairs: &mut Repairs) -> String {
    let declares =
        |part: &str| tag.attributes().any(|(name, address)| name.starts_with("xmlns") && address.contains(part));
    match local {
        "feed" if declares("purl.org/atom") || tag.attribute("version").is_some_and(|version| version == "0.3") => {
            "Atom 0.3".into()
        }
        "feed" => "Atom 1.0".into(),
        "rdf" if declares("netscape.com") => "RSS 0.90".into(),
        "rdf" => "RSS 1.0".into(),
        _ => {
            let version = tag.attribute("version").unwrap_or_default();
            if !matches!(&*version, "2.0" | "0.91" | "0.92") {
                repairs.note(Repair::UnknownVersion);
            }
            let number = html_text::cut(&words(&version), 16);
            format!("RSS {number}").trim_end().to_owned()
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod corpus;
