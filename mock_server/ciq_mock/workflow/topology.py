"""The graph of a workflow: read from Topology, checked, and asked who follows whom. Pure.

A topology names nodes twice: under Dependencies, where each says by a comma list who follows it, and under Nodes,
where its type and parameters stand. Start comes before all; End is no node.
Source: 1045/43733, 1045/49945. What is a fault in a graph is in no page: the choices are the messages below.
Must not know runs, jobs or how a node's parameters are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ciq_mock.workflow.errors import WorkflowError

START, END = "Start", "End"
MOST_NODES = 100
"""In no page: bounds what one trigger may start."""


class TopologyError(WorkflowError):
    """The topology is no graph that could be run; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step: its tag, and the content of its Operation as it was given."""

    name: str
    type: str
    operation: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A checked graph: without cycles, every node reached from Start."""

    start: Mapping[str, object]
    """Content of Nodes.Start.Input."""
    nodes: Mapping[str, Node]
    """All nodes but Start, in the order of the Nodes element."""
    before: Mapping[str, frozenset[str]]
    """Whom each node waits for; Start is not counted."""

    def first(self) -> tuple[Node, ...]:
        """The nodes that wait for nobody."""
        return tuple(node for name, node in self.nodes.items() if not self.before[name])

    def after(self, name: str) -> tuple[Node, ...]:
        """The nodes that wait for this one, among others perhaps."""
        return tuple(node for other, node in self.nodes.items() if name in self.before[other])


def read_topology(content: Mapping[str, object]) -> Graph:
    """Read the content of a Topology element; raise TopologyError when it is no graph that could be run."""
    given = _container(content.get("Nodes"), "Nodes")
    follows = {
        name: _names(value, f"Dependencies.{name}")
        for name, value in _container(content.get("Dependencies"), "Dependencies").items()
    }
    if START not in given or START not in follows:
        raise TopologyError("Start must stand under Dependencies and under Nodes")
    if len(given) > MOST_NODES:
        raise TopologyError(f"{len(given)} nodes, at most {MOST_NODES} are taken")
    start = _container(given[START], "Nodes.Start")
    nodes = {name: _node(name, value) for name, value in given.items() if name != START}
    known = {START, *nodes}
    for name, others in follows.items():
        for other in (name, *others):
            if other not in known and other != END:
                raise TopologyError(f"Dependencies names {_shown(other)}, which is not under Nodes")
        if START in others or name == END:
            raise TopologyError("nothing leads to Start, and nothing follows End")
    before = {name: frozenset(o for o, after in follows.items() if name in after and o != START) for name in nodes}
    _check_order(nodes, before, frozenset(follows[START]))
    return Graph(start=_start_input(start), nodes=nodes, before=before)


def _node(name: str, value: object) -> Node:
    place = f"Nodes.{_shown(name)}"
    content = _container(value, place)
    kind = content.get("Type")
    if not isinstance(kind, str) or not kind.strip():
        raise TopologyError(f"{place}.Type is required")
    operation = content.get("Operation") or {}
    return Node(name=name, type=kind.strip(), operation=_container(operation, f"{place}.Operation", needed=False))


def _start_input(start: Mapping[str, object]) -> Mapping[str, object]:
    content = _container(start.get("Input"), "Nodes.Start.Input")
    if "ObjectPrefix" not in content:
        raise TopologyError("Nodes.Start.Input.ObjectPrefix is required")
    return content


def _container(value: object, place: str, *, needed: bool = True) -> Mapping[str, object]:
    if isinstance(value, Mapping) and (value or not needed):
        return value
    if isinstance(value, list):
        raise TopologyError(f"{place} stands there {len(value)} times, once is right")
    raise TopologyError(f"{place} must hold elements")


def _names(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise TopologyError(f"{place} must be the names of nodes, separated by commas, once")
    names = tuple(dict.fromkeys(part for raw in value.split(",") if (part := raw.strip())))
    if not names:
        raise TopologyError(f"{place} is empty: say {END} where nothing follows")
    return names


def _check_order(nodes: Mapping[str, Node], before: Mapping[str, frozenset[str]], first: frozenset[str]) -> None:
    """Walk from Start as a run would; who is never reached has no way from Start, or waits in a circle."""
    done: set[str] = set()
    while True:
        ready = [
            name for name in nodes if name not in done and before[name] <= done and (before[name] or name in first)
        ]
        if not ready:
            break
        done.update(ready)
    lost = [name for name in nodes if name not in done]
    if lost:
        raise TopologyError(f"node {_shown(lost[0])} is never reached from Start: no way leads there, or a circle does")
    if not done:
        raise TopologyError("a workflow needs a node beside Start")


def _shown(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:57] + "...")
