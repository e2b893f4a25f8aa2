"""Of a Word document what Word shows is read, once."""

from __future__ import annotations

import io
import zipfile

import pytest

from pipeline.wires import parse_wire_item
from pipeline.wires.docx import is_docx

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def run(text, properties=""):
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def par(*runs, style=""):
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{named}{''.join(runs)}</w:p>"


def document(body, *, main="word/document.xml", styles="", namespace=W, declared=False):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        types = '<Types><Override ContentType="application/vnd.x.wordprocessingml.document.main+xml"/></Types>'
        packed.writestr("[Content_Types].xml", types)
        if declared:
            target = f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="/{main}"/>'
            packed.writestr("_rels/.rels", f'<Relationships xmlns="{RELS}">{target}</Relationships>')
        packed.writestr(main, f'<w:document xmlns:w="{namespace}" xmlns:mc="{MC}"><w:body>{body}</w:body></w:document>')
        if styles:
            packed.writestr("word/styles.xml", f'<w:styles xmlns:w="{namespace}">{styles}</w:styles>')
    return file.getvalue()


def lines(body, **options):
    data = document(par(run("Bridge closes")) + body, **options)
    assert is_docx(data)
    return [paragraph.text for paragraph in parse_wire_item(data).paragraphs][1:]


HIDDEN = '<w:style w:type="character" w:styleId="Note"><w:name w:val="Note"/><w:rPr><w:vanish/></w:rPr></w:style>'
BASED = (
    '<w:style w:type="paragraph" w:styleId="Sub"><w:basedOn w:val="Base"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Base"><w:rPr><w:vanish/></w:rPr></w:style>'
)
BEGIN, END = ('<w:r><w:fldChar w:fldCharType="begin"/></w:r>', '<w:r><w:fldChar w:fldCharType="end"/></w:r>')
SEPARATE = '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
CODE = "<w:r><w:instrText>PAGE</w:instrText></w:r>"
RUBY = f"<w:r><w:ruby><w:rt>{run('reading')}</w:rt><w:rubyBase>{run('seen')}</w:rubyBase></w:ruby></w:r>"
PLACEHOLDER = f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('hidden')}</w:sdtContent></w:sdt>"
BOX = "<w:txbxContent>" + par(run("Boxed.")) + "</w:txbxContent>"


@pytest.mark.parametrize(
    "body",
    [
        par(run("seen"), run("hidden", "<w:vanish/>")),
        par(run("seen"), run("hidden", '<w:vanish w:val="1"/>')),
        par(run("seen"), run("hidden", "<w:webHidden/>")),
        par(run("seen"), f"<w:del>{run('hidden')}</w:del>"),
        par(run("seen"), f"<w:moveFrom>{run('hidden')}</w:moveFrom>"),
        par(run("seen"), "<w:r><w:delText>hidden</w:delText></w:r>"),
        par(run("seen"), run("hidden", '<w:rStyle w:val="Note"/>')),
        par(run("seen")) + par(run("hidden"), style="Sub"),
        par(run("seen"), BEGIN, CODE, run("hidden"), END),
        par(run("seen"), PLACEHOLDER),
        par(run("seen")) + f"<w:tbl><w:tr><w:trPr><w:hidden/></w:trPr><w:tc>{par(run('hidden'))}</w:tc></w:tr></w:tbl>",
    ],
)  # fmt: skip
def test_what_word_does_not_show_is_left_out(body):
    assert lines(body, styles=HIDDEN + BASED) == ["seen"]


@pytest.mark.parametrize(
    "body",
    [
        par(run("seen", '<w:vanish w:val="0"/>')),
        par(run("seen", '<w:rStyle w:val="Note"/><w:vanish w:val="false"/>')),
        par(run("seen", '<w:rStyle w:val="Note"/>'), style="Sub"),
        par(f"<w:ins>{run('seen')}</w:ins>"),
        par(f"<w:moveTo>{run('seen')}</w:moveTo>"),
        par(BEGIN, CODE, SEPARATE, run("seen"), END),
        par(RUBY),
        par(BEGIN) + par(run("seen")),
    ],
)  # fmt: skip
def test_what_word_shows_stays(body):
    assert lines(body, styles=HIDDEN + BASED) == ["seen"]


@pytest.mark.parametrize(
    "box",
    [
        BOX,
        f"<mc:AlternateContent><mc:Choice>{BOX}</mc:Choice><mc:Fallback>{BOX}</mc:Fallback></mc:AlternateContent>",
        f"<mc:AlternateContent><mc:Choice/><mc:Fallback>{BOX}</mc:Fallback></mc:AlternateContent>",
    ],
)
def test_a_box_is_read_once_behind_its_paragraph(box):
    assert lines(par(run("around "), f"<w:r>{box}</w:r>", run("it")) + par(run("after"))) == [
        "around it",
        "Boxed.",
        "after",
    ]


def test_the_main_part_is_the_one_that_the_package_names():
    assert lines(par(run("seen")), main="content/main.xml", declared=True) == ["seen"]
    assert lines(par(run("seen")), main="word/document2.xml", declared=True) == ["seen"]


def test_a_strict_document_is_read():
    assert lines(par(run("seen"), run("hidden", "<w:vanish/>")), namespace=STRICT) == ["seen"]


def test_a_heading_is_told_by_the_name_of_its_style():
    styles = '<w:style w:type="paragraph" w:styleId="Rub1"><w:name w:val="heading 1"/></w:style>'
    data = document(par(run("Bridge closes"), style="Rub1") + par(run("Text.")), styles=styles)
    assert parse_wire_item(data).title == "Bridge closes"


def test_other_packages_are_no_word_documents():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/workbook.xml", "<x/>")
    assert not is_docx(file.getvalue())
