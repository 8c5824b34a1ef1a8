//! The names of elements, in all the formats at once, and what they are to newstape.

/// What a prefix stands for, as far as newstape cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// RSS or Atom, of any version, or none at all.
    Feed,
    Content,
    DublinCore,
    Media,
    /// `sy:`, which tells how often a feed changes.
    Syndication,
    Other,
}

impl Space {
    /// By address, as loosely as the wild demands: `https`, no slash at the end, old modules.
    pub(crate) fn of_address(address: &str) -> Option<Space> {
        let address = address.trim().to_ascii_lowercase();
        let known = [
            ("purl.org/rss/1.0/modules/content", Space::Content),
            ("purl.org/rss/1.0/modules/syndication", Space::Syndication),
            ("purl.org/rss/1.0/modules", Space::Other),
            ("purl.org/dc", Space::DublinCore),
            ("search.yahoo.com/mrss", Space::Media),
            ("video.search.yahoo.com/mrss", Space::Media),
            ("purl.org/rss", Space::Feed),
            ("purl.org/atom", Space::Feed),
            ("purl.org/net/rss", Space::Feed),
            ("www.w3.org/2005/atom", Space::Feed),
            ("my.netscape.com/rdf", Space::Feed),
            ("channel.netscape.com/rdf", Space::Feed),
            ("my.netscape.com/publish/formats/rss", Space::Feed),
            ("backend.userland.com/rss", Space::Feed),
            ("blogs.law.harvard.edu/tech/rss", Space::Feed),
            ("www.rssboard.org/rss", Space::Feed),
            ("www.w3.org/1999/02/22-rdf-syntax-ns", Space::Feed),
        ];
        let bare = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://")).unwrap_or(&address);
        known.iter().find(|(start, _)| bare.starts_with(start)).map(|(_, space)| *space)
    }

    /// By prefix, when it is declared nowhere.
    pub(crate) fn of_prefix(prefix: &str) -> Option<Space> {
        match prefix.to_ascii_lowercase().as_str() {
            "rss" | "rdf" | "atom" | "atom10" | "a10" => Some(Space::Feed),
            "content" => Some(Space::Content),
            "dc" | "dcterms" => Some(Space::DublinCore),
            "media" => Some(Space::Media),
            "sy" => Some(Space::Syndication),
            _ => None,
        }
    }
}

/// What an element is to newstape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A root or a channel: goes on inside.
    Frame,
    Entry,
    Title,
    Link,
    Summary,
    Content,
    Guid,
    /// The lower, the closer to "published".
    Date(u8),
    Source,
    Category,
    Lang,
    Ttl,
    SkipHours,
    SkipDays,
    Period,
    Frequency,
    /// Something else that holds no entries of ours, skipped whole.
    Nothing,
}

/// What a name means in its space; `local` in lower case.
pub(crate) fn role(space: Space, local: &str) -> Role {
    match (space, local) {
        (Space::Feed, "rss" | "rdf" | "feed" | "channel" | "items") => Role::Frame,
        (Space::Feed, "item" | "entry") => Role::Entry,
        (Space::Feed | Space::DublinCore, "title") => Role::Title,
        (Space::Feed, "link") => Role::Link,
        (Space::Feed | Space::DublinCore, "description") | (Space::Feed, "summary") => Role::Summary,
        (Space::Feed, "content") | (Space::Content, "encoded") | (Space::Other, "body") => Role::Content,
        (Space::Feed, "guid" | "id") => Role::Guid,
        (Space::Feed, "pubdate" | "published" | "issued") | (Space::DublinCore, "issued") => Role::Date(0),
        (Space::DublinCore | Space::Feed, "date") => Role::Date(1),
        (Space::Feed | Space::DublinCore, "updated" | "modified") => Role::Date(2),
        (Space::Feed | Space::DublinCore, "created") => Role::Date(3),
        (Space::Feed, "source") => Role::Source,
        (Space::Feed, "category") | (Space::DublinCore, "subject") => Role::Category,
        (Space::Feed | Space::DublinCore, "language") => Role::Lang,
        (Space::Feed, "ttl") => Role::Ttl,
        (Space::Feed, "skiphours") => Role::SkipHours,
        (Space::Feed, "skipdays") => Role::SkipDays,
        (Space::Syndication, "updateperiod") => Role::Period,
        (Space::Syndication, "updatefrequency") => Role::Frequency,
        _ => Role::Nothing,
    }
}

/// The element that a name with a prefix means, in lower case.
pub(crate) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// The name of an item or an entry.
pub(crate) fn is_entry(name: &str) -> bool {
    ["item", "entry"].iter().any(|entry| local(name).eq_ignore_ascii_case(entry))
}

/// Where an element without an end may end: these stand beside it, never inside.
pub(crate) fn is_sibling(name: &str) -> bool {
    const FIELDS: [&str; 12] = [
        "title",
        "link",
        "description",
        "summary",
        "content",
        "encoded",
        "guid",
        "pubdate",
        "published",
        "updated",
        "date",
        "category",
    ];
    FIELDS.iter().any(|field| local(name).eq_ignore_ascii_case(field))
}

/// No field of an entry goes on behind these.
pub(crate) fn is_wall(name: &str) -> bool {
    ["item", "entry", "channel", "rss", "feed", "rdf:rdf"].iter().any(|wall| name.eq_ignore_ascii_case(wall))
}

/// A short name in lower case; a longer one is none that newstape knows, and becomes empty.
pub(crate) fn lower<'b>(name: &str, buffer: &'b mut [u8; 16]) -> &'b str {
    let Some(space) = buffer.get_mut(..name.len()) else { return "" };
    space.copy_from_slice(name.as_bytes());
    space.make_ascii_lowercase();
    std::str::from_utf8(space).unwrap_or_default()
}
