"""Content trees to be made and tampered with, by bare pydicom."""

from collections.abc import Callable, Iterator

from pydicom.dataset import Dataset

Tamper = Callable[[Dataset], None]


def walk(node: Dataset) -> Iterator[tuple[Dataset, Dataset]]:
    """Iterate over pairs of parent and item."""
    for item in node.get("ContentSequence", []):
        yield node, item
        yield from walk(item)


def code_of(item: Dataset, keyword: str = "ConceptNameCodeSequence") -> str:
    """Return the value of a code, empty without one."""
    return next((entry.CodeValue for entry in item.get(keyword, [])), "")


def named(report: Dataset, code: str) -> tuple[Dataset, Dataset]:
    """Return the first item with a concept name, and its parent."""
    return next(pair for pair in walk(report) if code_of(pair[1]) == code)


def position_of(report: Dataset, code_value: str) -> list[int]:
    """Return the position of the first item of a concept (PS3.3 C.17.3.2.4)."""

    def search(item: Dataset, position: list[int]) -> list[int]:
        for number, child in enumerate(item.get("ContentSequence", []), start=1):
            here = [*position, number]
            if code_of(child) == code_value or (here := search(child, here)):
                return here
        return []

    return search(report, [1])


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return the item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def content_item(
    relationship: str, value_type: str, name: Dataset | None, *children: Dataset, **values: object
) -> Dataset:
    """Return a content item with its children."""
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, value_type
    if name is not None:
        item.ConceptNameCodeSequence = [name]
    for keyword, value in values.items():
        setattr(item, keyword, value)
    if children:
        item.ContentSequence = list(children)
    return item


def remove(*codes: str) -> Tamper:
    """Remove the first item of each concept."""

    def tamper(report: Dataset) -> None:
        for code_value in codes:
            parent, item = named(report, code_value)
            parent.ContentSequence = [each for each in parent.ContentSequence if each is not item]

    return tamper


def double(code_value: str) -> Tamper:
    """Write an item twice."""

    def tamper(report: Dataset) -> None:
        parent, item = named(report, code_value)
        siblings = list(parent.ContentSequence)
        place = next(index for index, each in enumerate(siblings) if each is item)
        parent.ContentSequence = [*siblings[:place], item, *siblings[place:]]

    return tamper


def inside(code_value: str, tamper: Tamper) -> Tamper:
    """Tamper with what is below the first item of a concept."""
    return lambda report: tamper(named(report, code_value)[1])


def swap(one: str, other: str) -> Tamper:
    """Let two siblings change places."""

    def tamper(report: Dataset) -> None:
        parent, item = named(report, one)
        _, second = named(report, other)
        places = {id(item): second, id(second): item}
        parent.ContentSequence = [places.get(id(each), each) for each in parent.ContentSequence]

    return tamper


def change(code_value: str, **values: object) -> Tamper:
    """Give the first item of a concept other values; None removes an element."""

    def tamper(report: Dataset) -> None:
        _, item = named(report, code_value)
        for keyword, value in values.items():
            if value is None:
                delattr(item, keyword)
            else:
                setattr(item, keyword, value)

    return tamper


def header(**values: object) -> Tamper:
    """Give the report other elements; None removes one."""

    def tamper(report: Dataset) -> None:
        for keyword, value in values.items():
            if value is None:
                delattr(report, keyword)
            else:
                setattr(report, keyword, value)

    return tamper


def add(parent_code: str, item: Callable[[], Dataset]) -> Tamper:
    """Put an item below the first of a concept; below the root where that is empty."""

    def tamper(report: Dataset) -> None:
        parent = named(report, parent_code)[1] if parent_code else report
        parent.ContentSequence = [*parent.get("ContentSequence", []), item()]

    return tamper
