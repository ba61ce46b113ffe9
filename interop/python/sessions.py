"""The builder `Agent` and its sessions, as back ends use them."""

import asyncio
import json
import time
import typing

from agora_agent import (
    AdvancedFeatures,
    Agent,
    AgentConfigUpdate,
    AresSTT,
    AsyncAgora,
    CustomLLM,
    DeepgramSTT,
    FarewellConfig,
    FillerWordsConfig,
    GeofenceConfig,
    InterruptionConfig,
    OpenAI,
    OpenAITTS,
    RtcConfig,
    SalConfig,
    SessionParams,
    SilenceConfig,
    TurnDetectionConfig,
    generate_rtc_token,
)
from agora_agent.core.api_error import ApiError
from refusals import refused
from report import Report
from settings import APP_CERTIFICATE, APP_ID, LLM_URL, PERSON, SILENT, TALKING, Client, value
from wire import Wire, hold

#: Longest wait for what a person and an agent do, in seconds.
PATIENCE = 60


def session_of(agent: Agent, client: Client, **options: typing.Any) -> typing.Any:
    make = agent.create_async_session if isinstance(client, AsyncAgora) else agent.create_session
    return make(warn=lambda message: None, **options)


def custom(**options: typing.Any) -> CustomLLM:
    # Older versions have fewer options.
    known = {name: option for name, option in options.items() if name in CustomLLM.model_fields}
    return CustomLLM(api_key="made-up", model="simulated", base_url=LLM_URL, **known)


async def use_lifecycle(report: Report, client: Client, wire: Wire, name: str) -> None:
    """Without a person in the channel: states, events, each order, and its end."""
    agent = (
        Agent(client=client, instructions="You are the desk of a small hotel.", max_history=20)
        .with_llm(OpenAI(model="gpt-4o-mini"))
        .with_tts(OpenAITTS(voice="alloy"))
        .with_stt(DeepgramSTT(model="nova-3"))
    )
    told: typing.List[str] = []
    session = session_of(agent, client, channel=name, agent_uid="1001", remote_uids=["100"], name=name, expires_in=600)
    for event in ("started", "stopped", "error"):
        session.on(event, lambda _data, event=event: told.append(event))
    report.equal("status before the start", session.status, "idle")
    agent_id = await value(session.start())
    report.equal("a started session", (session.id, session.status, told), (agent_id, "running", ["started"]))
    report.true("presets were not sent", b"openai_gpt_4o_mini" in wire.last.body and b"openai_tts_1" in wire.last.body)

    await value(session.say("Good morning.", priority="APPEND", interruptable=False))
    await value(session.say("Good evening.", options={"priority": "INTERRUPT"}))
    await value(session.interrupt())
    thought = await value(session.think("Say thank you.", on_speaking_action="append", metadata={"a": "b"}))
    hold(report, thought, wire.last.answer)
    await value(session.update(AgentConfigUpdate(llm={"system_messages": [{"role": "system", "content": "Be brief."}]})))
    token = generate_rtc_token(
        app_id=APP_ID, app_certificate=APP_CERTIFICATE, channel=name, uid=1001, expiry_seconds=3600
    )
    await value(session.update(AgentConfigUpdate(token=token)))
    info = await value(session.get_info())
    hold(report, info, wire.last.answer)
    report.equal("get_info", (info.agent_id, info.status), (agent_id, "RUNNING"))
    history = await value(session.get_history())
    hold(report, history, wire.last.answer)
    if client.auth_mode != "app-credentials":
        # Clients that sign each request with a new token do so in sessions alone.
        page = await value(session.raw.list(APP_ID, channel=name))
        report.equal("list by the session's client", [one.agent_id for one in page.items], [agent_id])

    await value(session.stop())
    report.equal("a stopped session", (session.status, told), ("stopped", ["started", "stopped"]))
    turns = await value(session.get_turns(page_size=10))
    hold(report, turns, wire.last.answer)

    # The same session once more; somebody else stops its agent.
    await value(session.start())
    await value(client.stop_agent(session.id))
    await value(session.stop())
    report.equal("a session whose agent was gone", (session.status, told[2:]), ("stopped", ["started", "stopped"]))

    # A name that is taken.
    held = session_of(agent, client, channel=name, agent_uid="1001", remote_uids=["100"], name=name)
    await value(held.start())
    twice = session_of(agent, client, channel=name, agent_uid="1002", remote_uids=["100"], name=name)
    errors: typing.List[typing.Any] = []
    twice.on("error", errors.append)
    await refused(report, "a second session of the name", twice.start, 409, "TaskConflict")
    report.equal("its status", (twice.status, [type(error) for error in errors]), ("error", [ApiError]))
    await value(held.stop())


