"""Pages that stand in the way of an article: challenges, requests for consent, and paywalls. Pure.

A news page with a banner for cookies, a captcha in its form for comments, or an offer to subscribe below the article is
none of them: what decides is what is left when the furniture is taken out.
"""

import re
from urllib.parse import urlsplit

# Words of the pages that guard sites against programs: Cloudflare, DDoS-Guard, Qrator, Variti and captchas.
CHALLENGE = re.compile(
    r"cf-chl|challenge-platform|cf_challenge|just a moment|checking your browser|ddos-guard|__qrator|captcha"
    r"|enable javascript and cookies|attention required",
    re.IGNORECASE,
)
# The same in what a reader sees of such a page, and of those of Imperva, DataDome, PerimeterX and Akamai.
_CHALLENGE_SEEN = re.compile(
    r"just a moment|checking (?:your|if the site) |attention required|enable javascript and cookies|ddos-guard"
    r"|verify(?:ing)? (?:that )?you are (?:a )?human|are you a robot|unusual (?:traffic|activity) from"
    r"|request unsuccessful|pardon our interruption"
    r"|провер(?:ка|яем) (?:вашего |ваш |безопасности )?браузер|подтвердите,? что вы не робот"
    r"|перевір(?:ка|яємо) (?:вашого |ваш )?браузер|підтвердьте,? що ви не робот"
    r"|tarayıcınız (?:kontrol|denetlen)|robot olmadığınızı|güvenlik doğrulaması",
    re.IGNORECASE,
)
# In an article these words may stand for something else: access is denied to camps, too. As a whole title they do not.
_CHALLENGE_TITLE = re.compile(
    r"\W*(?:access (?:to this page )?(?:has been )?denied|403 forbidden|security check|доступ (?:к сайту )?ограничен"
    r"|доступ (?:до сайту )?обмежено|erişim engellendi)\W*",
    re.IGNORECASE,
)
_CONSENT_HOST = re.compile(r"(?:consent|cmp|guce|privacy|cookie)\.", re.IGNORECASE)
# What a request for consent speaks of, by matter: it speaks of most of them, in little text.
_CONSENT = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"\bcookies?\b|файл[а-яіїє]* cookie|куки|çerez",
        r"\bpartners?\b|\bvendors?\b|партн[её]р|iş ortak",
        r"\bconsent\b|\bagree\b|согласи|згод[уаи]|погоджу|onay|rıza|kabul",
        r"\baccept all\b|\breject all\b|принять все|отклонить все|прийняти все|відхилити все|tümünü (?:kabul|reddet)",
        r"\bprivacy\b|конфиденциальност|конфіденційн|приватн|gizlilik",
        r"personali[sz]ed|advertis|measure|персонал|реклам|kişiselleştir|reklam",
        r"before you continue|we value your privacy|мы ценим|ми цінуємо|devam etmeden önce",
    )
)
_MATTERS = 4
# An article that is longer than this is one, whatever else its page says.
_LONG = 1_500
_SHORT = 800
# An invitation where the text ends.
_INVITES = re.compile(
    r"subscribe (?:now|to (?:continue|read|keep))|to (?:continue|keep) reading|already a subscriber"
    r"|for subscribers only|this (?:article|story|content) is (?:for|available to) (?:paying )?(?:subscribers|members)"
    r"|sign in to (?:continue|read)"
    r"|оформите подписку|подпишитесь,? чтобы|доступ(?:ен|н[а-я]*) (?:только )?(?:по подписке|подписчикам)"
    r"|полная версия .{0,30}подписк"
    r"|оформіть передплату|передплатіть|доступ(?:ен|н[а-яіїє]*) (?:лише |тільки )?(?:за передплатою|передплатникам)"
    r"|devamını okumak için|abone ol(?:un|arak|mak)|sadece aboneler|abonelere özel",
    re.IGNORECASE,
)


def is_challenge(title: str, text: str, page: str, *, declared: bool = False) -> bool:
    """Whether a page, of which `text` could be read, asks its reader to prove something before it shows anything.

    `declared`: it says to programs that it is an article. Then a captcha in its source is that of its comments.
    """
    if len(text) > _SHORT:
        return False
    if _CHALLENGE_SEEN.search(title) or _CHALLENGE_TITLE.fullmatch(title):
        return True
    bare = len(text) < _SHORT / 4 and not declared
    return bool(_CHALLENGE_SEEN.search(text)) or (bare and bool(CHALLENGE.search(page[:100_000])))


def is_consent(title: str, text: str, url: str) -> bool:
    """Whether what was found at `url` asks for consent in place of the article."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    if _CONSENT_HOST.match(host):
        return True
    if len(text) > 2 * _LONG:
        return False
    return sum(bool(words.search(f"{title}\n{text}")) for words in _CONSENT) >= _MATTERS and len(text) < _LONG


def is_stub(text: str, *, paid: bool, walled: bool) -> bool:
    """Whether `text` is only the beginning of an article that has to be paid for.

    `paid`: the page says of itself that it is not free (schema.org isAccessibleForFree); `walled`: it holds the
    furniture of a paywall.
    """
    if len(text) > _LONG:
        return False
    invites = bool(_INVITES.search(text[-300:]))
    return paid or invites or (walled and len(text) < _SHORT)
