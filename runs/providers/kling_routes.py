"""What Kling's models take, and the route and body of a request: the tables of section 4 of the vendor's interface as data.

| request | route |
|---|---|
| a clip of a prompt | `/v1/videos/text2video` |
| a clip that begins with a picture (and may end with a second) | `/v1/videos/image2video` |
| a clip with several subjects, kling-v1-6 | `/v1/videos/multi-image2video` |
| a clip by an omni model | `/v1/videos/omni-video` |
| a picture of a prompt, or of one subject or face | `/v1/images/generations` |
| a picture of several subjects | `/v1/images/multi-image2image` |
| a picture by an omni model | `/v1/images/omni-image` |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from runs.provider import Failure, Request
from runs.providers import wanted

T2V, I2V, MULTI_V, OMNI_V = "/v1/videos/text2video", "/v1/videos/image2video", "/v1/videos/multi-image2video", "/v1/videos/omni-video"
IMAGE, MULTI_I, OMNI_I = "/v1/images/generations", "/v1/images/multi-image2image", "/v1/images/omni-image"
VIDEO_RATIOS = ("16:9", "9:16", "1:1")
IMAGE_RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9")
MOST_ELEMENTS = 3
OWN = wanted.SHAPE | wanted.LENGTH | {"sound", "reference_role", "element_ids", "n", "mode", "resolution", "negative_prompt"}
_EXCLUDE = ("camera_control", "static_mask", "dynamic_masks")


class Family(BaseModel):
    """What the models of one family take. A mode is a resolution: std 720p, pro 1080p, 4k."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    omni: bool = False
    modes: tuple[str, ...] = ("std", "pro")
    seconds: tuple[int, ...] = (5, 10)
    sound: bool = False
    cfg_scale: bool = False
    needs_picture: bool = False
    multi: bool = False
    elements: bool = False
    resolutions: tuple[str, ...] = ("1k", "2k")
    priced_by_reference: bool = False
    prompt_chars: int = Field(default=2500, gt=0)
    image_prompt_chars: int = Field(default=2500, gt=0)


def role_of(request: Request, family: Family, given: Mapping[str, Any]) -> str | Failure:
    """Return what the reference pictures of a request are for; empty where there are none.

    Unless `reference_role` says otherwise: a picture is of a subject, or of several; a clip begins with its picture, if there is
    one, but several people are no first and last frame.
    """
    if not request.references:
        return ""
    role = given.get("reference_role")
    if role is None:
        several = len(request.references) > 1
        if request.kind == "image":
            return "multi" if several else "subject"
        if any(r.role == "frame" for r in request.references) or family.omni or not several:
            return "first_frame"
        if family.multi:
            return "multi"
        return Failure(
            "invalid_request",
            f"{len(request.references)} pictures of people: name reference_role, multi (kling-v1-6), element (kling-v3), or first_frame",
        )
    allowed = ("subject", "face", "multi", "element") if request.kind == "image" else ("first_frame", "multi", "element")
    if role not in allowed:
        return Failure("invalid_request", f"reference_role is one of {', '.join(allowed)}, not {role!r}")
    return str(role)


def route_of(request: Request, family: Family, role: str) -> str:
    """Return the path that a request is submitted to."""
    if request.kind == "image":
        return OMNI_I if family.omni else MULTI_I if role == "multi" else IMAGE
    if family.omni:
        return OMNI_V
    return {"": T2V, "multi": MULTI_V, "first_frame": I2V, "element": T2V}[role]


def variant_of(request: Request, family: Family, given: Mapping[str, Any], role: str) -> str:
    """Return what decides the price: mode and sound of a clip, references and size of a picture."""
    if request.kind == "video":
        return str(given.get("mode", family.modes[0])) + (" sound" if _sound(given) else "")
    if str(given.get("resolution", "")).lower() == "4k":
        return "image 4k"
    if not family.priced_by_reference or not role:
        return "image"
    return "image multi" if role == "multi" else "image reference"


