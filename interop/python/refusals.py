"""Errors as the SDK raises them, and its retries."""

import time
import typing

from agora_agent import AgentConfig
from agora_agent.core.api_error import ApiError
from agora_agent.types.agent_error_response import AgentErrorResponse
from endpoints import UNKNOWN, properties
from report import Report
from settings import APP_ID, CUSTOMER, SLOW_APP_ID, SMALL_APP_ID, Client, open_client, value
from wire import Wire, hold

#: The SDK counts its retries from two.
ONE_RETRY = {"max_retries": 3}


async def refused(report: Report, what: str, asked: typing.Any, status: int, reason: str, words: str = "") -> ApiError:
    """The error that a request ends with, held to the contract's status, reason and shape."""
    try:
        outcome = await value(asked())
    except ApiError as error:
        answer = AgentErrorResponse(**error.body) if isinstance(error.body, dict) else AgentErrorResponse()
        hold(report, answer, error.body)
        report.equal(what, (error.status_code, answer.reason), (status, reason))
        report.true(f"{what}: {answer.detail!r} does not say {words!r}", words in (answer.detail or ""))
        return error
    report.equal(what, outcome, f"{status} {reason}")
    return ApiError(status_code=0, body={}, headers={})


async def use_errors(report: Report, client: Client, kind: str, channel: str) -> None:
    agents = client.agents

    def start(config: typing.Any, app_id: str = APP_ID, **options: typing.Any) -> typing.Any:
        return agents.start(app_id, name=channel, properties=config, **options)

    text_uid = AgentConfig(channel=channel, token="", agent_rtc_uid="desk", remote_rtc_uids=["*"])
    await refused(report, "a uid of text", lambda: start(text_uid), 400, "InvalidFieldValue", "properties.agent_rtc_uid")
    wrong_token = AgentConfig(channel=channel, token="007nonsense", agent_rtc_uid="1", remote_rtc_uids=["*"])
    await refused(report, "a wrong token", lambda: start(wrong_token), 400, "InvalidFieldValue", "properties.token")
    nothing = AgentConfig.model_construct(channel=channel)
    await refused(report, "missing fields", lambda: start(nothing), 400, "MissingRequiredField", "properties.token")
    large = properties(channel, labels={str(number): "x" * 1000 for number in range(1200)})
    await refused(report, "a large body", lambda: start(large), 413, "InvalidRequestBody")
    await refused(report, "a preset without a name here", lambda: start(properties(channel), preset="openai_gpt_5_nano"), 400, "InvalidFieldValue", "preset")
    await refused(report, "another project", lambda: start(properties(channel), app_id="f" * 32), 403, "InvalidPermission")

    for name in ("get", "get_history", "get_turns", "stop", "interrupt", "update"):
        method = getattr(agents, name)
        await refused(report, f"{name} of nobody", lambda: method(APP_ID, UNKNOWN), 404, "TaskNotFound")
    await refused(report, "speak of nobody", lambda: agents.speak(APP_ID, UNKNOWN, text="Hello."), 404, "TaskNotFound")
    think = client.agent_management.agent_think
    await refused(report, "think of nobody", lambda: think(APP_ID, UNKNOWN, text="Hello."), 404, "TaskNotFound")
    await refused(report, "a state that is none", lambda: agents.list(APP_ID, state="9"), 400, "InvalidFieldValue", "state")

    for credentials in ({"customer_id": "somebody", "customer_secret": "else"}, {"auth_token": "007nonsense"}):
        stranger = open_client(kind, Wire(), **credentials)
        await refused(report, f"{credentials}", lambda: stranger.agents.list(APP_ID), 401, "InvalidPermission")

    await use_conflicts(report, client, channel)
    await use_limits(report, kind, channel)


async def use_conflicts(report: Report, client: Client, channel: str) -> None:
    agents = client.agents
    first = await value(agents.start(APP_ID, name=channel, properties=properties(channel)))
    again = lambda: agents.start(APP_ID, name=channel, properties=properties(channel), request_options=ONE_RETRY)  # noqa: E731
    error = await refused(report, "a name in use, tried again", again, 409, "TaskConflict")
    report.equal("the agent that has the name", error.body.get("agent_id"), first.agent_id)
    text = "x" * 513
    await refused(report, "a long text", lambda: agents.speak(APP_ID, first.agent_id, text=text), 400, "InvalidFieldValue", "512")
    await value(agents.stop(APP_ID, first.agent_id))
    await refused(report, "history after the end", lambda: agents.get_history(APP_ID, first.agent_id), 404, "TaskNotFound")


async def use_limits(report: Report, kind: str, channel: str) -> None:
    small = open_client(kind, Wire(), app_id=SMALL_APP_ID, **CUSTOMER)
    one = await value(small.agents.start(SMALL_APP_ID, name="one", properties=properties(channel)))
    two = lambda: small.agents.start(SMALL_APP_ID, name="two", properties=properties(channel))  # noqa: E731
    await refused(report, "one agent too many", two, 422, "ResourceQuotaLimitExceeded")
    await value(small.stop_agent(one.agent_id))

    wire = Wire()
    slow = open_client(kind, wire, app_id=SLOW_APP_ID, **CUSTOMER)
    await exhaust(slow)
    error = await refused(report, "requests too fast", lambda: slow.agents.list(SLOW_APP_ID), 429, "ConcurrencyLimitExceeded")
    report.true(f"Retry-After {error.headers}", int((error.headers or {}).get("retry-after", "0")) >= 1)
    before, began = len(wire.exchanges), time.monotonic()
    page = await value(slow.agents.list(SLOW_APP_ID, request_options=ONE_RETRY))
    statuses = [exchange.status for exchange in wire.exchanges[before:]]
    report.equal("a retry after 429", (statuses, page.response.status), ([429, 200], "ok"))
    report.true("the retry did not wait as it was told", time.monotonic() - began >= 0.9)

    wire = Wire()
    patient = open_client(kind, wire, **CUSTOMER)
    try:
        await value(patient.telephony.get(APP_ID, UNKNOWN, request_options=ONE_RETRY))
    except ApiError as error:
        report.equal("a retry after 501", (error.status_code, len(wire.exchanges)), (501, 2))


async def exhaust(client: Client) -> None:
    for _ in range(5):
        try:
            await value(client.agents.list(SLOW_APP_ID))
        except ApiError:
            return
