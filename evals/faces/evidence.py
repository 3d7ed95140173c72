"""Evidence of the face scorers as JSON: boxes, similarities, poses and small crops, so that a page can show why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.faces.appearances import Appearance
from evals.faces.group import References
from evals.faces.identity import Template
from evals.faces.pose import Pose

MAX_CROPS = 4


def appearance_json(appearance: Appearance, who: str | None, template: Template | None) -> dict[str, Any]:
    """Return one appearance: place, size, pose, crop; and, where there is a template, how well it matches."""
    face = appearance.middle
    found: dict[str, Any] = {
        "character": who,
        "box": [round(v, 1) for v in appearance.box],
        "iod": round(appearance.iod, 1),
        "presence": round(face.presence, 3),
        "pose": pose_json(face.pose),
        "crop": face.crop(),
    }
    if template is not None:
        match = appearance.match(template)
        found |= {
            "match": round(match, 4),
            "distance": round(appearance.distance(template), 4),
            "p_same": round(template.probability(match), 4),
        }
    if appearance.end > appearance.start:
        found |= {"from": round(appearance.start, 2), "to": round(appearance.end, 2), "within": appearance.within(template)}
    return found


def references_json(templates: Mapping[str, Template], known: References) -> dict[str, Any]:
    """Return what each person was compared with: where from, how many faces, nearest domains, and crops."""
    return {
        who: {
            "source": template.source,
            "faces": len(template.vectors),
            "domains": {name: round(share, 2) for name, share in template.domains.items() if share >= 0.01},
            "threshold": {
                "match": round(template.calibration.threshold, 3),
                "width": round(template.calibration.width, 3),
                "source": template.calibration.source,
            },
            "alike": known.alike.get(who, []),
            "crops": [face.crop() for face in known.faces.get(who, [])[:MAX_CROPS]],
        }
        for who, template in templates.items()
    }


def pose_json(pose: Pose) -> dict[str, float]:
    """Return a pose in degrees, to a tenth."""
    return {"yaw": round(pose.yaw, 1), "pitch": round(pose.pitch, 1), "roll": round(pose.roll, 1)}
