"""Facts about what addresses say beside what is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.urls import address_key, article_id, canonicalise, page_fragment

PLAIN = "https://harbour.example/news/bridge-closes"
TRACKED = """
utm_source=x UTM_MEDIUM=y fbclid=1 gclid=1 gad_source=1 gbraid=1 srsltid=AfmB
_ga=2.1 _gl=1*a mc_cid=1 mc_eid=2 icid=rss1
ncid=txtlnkus cmpid=rss cmp=rss smid=tw smid=nytcore-ios-share mod=rss_markets mod=hp_lead_pos1 mod=djemalertNEWS
cid=rss cid=rss_news source=rss source=rss------2 source=rss_feed ftag=CAD-03 wt.mc_id=rss wt_mc=x wt_zmc=x
at_medium=RSS at_campaign=rss at_custom1=x xtor=RSS-3 ns_mchannel=rss ns_source=x ocid=BBC taid=1 guccounter=1
guce_referrer=a amp=1 amp
outputType=amp ref=rss ref=hvper.com PHPSESSID=abc123 jsessionid=ABC sid=0a1b2c3d4e5f60718293a4b5c6d7e8f9
s=0a1b2c3d4e5f60718293a4b5c6d7e8f9 ASPSESSIONIDQQ=A CFID=1 maca=en-rss-en-all-1573-rdf .tsrc=rss tsrc=rss soc_src=social
partner=rss emc=rss yclid=1 ysclid=1 msclkid=1 igshid=1 _hsenc=1 mkt_tok=1 cm_mmc=x itm_source=x mtm_campaign=x s_cid=x
cx_testId=1 tpcc=ecfeed wpisrc=rss_world feedType=RSS feedName=top traffic_source=rss from=rss share=twitter vd_source=a
sf123456=1 reflink=share_mobilewebshare unlocked_article_code=1.a spm=a.b utm_content%5B%5D=x
fsrc=rss fsrc=rss%7Cint ch=rss xg_source=RSS from=groupmessage for=pc wfr=spider dt_dapp=1 output=amp _amp=true m=1 nb=1
_=1732891234567 ts=1732891234 replytocom=55 trk=public_post gi=5a7cd01e33aa wprov=sfti1 hss_channel=tw-1 utm-source=rss
link_time=1732891234 leadSource=uverify%20wall triedRedirect=true ICO=top_story oref=d-topstory
""".split()
CHOOSING = """
id=3 p=12 article=5 cid=123 source=front source=reuters mod=news mod=viewthread ref=home from=2026 sid=123 s=bridge
page=2 lang=en feed=7 share=5 amp=2 output=html story=rss-explained q=rss section=amp session=morning platform=web
tag=rss format=rss title=rss m=202611 m=6 _=4 ts=4 trk=42 gi=harbour nb=3 for=parents
via=rail src=4 campaign=2026 news_id=4 itemid=3
""".split()


@pytest.mark.parametrize("parameter", TRACKED)
def test_what_says_where_a_reader_came_from_makes_no_other_article(parameter):
    assert canonicalise(f"{PLAIN}?{parameter}") == PLAIN
    assert article_id(f"{PLAIN}?id=3&{parameter}#top") == article_id(f"{PLAIN}?id=3")


@pytest.mark.parametrize("parameter", CHOOSING)
def test_what_chooses_an_article_stays(parameter):
    assert canonicalise(f"{PLAIN}?{parameter}&utm_source=rss") == f"{PLAIN}?{parameter}"


@pytest.mark.parametrize("path", ["", "/", "/index.php", "/article.php", "/news.aspx", "/story.cgi"])
def test_a_number_stays_where_nothing_else_chooses(path):
    assert address_key(f"https://a.example{path}?icid=12") != address_key(f"https://a.example{path}?icid=13")
    assert address_key(f"https://a.example{path}?icid=12&id=5") == address_key(f"https://a.example{path}?icid=13&id=5")


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("/news/1;jsessionid=0A1B2C?id=4", "/news/1?id=4"),
        ("/news/1.do;jsessionid=0A1B2C.node3", "/news/1.do"),
        ("/(S(lit3py55t21z5v55vlm25s55))/news/1.aspx", "/news/1.aspx"),
        ("/news/1/amp", "/news/1"),
        ("/news/1/amp/", "/news/1"),
        ("/news/1.amp", "/news/1"),
        ("/news/1.amp.html", "/news/1.html"),
        ("/news/1/amp.html", "/news/1"),
        ("/amp/news/bridge-1", "/news/bridge-1"),
        ("/news/1/amp?utm_source=rss", "/news/1"),
    ],
)
def test_sessions_and_accelerated_pages_are_no_articles_of_their_own(url, plain):
    assert address_key(f"https://a.example{url}") == f"a.example{plain}"


@pytest.mark.parametrize(
    "path", ["/amp", "/amp/", "/amp/guitars", "/news/amplifier", "/news/camp", "/news/1.ampere", "/a;b=1"]
)
def test_what_only_looks_like_it_stays(path):
    assert address_key(f"https://a.example{path}") == f"a.example{path.rstrip('/')}"


def test_a_page_of_an_application_is_an_article():
    keys = [
        address_key(f"https://a.example/#{part}") for part in ("!/news/1", "!/news/2", "/news/1", "top", "", "!", "/")
    ]
    assert len(set(keys)) == 4
    assert keys[3:] == ["a.example"] * 4
    assert address_key("https://a.example/?_escaped_fragment_=/news/1") == keys[0]
    assert address_key("https://a.example/#!/news/1/?utm_source=rss") == keys[0]
    assert address_key("https://a.example/#!/news?id=1") != address_key("https://a.example/#!/news?id=2")
    assert page_fragment("https://a.example/#!/news/1") == "!/news/1"
    assert page_fragment("https://a.example/#:~:text=bridge") == ""


def test_an_ampersand_that_was_escaped_once_too_often_is_one():
    assert address_key("https://a.example/x?a=1&amp;b=2") == address_key("https://a.example/x?a=1&b=2")
    assert address_key("https://a.example/x?a=1&#038;b=2") == address_key("https://a.example/x?a=1&b=2")


@given(
    st.text(alphabet="abc/.;()#!?&=ampS1", max_size=40),
    st.lists(st.sampled_from([*TRACKED, *CHOOSING]), max_size=4),
)
def test_a_canonical_form_is_its_own(path, parameters):
    form = canonicalise(f"https://a.example/{path}?{'&'.join(parameters)}")
    assert canonicalise(form) == form
    assert address_key(form) == address_key(f"https://{address_key(form)}")