async def use_everything(report: Report, client: Client, wire: Wire, name: str) -> None:
    """A body with all that the builder can say and this engine takes."""
    tool = {
        "type": "function",
        "function": {"name": "get_order", "description": "An order", "parameters": {"type": "object", "properties": {}}},
        "execution": {"mode": "sync"},
        "server": {"method": "POST", "url": "https://shop.example/orders", "body": {"id": "{{args.id}}"}, "timeout_ms": 5000},
    }
    llm = custom(
        temperature=0.5,
        max_tokens=200,
        max_history=20,
        system_messages=[{"role": "system", "content": "You serve {{hotel}}."}],
        greeting_message="Welcome to {{hotel}}.",
        greeting_configs={"mode": "single_first", "delay_ms": 100, "interruptable": False},
        failure_message="One moment, please.",
        template_variables={"hotel": "the Ritz"},
        input_modalities=["text", "image"],
        output_modalities=["text"],
        headers={"x-tenant": "ritz"},
        tools=[tool],
        mcp_servers=[{"name": "crm", "endpoint": "https://crm.example/mcp", "allowed_tools": []}],
    )
    agent = (
        Agent(client=client)
        .with_llm(llm)
        .with_tts(OpenAITTS(voice="alloy", skip_patterns=[3, 4]))
        .with_stt(AresSTT(keywords=["Ritz"]))
        .with_turn_detection(
            TurnDetectionConfig(
                mode="default",
                config={
                    "speech_threshold": 0.6,
                    "start_of_speech": {
                        "mode": "vad",
                        "vad_config": {"interrupt_duration_ms": 200, "prefix_padding_ms": 800},
                    },
                    "end_of_speech": {"mode": "semantic", "semantic_config": {"silence_duration_ms": 320, "max_wait_ms": 3000}},
                },
            )
        )
        .with_interruption(InterruptionConfig(enable=True, mode="keywords", keywords_config={"trigger_keywords": ["stop"]}))
        .with_sal(SalConfig(sal_mode="locking"))
        .with_advanced_features(AdvancedFeatures(enable_rtm=True, enable_tools=True))
        .with_parameters(
            SessionParams(
                silence_config=SilenceConfig(timeout_ms=10000, action="think", content="Ask what they need."),
                farewell_config=FarewellConfig(graceful_enabled=True, graceful_timeout_seconds=1),
                enable_metrics=True,
                enable_error_message=True,
                opt_out=True,
            )
        )
        .with_audio_scenario("chorus")
        .with_geofence(GeofenceConfig(area="GLOBAL", exclude_area="ASIA"))
        .with_labels({"desk": "1"})
        .with_rtc(RtcConfig(encryption_mode=7, encryption_key="k" * 32, encryption_salt="c2FsdA=="))
        .with_filler_words(
            FillerWordsConfig(
                enable=True,
                trigger={"mode": "fixed_time", "fixed_time_config": {"response_wait_ms": 1500}},
                content={"mode": "static", "static_config": {"phrases": ["One moment."], "selection_rule": "round_robin"}},
            )
        )
    )
    session = session_of(agent, client, channel=name, agent_uid="1001", remote_uids=["100"], name=name, idle_timeout=60)
    agent_id = await value(session.start())
    report.equal("a body with everything", (wire.last.status, bool(agent_id)), (200, True))
    await value(session.stop())

    # Nothing but what the operator has stored under a name.
    stored = session_of(
        Agent(client=client, pipeline_id="reception"), client, channel=name, agent_uid="1001", remote_uids=["*"], name=f"{name}-stored"
    )
    await value(stored.start())
    sent = json.loads(wire.last.body)
    report.equal("what was sent", (sent["pipeline_id"], sent["properties"].get("llm")), ("reception", None))
    await value(stored.stop())


