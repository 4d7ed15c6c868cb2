"""Converts the types of the XSD tables to JSON Schema, for the JSON Schema files and the OpenAPI document.

Must not know files, documents by name, or HTTP.
"""

from dataclasses import dataclass, field

from ciq_schemas.xsd_tables import ContainerType, Field, IdsType, OpenType, TextType, Type

JsonSchema = dict[str, object]

_ELEMENT_NAME = "^[A-Za-z_][A-Za-z0-9_.\\-]*$"


class SchemaClashError(ValueError):
    """Two different types have one name and would share one definition: an error of the kit."""


@dataclass(slots=True, kw_only=True)
class Definitions:
    """Builds schemas and collects their named definitions."""

    prefix: str
    """Path of the definitions, such as `#/$defs/`."""
    relaxed: bool = False
    """For JSON bodies: also allow numbers for strings, and one value for an array of one."""
    tolerant: bool = False
    """Accept what the tolerant reading of the codec accepts: unknown members, null for absent, any scalar for text."""
    name_prefix: str = ""
    """Put before the name of each definition, where definitions of several kinds share one place."""
    named: dict[str, JsonSchema] = field(default_factory=dict)

    def schema(self, kind: Type) -> JsonSchema:
        """Returns the schema of a type; a container becomes a definition and a reference to it."""
        match kind:
            case TextType():
                return self._text(kind)
            case OpenType():
                if self.tolerant:
                    return {}
                return {
                    "anyOf": [
                        {"type": "string"},
                        {"type": "object", "propertyNames": {"pattern": _ELEMENT_NAME}},
                    ]
                }
            case IdsType():
                if self.tolerant:
                    return {"type": ["string", "number", "object"]}
                ids = {"type": "array", "items": {"type": "string"}}
                return {"anyOf": [{"type": "string"}, {"type": "object", "properties": {kind.member: ids}}]}
            case ContainerType():
                self._define(kind.name, self.container(kind))
                return self._ref(kind.name)

    def container(self, kind: ContainerType) -> JsonSchema:
        """Returns the schema of a container in place; it allows the container's elements only."""
        schema: JsonSchema = {
            "type": "object",
            "properties": {row.name: self._property(row) for row in kind.fields},
        }
        if not self.tolerant:
            schema["additionalProperties"] = False
        required = [row.name for row in kind.fields if row.required and not row.rivals]
        if required:
            schema["required"] = required
        choices = list(dict.fromkeys(row.rivals for row in kind.fields if row.rivals))
        if choices:
            schema["allOf"] = [_one_of(names, kind) for names in choices]
        return schema

    def _property(self, row: Field) -> JsonSchema:
        item = self.schema(row.type)
        if not row.repeated:
            return {"anyOf": [item, {"type": "null"}]} if self.tolerant and item and not row.required else item
        several: JsonSchema = {"type": "array", "items": item}
        if row.required:
            several["minItems"] = 1
        if row.most is not None:
            several["maxItems"] = row.most
        if not self.relaxed:
            return several
        nothing: list[JsonSchema] = [{"type": "null"}] if self.tolerant and not row.required else []
        return {"anyOf": [item, several, *nothing]}

    def _text(self, kind: TextType) -> JsonSchema:
        if self.tolerant:
            return self._tolerant_text(kind)
        schema: JsonSchema = {"type": "string"}
        if kind.choices:
            schema["enum"] = list(kind.choices)
        if kind.pattern:
            schema["pattern"] = f"^({kind.pattern})$"
        if kind.min_length:
            schema["minLength"] = kind.min_length
        if kind.max_length is not None:
            schema["maxLength"] = kind.max_length
        if len(schema) == 1:
            return schema
        schema["description"] = kind.expected
        if self.relaxed and kind.is_number:
            schema = {"anyOf": [schema, {"type": "integer", "minimum": 0}]}
        self._define(kind.name, schema)
        return self._ref(kind.name)

    def _tolerant_text(self, kind: TextType) -> JsonSchema:
        """Returns the schema of a text that may be a number or a literal, with white space around it where it may."""
        rule = "|".join(kind.choices) or kind.pattern
        if not rule:
            plain: JsonSchema = {"type": ["string", "number", "boolean"]}
            return {**plain, "minLength": kind.min_length} if kind.min_length else plain
        blanks = "[ \\t\\r\\n]*" if kind.collapse else ""
        schema: JsonSchema = {"type": "string", "pattern": f"^{blanks}({rule}){blanks}$", "description": kind.expected}
        if kind.is_number:
            schema = {"anyOf": [schema, {"type": "integer", "minimum": 0}]}
        self._define(kind.name, schema)
        return self._ref(kind.name)

    def _ref(self, name: str) -> JsonSchema:
        return {"$ref": f"{self.prefix}{self.name_prefix}{name}"}

    def _define(self, name: str, schema: JsonSchema) -> None:
        name = self.name_prefix + name
        if self.named.setdefault(name, schema) != schema:
            raise SchemaClashError(f"two types are named {name} and differ")


def _one_of(names: tuple[str, ...], kind: ContainerType) -> JsonSchema:
    """Returns the schema for exactly one element of a choice, or at most one when none is required."""
    alternatives: list[JsonSchema] = [{"required": [name]} for name in names]
    if not any(kind.by_name[name].required for name in names):
        alternatives.append({"not": {"anyOf": [{"required": [name]} for name in names]}})
    return {"oneOf": alternatives}
