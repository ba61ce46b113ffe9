"""Every vendor that the SDK knows: those that this engine has start an agent, the others are refused by name."""

import re
import typing

from agora_agent import Agent, AgentConfig, MiniMaxTTS, OpenAITTS
from agora_agent.core.api_error import ApiError
from endpoints import properties
from refusals import refused
from report import Report
from sessions import custom, session_of
from settings import APP_ID, Client, value
from vendors import avatars, elsewhere, language_models, made, multimodal_models, recognisers, voices


async def built(report: Report, client: Client, part: str) -> typing.Set[str]:
    """Names that the engine lists when it is asked for one that nobody has."""
    field = "style" if part == "llm" else "vendor"
    config: AgentConfig = properties("unbuilt", **{})
    body = config.model_dump(exclude_none=True) | {part: {field: "nobody", "params": {}}}
    error = await refused(
        report, f"{part} of nobody", lambda: client.agents.start(APP_ID, name="unbuilt", properties=body), 400, "InvalidFieldValue"
    )
    listed = re.search(r"this version has (.+)$", str(error.body.get("detail", "")))
    report.true(f"{part}: no list in {error.body}", listed is not None)
    return set(listed.group(1).split(", ")) if listed else set()


async def use_vendors(report: Report, client: Client, name: str) -> None:
    voice, llm = OpenAITTS(voice="alloy"), custom()
    names = {part: await built(report, client, part) for part in ("tts", "asr", "llm")}
    # The hosted service's own recognisers are whatever the project uses.
    names["asr"] |= {"ares", "fengming"}
    plain = Agent(client=client)
    for vendor in voices():
        config = made(vendor).to_config()
        if not elsewhere("tts", config):
            agent = plain.with_llm(llm).with_tts(made(vendor))
            await start(report, client, agent, name, vendor, "tts.vendor", config["vendor"], names["tts"])
    for vendor in recognisers():
        config = made(vendor).to_config()
        if not elsewhere("asr", config):
            agent = plain.with_llm(llm).with_tts(voice).with_stt(made(vendor))
            await start(report, client, agent, name, vendor, "asr.vendor", config["vendor"], names["asr"])
    for vendor in language_models():
        agent = plain.with_llm(made(vendor)).with_tts(voice)
        await start(report, client, agent, name, vendor, "llm.style", made(vendor).to_config()["style"], names["llm"])
    for vendor in multimodal_models():
        config = made(vendor).to_config()
        if not elsewhere("mllm", config):
            await start(report, client, plain.with_mllm(made(vendor)), name, vendor, "mllm.vendor", config["vendor"], {"assemblyai"})
    for vendor in avatars():
        # A voice whose rate the SDK does not know: each avatar wants another.
        agent = plain.with_llm(llm).with_tts(MiniMaxTTS(model="speech-2.8-turbo", voice_id="v")).with_avatar(made(vendor))
        await start(report, client, agent, name, vendor, "avatar.enable", "true", set())


async def start(
    report: Report, client: Client, agent: Agent, channel: str, vendor: type, field: str, named: str, have: typing.Set[str]
) -> None:
    session = session_of(agent, client, channel=channel, agent_uid="1001", remote_uids=["100"], name=channel)
    if named not in have:
        await refused(report, vendor.__name__, session.start, 400, "InvalidFieldValue", f"properties.{field}: ")
        return
    try:
        await value(session.start())
        await value(session.stop())
        report.true("", True)
    except ApiError as error:
        report.true(f"{vendor.__name__}: {error.status_code} {error.body}", False)
