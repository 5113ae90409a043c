"""Turkish."""

from extractors.fold import fold
from extractors.languages import Language, phrases, table, words

_CARDINALS = {
    1: "bir", 2: "iki", 3: "üç", 4: "dört", 5: "beş", 6: "altı", 7: "yedi", 8: "sekiz", 9: "dokuz", 10: "on",
    20: "yirmi", 30: "otuz", 40: "kırk", 50: "elli", 60: "altmış", 70: "yetmiş", 80: "seksen", 90: "doksan",
    100: "yüz",
}  # fmt: skip
_ORDINAL_STEMS = {
    1: "birinci ilk", 2: "ikinci", 3: "üçüncü", 4: "dördüncü", 5: "beşinci", 6: "altıncı", 7: "yedinci",
    8: "sekizinci", 9: "dokuzuncu", 10: "onuncu", 20: "yirminci", 30: "otuzuncu", 40: "kırkıncı", 50: "ellinci",
    60: "altmışıncı", 70: "yetmişinci", 80: "sekseninci", 90: "doksanıncı", 100: "yüzüncü",
}  # fmt: skip
_MONTHS = {
    1: "Ocak", 2: "Şubat", 3: "Mart", 4: "Nisan", 5: "Mayıs", 6: "Haziran", 7: "Temmuz", 8: "Ağustos", 9: "Eylül",
    10: "Ekim", 11: "Kasım", 12: "Aralık",
}  # fmt: skip
# The standard wants an apostrophe only after a date ("16 Mayıs'ta"); a month alone often goes without ("mayısta").
_CASES = [
    "ta",
    "te",
    "da",
    "de",
    "taki",
    "teki",
    "daki",
    "deki",
    "tan",
    "ten",
    "dan",
    "den",
    "tır",
    "tir",
    "a",
    "e",
    "ı",
    "i",
    "u",
    "ü",
    "ın",
    "in",
    "un",
    "ün",
    "a",
    "kadar",
    "la",
    "le",
    "yla",
    "yle",
]

_WEEKDAYS = table(
    {
        0: "pazartesi pazartesiye pazartesiden pazartesinin",
        1: "salı salıya salıdan salının",
        2: "çarşamba çarşambaya çarşambadan çarşambanın",
        3: "perşembe perşembeye perşembeden perşembenin",
        4: "cuma cumaya cumadan cumanın",
        5: "cumartesi cumartesiye cumartesiden cumartesinin",
        6: "pazar pazara pazardan",
    }
)

