"""Keeps what went over the wire, and holds the SDK's models to it: nothing lost, nothing changed, nothing missing."""

import json
import typing

import httpx
import pydantic
from report import Report


class Exchange(typing.NamedTuple):
    method: str
    url: str
    status: int
    #: Parsed JSON, or the text where it is none.
    answer: typing.Any
    authorization: str
    body: bytes


class Wire:
    """Every request of one client with its answer, in order."""

    def __init__(self) -> None:
        self.exchanges: typing.List[Exchange] = []

    @property
    def last(self) -> Exchange:
        return self.exchanges[-1]

    def open_sync(self) -> httpx.Client:
        def keep(response: httpx.Response) -> None:
            response.read()
            self._keep(response)

        return httpx.Client(event_hooks={"response": [keep]}, timeout=30)

    def open_async(self) -> httpx.AsyncClient:
        async def keep(response: httpx.Response) -> None:
            await response.aread()
            self._keep(response)

        return httpx.AsyncClient(event_hooks={"response": [keep]}, timeout=30)

    def _keep(self, response: httpx.Response) -> None:
        request = response.request
        try:
            answer = response.json()
        except json.JSONDecodeError:
            answer = response.text
        authorization = request.headers.get("authorization", "")
        self.exchanges.append(
            Exchange(request.method, str(request.url), response.status_code, answer, authorization, request.content)
        )


#: Fields that an answer has in some cases alone; which they are is checked where the case is known.
CONDITIONAL = {
    "GetHistoryAgentsResponseContentsItem": {"speech_start_ms", "speech_end_ms", "speech_algorithmic_delay"},
    "GetTurnsAgentsResponseTurnsItemMetrics": {"e2e_latency_ms"},
    "GetTurnsAgentsResponseTurnsItemStartMetadata": {
        "speech_duration_ms",
        "interrupt_duration_ms",
        "greeting_nth",
        "action",
        "transport",
    },
    "GetTurnsAgentsResponseTurnsItemEndMetadata": {
        "playback_duration_ms",
        "caused_by",
        "transport",
        "reason",
        "details",
    },
}


def hold(report: Report, model: typing.Any, answer: typing.Any, path: str = "") -> None:
    """A model says what the answer says, and every field that it declares is in the answer."""
    if isinstance(model, pydantic.BaseModel):
        name = type(model).__name__
        where = path or name
        if not isinstance(answer, dict):
            report.true(f"{where} was made of {answer!r}", False)
            return
        if path == "":
            strict(report, model, answer)
        fields = {field.alias or key: key for key, field in type(model).model_fields.items()}
        for wire_name in fields.keys() - answer.keys() - CONDITIONAL.get(name, set()):
            report.true(f"{where}.{wire_name} is not in the answer", False)
        for wire_name, value in answer.items():
            hold(report, getattr(model, fields.get(wire_name, wire_name), None), value, f"{where}.{wire_name}")
    elif isinstance(model, list) and isinstance(answer, list):
        report.equal(f"{path}: length", len(model), len(answer))
        for index, (entry, value) in enumerate(zip(model, answer)):
            hold(report, entry, value, f"{path}[{index}]")
    else:
        report.true(f"{path} is null", answer is not None)
        report.equal(path, model, answer)


def strict(report: Report, model: pydantic.BaseModel, answer: typing.Dict[str, typing.Any]) -> None:
    """The SDK takes any type without a word; here the answer has to be of the types that it declares."""
    try:
        type(model).model_validate(answer, strict=True)
        report.true("", True)
    except pydantic.ValidationError as error:
        report.true(f"{type(model).__name__}: {error}", False)
