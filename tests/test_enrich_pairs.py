"""Names that must be one entity, and names that must not. Brackets mark the two names, in one article or in two."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from pipeline.enrich import enrich, load_recognisers
from pipeline.records import Article
from pipeline.settings import EntitySettings

CONFIG = Path(__file__).parent.parent / "config"
MODELS = ("bundled", "lists")
_MARK = re.compile(r"\[([^\]]+)\]")


@functools.cache
def loaded(model):
    return load_recognisers(EntitySettings(model=model), CONFIG)


def marked(text: str, model: str) -> list[str]:
    """The entities of the names in brackets."""
    known, chooser = loaded(model)
    names = enrich(Article(id="a", text=_MARK.sub(r"\1", text), language="en"), known, chooser("en"))
    starts = [m.start() - 2 * n for n, m in enumerate(_MARK.finditer(text))]
    ids = {m.start: m.entity for m in names.mentions}
    shown = [(m.name, m.type.value, m.entity) for m in names.mentions]
    assert all(start in ids for start in starts), f"not found: {shown}"
    return [ids[start] for start in starts]


def pair(*texts: str, model: str) -> list[str]:
    found = [entity for text in texts for entity in marked(text, model)]
    assert len(found) == 2, found
    return found


JOINED = [
    # a head of government and a caliph
    ("Talks with [Nouri Maliki] failed.", "Talks with [Nouri al-Maliki] failed."),
    ("Talks with [Nuri al-Maliki] failed.", "Talks with [Nouri al-Maliki] failed."),
    ("Talks with [Nouri Al Maliki] failed.", "Talks with [Nuri Maliki] failed."),
    ("Prime Minister [Nouri Maliki] spoke. Later [Maliki] left.",),
    ("Iraqi PM [Nuri al-Maliki] spoke, and [al-Maliki] left at once.",),
    ("Mr [Maliki] met Nouri al-Maliki's guests.", "The party chose [Nouri al-Maliki] again."),
    ("[Abu Bakr al-Baghdadi] fled.", "Its chief, [Abu Bakr Al Baghdadi], sought to take over."),
    # one armed group
    ("[ISIS] took the town.", "[ISIL] took the town."),
    ("[Isil] took the town.", "The [Islamic State] took the town."),
    ("[Daesh] took the town.", "[Islamic State of Iraq and Syria] took the town."),
    ("The [Islamic State in Iraq and the Levant] ([Isil]) took the town.",),
    ("The [Islamic State of Iraq and the Levant] took the town.", "The [Islamic State group] took the town."),
    ("The [Islamic State of Iraq and al-Sham] lost.", "[Isis] lost."),
    ("Fighters of [IS] lost.", "[ISIS] lost."),
    # others
    ("[al-Qaeda] claimed it.", "[Al Qaida] claimed it."),
    ("[al Qaeda] claimed it.", "[Al-Qaeda] claimed it."),
    ("An [al Qaeda] offshoot claimed it.", "[Al-Qaida] claimed it."),
    ("[Al Nusra] withdrew.", "The [al-Nusra Front] withdrew."),
    ("[Jabhat al-Nusra] withdrew.", "The [Nusra Front] withdrew."),
    ("Members of [Al Nusra Front] and, later, [Al Nusra] withdrew.",),
    ("[Hezbollah] fired back.", "[Hizbullah] fired back."),
    ("[Al Shabaab] attacked a base.", "[al-Shabab] attacked a base."),
    ("The [Taliban] refused.", "The [Afghan Taliban] refused."),
    ("The [PKK] refused.", "The [Kurdistan Workers' Party] refused."),
    # bodies of the world
    ("The [UN] met.", "The [United Nations] met."),
    ("The [U.N.] met.", "The [UN] met."),
    ("The [EU] met.", "The [European Union] met."),
    ("The [IOM] counted them.", "The [International Organization for Migration] counted them."),
    ("The [International Organisation for Migration] ([IOM]) counted them.",),
    ("The [UNHCR] built tents.", "The [UN refugee agency] built tents."),
    ("The [United Nations refugee agency] built tents.", "The [UNHCR] built tents."),
    ("The [United Nations High Commissioner for Refugees] built tents.", "The [UNHCR] built tents."),
    ("The [WHO] approved it.", "The [World Health Organization] approved it."),
    ("The [World Health Organisation] approved it.", "Doctors asked the [WHO] for help."),
    ("[NATO] met.", "[Nato] met."),
    ("The [North Atlantic Treaty Organization] met.", "[NATO] met."),
    ("The [IMF] lent it.", "The [International Monetary Fund] lent it."),
    ("The [Security Council] met.", "The [United Nations Security Council] met."),
    ("The [African Union] met.", "The [AU] met."),
    ("[Unicef] fed them.", "[UNICEF] fed them."),
    ("[Doctors Without Borders] left.", "[MSF] left."),
    ("The [ICC] ruled.", "The [International Criminal Court] ruled."),
    ("The [World Food Programme] stopped.", "The [WFP] stopped."),
    ("The [IAEA] inspected it.", "The [International Atomic Energy Agency] inspected it."),
    # states
    ("The [US] agreed.", "The [United States] agreed."),
    ("The [U.S.] agreed.", "[America] agreed."),
    ("The [USA] agreed.", "The [United States of America] agreed."),
    ("The [UK] agreed.", "[Britain] agreed."),
    ("[Great Britain] agreed.", "The [United Kingdom] agreed."),
    ("[Burma] agreed.", "[Myanmar] agreed."),
    ("[Turkey] agreed.", "[Türkiye] agreed."),
    ("[Ivory Coast] agreed.", "[Côte d'Ivoire] agreed."),
    ("The [Democratic Republic of Congo] agreed.", "The [DRC] agreed."),
    ("[DR Congo] agreed.", "The [Democratic Republic of the Congo] agreed."),
    ("[Holland] agreed.", "The [Netherlands] agreed."),
    ("The [UAE] agreed.", "The [United Arab Emirates] agreed."),
    ("[Swaziland] agreed.", "[Eswatini] agreed."),
    # towns
    ("It rained in [Kyiv].", "It rained in [Kiev]."),
    ("It rained in [Mumbai].", "It rained in [Bombay]."),
    ("It rained in [Odesa].", "It rained in the Ukrainian port of [Odessa], and Ukraine waited."),
    ("It rained in [Deir ez-Zor].", "It rained in [Deir Al Zor]."),
    ("It rained in [Deir Ezzor].", "It rained in [Deir el-Zour]."),
    ("It rained in [Deir al-Zor].", "It rained in [Deir al-Zour]."),
    ("It rained in [Kolkata].", "It rained in [Calcutta]."),
    ("It rained in [Fallujah].", "It rained in [Falluja]."),
    ("It rained in [St Petersburg].", "It rained in [Saint Petersburg]."),
    ("It rained in [Kharkiv].", "It rained in [Kharkov]."),
    ("It rained in [Cologne].", "It rained in [Köln]."),
    ("It rained in [Sanaa].", "It rained in [Sana'a]."),
    ("It rained in [New York].", "It rained in [New York City]."),
    ("It rained in [Washington].", "It rained in [Washington DC]."),
    ("It rained in [Nineveh province], and later all over [Nineveh].",),
    # people
    ("[Muammar Gaddafi] fell.", "[Moammar Gadhafi] fell."),
    ("[Muammar Qaddafi] fell.", "[Gaddafi] fell."),
    ("[Volodymyr Zelensky] spoke.", "[Volodymyr Zelenskyy] spoke."),
    ("President [Zelenskiy] spoke.", "[Volodymyr Zelensky] spoke."),
    ("[Vladimir Putin] spoke.", "President [Putin] spoke."),
    ("[Bashar al-Assad] spoke.", "[Bashar Assad] spoke."),
    ("[Osama bin Laden] fled.", "[Osama Bin Laden] fled."),
    ("[Kim Jong-un] spoke.", "[Kim Jong Un] spoke."),
    ("[Hillary Clinton] spoke.", "[Hillary Rodham Clinton] spoke."),
    ("Dr [Amina Sowe] spoke. Asked again, [Sowe] smiled.",),
    ("[J. R. Harker] wrote it. [John Harker] paid.",),
    ('[Samuel Okoro], 34, sang. "I know," [Okoro] said.',),
    ("[Paris Hilton] sang. [Hilton] then left.",),
    ("[Denzel Washington] spoke. [Washington] then left.",),
    ("[Michael Jordan] spoke. [Jordan], who scored twice, left.",),
    # ministries and firms
    ("The [State Department] spoke.", "The [US State Department] spoke."),
    ("[State Department] spokeswoman Ann Lee spoke.", "The [Department of State] spoke."),
    ("The [Kremlin] denied it.", "A man close to the [Kremlin] denied it."),
    ("The [Pentagon] paid.", "The [US Department of Defense] paid."),
    ("The [Iraqi Interior Ministry] denied it.", "Iraq's [Interior Ministry] denied it."),
    ("Kenya's [Ministry of Health] paid.", "The [Kenyan Ministry of Health] paid."),
    ("Iraq and Iraqis mourn. The [Interior Ministry] denied it.", "Iraq's [Interior Ministry] denied it."),
    ("Kenya's [Ministry of the Interior] paid.", "The [Kenyan Interior Ministry] paid."),
    ("Kenya's [Interior Ministry] paid. The [Interior Ministry] then slept.",),
    ("The US and Americans wait. The [Senate] voted.", "The [US Senate] voted."),
    ('Shares of [Vellamo Biologics] rose. "Good," [Vellamo] said.',),
    ("[Halvorsen & Reed] paid. Lawyers for [Halvorsen & Reed] smiled.",),
    ("The [Syrian Observatory for Human Rights] counted. The [Observatory] counted again.",),
    # short and long, native and English order, spellings of one sound
    ("[Joe Biden] spoke.", "[Joe Biden] left. Later Joseph Biden slept."),
    ("[Lawrence Lessig] wrote it. His friend calls [Larry Lessig] a nerd.",),
    ("[Robert Harker] paid. [Bob Harker] slept.",),
    ("President [William Jefferson Clinton] signed. Mr [Clinton] slept.",),
    ("[Jens Otto Harker] wrote it. [Otto Harker] slept.",),
    ("Prime Minister [Shinzo Abe] spoke. [Abe Shinzo] slept.",),
    ("Colonel [Muammar Gaddafi] spoke. Mr [Qaddafi] slept.",),
    ("[Muammar Gaddafi] spoke. [Moammar Qaddafi] slept.",),
    ("[Muhammad Odeh] spoke. Mr [Mohammed Odeh] slept.",),
    ("[Ann Harker], OBE, spoke. [Harker] slept.",),
    ("The [Falkland Islands] voted. London holds the [Falklands].",),
    ("[Ahmed al-Sharaa] spoke.", "[Abu Mohammed al-Jolani] spoke."),
    ("General [Mohamed Hamdan Dagalo] spoke.", "[Hemedti] spoke."),
    ("[Nicolás Maduro] spoke.", "[Nicolas Maduro] spoke."),
    ("The [Organisation for the Prohibition of Chemical Weapons] met.", "The [OPCW] met."),
    # peoples
    ("[Shiite] parties won.", "[Shi'ite] parties won."),
    ("The [Shia] won.", "The [Shiites] won."),
    ("[Iraqi] troops won.", "The [Iraqis] won."),
    ("The [Kurds] won.", "[Kurdish] forces won."),
]

APART = [
    ("[Bill Clinton] met [Hillary Clinton].",),
    ("[Bill Clinton] slept.", "[Hillary Clinton] slept."),
    ("[Chelsea Clinton] slept.", "[Hillary Clinton] slept."),
    ("[George W. Bush] met [George H. W. Bush].",),
    ("[George W. Bush] slept.", "[Jeb Bush] slept."),
    ("[Michelle Obama] slept.", "[Barack Obama] slept."),
    ("Michelle Obama met [Michelle Obama]'s mother. [Barack Obama] slept.",),
    ("[Fidel Castro] slept.", "[Raul Castro] slept."),
    ("[Nawaz Sharif] met [Shehbaz Sharif].",),
    ("[Kim Jong-un] slept.", "[Kim Jong-il] slept."),
    ("[Mahatma Gandhi] slept.", "[Rahul Gandhi] slept."),
    ("[Anna Berg] met [Tom Berg].",),
    ("Tbilisi and the Georgians voted. [Georgia] voted.", "Atlanta voted with Florida. [Georgia] voted."),
    ("[Georgia] and Armenia share a border, Tbilisi said.", "[Georgia] and Alabama share a border."),
    ("The [Republic of the Congo] voted.", "The [Democratic Republic of the Congo] voted."),
    ("[Congo-Brazzaville] voted.", "[DR Congo] voted."),
    ("In Brazzaville, [Congo] voted.", "In Kinshasa, [Congo] voted."),
    ("[George Washington] crossed it.", "He flew to [Washington]."),
    ("[Denzel Washington] flew to [Washington].",),
    ("[Jordan] and Syria signed.", "[Michael Jordan] signed."),
    ("Michael Jordan spoke. [Jordan] scored twice, and Michael Jordan wept.", "Iraq, Syria and [Jordan] signed."),
    ("[Paris Hilton] flew to [Paris].",),
    ("[Paris Hilton] slept.", "It rained in [Paris]."),
    ("[Chad] and Niger signed.", "[Chad Smith] signed."),
    ("Iraq's [Interior Ministry] denied it.", "Syria's [Interior Ministry] denied it."),
    ("Iraq's [Interior Ministry] denied it, and so did Syria's [Interior Ministry].",),
    (
        "Kenya and the Kenyans wait. The [Interior Ministry] spoke.",
        "Iraq and Iraqis wait. The [Interior Ministry] spoke.",
    ),
    ("The [Kenyan Senate] voted.", "The [US Senate] voted."),
    ("India's [Supreme Court] ruled.", "Pakistan's [Supreme Court] ruled."),
    ("The [French Foreign Ministry] spoke.", "The [German Foreign Ministry] spoke."),
    ("The [UN] met.", "The [UN Security Council] met."),
    ("The [European Commission] met the [European Parliament].",),
    ("The [European Union] met.", "The [Council of Europe] met."),
    ("[Islamic State] lost.", "[Islamic Jihad] lost."),
    ("[al-Qaeda] lost.", "[al-Qaeda in the Arabian Peninsula] lost."),
    ("The [al-Nusra Front] lost.", "The [National Front] lost."),
    ("The [Taliban] lost.", "The [Pakistani Taliban] lost."),
    ("The [Muslim Brotherhood] lost.", "The [Muslims] lost."),
    ("[North Korea] signed.", "[South Korea] signed."),
    ("[Sudan] signed.", "[South Sudan] signed."),
    ("[Guinea] signed.", "[Equatorial Guinea] signed."),
    ("[Niger] signed.", "[Nigeria] signed."),
    ("[Ireland] signed.", "[Northern Ireland] signed."),
    ("[Virginia] signed.", "[West Virginia] signed."),
    ("[Britain] signed.", "[England] signed."),
    ("[London], Ontario, slept.", "It rained in [London]."),
    ("[Birmingham], Alabama, slept.", "It rained in [Birmingham]."),
    ("It rained in [Tripoli], Libya.", "It rained in [Tripoli], Lebanon."),
    ("It rained in [Hyderabad], India.", "It rained in [Hyderabad], Pakistan."),
    ("It rained in [Mexico].", "It rained in [New Mexico]."),
    ("It rained in [Mosul].", "Rain fell on [Mosul Street]."),
    ("The [Pentagon] paid.", "The [State Department] paid."),
    ("The [Bank of England] paid.", "The [World Bank] paid."),
    ("The [Washington Post] paid.", "[Washington] paid."),
    ("The [Iraqi] soldiers slept.", "They slept in [Iraq]."),
    ("[Halvorsen & Reed] paid.", "[Halvorsen & Sons] paid."),
    ("[Harker Mills] fell 3 per cent, the brokers said, and [Harker Foods] rose.",),
    ("The [WHO] met.", "The [WTO] met."),
    ("The [Red Cross] met.", "The [Red Crescent] met."),
    ("[Vladimir Putin] slept.", "[Vladimir Zelensky] slept."),
    ("[Hassan Khalil] met [Hussein Khalil].",),
    ("[Maria Lopez] met [Mario Lopez].",),
    ("[Julia Harker] met [Julio Harker].",),
    ("[William Harker] met [Walter Harker].",),
    ("[George W. Bush] slept. His father [George H. W. Bush] slept.",),
    ("[Oklahoma] voted. So did the people of [Oklahoma City].",),
    ("[Mexico] voted. In [Mexico City] it rained.",),
    ("[San Francisco] slept. Fog lay on [San Francisco Bay].",),
    ("[Niger] signed, and so did [Nigeria].",),
    ("[Michel Aoun] slept.", "[Joseph Aoun] slept."),
    ("[Alberto Fernández] slept.", "[Cristina Fernandez] slept."),
    ("[Abdel Fattah al-Burhan] slept.", "[Abdel Fattah el-Sisi] slept."),
    ("It rained in [Springfield], IL.", "It rained in [Springfield], MO."),
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("texts", JOINED, ids=" | ".join)
def test_names_of_one_are_one_entity(texts, model):
    one, other = pair(*texts, model=model)
    assert one == other


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("texts", APART, ids=" | ".join)
def test_names_of_two_stay_apart(texts, model):
    one, other = pair(*texts, model=model)
    assert one != other
