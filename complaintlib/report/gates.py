"""What may stand in a page: the allow-list that outputs are cleaned by, and the gates that the final bytes must pass."""

import re
from functools import lru_cache
from html.parser import HTMLParser

import nh3

from ..words import Words

CSP = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
SIZE = 40_000_000  # bytes a page may have

_PLAIN = "p div span b strong i em u s small sub sup br hr ul ol li dl dt dd h2 h3 h4 h5 h6 blockquote pre code aside"
_TABLE = "table caption thead tbody tfoot tr th td colgroup col details summary figure figcaption img section"
_TAGS = {*_PLAIN.split(), *_TABLE.split()}
_CLASSES = {
    "ul": {"findings"},
    "li": {"finding", "act", "watch", "good", "note"},
    "span": {"level"},
    "div": {"table", "wide"},
    "p": {"table-notes"},
    "th": set("nsmt"),
    "td": set("nsmt"),
    "aside": {"note"},
}
_ATTRIBUTES = {
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "img": {"src", "alt"},
    "details": {"open"},
}
_PNG = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]*")
_PICTURE = re.compile(r"data:image/(png|svg\+xml);base64,[A-Za-z0-9+/=]+")
_INSIDE = re.compile(r"(?:(?:\.\./)?(?:[\w.-]+/)?[\w.-]+\.(?:html|xlsx))?(?:#[\w.-]+)?")
_ADDRESS = re.compile(r"(?i)(?:https?|ftp|file|javascript|vbscript|wss?)\s*:|^\s*//")
_NEVER = set(
    "script iframe frame object embed applet form input button select textarea base link svg math audio video".split()  # noqa: SIM905
)


def clean(html: str) -> str:
    """The HTML of an output with nothing in it but the tags, classes and pictures that results are made of."""
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        attribute_filter=lambda tag, name, value: value if name != "src" or _PNG.fullmatch(value) else None,
        allowed_classes=_CLASSES,
        url_schemes={"data"},
        strip_comments=True,
        link_rel=None,
    )


def visible(html: str) -> str:
    """The words of a page and of its pictures' descriptions, a line each."""
    return "\n".join(_read(html).words)


def problems_in(html: bytes) -> list[Words]:
    """What a page may not have, in its final bytes: scripts, outside addresses, pictures without words, and the like."""
    if len(html) > SIZE:
        return [Words(f"页面过大：{len(html):,} 字节", f"the page is too large: {len(html):,} bytes")]
    text = html.decode("utf-8")
    page = _read(text)
    problems = list(page.problems)
    if not text.endswith("</html>\n"):
        problems.append(Words("没有以 </html> 结束", "it does not end with </html>"))
    if "<script" in text.casefold():
        problems.append(Words("含有脚本", "it holds a script"))
    head = re.sub(r"\s+", " ", text[: text.find("<meta") + 400])
    if f'<head><meta http-equiv="Content-Security-Policy" content="{CSP}">' not in head:
        problems.append(
            Words("安全策略不在 head 的最前面", "the security policy does not come first in the head")
        )
    if re.search(r"(?i)url\(|@import|expression\(", page.style):
        problems.append(Words("样式引用了别的地址", "the style asks for another address"))
    if len(page.ids) != len(set(page.ids)):
        problems.append(Words("有重复的 id", "an id occurs twice"))
    return problems


@lru_cache(maxsize=64)  # a page is looked at as a page, as a file and for personal data
def _read(text: str) -> "_Page":
    page = _Page()
    page.feed(text)
    page.close()
    return page


class _Page(HTMLParser):
    """Walks a page once, collecting what is wrong in its tags, its style and its words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[Words] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.style, self._in_style, self.styles = "", False, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        self.styles += self._in_style
        if tag in _NEVER or self.styles > 1:
            self._wrong(f"不许可的元素 <{tag}>", f"an element that may not be there: <{tag}>")
        if tag == "meta" and found.get("http-equiv", "Content-Security-Policy") != "Content-Security-Policy":
            self._wrong("不许可的 http-equiv", "an http-equiv that may not be there")
        if tag == "img":
            self.words.append(found.get("alt", ""))
            if not found.get("alt", "").strip():
                self._wrong("有图没有替代文字", "a picture without a description")
        if "id" in found:
            self.ids.append(found["id"])
        for name, value in found.items():
            if name.startswith("on") or name == "style" or "\x00" in value:
                self._wrong(f"不许可的属性 {name}", f"an attribute that may not be there: {name}")
            elif (
                (name == "href" and not _INSIDE.fullmatch(value))
                or (name == "src" and not _PICTURE.fullmatch(value))
                or name
                in ("srcset", "action", "formaction", "background", "poster", "xlink:href", "ping", "data")
                or (name not in ("href", "src") and _ADDRESS.search(value))
            ):
                self._wrong(f"属性 {name} 指向外部", f"attribute {name} points outside")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.style += data
        elif data.strip():
            self.words.append(data)

    def _wrong(self, zh: str, en: str) -> None:
        self.problems.append(Words(zh, en))
