"""Words that are facts without capital or digit: days, months and numbers, case-folded, as texts inflect them.

Those that are other words too in any of the languages are left out.
"""

DAYS = frozenset(  # of the week, and months
    """
    monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag
    sonnabend sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes
    sábado domingo lunedì martedì mercoledì giovedì venerdì sabato domenica maandag dinsdag woensdag donderdag
    vrijdag zaterdag zondag måndag måndagen tisdag tisdagen onsdag onsdagen torsdag torsdagen fredag fredagen lördag
    lördagen söndag söndagen mandag tirsdag lørdag søndag poniedziałek wtorek środa środę czwartek piątek sobota
    sobotę niedziela niedzielę pondělí úterý středa středu čtvrtek pátek sobotu neděle neděli понедельник вторник
    среда среду четверг пятница пятницу суббота субботу воскресенье понеділок вівторок середа середу четвер п'ятниця
    п'ятницю субота суботу неділя неділю luni marți miercuri joi vineri sâmbătă duminică pazartesi salı çarşamba
    perşembe cuma cumartesi pazar hétfőn kedden szerdán csütörtökön pénteken szombaton vasárnap maanantaina
    tiistaina keskiviikkona torstaina perjantaina lauantaina sunnuntaina δευτέρα τρίτη τετάρτη πέμπτη παρασκευή
    σάββατο κυριακή الاثنين الإثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد सोमवार मंगलवार बुधवार गुरुवार
    शुक्रवार शनिवार रविवार senin selasa rabu kamis jumat sabtu شنبه یکشنبه دوشنبه چهارشنبه پنجشنبه جمعه janvier
    février mars avril juin juillet août septembre octobre novembre décembre enero febrero abril mayo junio julio
    agosto septiembre octubre noviembre diciembre marzo gennaio febbraio aprile maggio giugno luglio settembre
    ottobre dicembre janeiro fevereiro março maio junho julho setembro outubro dezembro januari februari april juni
    juli augustus augusti september oktober december januar februar august desember stycznia lutego marca kwietnia
    czerwca lipca sierpnia września października listopada grudnia ledna února března dubna května června července
    srpna října prosince января февраля марта апреля мая июня июля августа сентября октября ноября декабря січня
    лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня ιανουαρίου φεβρουαρίου μαρτίου
    απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου يناير فبراير مارس أبريل مايو
    يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
    """.split()
)
NUMERALS = frozenset(  # from two to ten or twelve
    """
    two three four five six seven eight nine eleven twelve zwei drei vier fünf sechs sieben acht neun zehn elf zwölf
    deux trois quatre cinq sept huit onze douze dos tres cuatro cinco seis siete ocho nueve diez doce tre quattro
    cinque sette otto nove dieci undici dodici dois duas três quatro sete oito dez twee drie vijf zes zeven negen
    tien twaalf två fyra fem sju åtta nio tio elva tolv seks syv otte åtte dwa dwie dwóch trzy trzech cztery
    czterech pięć pięciu sześć sześciu siedem siedmiu osiem ośmiu dziewięć dziewięciu dziesięć dziesięciu dva dvě
    tři čtyři pět šest sedm osm devět deset два две двух три трех трёх четыре четырех четырёх пять пяти шесть шести
    семь семи восемь восьми девять девяти десять десяти дві двоє троє чотири четверо п'ять п'ятеро шість сім вісім
    дев'ять două trei patru cinci șase șapte zece iki üç dört beş altı yedi sekiz dokuz két három négy öt hét nyolc
    kilenc tíz kaksi kolme neljä viisi kuusi seitsemän kahdeksan yhdeksän kymmenen δύο τρεις τρία τέσσερις τέσσερα
    πέντε έξι επτά οκτώ εννέα δέκα اثنان اثنين ثلاثة ثلاث أربعة أربع خمسة خمس ستة ست سبعة سبع ثمانية ثماني تسعة تسع
    عشرة عشر سه چهار پنج شش هفت هشت दो तीन चार पांच पाँच छह सात आठ नौ दस dua tiga empat lima enam tujuh delapan
    sembilan sepuluh
    """.split()
)
