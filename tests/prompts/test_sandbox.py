"""A template can only make text: it cannot reach Python, files, other processes or more than its share of the machine."""

from __future__ import annotations

import pytest
from template_folder import Templates

from prompts.errors import IncludeError, RenderLimitError, TemplateError, WorkbenchError
from prompts.render import Renderer

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ '' | attr('__cl' ~ 'ass__') }}",
    "{{ [] | map(attribute='__class__') | list }}{{ [''] | map(attribute='__class__') | list }}",
    "{{ ().__class__.__bases__[0] }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ range.__globals__ }}",
    "{{ dict.__base__.__subclasses__() }}",
    "{{ dict.mro() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ '{0.__class__.__mro__}'.format('') }}",
    "{{ '{x.__class__}'.format_map({'x': ''}) }}",
    "{{ ('{0.__class__}' | safe).format('') }}",
    "{% set f = '{0.__class__.__init__.__globals__}'.format %}{{ f(cycler) }}",
    "{{ ['{0.__class__}'] | map('format', '') | list }}{{ ''.join(['{0.__class__}'.format(1)]) }}",
    "{{ (['{0.__class__}'.format] | first)('') }}",
    "{{ shot.__class__ }}",
    "{{ shot.update({'a': 1}) }}",
    "{{ shot.clear() }}",
    "{{ shot.people.append(1) }}",
    "{{ shot.people.sort() }}",
    "{{ shot.pop('people') }}",
    "{% macro m() %}{% endmacro %}{{ m.__call__.__globals__ }}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{{ loop }}{% for x in [1] %}{{ loop.__init__ }}{% endfor %}",
    "{% set x = namespace() %}{% set x.__class__ = 1 %}{{ x.__class__ }}",
    "{{ (1).__class__.__class__ }}",
    "{{ ''.encode().__reduce_ex__(2) }}",
    "{{ (shot.items()).__iter__.__self__ }}",
    "{{ config.items() }}",
    "{{ request.application.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__.os.environ }}",
    "{% import 'os' as os %}",
    "{{ import('os') }}",
    "{{ __import__('os') }}",
    "{{ open('/etc/passwd').read() }}",
    "{{ environment }}",
    "{{ context.environment }}",
    "{% for c in [].__class__.__base__.__subclasses__() %}{% endfor %}",
    "{% include '../../etc/passwd' %}",
    "{% extends '/etc/passwd' %}",
    "{% include ['/proc/self/environ'] ignore missing %}",
    "{{ (range(3) | groupby('__class__')) | list }}",
    "{{ ['a'] | sum(attribute='__class__', start='') }}",
    "{{ [shot] | sort(attribute='__class__.__init__.__globals__') | list }}{{ [shot] | map(attribute='__class__') | list }}",
]


@pytest.mark.parametrize("attack", ESCAPES)
def test_no_way_leads_out_of_the_sandbox(templates: Templates, renderer: Renderer, attack: str) -> None:
    """Each known way to reach Python's insides, the files or the data of others ends in a named error."""
    with pytest.raises(WorkbenchError) as caught:
        renderer.render(templates.version(f"ok\n{attack}"), {"shot": {"people": [1, 2]}})
    message = str(caught.value)
    assert "shot/a.j2:5" in message
    assert "root:" not in message
    assert "<class '" not in message


HOGS = [
    ("{{ 'a' * 10 ** 10 }}", "memory"),
    ("{{ 'a' * n ** 10 }}", "memory"),
    ("{{ [0] * n ** 9 }}", "memory"),
    ("{{ '%1000000000d' % n }}", "memory"),
    ("{{ '{:>1000000000}'.format(n) }}", "memory"),
    ("{{ 'a' | center(10 ** 9) }}", "memory"),
    ("{{ ('a' * 1000000) | indent(1000000) | length }}{{ 'a\n' * 1000 | indent(10 ** 7) }}", "memory|TypeError"),
    ("{% set x = 'ab' * 50000000 %}{{ (x ~ x ~ x ~ x) | length }}", "memory|seconds"),
    ("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}x", "seconds"),
    ("{% for i in range(100000) %}{% for j in range(100000) %}{{ j }}{% endfor %}{% endfor %}", "bytes"),
    ("{{ range(n ** 9) | list }}", "Range too big"),
    ("{{ n ** (n ** (n ** n)) }}", "seconds"),
    ("{{ (n ** 2000000) % 7 }}{{ (n ** 9000000) % 7 }}{{ (n ** 90000000) % 7 }}", "seconds|memory"),
    ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "too deeply"),
    ("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}", "too deeply|seconds"),
    ("{% for x in tree recursive %}{{ loop(tree) }}{% endfor %}", "too deeply|seconds"),
    ("{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}", "memory|seconds"),
    ("{{ 'x' * 200000 }}", "bytes"),
    ("{{ '梅' * 50000 }}", "bytes"),
    (
        "{% set x %}{% for i in range(100000) %}{% for j in range(1000) %}aaaaaaaaaaaaaaaaaaaaa{% endfor %}{% endfor %}{% endset %}",
        "memory|seconds",
    ),
    ("{{ ('a' * 3000) | replace('a', 'b' * 3000) | replace('b', 'c' * 3000) }}", "memory|seconds"),
    (
        "{{ ('((((' * 5000) | urlize | length }}{{ ('<' * 300000) | striptags | length }}{{ ('<!--' * 100000) | striptags }}",
        "seconds|bytes|empty",
    ),
    ("{{ n ** 5000 }}", "ValueError"),
    ("{{ (tree * 3000000) | batch(2) | list | length }}", "memory|seconds"),
    ("{{ 'x' | wordwrap(0) }}", "Error|empty|ValueError"),
]


@pytest.mark.parametrize(("attack", "words"), HOGS)
def test_no_template_takes_more_than_its_share(templates: Templates, renderer: Renderer, attack: str, words: str) -> None:
    """Time, memory, depth and size are bounded; the bound that was reached is named."""
    with pytest.raises(TemplateError, match=words) as caught:
        renderer.render(templates.version(f"ok\n{attack}"), {"n": 10, "tree": [1]})
    assert caught.value.path == "shot/a.j2"


@pytest.mark.parametrize(
    "attack",
    [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ 'a' * n ** 10 }}",
    ],
)
def test_the_line_that_takes_too_much_is_named(templates: Templates, renderer: Renderer, attack: str) -> None:
    """A loop without an end is found at its line."""
    with pytest.raises(RenderLimitError) as caught:
        renderer.render(templates.version(f"ok\n\n{attack}"), {"n": 10})
    assert caught.value.line == 6


def test_deep_nesting_does_not_bring_anything_down(templates: Templates, renderer: Renderer) -> None:
    """Thousands of brackets, blocks or operators are an error, and the next rendering works."""
    for body in (
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{% if x %}" * 3000 + "{% endif %}" * 3000,
        "{{ " + "1+" * 20000 + "1 }}",
        "{{ " + "[" * 3000 + "]" * 3000 + " }}",
        "{{ " + "not " * 9000 + "x }}",
    ):
        with pytest.raises(TemplateError):
            renderer.render(templates.version(body), {"x": 1})
    assert renderer.render(templates.version("fine"), {}).text == "fine"


def test_a_link_out_of_the_tree_is_refused(templates: Templates) -> None:
    """A partial may not be a link to a file of the machine."""
    (templates.folder / "_p").mkdir()
    (templates.folder / "_p/x.j2").symlink_to("/etc/hostname")
    with pytest.raises(IncludeError, match="leads out of the workspace"):
        templates.version("{% include '_p/x.j2' %}")
