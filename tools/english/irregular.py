"""The words of English that inflect by no rule: nouns, verbs, adjectives; and those that do not."""

PLURALS: dict[str, str] = {
    "man": "men", "woman": "women", "child": "children", "grandchild": "grandchildren",
    "stepchild": "stepchildren", "person": "people", "mouse": "mice", "louse": "lice",
    "goose": "geese", "tooth": "teeth", "foot": "feet", "ox": "oxen", "die": "dice",
    "cactus": "cacti", "fungus": "fungi", "nucleus": "nuclei", "radius": "radii",
    "analysis": "analyses", "basis": "bases", "crisis": "crises", "thesis": "theses",
    "oasis": "oases", "hypothesis": "hypotheses", "diagnosis": "diagnoses", "axis": "axes",
    "phenomenon": "phenomena", "criterion": "criteria", "datum": "data",
    "bacterium": "bacteria", "stratum": "strata", "larva": "larvae", "alga": "algae",
    "matrix": "matrices", "vertex": "vertices", "appendix": "appendices", "hoof": "hooves",
    "dwarf": "dwarves", "werewolf": "werewolves", "krona": "kronor", "zloty": "zlotys",
    "passerby": "passersby", "mongoose": "mongooses", "octopus": "octopuses", "gas": "gases",
    "bus": "buses", "lens": "lenses", "canvas": "canvases", "penny": "pennies",
    "dormouse": "dormice", "piano": "pianos", "photo": "photos", "quiz": "quizzes",
    "waltz": "waltzes", "this": "these", "topaz": "topazes", "quartz": "quartzes",
    "jazz": "jazzes", "that": "those", "stomach": "stomachs", "monarch": "monarchs",
    "patriarch": "patriarchs", "epoch": "epochs", "loch": "lochs",
}  # fmt: skip

_INVARIANT = """\
sheep deer moose bison fish shrimp squid trout salmon cod tuna carp mackerel halibut aircraft
spacecraft hovercraft series species offspring swine elk cattle scissors trousers jeans shorts
pants tights pyjamas pajamas glasses pliers tweezers goggles leggings tongs binoculars
headquarters barracks crossroads measles mumps rabies diabetes news physics mathematics
economics politics gymnastics athletics furniture information equipment luggage baggage advice
homework software hardware jewellery jewelry rice bread butter wheat barley thunder yen rand
lightning weather money music bass haddock perch pike"""
INVARIANT = frozenset(_INVARIANT.split())

# past, participle, -ing (empty: by rule), third person (empty: by rule), further forms
VERBS: dict[str, tuple[str, ...]] = {
    "be": ("was", "been", "being", "is", "am", "are", "were"),
    "have": ("had", "had", "having", "has"),
    "do": ("did", "done", "doing", "does"),
    "go": ("went", "gone", "going", "goes"),
    "undergo": ("underwent", "undergone", "", ""),
    "undo": ("undid", "undone", "", ""),
    "learn": ("learned", "learned", "", "", "learnt"),
    "burn": ("burned", "burned", "", "", "burnt"),
    "dream": ("dreamed", "dreamed", "", "", "dreamt"),
    "spell": ("spelled", "spelled", "", "", "spelt"),
    "spill": ("spilled", "spilled", "", "", "spilt"),
    "spoil": ("spoiled", "spoiled", "", "", "spoilt"),
    "smell": ("smelled", "smelled", "", "", "smelt"),
    "lean": ("leaned", "leaned", "", "", "leant"),
    "leap": ("leaped", "leaped", "", "", "leapt"),
    "kneel": ("knelt", "knelt", "", "", "kneeled"),
    "get": ("got", "got", "getting", "gets", "gotten"),
    "dye": ("dyed", "dyed", "dyeing", ""),
    "singe": ("singed", "singed", "singeing", ""),
    "travel": ("travelled", "travelled", "travelling", "travels", "traveled", "traveling"),
    "cancel": ("cancelled", "cancelled", "cancelling", "cancels", "canceled", "canceling"),
    "whittle": ("whittled", "whittled", "whittling", ""),
    "worship": ("worshipped", "worshipped", "worshipping", ""),
    "kidnap": ("kidnapped", "kidnapped", "kidnapping", ""),
    "bus": ("bused", "bused", "busing", ""),
    "quiz": ("quizzed", "quizzed", "quizzing", "quizzes"),
    "lie": ("lay", "lain", "lying", "lies", "lied"),
    "label": ("labelled", "labelled", "labelling", "labels", "labeled", "labeling"),
    "model": ("modelled", "modelled", "modelling", "models", "modeled", "modeling"),
    "marvel": ("marvelled", "marvelled", "marvelling", "marvels", "marveled", "marveling"),
    "quarrel": ("quarrelled", "quarrelled", "quarrelling", "quarrels", "quarreled"),
    "signal": ("signalled", "signalled", "signalling", "signals", "signaled", "signaling"),
    "yodel": ("yodelled", "yodelled", "yodelling", "yodels", "yodeled", "yodeling"),
}  # fmt: skip

