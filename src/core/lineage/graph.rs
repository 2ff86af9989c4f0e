//! Walking the graph of flows up and down the stream.
use super::Role;
use std::collections::{HashMap, HashSet, VecDeque};

/// A node: a dataset by its number, and one of its columns. No column: the dataset as a whole, its rows.
pub type Node = (usize, Option<String>);

/// A flow between two nodes, one hop.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Where it comes from.
    pub source: Node,
    /// Where it goes.
    pub target: Node,
    /// How.
    pub role: Role,
    /// What makes it: view, generated column, statement, …
    pub via: String,
}

/// Which way to walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Against the flow.
    Up,
    /// With the flow.
    Down,
}

/// A node found on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Hops from the start.
    pub depth: i32,
    /// What was found.
    pub node: Node,
    /// How it relates to the start, over all hops.
    pub role: Role,
    /// What makes the last hop.
    pub via: String,
    /// All nodes of the way, in the direction of the flow.
    pub path: Vec<Node>,
}

/// Everything up or down the stream of a node, nearest first; each node once per role, by a shortest way.
#[must_use]
pub fn walk(edges: &[Edge], start: &Node, way: Way, max_depth: Option<i32>) -> Vec<Found> {
    let mut at: HashMap<usize, Vec<&Edge>> = HashMap::new();
    for edge in edges {
        at.entry(ends(edge, way).0.0).or_default().push(edge);
    }
    let mut found: Vec<Found> = Vec::new();
    let mut seen: HashSet<(Node, Role)> = HashSet::new();
    // Index into `found` of the hop before, for the path; None is the start.
    let mut queue: VecDeque<(Node, Role, i32, Option<usize>)> = VecDeque::new();
    let mut before: Vec<Option<usize>> = Vec::new();
    // Where the first hop leaves a start that is a whole dataset: the path names the column.
    let mut leaves: Vec<Node> = Vec::new();
    queue.push_back((start.clone(), Role::Identity, 0, None));
    while let Some((node, role, depth, came_by)) = queue.pop_front() {
        if max_depth.is_some_and(|max| depth >= max) {
            continue;
        }
        for edge in at.get(&node.0).into_iter().flatten() {
            let (near, far) = ends(edge, way);
            // Coming back to the start says nothing new; a whole dataset is all its columns.
            let back = far == start || (depth > 0 && start.1.is_none() && far.0 == start.0);
            if back || !touches(near, &node) {
                continue;
            }
            let role = match way {
                Way::Up => role.over(edge.role),
                Way::Down => edge.role.over(role),
            };
            if !seen.insert((far.clone(), role)) {
                continue;
            }
            before.push(came_by);
            leaves.push(if node.1.is_none() { near.clone() } else { node.clone() });
            found.push(Found {
                depth: depth + 1,
                node: far.clone(),
                role,
                via: edge.via.clone(),
                path: Vec::new(),
            });
            queue.push_back((far.clone(), role, depth + 1, Some(found.len() - 1)));
        }
    }
    for i in 0..found.len() {
        let mut path = vec![found[i].node.clone()];
        let mut hop = i;
        while let Some(h) = before[hop] {
            path.push(found[h].node.clone());
            hop = h;
        }
        path.push(leaves[hop].clone());
        if way == Way::Down {
            path.reverse();
        }
        found[i].path = path;
    }
    found
}

/// The end of an edge where one arrives and the one where it leads.
fn ends(edge: &Edge, way: Way) -> (&Node, &Node) {
    match way {
        Way::Up => (&edge.target, &edge.source),
        Way::Down => (&edge.source, &edge.target),
    }
}

/// Whether an edge that ends at `end` concerns `node`: the same column, or the dataset as a whole on either side.
fn touches(end: &Node, node: &Node) -> bool {
    end.0 == node.0 && (end.1.is_none() || node.1.is_none() || end.1 == node.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(dataset: usize, column: &str) -> Node {
        (dataset, (!column.is_empty()).then(|| column.to_string()))
    }

    fn edge(source: Node, target: Node, role: Role) -> Edge {
        Edge { source, target, role, via: "view".into() }
    }

    fn brief(found: &[Found]) -> Vec<(i32, Node, &'static str)> {
        found.iter().map(|f| (f.depth, f.node.clone(), f.role.subtype())).collect()
    }

    #[test]
    fn two_hops_up_and_down() {
        let edges = [
            edge(node(0, "a"), node(1, "b"), Role::Identity),
            edge(node(1, "b"), node(2, "c"), Role::Aggregation),
            edge(node(0, "f"), node(1, ""), Role::Filter),
        ];
        let up = walk(&edges, &node(2, "c"), Way::Up, None);
        assert_eq!(
            brief(&up),
            [(1, node(1, "b"), "AGGREGATION"), (2, node(0, "a"), "AGGREGATION"), (2, node(0, "f"), "FILTER")]
        );
        assert_eq!(up[1].path, [node(0, "a"), node(1, "b"), node(2, "c")]);
        let down = walk(&edges, &node(0, "f"), Way::Down, None);
        assert_eq!(brief(&down), [(1, node(1, ""), "FILTER"), (2, node(2, "c"), "FILTER")]);
        assert_eq!(down[1].path, [node(0, "f"), node(1, ""), node(2, "c")]);
        assert_eq!(brief(&walk(&edges, &node(2, "c"), Way::Up, Some(1))).len(), 1);
    }

    #[test]
    fn circles_end() {
        let edges = [
            edge(node(0, "a"), node(1, "b"), Role::Identity),
            edge(node(1, "b"), node(0, "a"), Role::Transformation),
            edge(node(1, "b"), node(1, "b"), Role::Transformation),
        ];
        assert_eq!(brief(&walk(&edges, &node(0, "a"), Way::Up, None)), [(1, node(1, "b"), "TRANSFORMATION")]);
    }

    #[test]
    fn a_circle_around_a_whole_dataset_ends_where_it_began() {
        let edges = [
            edge(node(0, "a"), node(1, "b"), Role::Identity),
            edge(node(1, ""), node(0, "a"), Role::Transformation),
            edge(node(0, "a"), node(0, "g"), Role::Transformation),
        ];
        assert_eq!(
            brief(&walk(&edges, &node(0, ""), Way::Down, None)),
            [(1, node(1, "b"), "IDENTITY"), (1, node(0, "g"), "TRANSFORMATION")]
        );
    }

    #[test]
    fn a_whole_dataset_leads_to_all_its_columns() {
        let edges = [
            edge(node(0, "a"), node(1, "x"), Role::Identity),
            edge(node(0, "b"), node(1, "y"), Role::Identity),
        ];
        let up = walk(&edges, &node(1, ""), Way::Up, None);
        assert_eq!(up.len(), 2);
        assert_eq!(up[1].path, [node(0, "b"), node(1, "y")]);
        assert_eq!(walk(&edges, &node(0, ""), Way::Down, None).len(), 2);
        assert_eq!(walk(&edges, &node(0, "a"), Way::Down, None).len(), 1);
    }
}
