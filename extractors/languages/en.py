"""English."""

from extractors.fold import fold
from extractors.languages import Language, phrases, table, words

_TENS = {
    20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety",
}  # fmt: skip
_CARDINALS = table(
    {
        1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten",
        11: "eleven", 12: "twelve dozen", 13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen",
        17: "seventeen", 18: "eighteen", 19: "nineteen", **_TENS,
    }
)  # fmt: skip
_ORDINALS = table(
    {
        1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth",
        9: "ninth", 10: "tenth", 11: "eleventh", 12: "twelfth", 13: "thirteenth", 14: "fourteenth", 15: "fifteenth",
        16: "sixteenth", 17: "seventeenth", 18: "eighteenth", 19: "nineteenth", 20: "twentieth", 30: "thirtieth",
        40: "fortieth", 50: "fiftieth", 60: "sixtieth", 70: "seventieth", 80: "eightieth", 90: "ninetieth",
        100: "hundredth",
    }
)  # fmt: skip

LANGUAGE = Language(
    code="en",
    letters=frozenset(),
    foreign=frozenset("ğşıöüçäßéèêàùâîôëïœæøåłąęśćżźńőűščřžýěůñõãабвгдежзийклмнопрстуфхцчшщъыьэюяіїєґ"),
    common=words(
        "the of and to in a that is was for on with as at by it from said are were has have be will which not but "
        "an they their his this after who its had been he she more about also over would between or"
    ),
    abbreviations=words(
        "mr mrs ms dr prof gen col lt maj capt sgt adm brig sen rep gov pres min st no vs gov hon rev jr sr "
        "jan feb mar apr jun jul aug sept sep oct nov dec approx fig vol pp op cit e.g i.e e.g. i.e. u.s u.n u.k e.u "
        "ret dept mt ft oblast cmdr"
    ),
    units=words("a.m p.m am pm etc inc ltd co corp bros d.c"),
    months=table(
        {
            1: "january jan",
            2: "february feb",
            3: "march mar",
            4: "april apr",
            5: "may",
            6: "june jun",
            7: "july jul",
            8: "august aug",
            9: "september sept sep",
            10: "october oct",
            11: "november nov",
            12: "december dec",
        }
    ),
    weekdays=table({0: "monday", 1: "tuesday", 2: "wednesday", 3: "thursday", 4: "friday", 5: "saturday", 6: "sunday"}),
    relative=phrases(
        {
            "day:-2": "day before yesterday; the day before yesterday",
            "day:-1": "yesterday; last night; the day before; the previous day; a day earlier; a day ago; overnight",
            "day:0": "today; tonight; this morning; this afternoon; this evening; earlier in the day; later in the day",
            "day:1": "tomorrow",
            "day:2": "day after tomorrow; the day after tomorrow",
            "week:-1": "last week; the previous week; previous week; a week earlier; past week",
            "week:0": "this week; earlier this week; later this week",
            "week:1": "next week; the coming week; coming week; the following week",
            "weekend:0": "this weekend; at the weekend; the weekend; over the weekend; on the weekend; weekend",
            "weekend:-1": "last weekend; past weekend",
            "weekend:1": "next weekend; coming weekend",
            "month:-1": "last month; last month's; the previous month; previous month",
            "month:0": "this month; earlier this month; later this month",
            "month:1": "next month",
            "monthend:0": "end of this month; end of the month",
            "monthend:1": "end of next month",
            "year:-1": "last year; previous year",
            "year:0": "this year; earlier this year; later this year",
            "year:1": "next year",
        }
    ),
    cardinals=_CARDINALS,
    ordinals=_ORDINALS,
    multipliers=table({100: "hundred", 1000: "thousand k", 1_000_000: "million mn", 1_000_000_000: "billion bn"}),
    distributives={},
    patterns={
        "participle_before": (
            "taken|seized|captured|abducted|kidnapped|detained|arrested|killed|wounded|signed|reached|agreed|struck|made|"
            "launched|begun|opened|killed|published|adopted"
        ),
        "until": "to|through|until",
        "headline_infinitive": r"to\s",
        "apposed": "a",
        "month_first": "",
        "year_comma": ",?",
        "bare_phrase": "day before",
        "number_and": "and",
        "lone_led": "hundred|thousand|million",
        "lone_lead": "an?|one|per|every",
        "years": r"years?",
        "age_unsure": r"under|over|below",
        "age_proof": (r"\s*(?:[.,;:)\"'!?]|\Z|(?:and|or|were|are|was|is|came|to|as|in|from|on|at|who|will)\b)"),
        "lost_stop": "In|On|At|The|He|She|It|They|We|But|And|As|After|For|This|These",
        "range": "-|and|or|to|through|until|till",
        "and": "and",
        "ordinal_tail": "(?:st|nd|rd|th)",
        "of": r"(?:of\s+)?",
        "year_tail": "",
        "ordinal_digits": r"(?:st|nd|rd|th)\b",
        "year_before": r"in|since|early|late|mid|back in",
        # these take a year or a number of things; a plural tells the number: "for 2000 prisoners", "for 2022"
        "year_or_count_before": r"of|from|until|till|by|during|before|after|through|to|and|for",
        "counted_after": r"\s+(?:people|children|men|women|(?!(?:was|is|has|does|as|his|its|this|us)\b)[a-z]+s)\b",
        "year_after": r"(?=\s+(?:invasion|talks|war|negotiations|round|swap|exchange)\b)",
        "month_before": (
            r"in|since|of|from|until|till|by|during|before|after|through|between|last|next|this|for|to|and|as of|"
            r"in early|"
            r"in late|in mid|early|late|mid-?|in mid-"
        ),
        "early": r"(?:early|beginning of|start of)(?:\s+in)?|first (?:days|half) of",
        "mid": r"mid-?|middle of",
        "late": r"late|end of|the last days of|(?:second|latter) half of",
        "between": r"between",
        "past": r"last|previous|this past|past",
        "future": r"next|coming|this coming|the following",
        "weekday_before": r"on|by|since|until|till|from|late|early|this|of|before|after|and|to|for",
        "goal": r"to|until|till",
        "goal_tail": r"",
        "weekday_tail": r"(?:'s)?",
        "ago": (
            r"(?P<n>\d+|a|an|one|two|three|four|five|six|seven|ten)\s+(?P<u>days?|weeks?|months?|years?)\s+(?:ago|"
            r"earlier)"
        ),
        "unit_day": "day",
        "unit_week": "week",
        "unit_month": "month",
        "unit_year": "year",
        "date_words": "ago earlier",
        "day_alone": r"(?<=on the )(?P<d>\d{1,2})(?:st|nd|rd|th)\b(?!\s+(?:round|exchange|swap|day|anniversary|floor))",
        "label": r"posted|updated|published|modified|last updated|last modified|first published|created|date",
        "several": r"several|few|many|couple|of|half|per|the|some|last",
        "pair": r"\s*-\s*for\s*-\s*|\s+for\s+|\s+to\s+",
        "each_after": (
            r"[\"']?(?:\s+[a-z]+){0,4}?\s+(?:each|apiece|per side|a side|(?:from|on|by|for) (?:each|both|either)"
            r"(?: of the)?"
            r"(?: two)? (?:sides?|part(?:y|ies)|countr(?:y|ies)))\b"
        ),
        "counted_from_after": r"after|before",
        "as_of": r"as of|until|up to|till",
        "eve": r"(?:on )?(?:the )?eve of(?: the)?",
        "percent": r"\s*(?:%|percent|per cent|pct)",
        "age_before": (
            r"aged?|ages|aged between|aged from|under(?: the age of)?|younger than|older than|between the ages of|"
            r"over the age of|below"
        ),
        "age_after": r"\s*-?\s*years?(?:\s+|-)(?:olds?|of age)",
        "duration": (
            r"(?:\s*-\s*|\s+(?:more |full |straight |consecutive |working |calendar )?)(?:seconds?|minutes?|mins?|"
            r"hours?|hrs?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies))\b"
        ),
        "clock_after": r"\s*(?:[ap]\.?\s?m\b\.?|o'clock|gmt|utc|hours local)",
        "money": r"\s*(?:dollars?|euros?|pounds?|hryvnias?|rubles?|roubles?|usd|eur|uah|cents?|liras?)\b",
        "listing": r"\s*-\s*(?:point|item|page|clause|step|paragraph|member|man|person)\b",
        "measure": r"\s*-?\s*(?:km|kilomet\w+|miles?|met(?:er|re)s?|tons?|tonnes?|kg|degrees?|sq)\b",
        "idiom": (
            r"(?:second|third|fourth|fifth)[- ](?:largest|biggest|longest|highest|hand|party|country|degree|class)\b|"
            r"at first\b|first of all\b|first lady\b|first deput|first vice|for the first time\b|first time\b|"
            r"first and foremost|second thoughts?\b|second world war|second to none|(?<=split )second\b|"
            r"(?<=\ba )second(?=\s*[.,;!?]|\s+(?:ago|later)\b)|(?<=\bper )second\b|"
            r"(?<=\bevery )second(?=\s*[.,;!?])"
        ),
    },
    capital_months=frozenset(map(fold, ("may", "march", "mar", "jan", "dec", "sep", "august", "nov"))),
)
