"""Compare people's names: same person, initials, short forms of given names.

Names are compared as folded words, without titles.
"""

from __future__ import annotations

NameWords = tuple[str, ...]

# Short forms of given names with the names that they stand for: an article that has both means one person.
_SHORT_FORMS = (
    "abe abraham|al albert|al alan|alex alexander|alex alexandra|andy andrew|art arthur|ben benjamin|bernie bernard|"
    "beth elizabeth|bill william|billy william|bob robert|bobby robert|cathy catherine|charlie charles|chris "
    "christopher|chris christine|chuck charles|dan daniel|danny daniel|dave david|deb deborah|debbie deborah|dick "
    "richard|don donald|doug douglas|ed edward|eddie edward|fred frederick|gabe gabriel|gene eugene|geoff geoffrey|"
    "greg gregory|hank henry|harry harold|jack john|jake jacob|jeff jeffrey|jerry gerald|jerry jerome|jim james|jimmy "
    "james|joe joseph|joey joseph|johnny john|jon jonathan|josh joshua|kate katherine|kathy katherine|ken kenneth|"
    "larry lawrence|larry laurence|liz elizabeth|maggie margaret|matt matthew|meg margaret|mick michael|mike michael|"
    "nate nathan|nate nathaniel|nick nicholas|pam pamela|pat patrick|pat patricia|pete peter|phil philip|phil phillip|"
    "ray raymond|rich richard|rick richard|rob robert|ron ronald|rudy rudolph|russ russell|sam samuel|sandy alexander|"
    "steve stephen|steve steven|stu stuart|sue susan|ted theodore|ted edward|teddy edward|terry terence|tim timothy|"
    "tom thomas|tommy thomas|tony anthony|tony antony|val valerie|vic victor|vince vincent|wes wesley|will william"
)
_SAME = frozenset(frozenset(pair.split()) for pair in _SHORT_FORMS.split("|"))
# Letters behind a name: degrees, orders, seats. Compared as folded words.
POSTNOMINALS = frozenset(
    "jr sr ii iii iv esq phd md mp mep mla frs dbe cbe obe mbe kbe gbe kcmg gcmg qc kc sc ra fba frse dds rn".split()
)


def same_person(short: NameWords, long: NameWords) -> bool:
    """Tell whether two full names, the shorter first, are one person's.

    They are if the last words are equal, and the first ones and those between agree (an initial agrees with what it
    begins, Bob with Robert); if the shorter one's words stand in their order within the longer ("Otto Jespersen" in
    "Jens Otto Harry Jespersen"); or if one has the family's name first ("Abe Shinzo").
    """
    if short == long or len(short) > len(long):
        return False
    if len(short) == len(long) and short == (*long[1:], long[0]):
        return True
    if short[-1] != long[-1] or len(short[-1]) == 1:
        return False
    if len(short) == len(long):
        return _agree(short[0], long[0]) and all(words_agree(a, b) for a, b in zip(short[1:], long[1:], strict=True))
    if not _agree(short[0], long[0]):
        inner = iter(long[:-1])
        return all(any(word == long_word for long_word in inner) for word in short[:-1])
    # "George W. Bush" is not "George H. W. Bush"
    return all(words_agree(word, long_word) for word, long_word in zip(short[1:-1], long[1:-1], strict=False))


def is_beginning(short: NameWords, long: NameWords) -> bool:
    """Tell whether a name of several words is the beginning of a longer one ("Kim Jong" of "Kim Jong Un")."""
    return len(long) > len(short) > 1 and long[: len(short)] == short and len(short[-1]) > 1


def is_ending(short: NameWords, long: NameWords) -> bool:
    """Tell whether a name of several words is the end of a longer one."""
    return len(long) > len(short) and long[-len(short) :] == short


def words_agree(a: str, b: str) -> bool:
    """Tell whether two words are equal, or one is the other's initial."""
    return a == b or (len(a) == 1 and b.startswith(a)) or (len(b) == 1 and a.startswith(b))


def _agree(a: str, b: str) -> bool:
    return words_agree(a, b) or frozenset((a, b)) in _SAME
