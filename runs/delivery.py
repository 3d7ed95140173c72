"""Settings of how promoted prompts leave the workspace: who may read them over HTTP, and who is told when they move.

[serve]
port = 8765
[serve.tokens]                       # NAMES of environment variables that hold tokens -> channels
PROMPTS_TOKEN = ["production"]

[[webhooks]]
url = "https://ops.studio/hooks/prompts"
secret_env = "PROMPTS_HOOK_SECRET"   # signs each message
actions = ["promote", "rollback"]
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Told = Literal["gate", "approve", "promote", "override", "rollback", "freeze", "thaw", "pin", "unpin", "canary"]


class Serve(BaseModel):
    """`workbench serve-prompts`. `tokens` maps names of environment variables to the channels that their values may read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: int = Field(default=8765, ge=1, le=65535)
    tokens: dict[EnvironmentName, list[Literal["dev", "staging", "production"]]] = {}


class Webhook(BaseModel):
    """One address that is told of moves. `secret_env` names the variable whose value signs the messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    secret_env: EnvironmentName
    actions: list[Told] = ["gate", "promote", "override", "rollback"]
