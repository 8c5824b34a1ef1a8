//! Entries of a list laid over those that stand.

/// The entry that stands under the name, or a new one.
pub(super) fn find_or_new<T: Clone>(list: &[T], is_it: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> T {
    list.iter().find(|item| is_it(item)).cloned().unwrap_or_else(new)
}

/// In the place of the entry under the same name, or at the end.
pub(super) fn upsert<T>(list: &mut Vec<T>, is_it: impl Fn(&T) -> bool, item: T) {
    match list.iter_mut().find(|standing| is_it(standing)) {
        Some(standing) => *standing = item,
        None => list.push(item),
    }
}
