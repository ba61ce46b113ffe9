"""One of each vendor that the SDK knows, filled with made-up parameters."""

import inspect
import typing

import agora_agent
from agora_agent import BaseAvatar, BaseLLM, BaseMLLM, BaseSTT, BaseTTS

CHAT = "https://vendor.example/v1/chat/completions"

KNOWN: typing.Dict[str, typing.Any] = {
    "adc_credentials_string": "{}",
    "agora_uid": "2002",
    "api_key": "made-up",
    "base_url": CHAT,
    "endpoint": "https://vendor.example",
    "engine": "neural",
    "headers": {"anthropic-version": "2023-06-01"},
    "key": "made-up",
    "language": "en-US",
    "max_tokens": 100,
    "model": "made-up",
    "model_id": "made-up",
    "provider": "CUSTOM_VOICE",
    "quality": "high",
    "sample_rate": 24000,
    "speaker": "made-up",
    "target_language_code": "en-IN",
    "url": CHAT,
    "voice": "made-up",
    "voice_id": "made-up",
}

#: Filled in although they may be left out: some classes want one of several.
WANTED = {
    "api_key",
    "access_key_id",
    "access_key_secret",
    "api_secret",
    "app_id",
    "base_url",
    "group_id",
    "key",
    "language",
    "language_name",
    "model",
    "model_id",
    "prompt",
    "speaker",
    "url",
    "voice",
    "voice_id",
}

#: What a class wants in another form.
SPECIAL: typing.Dict[str, typing.Dict[str, typing.Any]] = {
    "AzureOpenAIRealtime": {"turn_detection": {"mode": "server_vad"}},
    "CosyVoiceTTS": {"sample_rate": 16000},
    "OpenAITTS": {"base_url": "https://vendor.example/v1"},
}


def all_of(base: type) -> typing.List[type]:
    named = [getattr(agora_agent, name, None) for name in agora_agent.__all__ if name != "Pool"]
    return [one for one in named if inspect.isclass(one) and issubclass(one, base) and not inspect.isabstract(one)]


def elsewhere(part: str, config: typing.Dict[str, typing.Any]) -> bool:
    """Sessions with such a vendor are sent to another host by the SDK itself, whatever the base URL."""
    try:
        from agora_agent.agentkit.preview.client import required_preview_features
    except ImportError:
        # Older versions have none of them.
        return False
    return len(required_preview_features({part: config})) > 0


def voices() -> typing.List[type]:
    return all_of(BaseTTS)


def recognisers() -> typing.List[type]:
    return all_of(BaseSTT)


def language_models() -> typing.List[type]:
    return all_of(BaseLLM)


def multimodal_models() -> typing.List[type]:
    return all_of(BaseMLLM)


def avatars() -> typing.List[type]:
    return all_of(BaseAvatar)


def made(vendor: typing.Any) -> typing.Any:
    """One of this class, with as much of what is wanted as it takes."""
    special = SPECIAL.get(vendor.__name__, {})
    error: typing.Optional[Exception] = None
    for extra in (WANTED, WANTED - {"key"}, WANTED - {"voice"}, set()):
        fields = {
            name: special.get(name, KNOWN.get(name, sample(field.annotation)))
            for name, field in vendor.model_fields.items()
            if field.is_required() or name in extra or name in special
        }
        try:
            one = vendor(**fields)
            one.to_config()
        except ValueError as wrong:
            error = wrong
            continue
        return one
    raise ValueError(f"{vendor.__name__} is not to be had: {error}")


def sample(annotation: typing.Any) -> typing.Any:
    origin, options = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return options[0]
    if origin is typing.Union:
        return sample(options[0])
    if origin is dict or annotation is dict:
        return {}
    if origin is list:
        return []
    return {int: 1, float: 1.0, bool: True}.get(annotation, "made-up")
