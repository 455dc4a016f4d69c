"""Paths into FHIR resources, read and written by the same steps.

    period.start                                  a key in a key
    participant[0].individual@Practitioner        the id of the resource that a reference points to
    subject>Patient.gender                        a key of the resource that a reference points to
    extension[url=urn:x:payer].valueCode          the first list item in which a key has a value

Here: parsing, getting and putting. Not here: files and bundles (`fhir.py`), what the values mean (the adapter).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Json = dict[str, Any]
_STEP = re.compile(r"(?P<sep>[.>@]?)(?P<name>[A-Za-z][A-Za-z0-9_]*)(?:\[(?P<which>[^\]]*)\])?")


class PathError(ValueError):
    """A path that is no path."""


@dataclass(frozen=True)
class Step:
    """One step: into a key, over a reference (`>`), or to the id behind one (`@`)."""

    kind: str  # ".", ">" or "@"
    name: str  # key, or resource type
    index: int | None = None
    where: tuple[tuple[str, ...], str] | None = None  # keys and the text that stands under them


@dataclass
class Known:
    """The resources that a reference can lead to, by full URL and by `Type/id`."""

    by_address: dict[str, Json] = field(default_factory=dict)

    def add(self, resource: Json, full_url: str | None = None) -> None:
        """Remembers a resource."""
        if full_url:
            self.by_address[full_url] = resource
        if "id" in resource:
            self.by_address[f"{resource.get('resourceType')}/{resource['id']}"] = resource

    def behind(self, reference: object, type_: str) -> Json | None:
        """The resource that a reference object points to, if it is of that type and known."""
        text = reference.get("reference") if isinstance(reference, dict) else None
        if not isinstance(text, str):
            return None
        found = self.by_address.get(text) or self.by_address.get(_short(text))
        return found if found is not None and found.get("resourceType") == type_ else None

    def id_behind(self, reference: object, type_: str) -> object:
        """The id that a reference points to; a logical reference gives its identifier."""
        if not isinstance(reference, dict):
            return None
        found = self.behind(reference, type_)
        if found is not None:
            return found.get("id")
        text = reference.get("reference")
        if isinstance(text, str):
            kind, _, id_ = _short(text).rpartition("/")
            return id_ if kind == type_ else None
        identifier = reference.get("identifier")
        return identifier.get("value") if isinstance(identifier, dict) else None


def _short(reference: str) -> str:
    """`Type/id` of an absolute or versioned reference."""
    parts = reference.partition("/_history/")[0].split("/")
    return "/".join(parts[-2:])


@cache
def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path.

    Raises:
        PathError: names the path and the place.
    """
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None or (not steps) != (match["sep"] == ""):
            raise PathError(f"{path}: can't be read from position {position + 1}")
        index, where = None, None
        if (which := match["which"]) is not None:
            if which.isdigit():
                index = int(which)
            elif "=" in which:
                keys, _, value = which.partition("=")
                where = (tuple(keys.split(".")), value)
            else:
                raise PathError(f"{path}: [{which}] is neither a number nor key=value")
        steps.append(Step(match["sep"] or ".", match["name"], index, where))
        position = match.end()
    if not steps or any(step.kind == "@" for step in steps[:-1]):
        raise PathError(f"{path}: @ stands at the end or nowhere")
    return tuple(steps)


def getter(path: str) -> Callable[[Json, Known], object]:
    """A function that takes the value under a path from a resource; None where it isn't there."""
    steps = parse(path)

    def get(resource: Json, known: Known) -> object:
        value: object = resource
        for step in steps:
            if step.kind == "@":
                return known.id_behind(value, step.name)
            if step.kind == ">":
                value = known.behind(value, step.name)
                continue
            value = value.get(step.name) if isinstance(value, dict) else None
            if step.index is not None or step.where is not None:
                value = _item(value, step)
            if value is None:
                return None
        return value

    return get


def _item(value: object, step: Step) -> object:
    if not isinstance(value, list):
        return None
    if step.index is not None:
        return value[step.index] if step.index < len(value) else None
    return next((item for item in value if step.where is not None and _holds(item, *step.where)), None)


def _holds(item: object, keys: tuple[str, ...], text: str) -> bool:
    for key in keys:
        item = item.get(key) if isinstance(item, dict) else None
    return item == text


def put(resource: Json, path: str, value: str, known: Known) -> None:
    """Writes a value under a path, building what is missing on the way; the inverse of `getter`.

    A resource that has to be made to follow a reference gets the id of the resource that refers to it.
    """
    here: Json = resource
    for position, step in enumerate(steps := parse(path)):
        last = position == len(steps) - 1
        if step.kind == "@":
            here["reference"] = f"{step.name}/{value}"
        elif step.kind == ">":
            here = _followed(here, step.name, str(resource["id"]), known)
        elif step.index is not None or step.where is not None:
            here = _made_item(here.setdefault(step.name, []), step)
        elif last:
            here[step.name] = _json(step.name, value)
        else:
            here = here.setdefault(step.name, {})


def _followed(reference: Json, type_: str, id_: str, known: Known) -> Json:
    address = reference.setdefault("reference", f"{type_}/{id_}")
    if address not in known.by_address:
        known.by_address[address] = {"resourceType": type_, "id": address.rpartition("/")[2]}
    return known.by_address[address]


def _made_item(items: list[Json], step: Step) -> Json:
    if step.index is not None:
        while len(items) <= step.index:
            items.append({})
        return items[step.index]
    keys, text = step.where or ((), "")
    for item in items:
        if _holds(item, keys, text):
            return item
    made: Json = {}
    inner = made
    for key in keys[:-1]:
        inner = inner.setdefault(key, {})
    inner[keys[-1]] = text
    items.append(made)
    return made


def _json(name: str, value: str) -> object:
    """FHIR's JSON types, told by the key: integers, booleans, and the number of a quantity or of money."""
    if name == "valueInteger":
        return int(value)
    if name == "valueBoolean":
        return value == "true"
    return float(value) if name in ("value", "valueDecimal") else value
