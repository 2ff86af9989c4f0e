//! From the steps inside one statement to edges between relations.
//!
//! A statement is a tree of query levels, each with numbered outputs. The walker in `pg/` notes for each output what it
//! is made of: columns of relations, or outputs of other levels. Here the outputs of other levels are replaced by what
//! *they* are made of, until only columns of relations are left. Each output is worked out once, however often it is
//! used, and outputs that refer to themselves (recursive queries) are worked out until nothing new is found.
use super::{Role, Roles};
use std::collections::{BTreeMap, HashMap};

/// The output that stands for the rows of a level: what decides which rows there are and in which order.
pub const ROWS: i16 = i16::MIN;

/// The column number that stands for a relation as a whole.
pub const WHOLE: i16 = 0;

/// What an output is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A column of a relation.
    Column(u32, i16),
    /// An output of a query level.
    Output(Output),
}

/// An output of a query level: level and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Output(pub usize, pub i16);

/// The columns an output comes from, and how.
pub type Origins = BTreeMap<(u32, i16), Roles>;

/// The steps of a statement.
#[derive(Debug, Default)]
pub struct Steps(HashMap<Output, Vec<(Source, Role)>>);

impl Steps {
    /// Notes that an output is made of something.
    pub fn add(&mut self, output: Output, source: Source, role: Role) {
        let steps = self.0.entry(output).or_default();
        if !steps.contains(&(source, role)) {
            steps.push((source, role));
        }
    }

    /// What an output comes from. `known` keeps what was worked out, for the next call.
    #[must_use]
    pub fn origins(&self, of: Output, known: &mut HashMap<Output, Origins>) -> Origins {
        if !known.contains_key(&of) {
            let (order, circular) = self.inputs_first(of, known);
            loop {
                let mut changed = false;
                for output in &order {
                    let mut origins = known.remove(output).unwrap_or_default();
                    for (source, role) in self.0.get(output).into_iter().flatten() {
                        match source {
                            Source::Column(relation, column) => {
                                let roles = origins.entry((*relation, *column)).or_default();
                                changed |= roles.add(Roles::one(*role));
                            }
                            Source::Output(input) if input == output => {
                                // What it hands to itself, as changed on the way.
                                for roles in origins.values_mut() {
                                    let more = roles.through(*role);
                                    changed |= roles.add(more);
                                }
                            }
                            Source::Output(input) => {
                                for (column, roles) in known.get(input).into_iter().flatten() {
                                    let all = origins.entry(*column).or_default();
                                    changed |= all.add(roles.through(*role));
                                }
                            }
                        }
                    }
                    known.insert(*output, origins);
                }
                if !circular || !changed {
                    break;
                }
            }
        }
        known.get(&of).cloned().unwrap_or_default()
    }

    /// Outputs not yet known that `of` needs, each after those it needs itself; and whether some need each other.
    fn inputs_first(&self, of: Output, known: &HashMap<Output, Origins>) -> (Vec<Output>, bool) {
        let (mut order, mut circular) = (Vec::new(), false);
        let mut done: HashMap<Output, bool> = HashMap::new();
        let mut stack = vec![(of, 0)];
        done.insert(of, false);
        while let Some((output, next)) = stack.pop() {
            let steps = self.0.get(&output).map_or(&[][..], Vec::as_slice);
            let Some((source, _)) = steps.get(next) else {
                done.insert(output, true);
                order.push(output);
                continue;
            };
            stack.push((output, next + 1));
            if let Source::Output(input) = source
                && !known.contains_key(input)
            {
                match done.get(input) {
                    Some(true) => {}
                    Some(false) => circular = true,
                    None => {
                        done.insert(*input, false);
                        stack.push((*input, 0));
                    }
                }
            }
        }
        (order, circular)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(origins: &Origins, column: (u32, i16)) -> Vec<Role> {
        origins.get(&column).map(|r| r.iter().collect()).unwrap_or_default()
    }

    #[test]
    fn levels_compose() {
        let mut steps = Steps::default();
        steps.add(Output(0, 1), Source::Output(Output(1, 2)), Role::Transformation);
        steps.add(Output(1, 2), Source::Column(7, 3), Role::Identity);
        steps.add(Output(1, 2), Source::Column(7, 4), Role::Conditional);
        let origins = steps.origins(Output(0, 1), &mut HashMap::new());
        assert_eq!(roles(&origins, (7, 3)), [Role::Transformation]);
        assert_eq!(roles(&origins, (7, 4)), [Role::Conditional]);
        assert_eq!(origins.len(), 2);
    }

    #[test]
    fn recursion_that_swaps_columns_finds_both() {
        // r(a, b) AS (SELECT x, y FROM s UNION ALL SELECT b, a FROM r)
        let mut steps = Steps::default();
        steps.add(Output(1, 1), Source::Column(9, 1), Role::Identity);
        steps.add(Output(1, 1), Source::Output(Output(1, 2)), Role::Identity);
        steps.add(Output(1, 2), Source::Column(9, 2), Role::Identity);
        steps.add(Output(1, 2), Source::Output(Output(1, 1)), Role::Identity);
        let mut known = HashMap::new();
        for column in [1, 2] {
            let origins = steps.origins(Output(1, column), &mut known);
            assert_eq!(origins.keys().copied().collect::<Vec<_>>(), [(9, 1), (9, 2)], "column {column}");
        }
    }

    #[test]
    fn a_column_that_counts_up_is_computed_and_as_it_was() {
        let mut steps = Steps::default();
        steps.add(Output(1, 1), Source::Column(9, 1), Role::Identity);
        steps.add(Output(1, 1), Source::Output(Output(1, 1)), Role::Transformation);
        let origins = steps.origins(Output(1, 1), &mut HashMap::new());
        assert_eq!(roles(&origins, (9, 1)), [Role::Identity, Role::Transformation]);
    }

    #[test]
    fn thirty_levels_of_sixteen_columns_are_worked_out_once() {
        let mut steps = Steps::default();
        for level in 0..30 {
            for column in 1..=16 {
                for other in 1..=16 {
                    let source = if level == 29 {
                        Source::Column(1, other)
                    } else {
                        Source::Output(Output(level + 1, other))
                    };
                    steps.add(Output(level, column), source, Role::Transformation);
                }
            }
        }
        let mut known = HashMap::new();
        assert_eq!(steps.origins(Output(0, 1), &mut known).len(), 16);
        assert_eq!(known.len(), 29 * 16 + 1);
    }

    #[test]
    fn an_output_made_of_nothing() {
        assert!(Steps::default().origins(Output(0, 1), &mut HashMap::new()).is_empty());
    }
}