_ALL_ALIKE = """\
bet bid broadcast burst bust cast cost cut fit forecast hit hurt knit let put quit rid set
shed shut slit split spread thrust upset wed wet"""
VERBS.update({verb: (verb, verb, "", "") for verb in _ALL_ALIKE.split()})
VERBS["fit"] += ("fitted",)
VERBS["knit"] += ("knitted",)
VERBS["quit"] = ("quit", "quit", "quitting", "quits")
VERBS["wed"] += ("wedded",)

_PAST_IS_PARTICIPLE = """\
bend bent, bind bound, bleed bled, breed bred, bring brought, build built, buy bought, catch
caught, cling clung, creep crept, deal dealt, dig dug, feed fed, feel felt, fight fought, find
found, flee fled, fling flung, grind ground, hang hung, hear heard, hold held, keep kept, lay
laid, lead led, leave left, lend lent, light lit, lose lost, make made, mean meant, meet met,
pay paid, read read, say said, seek sought, sell sold, send sent, shine shone, shoot shot, sit
sat, sleep slept, slide slid, sling slung, spend spent, spin spun, stand stood, stick stuck,
sting stung, strike struck, string strung, sweep swept, swing swung, teach taught, tell told,
think thought, understand understood, weep wept, win won, wind wound, wring wrung, withstand
withstood, overhear overheard, mislead misled, repay repaid, rebuild rebuilt, retell retold,
speed sped, spit spat, stride strode, withhold withheld, foretell foretold, behold beheld"""
for _pair in _PAST_IS_PARTICIPLE.split(","):
    _base, _past = _pair.split()
    VERBS[_base] = (_past, _past, "", "")

_THREE_FORMS = """\
arise arose arisen, awake awoke awoken, bear bore borne, beat beat beaten, become became
become, begin began begun, bite bit bitten, blow blew blown, break broke broken, choose chose
chosen, come came come, draw drew drawn, drink drank drunk, drive drove driven, eat ate eaten,
fall fell fallen, fly flew flown, forbid forbade forbidden, forget forgot forgotten, forgive
forgave forgiven, freeze froze frozen, give gave given, grow grew grown, hide hid hidden, know
knew known, mistake mistook mistaken, overcome overcame overcome, overtake overtook overtaken,
ride rode ridden, ring rang rung, rise rose risen, run ran run, saw sawed sawn, see saw seen,
sew sewed sewn, shake shook shaken, show showed shown, shrink shrank shrunk, sing sang sung,
sink sank sunk, sow sowed sown, speak spoke spoken, spring sprang sprung, steal stole stolen,
stink stank stunk, swear swore sworn, swell swelled swollen, swim swam swum, take took taken,
tear tore torn, throw threw thrown, wake woke woken, wear wore worn, weave wove woven,
withdraw withdrew withdrawn, write wrote written, rewrite rewrote rewritten, mow mowed mown,
foresee foresaw foreseen, outgrow outgrew outgrown, overthrow overthrew overthrown"""
for _triple in _THREE_FORMS.split(","):
    _base, _past, _done = _triple.split()
    VERBS[_base] = (_past, _done, "", "")