LANGUAGE = Language(
    code="tr",
    letters=frozenset("ğşı"),
    foreign=frozenset("äßéèêàùëïœæøåłąęśćżźńőűščřžýěůñõãабвгдежзийклмнопрстуфхцчшщъыьэюяіїєґwqx"),
    common=words(
        "ve bir bu da de için ile olarak olan daha çok en ise ancak sonra kadar gibi göre dedi ya ne var oldu olduğunu "
        "arasında üzerine karşı söyledi başkanı tarafından yapılan ama her iki eden ettiği o konusunda"
    ),
    abbreviations=words("dr prof doç av gen org korg tümg tuğg alb yb bnb müh sn vb bkz örn st s no md mah cad sok mr"),
    units=words("vs vb a.ş şti km tl"),
    months=table(
        {
            value: " ".join((name, *(name + case for case in _CASES), *([name[:-1] + "ğı"] if name[-1] == "k" else [])))
            for value, name in _MONTHS.items()
        }
    ),
    weekdays=_WEEKDAYS,
    relative=phrases(
        {
            "day:-2": "evvelsi gün; önceki gün",
            "day:-1": "dün; bir gün önce; dünkü; dün gece; dün akşam",
            "day:0": "bugün; bugünkü; bu sabah; bu akşam; bu gece",
            "day:1": "yarın; yarınki",
            "day:2": "öbür gün; ertesi günü",
            "week:-1": "geçen hafta; geçtiğimiz hafta; geçen haftaki; önceki hafta",
            "week:0": "bu hafta; bu haftaki",
            "week:1": "gelecek hafta; önümüzdeki hafta; haftaya; gelecek haftaki; önümüzdeki haftaki",
            "weekend:0": "bu hafta sonu; hafta sonu; hafta sonunda; haftasonu",
            "weekend:-1": "geçen hafta sonu; geçtiğimiz hafta sonu",
            "weekend:1": "gelecek hafta sonu; önümüzdeki hafta sonu",
            "month:-1": "geçen ay; geçtiğimiz ay; geçen ayki",
            "month:0": "bu ay; bu ayki",
            "month:1": "gelecek ay; önümüzdeki ay; gelecek ayki",
            "monthend:0": "ay sonu; ay sonuna; ay sonunda; bu ayın sonu; bu ayın sonuna; bu ayın sonunda; ayın sonuna",
            "year:-1": "geçen yıl; geçen yılki; geçtiğimiz yıl; geçen sene",
            "year:0": "bu yıl; bu yılki; yılbaşından; yıl başından; bu sene",
            "year:1": "gelecek yıl; önümüzdeki yıl; gelecek sene",
        }
    ),
    cardinals=table({value: f"{word}" for value, word in _CARDINALS.items()}),
    ordinals=table(
        {
            value: " ".join(stem + tail for stem in stems.split() for tail in ("", "si", "sı", "sü", "su"))
            for value, stems in _ORDINAL_STEMS.items()
        }
    ),
    multipliers=table({1000: "bin", 1_000_000: "milyon", 1_000_000_000: "milyar"}),
    distributives=table(
        {
            1: "birer",
            2: "ikişer",
            3: "üçer",
            4: "dörder",
            5: "beşer",
            6: "altışar",
            7: "yedişer",
            8: "sekizer",
            9: "dokuzar",
            10: "onar",
            20: "yirmişer",
            30: "otuzar",
            40: "kırkar",
            50: "ellişer",
            60: "altmışar",
            70: "yetmişer",
            80: "seksener",
            90: "doksanar",
            100: "yüzer",
            1000: "biner",
        }
    ),
    patterns={
        "participle": r"\w+(?:acağı|eceği|acak|ecek|[dt](?:ığı|iği|uğu|üğü)|[lnşry][ae]n)",
        "month_inflected": "[td][ae](?:ki)?|[td][ae]n",
        "month_tail": r"'[dt][ae]|\s+ayı",
        "year_led": r"(?:\s+yılı(?:nın)?)?\s+",
        "lone": "bin",
        "hundred": "yüz",
        "thousand_rest": r"\s",
        "several_any": r"birkaç|kaç|birçok|bir kaç|her|hiçbir|hem|yaş|yaşın",
        "stop_of_number": r"\d{1,2}",
        "range": r"-|ve|ile|ila|veya|ya da",
        "and": "ve",
        "of": "",
        "year_tail": r"(?:\s+(?:yılında\w*|yılının|yılı\b))",
        "ordinal_digits": r"'?(?:[iuü]?nc[iuü])(?:[^\W\d_]*)",
        "each_digits": r"'?(?:s|ş)?[ae]r\b",
        "year_after": (
            r"(?:\s+(?:yıl(?:ı|ında|ındaki|ının|ından|ına)?|senesinde|baharında|sonbaharında|yazında|kışında)\b|"
            r"'(?:d[ae]|t[ae]|d[ae]ki|t[ae]ki|d[ae]n|t[ae]n|[iıuü]n|n[iıuü]n|y[ae]|[ae])\b)"
        ),
        "early_after": r"'?(?:[ıiuü]n|n[ıiuü]n)?\s+baş(?:ı|ında|ından)\b",
        "mid_after": r"'?(?:[ıiuü]n|n[ıiuü]n)?\s+orta(?:sı|sında)\b",
        "late_after": r"'?(?:[ıiuü]n|n[ıiuü]n)?\s+son(?:u|una|unda|undan)\b",
        "past": r"geçen|geçtiğimiz|önceki",
        "future": r"gelecek|önümüzdeki|haftaya|gelecek hafta",
        "goal_tail": r"'[ae]|'y[ae]|gününe|salıya|pazara|pazartesiye|çarşambaya|perşembeye|cumaya|cumartesiye|haftaya",
        "weekday_strict": r"pazar\w*|salı\w*",
        "weekday_tail": r"(?:\s+(?:günü|günkü|gününe|gününden|gününün|akşamı|sabahı|gecesi))",
        "ago": r"(?P<n>\d+|bir|iki|üç|dört|beş|altı|yedi|on)\s+(?P<u>gün|hafta|ay|yıl)\s+önce",
        "in_before": r"(?P<n>\d+|bir|iki|üç|dört|beş|altı|yedi|on)\s+(?P<u>gün|hafta|ay)\s+sonra",
        "in": r"(?P<n>\d+|bir|iki|üç|dört|beş|altı|yedi|on)\s+(?P<u>gün|hafta|ay)\s+sonra",
        "unit_day": "g",
        "unit_week": "h",
        "unit_month": "a",
        "unit_year": "y",
        "date_words": "önce sonra",
        "day_alone": r"(?<=ayın )(?P<d>\d{1,2})'\w+",
        "label": (
            r"yayınlanma|yayınlandı|yayın tarihi|güncelleme|güncellendi|son güncelleme|giriş|giriş tarihi|"
            r"oluşturulma|tarih|published|updated"
        ),
        "several": r"birkaç|kaç|birçok|bir kaç|her|hiçbir|hem|yaş|yaşın",
        "pair": (
            r"'(?:y?[ae])\s+(?:karşı(?:lık)?\s+)?|\s+(?:kişiye|esire|askere|"
            r"savaş esirine)\s+(?:karşı(?:lık)?\s+)?|\s*-\s*|\s+(?:karşılığı|karşılığında|karşı)\s+"
        ),
        "counted_from": r"\w+(?:dan|den|tan|ten)",
        "eve_after": r"arifesi\w*",
        "percent": r"\s*(?:%)",
        "percent_before": r"yüzde|%",
        "age_after": r"\s*(?:-\s*)?(?:yaş\w*)",
        "duration": (
            r"(?:\s*-\s*|\s+|'?)(?:saniye\w*|dakika\w*|saat\w*|gün(?:lük|lüğüne|dür|den|de|ün|ü|e|lüğ\w+)?\b|"
            r"hafta\w*|ay(?:lık|dır|dan|da|ın|ı|a)?\b|yıl(?:lık|dır|dan|da|ın|ı|a|lar\w*)?\b|gece\b)"
        ),
        "clock_before": r"saat|tsi|saati|yerel saatle",
        "clock_after": r"\s*(?:sularında)\b",
        "money": r"\s*(?:dolar\w*|avro\w*|euro\w*|lira\w*|tl\b|grivna\w*|ruble\w*)",
        "listing": r"\s*-?\s*(?:madde\w*|sayfa\w*|fıkra\w*)\b",
        "measure": r"\s*-?\s*(?:km|kilometre\w*|metre\w*|ton\w*|kg|derece\w*|mil)\b",
        "idiom": r"ilk kez|ilk defa|ilk olarak|ilk önce|ikinci dünya|birinci dünya|birinci yardımcı|ilk bakışta",
        "ordinal_noun": (
            r"tur|değişim|takas|gün|round|toplantı|aşama|görüşme|müzakere|kez|defa|etap|oturum|kafile|grup|parti|yıl|hafta"
        ),
    },
    capital_months=frozenset(map(fold, ("ocak", "mart", "ekim", "aralık", "marta", "ekimi", "ekime", "aralığı"))),
    # pazar is a market, salı a raft: as days of the week they stand with a capital
    capital_weekdays=frozenset(_WEEKDAYS),
    joining_ten=True,
)
