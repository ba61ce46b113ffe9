"""What the runner says of the engine, and clients for it."""

import inspect
import os
import typing

from agora_agent import Agora, Area, AsyncAgora
from wire import Wire

APP_ID = os.environ["PARLEY_APP_ID"]
APP_CERTIFICATE = os.environ["PARLEY_APP_CERTIFICATE"]
CUSTOMER = {"customer_id": os.environ["PARLEY_CUSTOMER_ID"], "customer_secret": os.environ["PARLEY_CUSTOMER_SECRET"]}
#: Chat completions on loopback.
LLM_URL = os.environ["PARLEY_LLM_URL"]
#: Person 7 is in both channels; in the first one they ask something again and again.
TALKING, SILENT, PERSON = "talking", "silent", "7"
#: One agent at most.
SMALL_APP_ID = os.environ["PARLEY_SMALL_APP_ID"]
#: One request in a second at most.
SLOW_APP_ID = os.environ["PARLEY_SLOW_APP_ID"]

Client = typing.Union[Agora, AsyncAgora]


def open_client(
    kind: str, wire: Wire, area: Area = Area.US, app_id: str = APP_ID, **credentials: typing.Any
) -> Client:
    if kind == "sync":
        http = {"httpx_client": wire.open_sync()}
        return Agora(area=area, app_id=app_id, app_certificate=APP_CERTIFICATE, **http, **credentials)
    http = {"httpx_client": wire.open_async()}
    return AsyncAgora(area=area, app_id=app_id, app_certificate=APP_CERTIFICATE, **http, **credentials)


async def value(outcome: typing.Any) -> typing.Any:
    """What a method of either client gives."""
    return await outcome if inspect.isawaitable(outcome) else outcome


async def entries(pager: typing.Any) -> typing.List[typing.Any]:
    """All that a pager of either client leads to, page after page."""
    if hasattr(pager, "__aiter__"):
        return [entry async for entry in pager]
    return list(pager)