async def use_conversation(report: Report, client: Client, wire: Wire, name: str) -> None:
    """With a person who hears: a greeting, texts of ours, an answer, and the turns of it all."""
    agent = (
        Agent(client=client)
        .with_llm(custom(greeting_message="Hello there."))
        .with_tts(OpenAITTS(voice="alloy"))
        .with_stt(AresSTT())
    )
    session = session_of(agent, client, channel=SILENT, agent_uid="1001", remote_uids=[PERSON], name=name)
    agent_id = await value(session.start())
    try:
        await turns_until(session, lambda turns: types_of(turns) >= {"greeting"})
        await value(session.say("This is a longer sentence that somebody cuts off before it has come to its end."))
        await value(session.interrupt())
        await value(session.think("When do you close?"))
        await turns_until(session, lambda turns: types_of(turns) >= {"greeting", "api_speak", "api_think"})
        history = await value(session.get_history())
        hold(report, history, wire.last.answer)
        roles = [(entry.role, entry.content) for entry in history.contents]
        report.true(f"history {roles}", ("assistant", "Hello there.") in roles and ("user", "When do you close?") in roles)
        report.true("times of a language model of one's own", all(entry.speech_start_ms for entry in history.contents))

        whole = await value(session.get_all_turns(page_size=1))
        report.equal("turns page by page", [turn.turn_id for turn in whole.turns], list(range(1, whole.total_turn_count + 1)))
        once = await value(session.get_turns(page_size=200))
        hold(report, once, wire.last.answer)
        hold_turns(report, once.turns, agent_id, SILENT)
        ends = {turn.start.type: turn.end for turn in once.turns}
        report.equal("the turn that was cut", (ends["api_speak"].type, ends["api_speak"].metadata.caused_by), ("interrupted", "api_interrupt"))
        report.equal("the greeting's turn", ends["greeting"].type, "ok")
    finally:
        await value(session.stop())


async def use_speech(report: Report, client: Client, wire: Wire, name: str) -> None:
    """With a person who asks aloud."""
    agent = Agent(client=client).with_llm(custom()).with_tts(OpenAITTS(voice="alloy"))
    session = session_of(agent, client, channel=TALKING, agent_uid="1001", remote_uids=[PERSON], name=name)
    agent_id = await value(session.start())
    try:
        turns = await turns_until(session, lambda turns: any(heard_and_answered(turn) for turn in turns))
        hold_turns(report, turns, agent_id, TALKING)
        [turn, *_] = [turn for turn in turns if heard_and_answered(turn)]
        names = {segment.name for segment in turn.metrics.segmented_latency_ms}
        report.true(f"segments {names}", names >= {"algorithm_processing", "asr_ttlw", "llm_ttft", "llm_ftfs", "tts_ttfb"})
        report.true("no e2e_latency_ms", (turn.metrics.e_2_e_latency_ms or 0) > 0)
        history = await value(session.get_history())
        hold(report, history, wire.last.answer)
        spoken = [entry for entry in history.contents if entry.role == "user"]
        report.true("nobody was heard", len(spoken) > 0 and "weather" in spoken[0].content.lower())
        report.true("no speech_algorithmic_delay", all(entry.speech_algorithmic_delay is not None for entry in spoken))
    finally:
        await value(session.stop())


def heard_and_answered(turn: typing.Any) -> bool:
    return turn.start.type == "voice_input" and turn.end.type == "ok"


def types_of(turns: typing.List[typing.Any]) -> typing.Set[str]:
    return {turn.start.type for turn in turns}


async def turns_until(session: typing.Any, enough: typing.Callable[[typing.List[typing.Any]], bool]) -> typing.List[typing.Any]:
    deadline = time.monotonic() + PATIENCE
    while True:
        turns = (await value(session.get_turns(page_size=200))).turns
        if enough(turns):
            return turns
        if time.monotonic() > deadline:
            raise TimeoutError(f"turns after {PATIENCE} s: {turns}")
        await asyncio.sleep(0.25)


START_FIELDS = {
    "voice_input": {"speech_duration_ms", "interrupt_duration_ms"},
    "greeting": {"greeting_nth"},
    "silence_timeout": {"action"},
    "api_speak": {"transport"},
    "api_think": {"transport"},
}
END_FIELDS = {"ok": {"playback_duration_ms"}, "interrupted": {"caused_by"}, "ignored": {"caused_by"}, "error": {"reason", "details"}}


def hold_turns(report: Report, turns: typing.List[typing.Any], agent_id: str, channel: str) -> None:
    for number, turn in enumerate(turns, start=1):
        report.equal("a turn's place", (turn.turn_id, turn.agent_id, turn.channel), (number, agent_id, channel))
        for moment in (turn.start.start_at, turn.end.end_at):
            report.true(f"{moment} is not in milliseconds", abs(moment / 1000 - time.time()) < 600)
        for side, fields in ((turn.start, START_FIELDS), (turn.end, END_FIELDS)):
            filled = {name for name, found in side.metadata.model_dump().items() if found is not None}
            report.true(f"{side.type}: {filled}", fields[side.type] <= filled)
