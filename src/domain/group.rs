//! Groups: the stories of several outlets about one event, joined as they arrive.

use jiff::Timestamp;

use super::story::StoryId;

/// The id of a group: that of the story it began with.
pub type GroupId = StoryId;

/// What is remembered of the stories of the last 72 hours, to place the next one.
#[derive(Debug, Default)]
pub struct Groups {}

impl Groups {
    /// The group of a story that arrives now; its own id begins a new group. Asked again for the same story (an edited
    /// title), it gives the same answer.
    pub fn place(&mut self, _id: StoryId, _title: &str, _summary: &str, _outlet: &str, _time: Timestamp) -> GroupId {
        _id
    }
}
