//! What the prefixes of a document stand for.

use super::markup::Tag;
use super::repair::{Repair, Repairs};
use super::vocabulary::{Space, is_wall};

/// More prefixes than this are not kept apart.
const PREFIXES_MAX: usize = 64;

/// The prefixes declared so far. They count from where they stand to the end: nobody gives one two meanings.
#[derive(Debug, Default)]
pub(crate) struct Namespaces<'a>(Vec<(&'a str, Space)>);

impl<'a> Namespaces<'a> {
    /// Notes the prefixes that a tag declares.
    pub(crate) fn declare(&mut self, tag: Tag<'a>) {
        for (prefix, address) in tag.prefixes() {
            let space = Space::of_address(address).unwrap_or(Space::Other);
            if let Some(known) = self.0.iter_mut().find(|(known, _)| *known == prefix) {
                known.1 = space;
            } else if self.0.len() < PREFIXES_MAX {
                self.0.push((prefix, space));
            }
        }
    }

    /// What a tag's own prefix stands for. Only containers may change what the empty prefix means:
    /// `<div xmlns="…xhtml">` does not.
    pub(crate) fn of(&self, tag: Tag<'a>, local: &str, repairs: &mut Repairs) -> Space {
        let Some((prefix, _)) = tag.name.split_once(':') else {
            let own = tag.attributes().find(|(name, _)| *name == "xmlns");
            return match own.and_then(|(_, address)| Space::of_address(address)) {
                Some(space) => space,
                // An unknown default on a container is somebody's mistake; on a field it is somebody's extension.
                None if own.is_some() && !is_wall(local) && local != "rdf" => Space::Other,
                None => Space::Feed,
            };
        };
        if let Some((_, space)) = self.0.iter().find(|(known, _)| *known == prefix) {
            return *space;
        }
        repairs.note(Repair::UndeclaredPrefix);
        Space::of_prefix(prefix).unwrap_or(Space::Other)
    }
}
