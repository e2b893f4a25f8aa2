"""Tell which parts of an address say where a reader came from, or who reads, not what is read. Pure.

The names are those that feeds, newsletters, advertisers and analytics add, as ClearURLs, AdGuard's TrackParamFilter,
Firefox, Brave, miniflux and courlan list them. Only names that can't choose an article are taken always; others by
their value, and where nothing else in the address chooses one not at all.
"""

from __future__ import annotations

import re

# Each line: who adds them.
_NAMES = frozenset(
    # Google
    "_ga _gac _gl gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid gdfms gdftrk gdffi gs_lcp gs_lcrp "
    "amp_gsa amp_js_v amp_kit usqp ved "
    # Facebook, Instagram, X, TikTok, LinkedIn, Pinterest, Reddit, Snapchat, VK, WeChat, Bilibili, Threads
    "fbclid fb_action_ids fb_action_types fb_ref fb_source fb_comment_id action_object_map action_type_map fref hc_ref "
    "__tn__ __xts__ mibextid igshid igsh ig_mid ig_rid twclid __twitter_impression ref_src ref_url ttclid tt_medium "
    "tt_content li_fat_id li_source li_medium lipi epik rdt_cid sccid vk_ref nsukey isappinstalled wxshare_count "
    "share_from share_medium share_plat share_session_id share_source share_tag share_times vd_source unique_k xmt "
    "sharesource smclient sfnsn dt_dapp dt_platform wfr link_time trkinfo originalsubdomain xing_share spref "
    # Microsoft, Yandex, Baidu, Outbrain, Taboola and other sellers of clicks
    "msclkid msockid yclid ysclid ymclid _openstat dicbo obref oborigurl tblci wickedid rb_clickid irclickid irgwc awc "
    "cjevent cjdata admitad_uid tduid zanpid s_kwcid ef_id mkwid pcrid _kx _ke "
    # programs that send letters
    "mc_cid mc_eid mc_tc _hsenc _hsmi __hssc __hstc __hsfp hsctatracking mkt_tok dm_i vgo_ee ml_subscriber "
    "ml_subscriber_hash sfmc_id sfmc_key sfmc_sub spmailingid spuserid spjobid spreportid _bhlid __s elqtrackid "
    "elqtrack elqaid elqat elqcampaignid nr_email_referer lctg esrc bxid hss_channel hootpostid recip_id email_token "
    "triedredirect isfreemail showwelcomeonshare "
    # programs that count
    "xtor xtref xtcr at_medium at_campaign at_campaign_type at_link_type at_bbc_team at_format at_link_origin "
    "at_link_id at_ptr_name at_creation at_variant at_emission at_recipient_id at_recipient_list at_general "
    "traffic_source tracking_source campaign_id campaign_medium campaign_name campaign_source campaign_term "
    "campaign_content _branch_match_id _branch_referrer __readwiselocation echobox s_cid sc_cid cm_mmc "
    "cm_mmca1 cm_mmca2 cm_mmca3 cm_mmca4 cm_re cm_sp cm_ven cm_lm "
    "spm scm intcid int_cid intcmp int_source int_medium int_campaign icmp "
    # outlets
    "ocid taid ito cmp cmpid cid_source smid smtyp partner emc ftag icid ncid rss feedtype feedname sref wtmc "
    "guccounter guce_referrer guce_referrer_sig sr_share srnd cndid mbid soc_src soc_trk .tsrc tsrc tpcc wpisrc wpmm "
    "wpmk itid segmentid ftcamp reflink referringsource unlocked_article_code maca outputtype from_rss fromrss "
    "oref ico wprov leadsource cxrecs_s utm replytocom like_comment".split()
)
_PREFIXES = tuple(
    "utm_ utm- mtm_ matomo_ pk_ piwik_ hsa_ hmb_ itm_ oly_ vero_ ga_ trk_ ns_ wt_ wt. bsft_ at_custom cx_ "
    "_x_tr_".split()
)
_NUMBERED = re.compile(r"sf\d{5,}")  # Sprinklr
# Names that choose an article on some sites, and the values by which they don't.
_FEED = r"(?:rss|atom|feed|feedburner)(?:[\W_].*)?|.*[\W_]rss"
_HOST = r"(?!.*\.(?:html?|php\d?|aspx?|jsp)$)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}"
_VALUES = {
    **dict.fromkeys(
        ["source", "src", "via", "medium", "campaign", "referrer", "cid", "origin", "fsrc", "tracking"], _FEED
    ),
    **dict.fromkeys(["_", "ts", "timestamp", "rnd", "nocache", "cb"], r"\d{10}(?:\d{3})?"),  # a time, against caches
    "from": rf"{_FEED}|timeline|singlemessage|groupmessage",  # WeChat
    "for": "pc",  # Baidu
    "output": rf"{_FEED}|amp",
    "ref": rf"{_FEED}|{_HOST}",  # Ghost names who links
    "feed": "rss.*",
    "mod": rf"{_FEED}|rss\w*|hp_\w+|djem\w*|e2\w+|article_\w*inline|trending_now_\w+|searchresults\w*|home-page|mw_\w+|"
    r"newsviewer\w*|mktw",
    **dict.fromkeys(["amp", "_amp"], "1|true|yes|"),
    "m": "[01]",  # Blogger: for telephones
    "nb": "1",  # WordPress, beside share
    "trk": r"(?!\d+$).+",  # LinkedIn
    "gi": "[0-9a-f]{10,16}",  # Medium
    "sk": "[0-9a-f]{32}|v2/.*",
    "share": "facebook|twitter|x|email|linkedin|reddit|whatsapp|telegram|pinterest|tumblr|pocket|mastodon",
    "platform": "amp|hootsuite",
}
_VALUE_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _VALUES.items()}
# Any parameter that says no more than "rss" says where the link was found; with these names it may say what is shown.
_WHAT = frozenset(
    "q query s search keyword keywords k tag tags topic category cat section channel subject title name id p page type "
    "format view action mode alt".split()
)
# Names that are tracking elsewhere and could be an article's on a site of its own making.
_MAYBE_CHOOSING = frozenset("icid ncid mbid cmpid smid itid taid emc rss partner scm ts m ico".split())
# Names of sessions, and the values that only sessions have.
_SESSION = re.compile(
    r"jsessionid|phpsessid|aspsessionid\w*|cftoken|cfid|zenid|oscsid|asp\.net_sessionid|sessionid|session_id"
)
_SESSION_MAYBE = frozenset({"sid", "s", "session", "sess", "phpsid"})
_SESSION_VALUE = re.compile(r"(?=.*\d)(?=.*[a-z])[a-z0-9]{20,}", re.IGNORECASE)
_SESSION_IN_PATH = re.compile(
    r";(?:jsessionid|phpsessid|sid)=[^/;?#]*|/\((?:[A-Z]\([a-z0-9]{20,}\))+\)(?=/)", re.IGNORECASE
)
# Accelerated mobile pages: another form of the page at the address without it.
_AMP_LAST = re.compile(
    r"(?<=[^/])(?:/amp/?|\.amp|/amp\.html?|\.amp(?=\.html?))$|(?<=[^/])\.amp(?=\.html?$)", re.IGNORECASE
)
_AMP_FIRST = re.compile(r"^/amp(?=/[^/]+[-/_.\d])")
_SCRIPT = re.compile(r"^/?$|/index(?:\.\w+)?$|\.(?:php\d?|aspx?|cfm|jsp|cgi|do|pl|dll)$", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")


def without_tracking(path: str, parameters: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return those of an address's parameters that may choose what is read, in their order.

    Where the path is the site's or a script's and no other parameter is left, a number stays under whatever name: it
    may be the article's (``/article.php?icid=123``).
    """
    kept = [(name, value) for name, value in parameters if not _is_tracking(name.lower(), value)]
    if kept or not _SCRIPT.search(path):
        return kept
    return [(name, value) for name, value in parameters if _NUMBER.fullmatch(value) and name.lower() in _MAYBE_CHOOSING]


def plain_path(path: str) -> str:
    """Return the path of an address without a session's id and the marks of accelerated mobile pages (AMP)."""
    path = _SESSION_IN_PATH.sub("", path)
    return _AMP_FIRST.sub("", _AMP_LAST.sub("", path)) or "/"


def _is_tracking(name: str, value: str) -> bool:
    if name in _NAMES or name.startswith(_PREFIXES) or _NUMBERED.fullmatch(name) or _SESSION.fullmatch(name):
        return True
    if name in _SESSION_MAYBE:
        return bool(_SESSION_VALUE.fullmatch(value))
    if value.lower() == "rss" and name not in _WHAT:
        return True
    pattern = _VALUE_PATTERNS.get(name)
    return bool(pattern and pattern.fullmatch(value))
