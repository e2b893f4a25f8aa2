"""Find the message that an e-mail forwards: its text, and what its header said.

Mail programs put a line of their own before it ("Forwarded message"), or only its header. Header lines count by their
labels, in the languages of the tables below; pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec
from lxml import etree
from lxml.etree import _Element as Element

from pipeline.wires.markup import parse_html

_MOST_NOTE_WORDS = 60  # of the forwarder's own words, where they are only a note; more may be an article
_LEAST_FIELDS = 2  # of a header behind a line that says "forwarded"; without that line three
_MOST_HEADER_LINES = 24

# What stands on the line before a forwarded message, between dashes or alone, in lower case. From the translations of
# Gmail, Thunderbird, Apple Mail, Outlook and Yahoo.
_SEPARATORS = (
    "forwarded message", "begin forwarded message", "forwarded by", "original message", "original appointment",
    "weitergeleitete nachricht", "anfang der weitergeleiteten nachricht", "ursprüngliche nachricht",
    "urspruengliche nachricht", "originalnachricht", "weitergeleitete e-mail",
    "message transféré", "message transmis", "début du message transféré", "début du message réexpédié",
    "message d'origine", "message d’origine", "message original", "forwarded message from",
    "mensaje reenviado", "inicio del mensaje reenviado", "mensaje original", "missatge reenviat",
    "mensagem encaminhada", "mensagem reencaminhada", "início da mensagem reencaminhada",
    "início da mensagem encaminhada", "mensagem original",
    "messaggio inoltrato", "inizio messaggio inoltrato", "messaggio originale",
    "doorgestuurd bericht", "begin doorgestuurd bericht", "oorspronkelijk bericht",
    "videresendt meddelelse", "videresendt besked", "start på videresendt besked", "oprindelig meddelelse",
    "videresendt melding", "videresendt e-post", "opprinnelig melding", "vidarebefordrat meddelande",
    "vidarebefordrat brev", "ursprungligt meddelande", "välitetty viesti", "edelleenlähetetty viesti",
    "alkuperäinen viesti", "wiadomość przekazana", "przekazana wiadomość", "początek przekazywanej wiadomości",
    "wiadomość oryginalna", "oryginalna wiadomość", "přeposlaná zpráva", "původní zpráva", "preposlaná správa",
    "pôvodná správa", "továbbított üzenet", "eredeti üzenet", "mesaj redirecționat", "mesaj original",
    "препратено съобщение", "пересылаемое сообщение", "пересланное сообщение", "перенаправленное сообщение",
    "исходное сообщение", "начало переадресованного сообщения", "переслане повідомлення", "прослеђена порука",
    "proslijeđena poruka", "prosleđena poruka", "posredovano sporočilo", "προωθημένο μήνυμα", "αρχικό μήνυμα",
    "iletilen mesaj", "yönlendirilen mesaj", "özgün ileti", "orijinal mesaj", "رسالة معاد توجيهها", "الرسالة الأصلية",
    "הודעה שהועברה", "転送メッセージ", "転送されたメッセージ",
    "元のメッセージ", "전달된 메시지", "전달된 메일", "원본 메시지",
    "转发的邮件", "轉寄的郵件", "转发邮件信息", "原始邮件", "原始郵件", "已轉寄郵件", "tin nhắn được chuyển tiếp",
    "thư đã chuyển tiếp", "pesan terusan", "pesan yang diteruskan", "अग्रेषित संदेश", "ข้อความที่ส่งต่อ",
)  # fmt: skip

# The labels of header lines, in lower case, by what they hold.
_LABELS = {
    "from": (
        "from", "von", "absender", "de", "expéditeur", "remitente", "da", "van", "fra", "från", "lähettäjä", "od",
        "feladó", "de la", "от", "від", "από", "kimden",
        "gönderen", "من", "מאת", "差出人", "送信者", "보낸 사람", "보낸사람",
        "发件人", "寄件者", "寄件人", "từ", "dari", "प्रेषक", "จาก", "från:", "remetente", "mittente",
    ),
    "date": (
        "date", "sent", "datum", "gesendet", "envoyé",
        "envoyé le", "enviado", "enviado el", "enviada em", "enviado em",
        "fecha", "data", "inviato", "verzonden", "sendt", "dato", "skickat", "lähetetty", "päiväys", "päivämäärä",
        "wysłano", "wysłane", "odesláno", "odoslané", "elküldve", "dátum", "trimis", "dată", "дата", "отправлено",
        "надіслано", "изпратено", "ημερομηνία", "στάλθηκε", "tarih", "gönderildi", "التاريخ", "תאריך", "日付",
        "送信日時", "日時", "날짜", "보낸 날짜", "发送时间", "发送日期",
        "日期", "寄件日期", "ngày", "tanggal", "दिनांक", "วันที่",
    ),
    "subject": (
        "subject", "betreff", "objet", "sujet", "asunto", "assunto", "oggetto", "onderwerp", "emne", "ämne", "aihe",
        "temat", "předmět", "predmet", "tárgy", "subiect", "тема",
        "относно", "θέμα", "konu", "الموضوع", "נושא", "件名",
        "제목", "主题", "主旨", "主題", "tiêu đề", "chủ đề", "subjek", "perihal", "विषय", "เรื่อง",
    ),
    "rest": (
        "to", "cc", "c.c.", "bcc", "cci", "pour", "reply-to", "importance", "attachments",
        "an", "kopie", "antwort an", "à", "a", "para", "cc",
        "copie à", "répondre à", "aan", "til", "kopi", "till",
        "kopia", "vastaanottaja", "do", "dw", "komu", "címzett",
        "către", "кому", "копия", "копія", "до", "προς", "κοιν.",
        "kime", "bilgi", "إلى", "אל", "עותק", "宛先", "받는 사람", "받는사람",
        "참조", "收件人", "抄送", "收件者", "副本", "đến",
        "kepada", "प्रति", "ถึง", "wichtigkeit", "anlagen", "pièces jointes",
        "organization", "list-id", "message-id", "resent-from", "x-mailer",
    ),
}  # fmt: skip
_KIND_OF = {label: kind for kind, labels in _LABELS.items() for label in labels}

_PHRASE = "|".join(re.escape(text) for text in sorted(_SEPARATORS, key=len, reverse=True))
_SEPARATOR = re.compile(
    rf"^[\s>*]*(?:[-–—_=~]{{2,}}\s*(?:{_PHRASE})(?!\w).*|(?:{_PHRASE})\s*[:：]?[\s*]*|[-–—_=~]+\s*(?:{_PHRASE})\W*)$",
    re.IGNORECASE,
)
_FIELD = re.compile(r"^[\s>*_]*([^\W\d_][^:：<>@]{0,24}?)[\s*_]*[:：][\s*_]*(.*?)[\s*]*$")
_ADDRESS = re.compile(r"\s*[<\[(]\s*(?:mailto:)?[^<>\[\]()\s]+@[^<>\[\]()\s]+\s*[>\])]")
_QUOTE = re.compile(r"^\s?(?:>\s?)+")
_RULE = re.compile(r"^[\s>]*[_\-–—=*]{5,}\s*$")


class ForwardedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A forwarded message: its text, what its header said, and whether the rest of the e-mail was only a note."""

    text: str
    sender: str | None = None
    date: str | None = None
    subject: str | None = None
    is_all: bool = False


class HeaderBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Where a forwarded message's header stands in lines: from ``start`` to before ``end``, and what it says."""

    start: int
    end: int
    fields: dict[str, str]


def find_forwarded(text: str) -> ForwardedMessage | None:
    """Return the message that a plain text forwards, None where it forwards none.

    What the forwarder wrote before it is left out where it is only a note, and kept else; the header is left out.
    """
    lines = text.splitlines()
    block = find_header(lines)
    if block is None:
        return None
    before, behind = lines[: block.start], lines[block.end :]
    if all(_QUOTE.match(line) for line in behind if line.strip()):
        behind = [_QUOTE.sub("", line) for line in behind]
    is_note = sum(len(line.split()) for line in before) <= _MOST_NOTE_WORDS and any(line.strip() for line in behind)
    if not is_note and not is_separator(lines[block.start]):
        return None  # an article that quotes an e-mail
    inner = find_forwarded("\n".join(behind)) if is_note else None
    if inner is not None and inner.is_all:  # forwarded again and again: the innermost is what was written
        return inner
    return ForwardedMessage(
        text="\n".join(behind if is_note else [*before, "", *behind]),
        sender=block.fields.get("from"),
        date=block.fields.get("date"),
        subject=block.fields.get("subject"),
        is_all=is_note,
    )


def find_header(lines: Sequence[str]) -> HeaderBlock | None:
    """Return the first header of a forwarded message in ``lines``, with the line that announces it."""
    for number, line in enumerate(lines):
        if is_separator(line):
            fields, end = _read_fields(lines, number + 1)
            if len(fields) >= _LEAST_FIELDS:
                return HeaderBlock(start=number, end=end, fields=fields)
        elif _kind(line) == "from":
            fields, end = _read_fields(lines, number)
            if len(fields) > _LEAST_FIELDS and "subject" in fields:
                start = number - 1 if number and _RULE.match(lines[number - 1]) else number
                if not fields.keys().isdisjoint({"date", "rest"}):
                    return HeaderBlock(start=start, end=end, fields=fields)
    return None


