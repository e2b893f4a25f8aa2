"""Headlines in many languages, with the old encodings that their outlets used: for facts and figures on charsets."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple


class OldWriting(NamedTuple):
    """A language, the encodings that were in use for it, and headlines that it is written in."""

    language: str
    encodings: tuple[str, ...]
    headlines: tuple[str, ...]


_TEXTS = {
    "ru windows-1251 koi8-r iso-8859-5": """Правительство приняло новый закон о печати
Мост через реку закроют на одиннадцать недель
Врачи областной больницы начали забастовку""",
    "uk windows-1251 koi8-u": """Уряд ухвалив новий закон про пресу
Міст через річку закриють на одинадцять тижнів
Лікарі обласної лікарні розпочали страйк""",
    "bg windows-1251 iso-8859-5": """Правителството прие нов закон за печата
Мостът над реката затваря за единадесет седмици
Лекарите от областната болница започнаха стачка""",
    "sr windows-1251 iso-8859-5": """Влада је усвојила нови закон о штампи
Мост преко реке биће затворен једанаест недеља
Лекари окружне болнице почели су штрајк""",
    "pl iso-8859-2 windows-1250": """Rząd przyjął nową ustawę o prasie
Most na rzece zostanie zamknięty na jedenaście tygodni
Lekarze szpitala wojewódzkiego rozpoczęli strajk, żądają podwyżek""",
    "cs windows-1250 iso-8859-2": """Vláda přijala nový tiskový zákon
Most přes řeku bude na jedenáct týdnů uzavřen
Lékaři krajské nemocnice zahájili stávku, žádají vyšší mzdy""",
    "sk windows-1250 iso-8859-2": """Vláda schválila nový tlačový zákon
Most cez rieku zatvoria na jedenásť týždňov
Lekári krajskej nemocnice začali štrajk""",
    "hu windows-1250 iso-8859-2": """A kormány elfogadta az új sajtótörvényt
Tizenegy hétre lezárják a folyó fölötti hidat
Sztrájkba kezdtek a megyei kórház orvosai, bérükért küzdenek""",
    "hr windows-1250 iso-8859-2": """Vlada je usvojila novi zakon o tisku i medijima, kaže premijer Božić
Most preko rijeke bit će zatvoren jedanaest tjedana zbog oštećenja
Liječnici županijske bolnice započeli su štrajk""",
    "ro windows-1250 iso-8859-2": """Guvernul a adoptat o nouă lege a presei în ședința de astăzi
Podul peste râu va fi închis unsprezece săptămâni
Medicii spitalului județean au intrat în grevă""",
    "el windows-1253 iso-8859-7": """Η κυβέρνηση ψήφισε τον νέο νόμο για τον Τύπο
Κλείνει για έντεκα εβδομάδες η γέφυρα του ποταμού
Σε απεργία οι γιατροί του νομαρχιακού νοσοκομείου""",
    "tr windows-1254 iso-8859-9": """Hükümet yeni basın yasasını kabul etti
Nehrin üzerindeki köprü on bir hafta kapalı kalacak
Bölge hastanesinin doktorları greve başladı, ücret artışı istiyor""",
    "he windows-1255 iso-8859-8": """הממשלה אישרה את חוק העיתונות החדש
הגשר מעל הנהר ייסגר לאחד עשר שבועות
רופאי בית החולים המחוזי פתחו בשביתה""",
    "ar windows-1256 iso-8859-6": """الحكومة تقر قانون الصحافة الجديد
إغلاق الجسر فوق النهر أحد عشر أسبوعا
أطباء مستشفى المحافظة يبدأون إضرابا عن العمل""",
    "fa windows-1256": """دولت قانون تازه مطبوعات را تصويب کرد
پل روي رودخانه يازده هفته بسته مي شود
پزشکان بيمارستان استان اعتصاب کردند""",
    "lt windows-1257 iso-8859-13": """Vyriausybė priėmė naują spaudos įstatymą
Tiltas per upę bus uždarytas vienuolika savaičių
Apskrities ligoninės gydytojai pradėjo streiką dėl atlyginimų""",
    "lv windows-1257 iso-8859-13": """Valdība pieņēma jauno preses likumu
Tiltu pār upi slēgs uz vienpadsmit nedēļām
Apgabala slimnīcas ārsti sākuši streiku""",
    "et windows-1257 iso-8859-13": """Valitsus võttis vastu uue ajakirjandusseaduse
Jõe ületav sild suletakse üheteistkümneks nädalaks
Maakonnahaigla arstid alustasid streiki, et nõuda kõrgemat palka""",
    "vi windows-1258": """Chính phủ thông qua luật báo chí mới
