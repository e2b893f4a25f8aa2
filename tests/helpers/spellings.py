"""Texts and search lines that must and must not find them: the same on both engines."""

from __future__ import annotations

# (language, text, search lines that find it, search lines that don't)
SPELLINGS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    # Latin
    ("pl", "Łódź otworzyła most. Zażółć gęślą jaźń.", ("lodz", "ŁÓDŹ", "łodz", "zazolc", "gesla"), ("lodzi", "uodz")),
    ("no", "Østfold åpner bro. Ærlig talt.", ("ostfold", "ØSTFOLD", "apner", "aerlig"), ("stfold", "aarlig")),
    ("da", "Færøerne får et nyt værft på Sjælland", ("faeroerne", "FÆRØERNE", "vaerft", "sjaelland"), ("fareerne",)),
    ("de", "Die Straße bleibt offen, der Spaß groß", ("strasse", "STRASSE", "STRAẞE", "spass"), ("strae", "stras")),
    ("de", "Bürgermeister Jörg Müller über Öl", ("burgermeister", "jorg muller", "uber", "ÖL"), ("bergermeister",)),
    ("is", "Þórður Guðmundsson í Reykjavík", ("thordur", "gudmundsson", "reykjavik", "ÞÓRÐUR"), ("pordur",)),
    ("hr", "Đoković pobijedio u Čačku", ("dokovic", "ĐOKOVIĆ", "cacku"), ("okovic",)),
    (
        "tr",
        "İSTANBUL ve Iğdır’da ışık söndü, ISI düştü",
        ("istanbul", "ığdır", "igdir", "IĞDIR", "isik", "ışık", "ısı"),
        ("stanbul",),
    ),
    ("az", "Əliyev Bakıda çıxış etdi", ("aliyev", "ƏLIYEV", "bakida", "cixis"), ("liyev",)),
    (
        "vi",
        "Đường phố đông, Thị trưởng ở Hà Nội",
        ("duong", "ĐƯỜNG", "duong pho", "thi truong", '"ha noi"'),
        ("uong", "hanoi"),
    ),
    ("ro", "Știri din București și Țară", ("stiri", "ştiri", "bucuresti", "bucureşti", "tara"), ("tiri",)),
    ("mt", "Il-Ħamrun u l-Għawdex", ("hamrun", "ghawdex"), ("amrun",)),
    ("fr", "Le cœur de l’Œuvre, œcuménique à Noël", ("coeur", "oeuvre", "ŒUVRE", "noel"), ("cour",)),
    ("es", "El niño y la cigüeña de A Coruña", ("nino", "NIÑO", "ciguena", "coruna"), ("nio",)),
    ("cs", "Příliš žluťoučký kůň u Plzně", ("prilis", "zlutoucky", "kun", "plzne"), ("zlutouci",)),
    ("cy", "Ysgol yn Nhŷ’r Ŵyl", ("nhy", "wyl"), ("nhyr",)),
    ("haw", "Lahaina lies on Hawaiʻi", ("hawai'i", "hawai’i", "hawaiʻi"), ("hawaii",)),
    ("en", "Sheikh ʿAbd al-Raḥmān of the Shīʿa", ("abd", "rahman", "shia"), ("cabd",)),
    ("ha", "Ɗan majalisa a Ƙasar", ("dan", "kasar"), ("an",)),
    # Forms of compatibility
    ("ja", "ＡＢＣ株式会社が２０２６年に", ("abc", "2026", "株式会社", "2026年"), ("ab", "202")),
    (
        "en",
        "The oﬃce of the ﬁnance chief, Ⅳ and 5㎏ of H₂O",
        ("office", "finance", "IV", "5kg", "H2O"),
        ("ofce", "nance"),
    ),
    ("en", "The e\u0301lite of Zu\u0308rich", ("elite", "élite", "zurich", "zürich"), ("lite",)),
    (
        "de",
        "Die Donau\u00addampf\u00adschifffahrt und Auf\u200clage",
        ("donaudampfschifffahrt", "auflage"),
        ("donau", "dampf"),
    ),
    (
        "en",
        "zero\u200bwidth and \ufeffmark and wo\u2060rd and \u202aleft\u202c",
        ("zerowidth", "mark", "word", "left"),
        ("zero",),
    ),
    ("en", "The 𝐛𝐨𝐥𝐝 post", ("bold",), ("old",)),
    ("en", "Acme™ Holdings® won", ("acme", "holdings"), ("acmetm",)),
    # Cyrillic
    ("ru", "Ёлку поставят, российские учёные довольны", ("елку", "ЁЛКУ", "ученые", "учёные", "УЧЕНЫЕ"), ("олку",)),
    ("ru", "Мой чай, майка и йод", ("чай", "ЧАЙ", "чаи\u0306", "маи\u0306ка"), ("маика", "иод", "мои")),
    ("ru", "Большо\u0301й за\u0301мок", ("большой", "замок"), ("зомок",)),
    (
        "uk",
        "Ґанок у Київі та п’ять їжаків",
        ("ганок", "ґанок", "київі", "п'ять", "пʼять", "п’ять"),
        ("киіві", "іжаків"),
    ),
    ("be", "Ўладзімір у Менску", ("ўладзімір", "ЎЛАДЗІМІР"), ("уладзімір",)),
    ("bg", "Ѝ казаха на нея", ("и", "ѝ"), ("й",)),
    ("mk", "Ѓорѓи и ќерка", ("ѓорѓи", "ЃОРЃИ", "ќерка"), ("горги", "керка")),
    ("kk", "Қазақстан Үкіметі", ("қазақстан", "ҚАЗАҚСТАН", "үкіметі"), ("казакстан",)),
    # Greek, Armenian, Georgian
    (
        "el",
        "Η γέφυρα στην Αθήνα, ο δήμαρχος, προϊόν",
        ("γεφυρα", "ΓΈΦΥΡΑ", "ΓΕΦΥΡΑ", "αθηνα", "ΔΗΜΑΡΧΟΣ", "προιον"),
        ("γαφυρα",),
    ),
    ("el", "Ὁ ἄνθρωπος ᾠδή", ("ανθρωπος", "ωδη", "ΑΝΘΡΩΠΟΣ"), ("νθρωπος",)),
    ("hy", "Հայաստան և Երևան", ("հայաստան", "ՀԱՅԱՍՏԱՆ", "եւ", "երեւան"), ("հայաստա",)),
    ("ka", "თბილისი", ("თბილისი", "ᲗᲑᲘᲚᲘᲡᲘ"), ("თბილის",)),
    # Arabic script
    ("ar", "قالَتِ الحكومةُ ذلك", ("قالت", "الحكومة", "الحكومه", "قَالَتْ"), ("قال",)),
    ("ar", "أعلن رئيس إسرائيل والآن في القاهرة", ("اعلن", "اسرائيل", "أسرائيل", "والان", "القاهره"), ("علن",)),
    ("ar", "مستشفى على المدى، هٰذا كـــتاب مسؤول", ("مستشفي", "علي", "هذا", "كتاب", "مسوول"), ("مستشفا",)),
    ("ar", "ﻻ إله، عام ٢٠٢٦", ("لا", "2026", "٢٠٢٦", "۲۰۲۶"), ("202",)),
    (
        "fa",
        "کتاب‌های ایران در سال ۱۴۰۵، می‌شود",
        ("کتاب", "كتاب", "کتاب‌های", "ايران", "1405", "می‌شود", '"می شود"'),
        ("تاب",),
    ),
    ("ur", "پاکستان کے وزیر", ("پاکستان", "پاكستان", "وزير"), ("پاکستانی", "کی")),
    # Hebrew
    (
        "he",
        "צה\u05f4ל בִּירוּשָׁלַיִם, ראש־העיר",
        ("בירושלים", 'צה"ל', 'צה"ל ראש', '"צה"ל בירושלים"', "צה״ל", "העיר"),
        ("ירושלים",),
    ),
    # India
    ("hi", "हिन्दी और ज़रूर पढ़ा, वर्ष २०२६, हाँ", ("हिंदी", "हिन्दी", "जरूर", "ज़रूर", "पढा", "2026", "हां"), ("हिदी", "जरूत")),
    ("hi", "मण्डल की पंचायत", ("मंडल", "पञ्चायत", "की"), ("के", "कि", "मडल")),
    ("bn", "যায় ২০২৬ কলকাতা", ("যায়", "যা\u09af\u09bc", "2026", "কলকাতা"), ("যায",)),
    ("ta", "தமிழ்நாடு", ("தமிழ்நாடு",), ("தமிழநாடு",)),
    ("si", "ශ්\u200dරී ලංකාව", ("ශ්රී", "ශ්\u200dරී"), ("ශරී",)),
    # Scripts without spaces
    ("th", "นายกเทศมนตรีประกาศเปิดสะพานใหม่ในกรุงเทพมหานคร", ("สะพาน", "กรุงเทพ", "นายกเทศมนตรี"), ("สะพาง", "กรุงเทพา")),
    ("th", "น้ำท่วม ปี ๒๕๖๙", ("น้ำท่วม", "น้ํา", "2569"), ("นา",)),
    ("lo", "ຫຼຸດພາສີນໍ້າມັນ ວຽງຈັນ", ("ພາສີ", "ວຽງຈັນ"), ("ພາສັ",)),
    ("km", "កាត់បន្ថយពន្ធ\u200bលើប្រេង", ("ពន្ធ", "ពន្ធលើ"), ("ពន្ធា",)),
    ("my", "ဒီဇယ်ဆီအခွန်ကို", ("အခွန်",), ("အခွန့်",)),
    # Korean
    (
        "ko",
        "대한민국 정부는 서울에서 회의를 열었다",
        ("서울", "서울에서", "정부", "회의", "민국", '"대한민국 정부"', "정부는"),
        ("서울시", "부는서"),
    ),
    ("ko", "그는 다시 장을 열었다", ("다시", "장을", "장"), ("시장", "시장을")),
    ("ko", "KBS가 AI를 씀", ("kbs", "KBS가", "AI", "ai를"), ("bs",)),
    # Chinese and Japanese
    (
        "zh",
        "旧平转桥将关闭，十一周。国务院发布AI芯片通知",
        ("转桥", "国务院", "AI芯片", "ai"),
        ("闭十", "轉橋", "务院长"),
    ),
    (
        "ja",
        "新しい橋の開通を発表した。コンピューターとﾃﾞｰﾀﾍﾞｰｽ",
        ("開通", "コンピュータ", "データベース", "ﾃﾞｰﾀﾍﾞｰｽ", "データ"),
        ("テータ", "こんぴゅーた", "橋開"),
    ),
    ("ja", "か\u3099くせい、葛\U000e0100飾区", ("がくせい", "葛飾"), ("かくせい",)),
    # Words of several parts
    (
        "en",
        "O’Brien of AT&T said e-mail cost 1,000",
        ("o'brien", "O’Brien", "obrien", "AT&T", "e-mail", "1,000", "1 000"),
        ("email", "brien"),
    ),
    ("en", "The U.S. and U.K. sent F-16s", ("US", "U.S.", "us", "UK", "U.K."), ("u", "ussent")),
    (
        "en",
        "An F-16, an MH17, a COVID-19 ward",
        ("F16", "f-16", "MH-17", "mh17", "covid", "COVID-19"),
        ("f", "covid19"),
    ),
    ("en", "They don't, can’t and wont", ("dont", "don't", "cant", "can't", "wont", "won't"), ("don", "won")),
    ("en", "The mayor’s and women's council", ("mayor", "mayor's", "mayors", "women’s", "women"), ("s", "wo")),
    ("en", "Written in C#", ("C#", "c#"), ("C", "C++")),
    ("en", "Vitamin C helps", ("C",), ("C#", "C++")),
    ("en", "C++ and .NET users paid €5 and 3.5%", ("c++", "C++", ".net", "€5", "3.5%"), ("cc", "C", "C#")),
)