_STRESSED_END = """\
admit begin commit compel confer control defer deter equip excel expel forget forbid incur
infer occur omit patrol permit prefer propel rebel rebut recur refer regret remit repel submit
transfer transmit upset outwit unwrap handicap zigzag program kidnap worship"""
STRESSED_END = frozenset(_STRESSED_END.split())

ADJECTIVES: dict[str, tuple[str, str]] = {
    "good": ("better", "best"), "bad": ("worse", "worst"), "far": ("further", "furthest"),
    "little": ("less", "least"), "many": ("more", "most"), "much": ("more", "most"),
    "shy": ("shyer", "shyest"), "wry": ("wryer", "wryest"), "gay": ("gayer", "gayest"),
}  # fmt: skip

_GRADED = """\
big bigger, hot hotter, thin thinner, fat fatter, sad sadder, wet wetter, flat flatter, fit
fitter, mad madder, dim dimmer, slim slimmer, red redder, tan tanner, glad gladder, grim
grimmer, large, nice, wide, late, safe, pale, brave, wise, rare, ripe, loose, strange, huge,
fine, cute, rude, pure, close, dense, sore, tame, vague, white, blue, gentle, simple, humble,
noble, feeble, purple, small, tall, short, long, old, young, new, cold, warm, cool, fast,
slow, high, low, deep, dark, light, bright, loud, soft, hard, strong, weak, rich, poor, cheap,
clean, clear, thick, sharp, smooth, rough, tight, sweet, sour, bold, calm, kind, mean, proud,
quick, quiet, fresh, cruel, near, great, round, straight, tough, wild, mild, plain, neat, odd,
keen, firm, full, faint, fair, fierce, black, green, grey, gray, brown, pink, clever, narrow,
shallow, tender, bitter, mellow, hollow, dull, bland, slick, stiff, lean, broad, steep,
slight, dear, meek, stern, thrifty, young, vast, coarse, crisp, happy, angry, easy, early,
heavy, busy, pretty, funny, dirty, noisy, lucky, hungry, thirsty, lazy, crazy, tiny, sunny,
windy, cloudy, rainy, snowy, foggy, stormy, icy, dry, sticky, silky, salty, spicy, tasty,
juicy, greasy, bumpy, fluffy, fuzzy, shiny, sleepy, scary, ugly, lovely, lonely, friendly,
healthy, wealthy, guilty, grumpy, hairy, rusty, dusty, muddy, slimy, prickly, grainy, chilly,
creamy, smoky, nutty, tangy, sugary, zesty, peppery, gloomy, merry, jolly, tidy, messy, hasty,
gritty, velvety, leathery, glossy, lumpy, crusty, crunchy, chewy, flaky, mushy, watery"""


def _grade(low: str) -> tuple[str, str]:
    if low.endswith("e"):
        return low + "r", low + "st"
    stem = low[:-1] + "i" if low.endswith("y") and low[-2] not in "aeiou" else low
    return stem + "er", stem + "est"


for _entry in _GRADED.split(","):
    _base, *_more = _entry.split()
    ADJECTIVES[_base] = (_more[0], _more[0][:-1] + "st") if _more else _grade(_base)

_UNINFLECTED = """\
a an the i you he she it we they me him her us them my your his its our their mine yours hers
ours theirs myself yourself himself herself itself ourselves themselves this that these those
who whom whose which what where when why how and or but nor so yet if then than because
although though while until unless since as of in on at by to from with without for about into
onto over under between through during before after above below up down out off again not no
never ever always often very too also just only even still may might can could shall should
will would must ought is are was were am been being has had does did here there now all any
some each every both few more most other such same s t don"""
UNINFLECTED = frozenset(_UNINFLECTED.split())

# names that are other words in lower case
_ALSO_WORDS = """\
may march august polish china turkey chile jordan mercury grace will bill mark rose jack frank bob
sue art pat drew dean hope joy faith lily iris daisy ruby amber violet jade pearl nick rob gene
dale lent bath nice reading mobile buffalo cork jersey ice ham olive penny summer autumn
god chase grant rich max sunny gay guy earl duke baron prince king eve dawn carol miles robin jay"""
ALSO_WORDS = frozenset(_ALSO_WORDS.split())
