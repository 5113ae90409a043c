"""English cues: what tells the status and the role of an event. `extractors.cues` says what each group means."""

from collections.abc import Mapping

CUES: Mapping[str, tuple[str, ...]] = {
    "held": (
        "took place", "taken place", "{was|were|been} held", "held", "met", "{have|has|had} met", "sat down", "sat",
        "sat face-to-face", "ended", "concluded", "conclude", "concludes", "wrapped up", "wrap up", "wraps up",
        "finished", "finish", "finishes", "completed", "complete", "completes", "{was|were|been} carried out",
        "carried out", "conducted", "lasted", "{is|are} over", "over", "end", "ends", "hold", "holds", "hosted",
        "ran", "yielded", "yield", "yields", "has been", "{was|were} conducted", "{had|have|has} a",
        "took just over", "took {slightly|about|around|more|less|nearly|just}", "was made", "made", "have made",
        "has happened", "happened", "was", "were", "dragged on", "come to an end", "came to an end", "wound up",
        "gathered", "meet", "brought", "staged", "broke up", "reached a conclusion", "{have|has} ended",
        "drew to a close", "came to a close", "broke off", "{is|are} done", "parted",
        "left the {palace|venue|hall|room|building|mansion|table}", "did meet", "sat together", "already over",
        "went ahead", "{have|has|had} left", "carry out", "carries out", "{stage|stages}",
    ),
    "ends": (
        "ended", "ends", "end", "concluded", "concludes", "conclude", "wrapped up", "wrap up", "wraps up",
        "finished", "finish", "finishes", "yielded", "yield", "yields", "produced", "broke up", "closed",
    ),
    "begun": (
        "began", "begins", "begin", "begun", "started", "starts", "has started", "{is|are} under way",
        "{is|are} underway", "kicked off", "kicks off", "opened", "opens", "got under way", "got underway",
        "continues", "continued", "is continuing", "are continuing", "{is|are} taking place", "resumed", "resumes",
        "in motion", "{is|are} being held", "entered the", "first day", "launched", "{is|are} ongoing",
        "{have|has} begun", "entered", "{sit|sat} at {one|the same} table", "{are|is} meeting", "in session",
        "{doors|door} ~ closed", "doors close", "{went|walked|filed|gone} into",
    ),
    "goes-on": (
        "will continue", "{is|are} to continue", "to continue on", "{is|are} expected to continue",
        "{continue|continues} on", "{due|expected|scheduled|set|planned} to {last|run|continue|go on}",
    ),
    "agreed": (
        "agreed", "agree", "agrees", "agreeing", "reached {a|an} {deal|agreement}", "reached agreement",
        "reach deal", "reached an {agreement|understanding}", "{deal|agreement} on", "{agreement|deal} to",
        "was agreed", "settled on", "an agreement {on|to|for}", "{have|has} agreed", "will exchange", "agreed upon",
        "produced a deal on", "confirmed ~ agreement", "confirmed the agreement", "resulted in", "yield", "yields",
        "yielded", "only to", "struck a deal", "strike a deal", "understanding that", "understanding on",
        "with deal on", "shook hands on", "{have|has} settled", "came to an agreement", "arranged",
        "{have|has} arranged", "{promise|promised|pledge|pledged} to",
    ),
    "agreed-after": (
        "was agreed", "were agreed", "has been agreed", "have been agreed", "agreed upon", "was reached",
    ),
    "future": (
        "will", "will be", "'ll", "to be held", "is to", "are to", "set for", "set to", "scheduled", "is scheduled",
        "{is|are} expected", "expected", "planned", "{is|are} due", "due to", "upcoming", "{is|are} being prepared",
        "being prepared", "in the coming days", "{would|will} soon", "tomorrow", "looms", "to hold", "to meet",
        "to take place", "slated", "going to", "{is|are} to be", "would also", "to follow", "announced plans",
        "{lie|lies} ahead", "arrive for", "arrived for", "heading to", "prepare for", "prepares for",
        "to be exchanged", "to talk next", "to {open|begin|start|convene|gather|resume}",
        "will {open|begin|start|convene|gather|resume|host|go}", "{are|is} planned", "in store", "{are|is} to go",
    ),
    "possible": (
        "may", "might", "could", "can", "would", "possible", "possibly", "potential", "ready", "ready to", "willing",
        "to {engage|participate|take part} in {|the |a }", "perhaps", "if", "likely", "unlikely", "hopes", "hope",
        "considering", "idea", "can be", "whether", "unclear",
        "prospect", "prospects", "open to", "unless", "until", "should", "must", "need", "needed", "in case",
        "so that", "in order to", "preparations for", "preparing for", "chance",
    ),
    "would": ("would",),
    "if": (
        "if", "unless", "provided that", "provided", "on condition that", "only if", "in case",
    ),
    "wanted": (
        "proposed", "propose", "proposes", "proposing", "offered", "offers", "offering", "called for", "calls for",
        "calling for", "demand", "demands", "demanded", "insisted", "insist", "insists", "urged", "urges", "wants",
        "want", "wanted", "asked", "asks", "requested", "seeks", "sought", "pushing for", "pushes for", "pressed for",
        "push for", "suggested", "suggests", "proposal", "proposals", "invited", "floated", "appeal", "appealed",
        "discussed", "discuss", "discussing", "discussions", "negotiating", "ideas", "calls on", "called on",
        "seeking",
    ),
    "wanted-after": (
        "{was|were|been|being} {proposed|suggested|offered|floated|requested}", "{proposed|suggested|offered} by",
    ),
    "negated": (
        "not", "no", "never", "without", "n't", "neither", "nor", "failed to", "fails to", "refused", "refuses",
        "refusing", "rejected", "rejects", "rejecting", "cannot", "nobody", "none", "instead of", "avoid", "rule out",
        "ruled out", "didn't", "don't", "doesn't", "won't", "hasn't", "haven't", "wasn't", "isn't", "aren't",
    ),
    "postponed": (
        "postponed", "postpone", "postpones", "delayed", "put off", "rescheduled", "pushed back",
        "moved {to|from} #", "{slip|slips|slipped} {by|to|a}", "put back", "pushed to",
        "{was|were|been} moved {to|by|back}", "{will|would} be held later", "a {week|day|month} later than planned",
        "shifted to", "postponing", "delaying", "delays", "suspending",
    ),
    "cancelled": (
        "cancelled", "canceled", "called off", "collapsed", "scrapped", "scuttled", "derailed", "broke down",
        "fell through", "disrupted", "will not take place", "will not be held", "suspended", "{is|are} off",
        "abandoned", "dropped", "called it off", "will not {happen|go ahead|meet}",
        "never {happened|materialised|materialized}", "{did|does} not {happen|materialise|materialize}",
    ),
    "denied": (
        "denied", "denies", "did not take place", "has not taken place", "never took place", "no such", "refuted",
        "is not true", "'false'", "untrue", "refuse to come", "refused to {come|go|attend|talk|meet|speak}",
        "{denied|denies|dismissed|rejected|debunked} ~ {posts|reports|claims|rumors|rumours|information}",
        "{denied|denies|dismissed|rejected|debunked} {posts|reports|claims|rumors|rumours|information}",
    ),
    "after": (
        "after", "following", "in the wake of", "at the end of", "upon", "results of", "outcome of", "outcomes of",
        "follows", "followed", "stemmed from", "stems from", "as a result of", "agreements", "afterwards", "since",
    ),
    "during": (
        "during", "at the", "in the course of", "in a", "in the", "within", "at", "amid", "on the sidelines of", "in",
    ),
    "before": (
        "ahead of", "upcoming", "the coming", "before", "in the run-up to", "on the eve of", "prior to",
        "in preparation for", "to prepare", "until", "preparations", "prepare",
        "{arrive|arrives|arrived|arriving} for", "{arrive|arrives|arrived|arriving|flew|flies|heads|headed} ~ ~ for",
        "{travel|travels|travelled|traveled|departed} ~ ~ for",
    ),
    "after-post": (),
    "during-post": (),
    "before-post": (),
    "about": (
        "on resuming", "on the resumption of", "resumption of", "resuming", "resume", "about", "discussed",
        "discussing", "discuss", "on the issue of", "the issue of", "spoke of",
    ),
    "about-post": (),
    "question": ("how many", "who", "why", "what"),
    "with": ("with",),
    "recap": (
        "earlier", "previously", "recall", "as reported", "as previously reported", "as a reminder", "last month",
        "last year", "a year ago", "in the past", "so far", "back in", "months ago", "years ago", "weeks ago",
        "since then", "ago", "at the time", "last week", "earlier this month", "earlier this year", "last weekend",
        "the day before", "last {swapped|met|exchanged|saw|held|traded|sat}", "{days|weeks|months|years} since",
        "the most recent", "most recently", "until now", "up to now", "the last time",
    ),
    "previous": (
        "previous", "last", "first", "earlier", "past", "former", "initial", "last month's", "last week's",
        "last year's", "prior", "those", "old",
    ),
    "another": (
        "another", "new", "fresh", "next", "further", "one more", "latest", "additional", "more", "again", "future",
    ),
    "another-post": (),
    "superlative": (
        "largest since", "biggest since", "largest", "biggest", "first since", "the first ~ since", "the first major",
        "first in over", "first in more than", "most extensive",
    ),
    "pluperfect": ("had been", "had", "had agreed", "had exchanged", "had said"),
    "part": (
        "first stage", "second stage", "stage", "stages", "phase", "first part", "first leg", "first phase",
        "first day", "second day", "third day", "batch", "first group", "part of the", "as part of", "first step",
        "hundreds more", "first batch", "several stages", "ninth part", "third and final", "last group",
        "second group", "third group", "leg", "tranche", "second batch", "next group", "the last buses", "in stages",
    ),
    "final": (
        "final", "last stage", "final stage", "final phase", "last part", "last phase", "third and final",
        "completed",
    ),
    "deal": (
        "deal", "agreed in", "agreement reached", "agreements", "deal reached", "under the deal", "agreed at",
        "under an agreement", "agreed during", "agreement", "agreed last",
    ),
    "undated": (
        "no date", "date {is|has} not", "date {is|has} yet", "date {was|were} not", "dates {are|have} not",
        "date ~ not ~ set", "no decision yet", "no agreement yet", "no agreement on date", "date is not set",
        "not yet {agreed|decided|set|scheduled}", "yet to be {agreed|decided|set|determined}", "no specific date",
        "no {further|new} {sessions|meetings|rounds}", "no concrete", "timing ~ unclear", "no decision",
        "no clarity", "no new date", "without setting a date", "did not {name|set|give} a date", "no timetable",
        "no word on when", "{date|time} ~ not {named|given|announced}", "too early to {say|speak|talk}",
        "{gave|give|giving|named|set} no {date|dates}",
        "no {date|dates} {was|were|has been|have been} {given|set|named|announced}",
    ),
    "dated": (
        "know the date", "know the dates", "{date|dates} {is|are} known", "date is already known",
        "{date|dates} {has|have} been {set|agreed|fixed|decided}", "have a date", "date {is|was} {set|agreed|fixed}",
    ),
    "this": (
        "this {is|was|becomes|became|marks|marked}", "it {is|was|marks|marked}",
        "the {exchange|swap} {is|was|marks|marked}",
    ),
    "each": (
        "each", "apiece", "per side", "a side", "each side", "from each side", "on each side", "on both sides",
        "each country", "both sides", "as many", "the same number", "one-for-one", "similar numbers", "side each",
        "respectively each",
    ),
    "whole": (
        "in total ~ returned", "since the start of", "since the beginning of", "since the full-scale", "so far",
        "to date", "since the invasion", "overall", "through its efforts", "has helped", "altogether",
        "have been returned in total", "returned in total", "since last week", "since 2022", "total number of",
        "in all, # have", "of the year so far", "have taken place", "in the past year",
    ),
    "gives": (
        "released", "freed", "handed over", "hand over", "gave", "gave up", "transferred", "transfer", "delivered",
        "let go", "sent", "released another", "releases", "frees", "hands over", "hand", "return to", "give", "gives",
        "given", "send", "returned", "returns", "return", "transfers", "handing over", "release", "free",
    ),
    "gets": (
        "received", "receives", "got", "get", "{bring|brings|brought} home", "brought back", "returned", "returns",
        "return", "bringing back", "got back", "get back", "took back", "welcomed", "recovered", "retrieved", "secured",
    ),
    "from": ("from", "by"),
    "toward": ("to",),
    "since": ("since",),
    "since-post": (),
    "talk": (
        "{discuss|discusses|discussed}", "{spoke|speak|speaks|talked} {by phone|by telephone|on the phone|with}",
        "phone call", "{holds|held} a call", "by phone",
    ),
    "we": (
        "we", "our", "us", "i", "my", "i'm", "we're",
    ),
    "was-to-be": (
        "{was|were} {going to|to be|due to|set to|supposed to|scheduled to|meant to}",
        "that {was|were} to {be|take|begin|start|open}", "which {was|were} to {be|take|begin|start|open}",
        "{had|has} been {planned|scheduled|due|set|expected|announced} {for|to}",
        "{was|were} {planned|scheduled|due|expected|announced} for", "originally {planned|scheduled|set}",
        "first {planned|scheduled}", "{had|has} been {expected|scheduled|planned|due} {in|at|on|today|tomorrow}",
    ),
    "portion": ("day of", "leg of", "stage of", "phase of", "part of", "batch of", "wave of"),
    "said": (
        "said", "says", "saying", "told", "announced", "reported", "reports", "according to", "confirmed",
        "confirms", "wrote", "writes", "stated", "noted", "declared", "added", "claimed", "claims", "revealed",
        "emphasized", "emphasised", "adding", "adds", "told reporters",
    ),
    "refuser": ("rejected", "turned down", "refused", "dismissed", "rebuffed", "declined", "ruled out", "rebuffs"),
    "clause": (
        "that", "but", "while", "which", "who", "whom", "although", "though", "because", "when", "where", "as",
        "since", "whether", "if", "than", "so", "after", "before", "until", "despite", "by",
    ),
    "relative": (
        "which", "who", "whom", "that", "whose",
    ),
    "caption": ("photo", "photo:", "(photo", "image", "source:", "picture", "video", "file photo", "credit"),
    "press": (
        "press review", "press digest", "{papers|newspapers} review", "review of the press",
    ),
    "anniversary": (
        "on this day", "this day in history",
        "anniversary", "{a|one|two|three} {year|years} {after|on|since|later}", "looking back",
    ),
    "interview": (
        "interview", "interviewed", "in his own words", "in her own words", "in their own words", "portrait of",
    ),
    "sport": (
        "{winger|wingers|midfielder|midfielders|striker|strikers|goalkeeper|playmaker|full-back|centre-back}",
        "{transfer fee|loan fee|transfer window|summer window|winter window|loan deal|buyout clause}",
        "{club|clubs|premier league|champions league|europa league|uefa|fifa|la liga|serie a|bundesliga|nba|nhl}",
        "{play-off|play-offs}",
        "{hamstring|dressing room|head coach|penalty shoot-out}",
    ),
    "digest": (
        "{morning|evening|daily} {briefing|roundup}", "week in review", "news in brief",
        "{main|top} {news|stories} of the {day|week}", "{news|daily|weekly|morning|evening} digest",
        "{five|ten|three|four|six|seven} things", "things to know", "in brief",
    ),
    "seealso": (
        "also read", "also read:", "read also", "see also", "read more", "related", "more on", "(also read", "read:",
        "you may also like", "watch:", "leave a reply", "breaking news", "accessibility links", "subscribe",
        "source: cnn", "posted", "updated", "modified", "published", "advertisement", "click here", "follow us",
        "sign up",
    ),
    "idle": (
        "{captives|hostages|prisoners|soldiers|people|civilians|men|women|detainees|bodies|those} {|still |being }held "
        "{in|by|since|at|captive|hostage|as}",
        "held {captive|hostage|prisoner}",
    ),
    "sides": ("{the|both|two|the two} {sides|parties}", "both countries", "the two countries", "both governments",),
}  # fmt: skip