def video_fields(request: Request, family: Family, given: Mapping[str, Any], route: str, model: str) -> dict[str, Any] | Failure:
    """Return the fields of a clip beside its pictures, or why it cannot be made."""
    asked, shape = wanted.seconds(given, family.seconds[0]), wanted.shape(given)
    length = asked if isinstance(asked, Failure) else wanted.next_length(asked, family.seconds)
    if isinstance(length, Failure):
        return length
    if isinstance(shape, Failure):
        return shape
    mode = given.get("mode", family.modes[0])
    rules = (
        (family.needs_picture and route == T2V, f"{model} makes clips of pictures only, and none goes along"),
        (route == MULTI_V and not family.multi, f"{model} takes no several subjects; kling-v1-6 does"),
        (mode not in family.modes, f"the mode of {model} is one of {', '.join(family.modes)}, not {mode!r}"),
        (_sound(given) and not family.sound, f"{model} makes no sound"),
        ("cfg_scale" in given and not family.cfg_scale, f"{model} takes no cfg_scale"),
        (
            given.get("multi_shot") and (len(request.references) > 0 and route == I2V),
            "multi_shot and a first or last frame exclude each other",
        ),
        (
            len(request.references) > 1 and route == I2V and any(k in given for k in _EXCLUDE),
            "a last frame excludes masks and camera_control",
        ),
    )
    if why := next((why for broken, why in rules if broken), ""):
        return Failure("invalid_request", why)
    fields: dict[str, Any] = {"duration": str(length), "mode": mode}
    if route != I2V:
        # The shape of a clip that begins with a picture is the picture's.
        fields["aspect_ratio"] = wanted.nearest(shape, VIDEO_RATIOS, ":")
    if family.sound:
        fields["sound"] = "on" if _sound(given) else "off"
    return fields


def image_fields(request: Request, family: Family, given: Mapping[str, Any], route: str, model: str) -> dict[str, Any] | Failure:
    """Return the fields of a picture beside its references, or why it cannot be made."""
    count, shape = wanted.count(given, 9), wanted.shape(given)
    if isinstance(count, Failure):
        return count
    if isinstance(shape, Failure):
        return shape
    fields: dict[str, Any] = {"n": count, "aspect_ratio": wanted.nearest(shape, IMAGE_RATIOS, ":")}
    resolution = given.get("resolution")
    if resolution is not None:
        if resolution not in family.resolutions:
            return Failure("invalid_request", f"the resolution of {model} is one of {', '.join(family.resolutions)}, not {resolution!r}")
        fields["resolution"] = resolution
    if route == IMAGE and request.references and given.get("negative_prompt"):
        return Failure("invalid_request", "a picture with a reference takes no negative prompt")
    return fields


def picture_fields(route: str, role: str, pictures: list[str], given: Mapping[str, Any]) -> dict[str, Any] | Failure:
    """Return the fields that carry the reference pictures."""
    most = {I2V: 2, MULTI_V: 4, IMAGE: 1, MULTI_I: 4}.get(route, 10)
    if len(pictures) > most:
        return Failure("invalid_request", f"{len(pictures)} reference pictures; {most} are allowed here")
    if not pictures:
        return {}
    match route:
        case "/v1/videos/image2video":
            return dict(zip(("image", "image_tail"), pictures, strict=False))
        case "/v1/videos/multi-image2video" | "/v1/images/omni-image":
            return {"image_list": [{"image": picture} for picture in pictures]}
        case "/v1/videos/omni-video":
            return {"image_list": [{"image_url": picture} for picture in pictures]}
        case "/v1/images/multi-image2image":
            return {"subject_image_list": [{"subject_image": picture} for picture in pictures]}
    fields: dict[str, Any] = {"image": pictures[0], "image_reference": "face" if role == "face" else "subject"}
    return fields | {name: given[name] for name in ("image_fidelity", "human_fidelity") if name in given}


def _sound(given: Mapping[str, Any]) -> bool:
    return given.get("sound") in (True, "on")
