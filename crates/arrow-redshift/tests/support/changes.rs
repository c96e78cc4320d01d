//! What a list of changes comes to, said apart from how the connector finds it out.

use arrow_redshift::stage::RowKind;

/// One writer's changes up to a checkpoint without those that do nothing: old rows of updates whose
/// new rows, of the same key, are right behind them. Whatever is left is an upsert or a delete.
pub fn updates_as_one<T: Clone, K: PartialEq>(
    changes: &[T],
    key: impl Fn(&T) -> K,
    kind: impl Fn(&T) -> RowKind,
) -> Vec<T> {
    let is_old_of = |old: &T, new: &T| {
        kind(old) == RowKind::UpdateBefore
            && kind(new) == RowKind::UpdateAfter
            && key(old) == key(new)
    };
    let with_next = changes.iter().zip(changes.iter().skip(1).map(Some).chain([None]));
    let left = with_next.filter(|(change, next)| !next.is_some_and(|next| is_old_of(change, next)));
    left.map(|(change, _)| change.clone()).collect()
}
