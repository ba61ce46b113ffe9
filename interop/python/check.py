"""Drives Agora's official server SDK for Python, unmodified, against a Parley engine, and compares all that comes back."""

import asyncio
import os
import pathlib
import re
import sys
import warnings

# The SDK's models name options of pydantic 1, of which pydantic 2 warns.
warnings.simplefilter("ignore")

# The one change: where the SDK sends its requests. It is read when a client is made.
os.environ["AGORA_AGENTS_API_BASE_URL"] = os.environ["PARLEY"]

import agora_agent  # noqa: E402
from agora_agent import Area  # noqa: E402
from agora_agent.agentkit.token import generate_convo_ai_token  # noqa: E402
from endpoints import use_agents, use_lists, use_telephony  # noqa: E402
from refusals import use_errors  # noqa: E402
from report import Report  # noqa: E402
from sessions import use_conversation, use_everything, use_lifecycle, use_speech  # noqa: E402
from settings import APP_CERTIFICATE, APP_ID, CUSTOMER, open_client, value  # noqa: E402
from unbuilt import use_vendors  # noqa: E402
from wire import Wire  # noqa: E402

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "rest.md"


async def use_areas(report: Report, kind: str) -> None:
    """Each area's prefix leads to the engine, also after the SDK has gone on to its next region."""
    for area, prefix in ((Area.US, ""), (Area.EU, ""), (Area.AP, ""), (Area.CN, "/cn")):
        wire = Wire()
        client = open_client(kind, wire, area=area, **CUSTOMER)
        await value(client.select_best_domain())
        client.next_region()
        report.equal(f"{area.name}", client.get_current_url(), f"{os.environ['PARLEY']}{prefix}/api/conversational-ai-agent")
        page = await value(client.agents.list(APP_ID))
        report.equal(f"{area.name}: list", (wire.last.status, page.response.status), (200, "ok"))


async def use_kind(report: Report, kind: str) -> None:
    token = generate_convo_ai_token(app_id=APP_ID, app_certificate=APP_CERTIFICATE, channel_name="any", uid=0)
    ways = {"basic": CUSTOMER, "token": {"auth_token": token}, "app-credentials": {}}
    report.section(f"{kind}: areas")
    await use_areas(report, kind)
    for way, credentials in ways.items():
        wire = Wire()
        client = open_client(kind, wire, **credentials)
        report.equal("auth_mode", client.auth_mode, way)
        name = f"{kind}-{way}"
        if way != "app-credentials":
            report.section(f"{name}: agents, agent_management")
            await use_agents(report, client, wire, f"{name}-agents")
            report.section(f"{name}: list, page by page")
            await use_lists(report, client, wire, f"{name}-lists")
            report.section(f"{name}: telephony, phone_numbers")
            await use_telephony(report, client, wire)
        report.section(f"{name}: sessions")
        await use_lifecycle(report, client, wire, f"{name}-session")
        await use_everything(report, client, wire, f"{name}-everything")
        scheme = "Basic " if way == "basic" else "agora token=007"
        report.true(f"{wire.last.authorization[:20]} is not {scheme}", wire.last.authorization.startswith(scheme))
        report.section(f"{name}: a conversation")
        await use_conversation(report, client, wire, f"{name}-conversation")
    wire = Wire()
    client = open_client(kind, wire, **CUSTOMER)
    report.section(f"{kind}: somebody asks aloud")
    await use_speech(report, client, wire, f"{kind}-speech")
    report.section(f"{kind}: errors and retries")
    await use_errors(report, client, kind, f"{kind}-errors")
    report.section(f"{kind}: every vendor")
    await use_vendors(report, client, f"{kind}-vendors")


def use_page(report: Report) -> None:
    report.section("the example of docs/rest.md")
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    report.true("there is none", len(examples) > 0)
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), {"__name__": "example"})  # noqa: S102
        report.true("", True)


async def main() -> int:
    report = Report()
    print(f"agora-agents {agora_agent.__version__} with {os.environ['PARLEY']}", flush=True)
    for kind in ("sync", "async"):
        await use_kind(report, kind)
    use_page(report)
    print(f"{report.checks} comparisons, {len(report.mismatches)} mismatches")
    for mismatch in report.mismatches:
        print(f"  {mismatch}")
    return 1 if report.mismatches else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
