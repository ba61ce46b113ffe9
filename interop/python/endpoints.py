"""Every method of the generated clients: `agents`, `agent_management`, `telephony`, `phone_numbers`."""

import asyncio
import time
import typing

from agora_agent import AgentConfig, AgentConfigUpdate
from agora_agent.core.api_error import ApiError
from agora_agent.telephony.types.call_telephony_request_properties import CallTelephonyRequestProperties
from agora_agent.telephony.types.call_telephony_request_sip import CallTelephonyRequestSip
from agora_agent.types.telephony_error_response import TelephonyErrorResponse
from report import Report
from settings import APP_ID, Client, entries, value
from wire import Wire, hold

UNKNOWN = "A" * 32


def properties(channel: str, **others: typing.Any) -> AgentConfig:
    return AgentConfig(channel=channel, token="", agent_rtc_uid="0", remote_rtc_uids=["*"], idle_timeout=0, **others)


async def use_agents(report: Report, client: Client, wire: Wire, channel: str) -> None:
    agents, thoughts = client.agents, client.agent_management
    began = int(time.time())

    def answered(model: typing.Any) -> typing.Any:
        hold(report, model, wire.last.answer)
        return model

    started = answered(await value(agents.start(APP_ID, name=channel, properties=properties(channel))))
    report.equal("status of start", started.status, "RUNNING")
    report.true(f"create_ts {started.create_ts} is not now", abs(started.create_ts - began) < 10)
    agent_id = started.agent_id

    looked = answered(await value(agents.get(APP_ID, agent_id)))
    report.equal("get", (looked.agent_id, looked.status, looked.stop_ts, looked.message), (agent_id, "RUNNING", 0, ""))
    report.equal("name, which this version of the SDK does not declare", looked.name, channel)

    for options in (
        {},
        {"priority": "APPEND", "interruptable": False},
        {"priority": "INTERRUPT", "interruptable": True},
        {"priority": "IGNORE"},
    ):
        spoken = answered(await value(agents.speak(APP_ID, agent_id, text="Good morning.", **options)))
        report.equal(f"speak {options}", (spoken.agent_id, spoken.channel), (agent_id, channel))
    interrupted = answered(await value(agents.interrupt(APP_ID, agent_id)))
    report.equal("interrupt", (interrupted.agent_id, interrupted.channel), (agent_id, channel))

    for listening in ("inject", "interrupt", "ignore", "append"):
        action = "append" if listening == "inject" else listening
        thought = answered(
            await value(
                thoughts.agent_think(
                    APP_ID,
                    agent_id,
                    text="Say thank you.",
                    on_listening_action=listening,
                    on_thinking_action=action,
                    on_speaking_action=action,
                    interruptable=False,
                    metadata={"publisher": "crm"},
                )
            )
        )
        report.equal(f"think {listening}", (thought.agent_id, thought.channel), (agent_id, channel))
    answered(await value(thoughts.agent_think(APP_ID, agent_id, text="Say thank you.")))

    instructions = {"system_messages": [{"role": "system", "content": "Be brief."}], "params": {"temperature": 0.2}}
    for change in ({}, {"properties": AgentConfigUpdate()}, {"properties": AgentConfigUpdate(llm=instructions)}):
        updated = answered(await value(agents.update(APP_ID, agent_id, **change)))
        report.equal(f"update {change}", (updated.agent_id, updated.status), (agent_id, "RUNNING"))

    remembered = answered(await value(agents.get_history(APP_ID, agent_id)))
    report.equal("history", (remembered.agent_id, remembered.status), (agent_id, "RUNNING"))
    turns = answered(await value(agents.get_turns(APP_ID, agent_id, page_index=1, page_size=10)))
    report.equal("turns", (turns.agent_id, turns.name, turns.channel), (agent_id, channel, channel))

    # What is beside the parsed answer, and options of a single request.
    options = {"additional_headers": {"X-Request-Id": "interop"}, "additional_query_parameters": {"unknown": "1"}}
    raw = await value(agents.with_raw_response.get(APP_ID, agent_id, request_options=options))
    report.equal("raw response", (raw.data.agent_id, raw.headers["content-type"].split(";")[0]), (agent_id, "application/json"))

    report.equal("stop", await value(agents.stop(APP_ID, agent_id)), None)
    gone = await until_stopped(agents, agent_id)
    hold(report, gone, wire.last.answer)
    report.true(f"stop_ts {gone.stop_ts} is not now", abs(gone.stop_ts - time.time()) < 30)
    report.equal("message of an agent that was let go", gone.message, "agent exits with reason: OK")
    later = answered(await value(agents.get_turns(APP_ID, agent_id)))
    report.true("the turns of an agent that has exited are gone", later.total_turn_count > 0)
    await value(client.stop_agent(agent_id))


