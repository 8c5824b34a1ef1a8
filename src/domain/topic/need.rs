//! What every story of a topic has: see [`Need`].

use super::{TopicRule, Topics};
use crate::domain::Name;
use crate::domain::query::{Need, Query, TopicNeeds};

impl TopicNeeds for Topics {
    fn of_topics(&self, is_meant: &dyn Fn(&Name) -> bool) -> Need {
        self.need(|rule| is_meant(&rule.name))
    }

    fn of_symbols(&self, is_meant: &dyn Fn(&Name) -> bool) -> Need {
        self.need(|rule| rule.symbols.iter().any(is_meant))
    }
}

impl Topics {
    /// What every story has that is tagged with one of the rules that `wanted` names: the words of their own queries, or
    /// those of the children that imply them.
    pub fn need(&self, wanted: impl Fn(&TopicRule) -> bool) -> Need {
        let is_wanted = |at: usize| {
            let mut next = Some(at);
            // No chain of parents is longer than there are rules; one that bites its tail ends there.
            for _ in 0..=self.rules.len() {
                let Some(rule) = next.and_then(|at| self.rules.get(at)) else { return false };
                if wanted(rule) {
                    return true;
                }
                next = next.and_then(|at| self.compiled.get(at)).and_then(|compiled| compiled.parent);
            }
            false
        };
        let meant = self.compiled.iter().enumerate().filter(|(at, _)| is_wanted(*at));
        Need::any(meant.filter_map(|(at, _)| self.rules.get(at)).map(|rule| self.need_of(rule)))
    }

    /// What every text has that a query of `any` matches. Worked out when it is asked for: it is large, and seldom is.
    fn need_of(&self, rule: &TopicRule) -> Need {
        let parsed = rule.any.iter().filter_map(|source| Query::parse_with(source, &self.terms).ok());
        Need::any(parsed.map(|query| query.need_of_text()))
    }
}