def is_separator(line: str) -> bool:
    """Tell whether a line announces a forwarded message."""
    return len(line) <= 200 and bool(_SEPARATOR.match(line))  # noqa: PLR2004 - characters: dashes fill a line


def _kind(line: str) -> str | None:
    match = _FIELD.match(line)
    return _KIND_OF.get(match[1].strip().lower()) if match else None


def _read_fields(lines: Sequence[str], start: int) -> tuple[dict[str, str], int]:
    """Return what the header lines from ``start`` on hold, by their kinds, and the line behind them."""
    fields: dict[str, str] = {}
    number, last = start, None
    while number < min(len(lines), start + _MOST_HEADER_LINES):
        bare = lines[number].strip(" >\t*")
        kind, match = _kind(lines[number]), _FIELD.match(lines[number])
        if kind and match:
            fields.setdefault(kind, _plain(match[2]))
            last = kind
        elif not bare:
            if last is not None and not _continues(lines, number + 1):
                break
        elif last is None or lines[number - 1].strip(" >\t*") == "" or not lines[number].startswith((" ", "\t", ">  ")):
            break
        number += 1
    return fields, number


def _continues(lines: Sequence[str], number: int) -> bool:
    """Tell whether a header goes on behind a blank line, as some programs set it."""
    return number < len(lines) and _kind(lines[number]) is not None


def _plain(value: str) -> str:
    """Return a header's value without the marks that programs add to addresses."""
    return _ADDRESS.sub("", value).strip(" *\"'") or value.strip()


# in HTML -------------------------------------------------------------------------------------------------------------


def find_forwarded_markup(text: str) -> ForwardedMessage | None:
    """Return the message that an e-mail in HTML forwards, as HTML without its header; None where it forwards none."""
    tree = parse_html(text)
    if tree is None:
        return None
    for elements in _header_candidates(tree):
        lines = [line for element in elements for line in _rendered_lines(element)]
        block = find_header(lines) if len(lines) <= _MOST_HEADER_LINES else None
        if block is None or block.start > 0 or block.end < len(lines):  # more than a header is in them
            continue
        is_note = _remove_header(elements)
        return ForwardedMessage(
            text=str(etree.tostring(tree, encoding="unicode", method="html")),
            sender=block.fields.get("from"),
            date=block.fields.get("date"),
            subject=block.fields.get("subject"),
            is_all=is_note,
        )
    return None


def _header_candidates(tree: Element) -> Iterator[Sequence[Element]]:
    """Yield what may hold a header and nothing else: each block, and each row of short blocks."""
    for element in tree.iter("div", "p", "td", "blockquote", "span", "pre"):
        yield [element]
        run: list[Element] = []
        for child in element:
            lines = _rendered_lines(child) if isinstance(child.tag, str) else []
            if len(lines) == 1 and (_kind(lines[0]) or (not run and is_separator(lines[0]))):
                run.append(child)
            elif lines:
                break
        if len(run) > _LEAST_FIELDS:
            yield run


def _rendered_lines(element: Element) -> list[str]:
    """Return the lines of an element as they are shown: broken by breaks and blocks."""
    parts: list[str] = []
    for inner in element.iter():
        if not isinstance(inner.tag, str):
            continue
        is_broken = inner.tag in {"br", "div", "p", "tr", "li"}
        parts.append(("\n" if is_broken else "") + " ".join((inner.text or "").split("\n")))
        if inner is not element:
            parts.append(("\n" if is_broken and inner.tag != "br" else "") + " ".join((inner.tail or "").split("\n")))
    return [line for line in "".join(parts).splitlines() if line.strip()]


def _remove_header(header: Sequence[Element]) -> bool:
    """Take a header out of its tree, and all before it if that is only a note; return whether it was."""
    around = (header[0], *header[0].iterancestors())
    before = [sibling for element in around for sibling in element.itersiblings(preceding=True)]
    written = [sibling for sibling in before if isinstance(sibling.tag, str) and sibling.tag not in {"head", "style"}]
    texts = [element.text or "" for element in around[1:]] + [sibling.tail or "" for sibling in before]
    texts += ["".join(map(str, sibling.itertext())) for sibling in written]
    is_note = sum(len(text.split()) for text in texts) <= _MOST_NOTE_WORDS
    unwanted = written if is_note else [s for s in written if is_separator("".join(map(str, s.itertext())).strip())]
    if is_note:
        for element in around[1:]:
            element.text = None
        for sibling in before:
            sibling.tail = None
    for element in (*header, *unwanted):
        element.drop_tree()
    return is_note
