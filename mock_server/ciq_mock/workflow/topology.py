"""The graph of a workflow: reads it from Topology and checks it. Pure.

A topology has each node twice: under Dependencies, with a comma-separated list of the nodes that follow it, and under
Nodes, with its type and parameters. Start precedes all nodes; End is not a node.
Source: 1045/43733, 1045/49945. No page says which graphs are refused; the messages below are choices.
Must not know runs, jobs or how a node's parameters are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

START, END = "Start", "End"
MOST_NODES = 100
"""Limit of the jobs that one trigger starts; on no page."""


class WorkflowError(Exception):
    """A command is refused; nothing has changed. The message says why."""


class TopologyError(WorkflowError):
    """The topology is not a graph that can run; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node: its tag, and the content of its Operation."""

    name: str
    type: str
    operation: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A checked graph: it has no cycles, and every node is reached from Start."""

    start: Mapping[str, object]
    """Content of Nodes.Start.Input."""
    nodes: Mapping[str, Node]
    """All nodes but Start, in the order of the Nodes element."""
    before: Mapping[str, frozenset[str]]
    """The nodes that each node waits for, without Start."""

    def first(self) -> tuple[Node, ...]:
        """Return the nodes that wait for no other node."""
        return tuple(node for name, node in self.nodes.items() if not self.before[name])

    def after(self, name: str) -> tuple[Node, ...]:
        """Return the nodes that wait for this one, and perhaps for others."""
        return tuple(node for other, node in self.nodes.items() if name in self.before[other])


def read_topology(content: Mapping[str, object]) -> Graph:
    """Read the content of a Topology element; raise TopologyError when it is not a graph that can run."""
    given = _container(content.get("Nodes"), "Nodes")
    follows = {
        name: _names(value, f"Dependencies.{name}")
        for name, value in _container(content.get("Dependencies"), "Dependencies").items()
    }
    if START not in given or START not in follows:
        raise TopologyError("Start must be under Dependencies and under Nodes")
    if len(given) > MOST_NODES:
        raise TopologyError(f"{len(given)} nodes, at most {MOST_NODES} are allowed")
    start = _container(given[START], "Nodes.Start")
    nodes = {name: _node(name, value) for name, value in given.items() if name != START}
    known = {START, *nodes}
    for name, others in follows.items():
        for other in (name, *others):
            if other not in known and other != END:
                raise TopologyError(f"Dependencies has {_shown(other)}, which is not under Nodes")
        if START in others or name == END:
            raise TopologyError("no node may precede Start or follow End")
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
        raise TopologyError(f"{place} occurs {len(value)} times, but must occur once")
    raise TopologyError(f"{place} must contain elements")


def _names(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise TopologyError(f"{place} must occur once, with comma-separated names of nodes")
    names = tuple(dict.fromkeys(part for raw in value.split(",") if (part := raw.strip())))
    if not names:
        raise TopologyError(f"{place} is empty: use {END} when no node follows")
    return names


def _check_order(nodes: Mapping[str, Node], before: Mapping[str, frozenset[str]], first: frozenset[str]) -> None:
    """Visit the nodes as a run would; raise TopologyError for a node that is not reached, or is in a cycle."""
    done: set[str] = set()
    while True:
        ready = [
            name for name in nodes if name not in done and before[name] <= done and (before[name] or name in first)
        ]
        if not ready:
            break
        done.update(ready)
    unreached = [name for name in nodes if name not in done]
    if unreached:
        raise TopologyError(
            f"node {_shown(unreached[0])} is not reached from Start: no path leads to it, or it is in a cycle"
        )
    if not done:
        raise TopologyError("a workflow needs a node besides Start")


def _shown(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:57] + "...")