Cầu qua sông đóng cửa mười một tuần
Bác sĩ bệnh viện tỉnh bắt đầu đình công""",
    "th windows-874": """รัฐบาลผ่านกฎหมายสื่อฉบับใหม่
ปิดสะพานข้ามแม่น้ำสิบเอ็ดสัปดาห์
แพทย์โรงพยาบาลจังหวัดเริ่มนัดหยุดงาน""",
    "zh gb18030": """政府通过新的新闻法
跨河大桥将封闭十一周
省医院医生开始罢工，要求提高工资""",
    "zh-tw big5": """政府通過新的新聞法
跨河大橋將封閉十一週
縣立醫院醫生開始罷工，要求調高薪資""",
    "ja euc-jp shift_jis": """政府、新しい報道法を可決
川にかかる橋、十一週間の通行止めに
県立病院の医師らがストライキを開始、賃上げを求める""",
    "ko euc-kr": """정부, 새 언론법 통과시켜
강 위의 다리 십일 주 동안 폐쇄
도립병원 의사들 파업 돌입, 임금 인상 요구""",
    "de windows-1252 iso-8859-15": """Regierung beschließt neues Pressegesetz für Länder
Brücke über den Fluss für elf Wochen gesperrt
Ärzte des Kreiskrankenhauses treten in den Streik""",
    "fr windows-1252 iso-8859-15": """Le gouvernement adopte une nouvelle loi sur la presse à l’unanimité
Le pont sur la rivière fermé pendant onze semaines, décision du préfet
Les médecins de l’hôpital départemental en grève dès lundi""",
    "es windows-1252 iso-8859-15": """El Gobierno aprueba la nueva ley de prensa tras año y medio de debate
El puente sobre el río cerrará once semanas por reparación
Los médicos del hospital comarcal inician una huelga""",
    "pt windows-1252 iso-8859-15": """Governo aprova nova lei de imprensa após votação
Ponte sobre o rio será fechada por onze semanas, diz prefeitura em São João
Médicos do hospital regional iniciam greve por salários não pagos""",
    "it windows-1252 iso-8859-15": """Il governo approva la nuova legge sulla stampa: è polemica
Il ponte sul fiume chiuderà per undici settimane, perché è pericolante
I medici dell’ospedale entrano in sciopero: così non va più""",
    "sv windows-1252 iso-8859-15": """Regeringen antar en ny presslag på måndag
Bron över älven stängs i elva veckor
Läkarna på länssjukhuset går i strejk för högre löner""",
    "da windows-1252 iso-8859-15": """Regeringen vedtager ny presselov for første gang
Broen over åen lukkes i elleve uger
Lægerne på amtssygehuset går i strejke""",
    "fi windows-1252 iso-8859-15": """Hallitus hyväksyi uuden lehdistölain tänään
Joen ylittävä silta suljetaan yhdeksitoista viikoksi
Lääninsairaalan lääkärit aloittivat lakon""",
    "is windows-1252 iso-8859-15": """Ríkisstjórnin samþykkti ný fjölmiðlalög
Brúin yfir ána lokuð í ellefu vikur
Læknar á sjúkrahúsinu hófu verkfall""",
}  # fmt: skip
_MEANT = str.maketrans({"ș": "ş", "ț": "ţ", "Ș": "Ş", "Ț": "Ţ"})  # Romanian letters as the old encodings have them


def old_writings() -> list[OldWriting]:
    """Return all languages."""
    return [
        OldWriting(head.split()[0], tuple(head.split()[1:]), tuple(text.translate(_MEANT).splitlines()))
        for head, text in _TEXTS.items()
    ]


def encode(text: str, encoding: str) -> bytes:
    """Return ``text`` in ``encoding``; Vietnamese tone marks as characters of their own, as Windows-1258 has them."""
    if encoding == "windows-874":
        encoding = "cp874"
    if encoding == "windows-1258":
        return b"".join(_vietnamese(character) for character in text)
    return text.replace("’", "'" if encoding.startswith("iso") else "’").encode(encoding)


def _vietnamese(character: str) -> bytes:
    try:
        return character.encode("cp1258")
    except UnicodeEncodeError:
        *letters, tone = unicodedata.normalize("NFD", character)
        if letters[1:] and tone in "\u0302\u0306\u031b":  # the mark is part of the letter, the tone stands before it
            letters, tone = [letters[0], tone], letters[1]
        return unicodedata.normalize("NFC", "".join(letters)).encode("cp1258") + tone.encode("cp1258")
