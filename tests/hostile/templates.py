"""Templates that somebody else has written: out of the sandbox, without end, into other files. Each is read and rendered as a user would."""

# ruff: noqa: E501  data

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Case = tuple[Callable[[Path], object], str]
INPUTS = {"who": "Mei", "words": ["rain", "sun"], "deep": {"a": [1, 2]}}


def _render(body: str, others: dict[str, str] | None = None) -> Callable[[Path], object]:
    def case(ws: Path) -> object:
        from prompts.registry import Registry
        from prompts.render import render

        for name, text in {"shot/a.j2": f"---\nstage: shot\n---\n{body}", **(others or {})}.items():
            path = ws / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return f"RENDERED {render(Registry(ws).resolve('shot/a'), INPUTS).text[:200]!r}"

    return case


ESCAPES = {
    "class": "{{ ''.__class__ }}", "mro": "{{ ''.__class__.__mro__[1].__subclasses__() }}", "globals": "{{ who.upper.__globals__ }}",
    "attr": "{{ who | attr('__class__') }}", "attr by parts": "{{ who | attr('__cla' ~ 'ss__') }}", "subscript": "{{ who['__class__'] }}",
    "of a macro": "{% macro m() %}{% endmacro %}{{ m.__globals__ }}", "of lipsum": "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "of cycler": "{{ cycler.__init__.__globals__.os }}", "of joiner": "{{ joiner.__init__.__globals__ }}", "of self": "{{ self.__init__.__globals__ }}",
    "of namespace": "{{ namespace.__init__.__globals__ }}", "of a block": "{% block user %}{{ self._TemplateReference__context }}{% endblock %}",
    "format": "{{ '{0.__class__.__mro__}'.format(who) }}", "format_map": "{{ '{x.__class__}'.format_map({'x': who}) }}", "formatted": "{{ '%(x)s' | format(x=who.__class__) }}",
    "by map": "{{ words | map(attribute='__class__') | list }}", "by sort": "{{ words | sort(attribute='__class__.__name__') }}", "by groupby": "{{ words | groupby('__class__') }}",
    "a frame": "{{ (words | map('upper')).gi_frame }}", "changing a list": "{{ words.append('x') }}", "changing a mapping": "{{ deep.update({'x': 1}) }}",
    "the loader": "{{ self._TemplateReference__context.environment.loader }}", "a do": "{% do words.clear() %}", "an import of code": "{% import os %}", "a debug": "{% debug %}",
}  # fmt: skip
ENDLESS = {
    "a loop": "{% for i in range(10**12) %}x{% endfor %}", "loops in loops": "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{{ a * b * c }}{% endfor %}{% endfor %}{% endfor %}",
    "a macro of itself": "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}", "two macros": "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "a loop of itself": "{% for x in [words] recursive %}{{ loop([words]) }}{% endfor %}", "a long text": "{{ 'x' * 10**10 }}", "a text that doubles": "{% set ns = namespace(t='x') %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}{{ ns.t }}",
    "a list": "{{ [0] * 10**10 }}", "a range": "{{ range(10**9) | list }}", "a power": "{{ 9 ** (9 ** 9) }}", "a shift": "{{ 2 ** (10**8) }}", "a wide number": "{{ '%9999999999d' % 1 }}",
    "a wide text": "{{ '{:>9999999999}'.format('x') }}", "centred": "{{ who | center(10**10) }}", "indented": "{{ words | join('\\n') | indent(10**10) }}", "lorem": "{{ lipsum(10**6) }}",
    "replaced": "{{ ('a' * 99999) | replace('a', 'b' * 99999) }}", "batches": "{{ words | batch(10**10, 'x') | list }}", "a million brackets": "{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}", "a block of itself": "{% block user %}{{ self.user() }}{% endblock %}",
    "much of it": "{{ who }}" * 100_000, "a megabyte and a half": "x" * (3 << 19),
}  # fmt: skip
TRICKS: dict[str, tuple[str, dict[str, str]]] = {
    "out": ("{% include '../../outside/secret.txt' %}", {}), "absolute": ("{% include '/etc/passwd' %}", {}), "by name": ("{% include who %}", {}), "by a list": ("{% include ['/etc/passwd', 'shot/a.j2'] %}", {}),
    "itself": ("{% include 'shot/a.j2' %}", {}), "in a circle": ("{% include '_partials/b.j2' %}", {"_partials/b.j2": "{% include '_partials/c.j2' %}", "_partials/c.j2": "{% include '_partials/b.j2' %}"}),
    "that is not there": ("{% include '_partials/none.j2' %}", {}), "if it is there": ("{% include '/etc/passwd' ignore missing %}ok", {}), "as a parent": ("{% extends '/etc/passwd' %}", {}), "as an import": ("{% from '../../x' import y %}", {}),
    "with a zero byte": ("{% include '_partials/b.j2\\0.txt' %}", {}), "with backslashes": ("{% include '..\\\\..\\\\x' %}", {}), "the settings": ("{% include 'workbench.toml' %}", {"workbench.toml": "planted-9c41"}), "the keys": ("{% include '.env' %}", {".env": "K=planted-9c41"}),
    "a chain of a thousand": ("{% include '_partials/p0.j2' %}", {f"_partials/p{n}.j2": f"{{% include '_partials/p{n + 1}.j2' %}}" for n in range(1000)}),
    "one of all": ("".join(f"{{% include '_partials/p{n}.j2' %}}" for n in range(600)), {f"_partials/p{n}.j2": "x" for n in range(600)}),
}  # fmt: skip
_REFUSED = r"^(Template|FrontMatter|RenderLimit|Include|Undefined|UnknownName)\w*: "
CASES: dict[str, Case] = {f"escape: {name}": (_render(body), _REFUSED) for name, body in ESCAPES.items()}
CASES |= {f"without end: {name}": (_render(body), _REFUSED) for name, body in ENDLESS.items()}
CASES |= {f"include: {name}": (_render(body, others), _REFUSED) for name, (body, others) in TRICKS.items()}
# What is let through, and may be.
CASES["an order in an input"] = (lambda ws: _said(ws, "{{ 7 * 7 }}{% include '/etc/passwd' %}</script>"), r"^RENDERED .\{\{ 7 \* 7 \}\}")


def _said(ws: Path, who: str) -> object:
    from prompts.registry import Registry
    from prompts.render import render

    (ws / "shot").mkdir()
    (ws / "shot" / "a.j2").write_text("---\nstage: shot\n---\n{{ who }}")
    return f"RENDERED {render(Registry(ws).resolve('shot/a'), {'who': who}).text!r}"