async def until_stopped(agents: typing.Any, agent_id: str) -> typing.Any:
    for _ in range(100):
        agent = await value(agents.get(APP_ID, agent_id))
        if agent.status == "STOPPED":
            return agent
        await asyncio.sleep(0.05)
    raise TimeoutError(f"agent {agent_id} does not stop")


async def use_lists(report: Report, client: Client, wire: Wire, channel: str) -> None:
    agents = client.agents
    ids = []
    for number in range(5):
        started = await value(agents.start(APP_ID, name=f"{channel}-{number}", properties=properties(channel)))
        ids.append(started.agent_id)
    before = len(wire.exchanges)
    page = await value(agents.list(APP_ID, channel=channel, limit=2))
    hold(report, page.response, wire.last.answer)
    report.equal("first page", (page.response.data.count, page.response.meta.total, page.has_next), (2, 5, True))
    second = await value(page.next_page())
    hold(report, second.response, wire.last.answer)
    listed = await entries(await value(agents.list(APP_ID, channel=channel, limit=2)))
    report.equal("agents of all pages", sorted(one.agent_id for one in listed), sorted(ids))
    report.equal("requests for two pages and for three", len(wire.exchanges) - before, 5)
    hour = {"from_time": time.time() - 3600, "to_time": time.time() + 1}
    for limit in (1, 5, 100):
        all_of_them = await entries(await value(agents.list(APP_ID, channel=channel, state="0,1,2,3,4,6", limit=limit, **hour)))
        report.equal(f"by {limit}", sorted(one.agent_id for one in all_of_them), sorted(ids))
    nobody = await value(agents.list(APP_ID, channel="nobody", state="2"))
    hold(report, nobody.response, wire.last.answer)
    report.equal("an empty list", (await entries(nobody), nobody.has_next), ([], False))
    for agent_id in ids:
        await value(client.stop_agent(agent_id))


async def use_telephony(report: Report, client: Client, wire: Wire) -> None:
    sip = CallTelephonyRequestSip(to_number="+15550001", from_number="+15550002", rtc_uid="9", rtc_token="t")
    call = CallTelephonyRequestProperties(channel="call", token="t", agent_rtc_uid="1", remote_rtc_uids=["9"])
    telephony, numbers = client.telephony, client.phone_numbers
    for name, ask in {
        "telephony.call": lambda: telephony.call(APP_ID, name="call", sip=sip, properties=call),
        "telephony.list": lambda: telephony.list(APP_ID, number="+15550001", from_time=0, type="inbound", limit=5),
        "telephony.get": lambda: telephony.get(APP_ID, UNKNOWN),
        "telephony.hangup": lambda: telephony.hangup(APP_ID, UNKNOWN),
        "phone_numbers.list": lambda: numbers.list(),
        "phone_numbers.add": lambda: numbers.add(
            provider="byo",
            phone_number="+15550002",
            label="desk",
            inbound=True,
            outbound=True,
            inbound_config={"allowed_addresses": ["192.0.2.0/24"]},
            outbound_config={"address": "sip.example", "transport": "tls", "prefix": "+"},
        ),
        "phone_numbers.get": lambda: numbers.get("+15550002"),
        "phone_numbers.update": lambda: numbers.update(
            "+15550002", inbound_config={"pipeline_id": "desk"}, outbound_config={"pipeline_id": "desk"}
        ),
        "phone_numbers.delete": lambda: numbers.delete("+15550002"),
    }.items():
        try:
            report.equal(name, await value(ask()), "a refusal")
        except ApiError as error:
            report.equal(f"{name}: status", error.status_code, 501)
            refusal = TelephonyErrorResponse(**error.body)
            hold(report, refusal, wire.last.answer)
            report.equal(f"{name}: error_type", refusal.error_type, "NotImplemented")
