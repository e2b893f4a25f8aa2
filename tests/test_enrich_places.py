"""The countries in which the places lie that articles name. 200 mentions, each with its country: [Mosul IQ]."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from pipeline.enrich import enrich, load_recognisers
from pipeline.records import Article, EntityType
from pipeline.settings import EntitySettings

CONFIG = Path(__file__).parent.parent / "config"
_MARK = re.compile(r"\[([^\]]+) ([A-Z]{2}|--)\]")
MENTIONS = 200
TARGET = 0.95

# The source's country, then the text; "--" where the name is no country's or can't be known.
ARTICLES = [
    ("GB", "Militants took [Mosul IQ] overnight; families fled to [Erbil IQ] and [Dohuk IQ], the Iraqi army said."),
    ("US", "Shelling in [Aleppo SY] and [Homs SY] went on as talks opened in [Geneva CH] on Monday."),
    ("US", "The convoy left [Beirut LB] for [Damascus SY] at dawn and reached [Deir Al Zor SY] two days later."),
    ("IN", "Trains between [Mumbai IN] and [Pune IN] were late after floods in [Maharashtra IN], the railway said."),
    ("IN", "Police in [Hyderabad IN] arrested two men from [Warangal IN] on Sunday."),
    ("PK", "Police in [Hyderabad PK] arrested two men from [Karachi PK] on Sunday."),
    ("KE", "Buses from [Nairobi KE] to [Kisumu KE] and [Mombasa KE] stopped after a strike in [Nakuru KE]."),
    ("NG", "Traders in [Kano NG] and [Lagos NG] closed their shops; [Abuja NG] stayed calm."),
    ("ZA", "Power cuts hit [Johannesburg ZA], [Durban ZA] and [Cape Town ZA] on Friday."),
    ("CA", "A fire in [London CA], Ontario, spread to [Windsor CA], the Canadian police said."),
    ("GB", "A fire in [London GB] spread along the river, and firefighters came from [Reading GB] and [Luton GB]."),
    ("US", "A jury in [Springfield US], Illinois, heard a man from [Peoria US] on Tuesday."),
    ("US", "A jury in [Springfield US], Missouri, heard a man from [Branson US] on Tuesday."),
    ("US", "GARY, Ind., and [Hammond US], Indiana, share a steel mill with [Chicago US]."),
    ("US", "The governor of [Georgia US] spoke in [Atlanta US] and flew on to [Savannah US]."),
    ("GB", "Voters in [Tbilisi GE] and [Batumi GE] chose a new parliament for [Georgia GE]."),
    ("US", "Fighting near [Goma CD] drove thousands into [Rwanda RW]; [Kinshasa CD] blamed [Kigali RW]."),
    ("FR", "Boats from [Brazzaville CG] carry fish; the [Republic of the Congo CG] taxes them."),
    ("US", "The [Democratic Republic of Congo CD] closed its border with [Uganda UG] and [Burundi BI]."),
    ("GB", "A ferry from [Dover GB] to [Calais FR] turned back in high seas; another reached [Ostend BE]."),
    ("GB", "A storm hit [Cornwall GB] and [Devon GB], then [Plymouth GB] and [Exeter GB]."),
    ("AU", "A storm hit [Perth AU] and [Fremantle AU] before it reached [Adelaide AU]."),
    ("GB", "A storm hit [Perth GB], Scotland, and later [Dundee GB]."),
    ("NZ", "The council of [Hamilton NZ] voted; [Wellington NZ] and [Auckland NZ] had voted before."),
    ("CA", "The council of [Hamilton CA] voted; [Toronto CA] and [Ottawa CA] had voted before."),
    ("ES", "The mayor of [Valencia ES] flew to [Barcelona ES] and [Madrid ES] to ask for money."),
    ("US", "The mayor of [Valencia VE] left [Venezuela VE] and asked [Colombia CO] for help; [Caracas VE] protested."),
    ("US", "In [Spain ES] the people of [Cordoba ES] and [Granada ES] waited for rain."),
    ("US", "In [Argentina AR] the people of [Cordoba AR] and [Rosario AR] waited for rain."),
    ("US", "Protests in [Santiago CL] spread to [Valparaiso CL] and [Concepcion CL], Chilean police said."),
    ("GB", "Rebels shelled [Tripoli LY] while [Misrata LY] and [Benghazi LY] held out, a Libyan officer said."),
    ("GB", "Gunmen fought in [Tripoli LB], Lebanon, and in [Sidon LB]."),
    ("GB", "Protesters in [Alexandria EG] and [Cairo EG] called for bread."),
    ("US", "Commuters from [Alexandria US], Virginia, reached [Washington US] on foot."),
    ("US", "In [Kyiv UA], officials said that [Kharkiv UA] and [Odesa UA] had been hit, and [Lviv UA] spared."),
    ("US", "A train from [Odessa US], Texas, to [Midland US] was late, and [Dallas US] waited."),
    ("GB", "A plane from [Moscow RU] to [Vladivostok RU] landed in [Omsk RU]; [Saint Petersburg RU] was shut."),
    ("US", "Tourists left [St. Petersburg US], Florida, for [Tampa US] before the storm."),
    ("DE", "A bridge in [Frankfurt DE] was closed, and lorries from [Mannheim DE] waited near [Mainz DE]."),
    ("DE", "Trains from [Berlin DE] to [Munich DE] stop in [Nuremberg DE] and [Leipzig DE]."),
    ("GB", "Ministers met in [Brussels BE] and [Strasbourg FR]; [Rome IT] and [Vienna AT] sent deputies."),
    ("US", "Migrants reached [Lampedusa IT] from [Sfax TN] and [Zarzis TN], Tunisian and Italian sailors said."),
    ("GB", "The Turkish lira fell in [Istanbul TR], and banks in [Ankara TR] and [Izmir TR] closed early."),
    ("IL", "Sirens were heard in [Tel Aviv IL], [Haifa IL] and [Ashkelon IL]; [Gaza --] was dark."),
    ("US", "The dam near [Kandahar AF] feeds [Helmand AF]; [Kabul AF] has none."),
    ("PK", "Snow closed roads to [Quetta PK] and [Peshawar PK], and [Islamabad PK] froze."),
    ("BD", "Garment makers in [Dhaka BD] and [Chittagong BD] raised wages, [Bangladesh BD] said."),
    ("LK", "Rain in [Colombo LK] reached [Kandy LK], [Sri Lanka LK] reported."),
    ("US", "The junta of [Myanmar MM] freed prisoners in [Yangon MM] and [Mandalay MM]."),
    ("SG", "Chip makers in [Penang MY] and [Johor MY] sell to [Singapore SG] and [Hsinchu TW], Taiwan."),
    ("PH", "A typhoon hit [Manila PH], [Cebu City PH] and [Davao PH]."),
    ("US", "A typhoon hit [Okinawa JP] and moved to [Osaka JP] and [Nagoya JP]."),
    ("CN", "Factories in [Shenzhen CN], [Wuhan CN] and [Chongqing CN] slowed; [Hong Kong HK] did not."),
    ("KR", "Ships from [Busan KR] sail to [Shanghai CN] and [Yokohama JP]."),
    ("BR", "Rain in [Sao Paulo BR] and [Recife BR] cut power; [Brasilia BR] sent help."),
    ("MX", "Police in [Tijuana MX] and [Ciudad Juarez MX] asked [Mexico City MX] for help."),
    ("US", "A ship from [San Juan PR] reached [Miami US] and [Norfolk US], Virginia."),
    ("US", "The court in [Birmingham US], Alabama, heard a case from [Mobile US]."),
    ("GB", "The court in [Birmingham GB] heard a case from [Coventry GB] and [Wolverhampton GB]."),
    ("US", "Students at [Cambridge US], Massachusetts, walked to [Boston US] in the snow."),
    ("GB", "Students in [Cambridge GB] and [Oxford GB] walked out over fees."),
    ("IE", "Farmers from [Cork IE] and [Galway IE] drove to [Dublin IE]."),
    ("US", "The Ethiopian army left [Mekelle ET], and [Addis Ababa ET] asked [Eritrea ER] to go too."),
    ("US", "The Sudanese army left [Khartoum SD]; [Darfur SD] was cut off, and [Juba SS] feared for its oil."),
    ("GB", "The Somali army took [Kismayo SO]; in [Mogadishu SO] a bomb went off."),
    ("FR", "Soldiers left [Bamako ML] for [Gao ML] and [Timbuktu ML]; [Niamey NE] was quiet."),
    ("US", "The [US US] and the [UK GB] warned [Iran IR]; [Tehran IR] shrugged."),
    ("GB", "[Jordan JO] and [Egypt EG] sent aid through [Amman JO]."),
    ("US", "[Chad TD] and [Niger NE] signed in [N'Djamena TD]."),
    ("US", "[Turkey TR] asked [Sweden SE] and [Finland FI] in [Stockholm SE]."),
    ("GB", "[Holland NL] beat [Portugal PT] in [Rotterdam NL]; [Lisbon PT] wept."),
    ("US", "Snow fell on [Paris FR] and [Lyon FR]; [Marseille FR] had rain."),
    ("US", "Snow fell on [Paris US], Texas, and on [Tulsa US]."),
    ("CA", "Snow fell on [Vancouver CA], [Calgary CA] and [Quebec CA]."),
]  # fmt: skip


def judged(source: str, text: str, model: str) -> list[tuple[str, str, str | None]]:
    """Each marked place with the country that it should have and the one that it got (None: not found)."""
    known, chooser = loaded(model)
    plain = _MARK.sub(r"\1", text)
    names = enrich(Article(id="a", text=plain, language="en"), known, chooser("en"), source_country=source)
    countries = {e.id: e.country or "--" for e in names.entities}
    found = {m.start: countries[m.entity] for m in names.mentions if m.type is EntityType.PLACE}
    made, shift = [], 0
    for mark in _MARK.finditer(text):
        made.append((mark[1], mark[2], found.get(mark.start() - shift)))
        shift += len(mark[0]) - len(mark[1])
    return made


@functools.cache
def loaded(model):
    return load_recognisers(EntitySettings(model=model), CONFIG)


@pytest.mark.parametrize("model", ["bundled", "lists"])
def test_places_lie_in_the_right_country(model):
    judgements = [one for source, text in ARTICLES for one in judged(source, text, model)]
    wrong = [one for one in judgements if one[1] != one[2]]
    assert len(judgements) >= MENTIONS
    assert 1 - len(wrong) / len(judgements) >= TARGET, wrong