# (text, search line, the text as it is marked)
MARKED: tuple[tuple[str, str, str], ...] = (
    ("Die Straße ist groß.", "strasse", "Die <mark>Straße</mark> ist groß."),
    ("Die Straße ist groß.", "gross", "Die Straße ist <mark>groß</mark>."),
    ("ẞtraße ﬁnanz eﬃzient Ende", "ende", "ẞtraße ﬁnanz eﬃzient <mark>Ende</mark>"),
    ("The oﬃce ﬁnds İzmir here", "izmir", "The oﬃce ﬁnds <mark>İzmir</mark> here"),
    ("The oﬃce ﬁnds", "office", "The <mark>oﬃce</mark> ﬁnds"),
    ("Ærlig Þórður Œuvre fin", "œuvre", "Ærlig Þórður <mark>Œuvre</mark> fin"),
    ("قالَتِ الحكومةُ ذلك", "الحكومه", "قالَتِ <mark>الحكومةُ</mark> ذلك"),
    ("Donau\u00addampfer legt an", "legt", "Donau\u00addampfer <mark>legt</mark> an"),
    ("회의는 서울에서 열렸다", "서울", "회의는 <mark>서울</mark>에서 열렸다"),
    ("국방부 장관, 회의", '"국방부 장관"', "<mark>국방부 장관</mark>, 회의"),
    ("開通はﾃﾞｰﾀﾍﾞｰｽで", "データベース", "開通は<mark>ﾃﾞｰﾀﾍﾞｰｽ</mark>で"),
    ("เปิดสะพานใหม่", "สะพาน", "เปิด<mark>สะพาน</mark>ใหม่"),
    ("𝐁𝐨𝐥𝐝 news, 葛\U000e0100飾 dam", "dam", "𝐁𝐨𝐥𝐝 news, 葛\U000e0100飾 <mark>dam</mark>"),
    ("Ёлку & <b>ёлки</b> учёных", "ученых", "Ёлку &amp; &lt;b&gt;ёлки&lt;/b&gt; <mark>учёных</mark>"),
    (
        "The U.S. won’t buy F-16 ﬁghters, O'Brien said",
        "US",
        "The <mark>U.S</mark>. won’t buy F-16 ﬁghters, O&#x27;Brien said",
    ),
    ("The U.S. won’t buy F-16 ﬁghters", "f16 fighters", "The U.S. won’t buy <mark>F-16</mark> <mark>ﬁghters</mark>"),
    ("The mayor’s office", "mayors office", "The <mark>mayor’s</mark> <mark>office</mark>"),
    ("An old C++ is no C", "c++", "An old <mark>C++</mark> is no C"),
    ("İİİ ßßß ﬁﬁ end", "ssssss", "İİİ <mark>ßßß</mark> ﬁﬁ end"),
)
